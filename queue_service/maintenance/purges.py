"""The rest of purges: what one mark cancelled follows in steps."""

from typing import NamedTuple

from queue_service.broker.purge import SweepPurged
from queue_service.domain.limits import PURGE_EVENTS
from queue_service.ports import Store, Workset
from queue_service.ports.admin import FIRST_POSITION, PendingPosition


class _Pass(NamedTuple):
    """A walk over the pending events of a queue. found: it met some to cancel."""

    position: PendingPosition = FIRST_POSITION
    found: bool = False


class PurgeSweeps:
    """Walks over purged queues until nothing is met: events may change places while it walks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._passes: dict[int, _Pass] = {}

    async def start(self) -> None:
        """Go on with what was purged before."""
        self._passes.update(
            (queue.id, _Pass()) for queue in await self._store.queues() if queue.purge_before is not None
        )

    async def step(self, now: int) -> int | None:
        """Take a step of one queue; it goes behind the others then."""
        if not self._passes:
            return None
        queue = next(iter(self._passes))
        walk = self._passes.pop(queue)
        rest: _Pass | None = walk  # so also where it cannot be done
        try:
            rest = await self._walk(queue, walk)
        finally:
            if rest is not None:
                self._passes.setdefault(queue, rest)  # unless a new purge began a new one meanwhile
        return now if self._passes else None

    async def _walk(self, queue: int, walk: _Pass) -> _Pass | None:
        scan = await self._store.admin.scan_purged(queue, after=walk.position, limit=PURGE_EVENTS)
        if scan.events:
            await self._store.write(SweepPurged(scan.events))
        found = walk.found or bool(scan.events)
        if scan.next is not None:
            return _Pass(scan.next, found)
        return _Pass() if found else None

    def committed(self, work: Workset) -> int | None:
        """Purges have something to sweep."""
        self._passes.update((queue, _Pass()) for queue in work.notices.purged)
        return work.now if work.notices.purged else None
