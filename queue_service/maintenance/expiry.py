"""Events that are not delivered in time become dead letters, also where nobody claims them."""

from queue_service.broker.pending import ExpireEvents
from queue_service.domain.limits import EXPIRY_DELAY, SWEEP_EVENTS
from queue_service.ports import Store, Workset


class Expiry:
    """Looks when the next event expires, and not before. A claim never delivers an event that has expired."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self) -> None:
        """The first step finds what expires."""

    async def step(self, now: int) -> int | None:
        """Expire what is due, a bounded number."""
        expiring = await self._store.events.expiring(SWEEP_EVENTS)
        due = [event for event, expire_time in expiring if expire_time <= now]
        if due:
            await self._store.write(ExpireEvents(due))
            return now
        return expiring[0][1] + EXPIRY_DELAY if expiring else None

    def committed(self, work: Workset) -> int | None:
        """Something that expires became pending."""
        expire_time = work.notices.expiring
        return None if expire_time is None else expire_time + EXPIRY_DELAY
