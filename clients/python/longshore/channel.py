"""The connection to one service: options of the channel, deadlines, and repeating calls that may be repeated.

The one place that awaits unary calls, so that every error is translated and every call has a deadline.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from longshore.errors import DeadlineExceeded, LongshoreError, Unavailable
from longshore.status import from_rpc
from longshore.waits import Pauses

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

Options = Sequence[tuple[str, Any]]

_OPTIONS: Options = (
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
    ("grpc.max_send_message_length", 8 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A service that comes back should be found at once, not after the two minutes that gRPC would wait at last.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Repeating is decided here: gRPC forgets requests of more than 256 KiB, and batches are larger.
    ("grpc.service_config_disable_resolution", 1),
)


class Channel:
    """A connection that is made when first needed and made again when lost.

    Attributes:
        address: where the service listens, as it was given.
        timeout: seconds that a unary call may take, repeats included.
        patience: seconds that a call is repeated while the service is unavailable.
        grpc: the channel to build stubs on.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float,
        patience: float | None,
        credentials: grpc.ChannelCredentials | None,
        options: Options,
    ) -> None:
        if timeout <= 0:
            raise ValueError(f"timeout must be more than 0 seconds, not {timeout!r}")
        self.address = address
        self.timeout = timeout
        self.patience = timeout if patience is None else patience
        self._closed = False
        merged = tuple({**dict(_OPTIONS), **dict(options)}.items())
        self.grpc: grpc.aio.Channel = (
            grpc.aio.insecure_channel(address, options=merged)
            if credentials is None
            else grpc.aio.secure_channel(address, credentials, options=merged)
        )

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  a gRPC deadline, not a cancellation
    ) -> Response:
        """Call a method that may safely be repeated, until it answers or its time is over.

        Args:
            method: of a stub on this channel.
            request: sent as it is each time.
            timeout: seconds in all. None: the channel's.

        Raises:
            Unavailable: the service was not reachable for as long as the channel's patience.
            DeadlineExceeded: the service did not answer in time.
            LongshoreError: it answered with an error.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + (self.timeout if timeout is None else timeout)
        give_up = min(deadline, now() + self.patience)
        pauses = Pauses()
        while True:
            try:
                return await self.call_once(method, request, timeout=deadline - now())
            except Unavailable as error:
                pause = pauses.next(error.retry_after)
                if now() + pause >= give_up:
                    raise
                await asyncio.sleep(pause)

    async def call_once(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout: float,  # noqa: ASYNC109  a gRPC deadline, not a cancellation
    ) -> Response:
        """Call a method once.

        Raises:
            LongshoreError: of the class that the answer's reason or code asks for.
        """
        self.check_open()
        if timeout <= 0:
            raise DeadlineExceeded(f"{self.address} was not asked: the time was over before")
        try:
            return await method(request, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise from_rpc(error) from None
        except asyncio.CancelledError:
            # Closing the channel cancels its calls; who waits for one of them was not cancelled.
            if self._closed and not _being_cancelled():
                raise self._closed_error() from None
            raise

    async def close(self) -> None:
        """Cancel what is under way and disconnect. Closing again does nothing."""
        self._closed = True
        await self.grpc.close()

    def check_open(self) -> None:
        """Raise where the channel was closed here, so that nobody tries again."""
        if self._closed:
            raise self._closed_error()

    def _closed_error(self) -> LongshoreError:
        # Not Unavailable: repeating cannot help.
        return LongshoreError(f"The client of {self.address} is closed", code="CANCELLED")


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
