"""The leases that a consumer holds, and keeping them: one timer and few calls for all of them.

A lease ends by being settled here, or by the service's word that it is lost.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from longshore.commit import Transaction
from longshore.errors import LeaseLost, LongshoreError
from longshore.event import Event
from longshore.session import Session
from longshore.status import from_item
from longshore.times import Span, duration
from longshore.v1.event_pb2 import Delivery
from longshore.v1.queue_service_pb2 import ExtendLeasesRequest, ExtendResult, LeaseExtension, Progress

logger = logging.getLogger("longshore")

_MAX_EXTENSIONS = 1_000
_PROGRESS_SECONDS = 1.0
"""Progress is sent at once, but not more often than this."""


@dataclass(slots=True, eq=False)
class Lease:
    """One delivery that is held.

    Attributes:
        event: what was delivered.
        expires: when it ends by this machine's monotonic clock, as far as is known here.
        task: the running handler. None: not started yet.
        lost: whether the service said that it no longer holds.
        progress: what the handler told last. None: nothing that was not sent.
    """

    event: Event
    expires: float
    task: asyncio.Task[None] | None = None
    lost: bool = False
    progress: Progress | None = None


class Leases:
    """Holds leases and extends all of them at a third of their duration. At most a stream's credits are held."""

    def __init__(self, session: Session, *, seconds: float, on_stop: Callable[[Lease], None]) -> None:
        """Hold nothing yet.

        Args:
            session: of the client.
            seconds: the duration that leases are given.
            on_stop: told once for each lease that was lost or whose event was cancelled.
        """
        self._session = session
        self._seconds = seconds
        self._third = seconds / 3
        self._duration = duration(seconds, "lease_duration")
        self._on_stop = on_stop
        self._held: dict[str, Lease] = {}
        self._now = asyncio.get_running_loop().time
        self._earlier = asyncio.Event()
        self._round_due = self._now() + self._third
        self._told_due = math.inf
        self._told_last = -math.inf

    def add(self, delivery: Delivery) -> Lease:
        """Hold a new delivery."""
        lease = Lease(Event(delivery, self), self._now() + self._seconds)
        self._held[delivery.lease_id] = lease
        return lease

    def remove(self, lease: Lease) -> None:
        """Hold it no longer."""
        self._held.pop(lease.event.lease_id, None)

    def stop(self, lease_id: str, *, lost: bool) -> None:
        """Tell the handler of a lease to stop, once. Leases that are not held are none of ours any more."""
        lease = self._held.get(lease_id)
        if lease is None:
            return
        if lost:
            lease.lost = True
            self.remove(lease)
        if not lease.event.cancelled:
            lease.event.mark_cancelled()
            self._on_stop(lease)

    def transaction(self, event: Event) -> Transaction:
        """The atomic step that ends an event."""
        return self._session.transaction(event)

    async def extend(self, event: Event, span: Span) -> None:
        """Move the end of one lease now.

        Raises:
            LeaseLost: it is lost.
            InvalidRequest: the span is out of its bounds.
        """
        extension = LeaseExtension(lease_id=event.lease_id, duration=duration(span, "span"))
        request = ExtendLeasesRequest(extensions=[extension])
        asked = self._now()
        [result] = (await self._session.channel.call(self._session.queues.ExtendLeases, request)).results
        if result.HasField("error"):
            raise from_item(result.error)
        self._read(result, asked + extension.duration.ToTimedelta().total_seconds())
        if result.lost:
            raise LeaseLost(f"The lease of {event!r} is lost", metadata={"lease_id": event.lease_id})

    def tell(self, event: Event, progress: Progress) -> None:
        """Send progress with the next extension, or without waiting for it. What is not held has none."""
        if (lease := self._held.get(event.lease_id)) is None:
            return
        lease.progress = progress
        if self._told_due == math.inf:
            self._told_due = max(self._now(), self._told_last + _PROGRESS_SECONDS)
            self._earlier.set()

    def extend_soon(self) -> None:
        """Extend now: when a stream breaks, the service shortens those of its leases that were never extended."""
        self._round_due = self._now()
        self._earlier.set()

    async def keep(self) -> None:
        """Extend what is held until cancelled: all of it in rounds, and between them what has progress to tell."""
        while True:
            self._earlier.clear()
            pause = min(self._round_due, self._told_due) - self._now()
            if pause > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._earlier.wait(), pause)
                continue
            everything = self._now() >= self._round_due
            if everything:
                self._round_due = self._now() + self._third
            self._told_due, self._told_last = math.inf, self._now()
            chosen = [lease for lease in self._held.values() if everything or lease.progress is not None]
            for start in range(0, len(chosen), _MAX_EXTENSIONS):
                await self._extend(chosen[start : start + _MAX_EXTENSIONS])

    async def _extend(self, leases: Sequence[Lease]) -> None:
        told = [(lease, lease.progress) for lease in leases]
        request = ExtendLeasesRequest(
            extensions=[
                LeaseExtension(lease_id=lease.event.lease_id, duration=self._duration, progress=progress)
                for lease, progress in told
            ]
        )
        for lease in leases:
            lease.progress = None
        asked = self._now()
        try:
            response = await self._session.channel.call(self._session.queues.ExtendLeases, request, timeout=self._third)
        except LongshoreError as error:
            # Handlers go on: only the service knows whether a lease is lost, and the next round asks again.
            logger.warning("Could not extend %d leases, trying again: %s", len(leases), error)
            for lease, progress in told:
                lease.progress = lease.progress or progress
            return
        for result in response.results:
            self._read(result, asked + self._seconds)

    def _read(self, result: ExtendResult, expires: float) -> None:
        if result.HasField("error"):
            logger.warning("The lease %s was not extended, trying again: %s", result.lease_id, result.error.message)
            return
        if result.lost or result.cancel_requested:
            self.stop(result.lease_id, lost=result.lost)
        if (lease := self._held.get(result.lease_id)) is not None:
            lease.expires = max(lease.expires, expires)
