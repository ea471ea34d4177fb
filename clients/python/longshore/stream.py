"""One stream of deliveries: its frames, its watchdog, and its end.

A stream is always cancelled when it is left, because an abandoned one would live until the channel closes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast

import grpc

from longshore.channel import Request, Response
from longshore.errors import Unavailable
from longshore.status import from_rpc


@asynccontextmanager
async def open_stream(
    method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, *, silence: float | None
) -> AsyncIterator[AsyncIterator[Response]]:
    """Open a stream for the time of a block.

    Args:
        method: of a stub.
        request: what to stream.
        silence: seconds without a frame after which the stream counts as dead. None: it may be silent.

    Yields:
        The frames, until the service ends the stream. Reading raises Unavailable when the stream is dead or broke,
        and the other classes of LongshoreError when the service ended it with that error.
    """
    call = method(request)
    try:
        async with aclosing(_frames(call, silence)) as frames:
            yield frames
    finally:
        call.cancel()


async def _frames(
    call: grpc.aio.UnaryStreamCall[Request, Response], silence: float | None
) -> AsyncGenerator[Response, None]:
    watchdog = None if silence is None else _Watchdog(call, silence)
    try:
        while (frame := await call.read()) is not grpc.aio.EOF:
            if watchdog is not None:
                watchdog.fed()
            yield cast("Response", frame)
    except grpc.aio.AioRpcError as error:
        raise from_rpc(error) from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # The call was cancelled and not who reads it: by the watchdog, or by closing the channel.
        raise Unavailable("The stream was silent for too long, or its channel was closed") from None
    finally:
        if watchdog is not None:
            watchdog.stop()


class _Watchdog:
    """Cancels a call that is silent for too long. A deadline for each read would leak memory inside gRPC."""

    def __init__(self, call: grpc.aio.UnaryStreamCall[Request, Response], silence: float) -> None:
        self._call = call
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer = self._loop.call_later(silence, self._look)

    def fed(self) -> None:
        self._last = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        left = self._last + self._silence - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._call.cancel()
