"""The leases that a consumer holds, and keeping them: one timer and one call for all of them.

A lease ends by being settled here, or by the service's word that it is lost.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from longshore.errors import LongshoreError
from longshore.event import Event
from longshore.session import Session
from longshore.times import duration
from longshore.v1.queue_service_pb2 import ExtendLeasesRequest, ExtendResult, LeaseExtension

logger = logging.getLogger("longshore")

_MAX_EXTENSIONS = 1_000


@dataclass(slots=True, eq=False)
class Lease:
    """One delivery that is held.

    Attributes:
        event: what was delivered.
        expires: when it ends by this machine's monotonic clock, as far as is known here.
        task: the running handler. None: not started yet.
        lost: whether the service said that it no longer holds.
    """

    event: Event
    expires: float
    task: asyncio.Task[None] | None = None
    lost: bool = False


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
        self._duration = duration(seconds, "lease_duration")
        self._on_stop = on_stop
        self._held: dict[str, Lease] = {}
        self._due = asyncio.Event()
        self._now = asyncio.get_running_loop().time

    def add(self, event: Event) -> Lease:
        """Hold a new delivery."""
        lease = Lease(event, self._now() + self._seconds)
        self._held[event.lease_id] = lease
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

    def extend_soon(self) -> None:
        """Extend now: when a stream breaks, the service shortens those of its leases that were never extended."""
        self._due.set()

    async def keep(self) -> None:
        """Extend what is held until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), self._seconds / 3)
            self._due.clear()
            waiting = iter(list(self._held))
            while lease_ids := list(islice(waiting, _MAX_EXTENSIONS)):
                await self._extend(lease_ids)

    async def _extend(self, lease_ids: list[str]) -> None:
        request = ExtendLeasesRequest(
            extensions=[LeaseExtension(lease_id=lease_id, duration=self._duration) for lease_id in lease_ids]
        )
        asked = self._now()
        try:
            response = await self._session.channel.call(
                self._session.queues.ExtendLeases, request, timeout=self._seconds / 3
            )
        except LongshoreError as error:
            # Handlers go on: only the service knows whether a lease is lost, and the next third asks again.
            logger.warning("Could not extend %d leases, trying again: %s", len(lease_ids), error)
            return
        for result in response.results:
            self._read(result, asked)

    def _read(self, result: ExtendResult, asked: float) -> None:
        if result.lost or result.cancel_requested:
            self.stop(result.lease_id, lost=result.lost)
        if (lease := self._held.get(result.lease_id)) is not None and not result.HasField("error"):
            lease.expires = asked + self._seconds
