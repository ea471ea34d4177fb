"""Consuming: deliveries in, handlers run, settles out, over any number of streams.

Runs in the task of whoever called consume; handlers are tasks of their own.
"""

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from longshore.errors import (
    InvalidRequest,
    LongshoreError,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from longshore.event import Event
from longshore.handling import handling
from longshore.leases import Lease, Leases
from longshore.outcomes import SUCCESS, Outcome, Release, Retry, unexpected
from longshore.session import Session
from longshore.stream import open_stream
from longshore.times import duration
from longshore.v1 import queue_service_pb2
from longshore.waits import Pauses

logger = logging.getLogger("longshore")

Handler = Callable[[Event], Awaitable[object]]
"""What handles an event: an async function of one argument."""

_MAX_IN_FLIGHT = 10_000
# A restarted broker keeps leases a while longer, so an unreachable one may still know a lease that ended here.
_SETTLE_AFTER_LEASE = 120.0
_FLUSH_SECONDS = 5.0
_HOPELESS = (InvalidRequest, Unimplemented, Unauthenticated, PermissionDenied)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumeOptions:
    """How to consume; see Client.consume.

    Attributes:
        concurrency: handlers at a time.
        lease_duration: seconds of each lease.
        prefetch: deliveries held beyond those that run. None: as many as concurrency.
        worker_id: names the worker in the service's logs. None: host and process.
        grace: seconds that running handlers get to finish when consuming is cancelled.
        silence: seconds without a frame after which a stream is opened anew.
    """

    concurrency: int = 32
    lease_duration: float = 60.0
    prefetch: int | None = None
    worker_id: str | None = None
    grace: float = 10.0
    silence: float = 30.0

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency}")
        if self.prefetch is not None and self.prefetch < 0:
            raise ValueError(f"prefetch must be zero or more, not {self.prefetch}")
        if self.max_in_flight > _MAX_IN_FLIGHT:
            raise ValueError(f"concurrency and prefetch together must be at most {_MAX_IN_FLIGHT}")
        if self.lease_duration < 1:
            raise ValueError(f"lease_duration must be at least 1 second, not {self.lease_duration}")

    @property
    def max_in_flight(self) -> int:
        """The credits of a stream."""
        return self.concurrency + (self.concurrency if self.prefetch is None else self.prefetch)


class Consumer:
    """Handles the events of some queues until it is cancelled."""

    def __init__(self, session: Session, queues: Sequence[str], handler: Handler, options: ConsumeOptions) -> None:
        self._session = session
        self._handler = handler
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._leases = Leases(session, seconds=options.lease_duration, on_stop=self._stop_handler)
        self._waiting: deque[Lease] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._settles: set[asyncio.Future[queue_service_pb2.AckResult]] = set()
        self._request = queue_service_pb2.StreamEventsRequest(
            subscriptions=[queue_service_pb2.Subscription(queue=queue) for queue in queues],
            worker_id=options.worker_id or f"{socket.gethostname()}:{os.getpid()}",
            max_in_flight=options.max_in_flight,
            lease_duration=duration(options.lease_duration, "lease_duration"),
        )

    async def run(self) -> None:
        """Consume until cancelled, or until the service says that it never will.

        Raises:
            InvalidRequest, Unimplemented, Unauthenticated, PermissionDenied: the service refuses the subscription.
        """
        keeper = self._loop.create_task(self._leases.keep())
        try:
            await self._receive()
        finally:
            try:
                await self._finish()
            finally:
                keeper.cancel()
                for task in self._running:
                    task.cancel()

    async def _receive(self) -> None:
        """Open stream after stream."""
        pauses = Pauses(first=0.1, maximum=5.0)
        while True:
            hint = None
            try:
                async with open_stream(
                    self._session.queues.StreamEvents, self._request, silence=self._options.silence
                ) as frames:
                    async for frame in frames:
                        if frame.deliveries:
                            pauses.reset()
                        if not self._take(frame):
                            break
            except _HOPELESS:
                raise
            except LongshoreError as error:
                self._session.channel.check_open()
                hint = error.retry_after
                level = logging.INFO if isinstance(error, Unavailable) else logging.WARNING
                logger.log(
                    level, "The stream from %s ended, connecting again: %s", self._session.channel.address, error
                )
            # What a new stream delivers must find room, and what no handler has begun costs nothing to give back.
            self._release_waiting("STREAM_ENDED")
            self._leases.extend_soon()
            await asyncio.sleep(pauses.next(hint))

    def _take(self, frame: queue_service_pb2.StreamEventsResponse) -> bool:
        """Read a frame. False: the stream is about to end."""
        for delivery in frame.deliveries:
            self._waiting.append(self._leases.add(delivery))
        for cancellation in frame.cancellations:
            self._leases.stop(cancellation.lease_id, lost=False)
        self._start_waiting()
        return frame.notice != queue_service_pb2.STREAM_NOTICE_DRAINING

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._options.concurrency:
            lease = self._waiting.popleft()
            if lease.lost:
                continue
            if lease.event.cancelled:
                self._settle(lease, Release(reason="CANCELLED"))
                continue
            lease.task = self._loop.create_task(self._handle(lease))
            self._running.add(lease.task)
            lease.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start_waiting()

    async def _handle(self, lease: Lease) -> None:
        """Run the handler of one event and settle it by how the handler ended."""
        with handling(self._session.channel.address, lease.event):
            await self._end(lease)

    async def _end(self, lease: Lease) -> None:
        try:
            returned = await self._handler(lease.event)
        except Outcome as outcome:
            self._settle(lease, outcome)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._settle(lease, Release(reason="CANCELLED" if lease.event.cancelled else "WORKER_STOPPED"))
                raise
            # Something that the handler awaited was cancelled, not the handler.
            self._settle(lease, unexpected(error))
        except Exception as error:
            logger.exception("The handler of %r failed; it will be retried", lease.event)
            self._settle(lease, unexpected(error))
        else:
            # An outcome that is returned and not raised is meant all the same.
            self._settle(lease, returned if isinstance(returned, Outcome) else SUCCESS)

    def _stop_handler(self, lease: Lease) -> None:
        if lease.task is not None:
            lease.task.cancel()

    def _settle(self, lease: Lease, outcome: Outcome) -> None:
        """Hand the settle over; it is sent with others, and again until the lease is over."""
        self._leases.remove(lease)
        if lease.lost or lease.event.settled:
            return
        lease.event.mark_settled()
        self._send_settle(lease, outcome, replaceable=True)

    def _send_settle(self, lease: Lease, outcome: Outcome, *, replaceable: bool) -> None:
        ack = outcome.acknowledgement(lease.event.lease_id)
        lifetime = max(0.0, lease.expires - self._loop.time()) + _SETTLE_AFTER_LEASE
        settle = self._session.acks.submit(ack, size=ack.ByteSize(), lifetime=lifetime)
        self._settles.add(settle)
        settle.add_done_callback(lambda settle: self._settled(lease, settle, replaceable=replaceable))

    def _settled(self, lease: Lease, settle: asyncio.Future[queue_service_pb2.AckResult], *, replaceable: bool) -> None:
        self._settles.discard(settle)
        if settle.cancelled():
            return
        if (error := settle.exception()) is not None:
            logger.warning("%r could not be settled and will be delivered again: %s", lease.event, error)
            return
        result = settle.result()
        if result.status == queue_service_pb2.ACK_STATUS_LEASE_LOST:
            logger.info("%r was settled too late: its lease was lost", lease.event)
        elif result.status == queue_service_pb2.ACK_STATUS_INVALID:
            logger.error("The service refused how %r was settled: %s", lease.event, result.error.message)
            if replaceable:
                # Once, with a settle that is surely valid: the event must not wait for its lease to run out.
                retry = Retry(reason="INVALID_SETTLE", message=result.error.message)
                self._send_settle(lease, retry, replaceable=False)

    def _release_waiting(self, reason: str) -> None:
        while self._waiting:
            self._settle(self._waiting.popleft(), Release(reason=reason))

    async def _finish(self) -> None:
        """Give back what was not begun, let handlers finish, and send the settles."""
        self._release_waiting("WORKER_STOPPED")
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._options.grace)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running), timeout=_FLUSH_SECONDS)
        if self._settles:
            await asyncio.wait(set(self._settles), timeout=_FLUSH_SECONDS)
