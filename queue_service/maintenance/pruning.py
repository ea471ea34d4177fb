"""Pruning: what has ended goes when it was kept for as long as it should be; see domain/retention.py for how long."""

from collections.abc import Awaitable, Callable
from functools import partial

from queue_service.broker.prune import DropExpired, PruneDeadLetters, PruneGroups, PruneJobs
from queue_service.domain.limits import HOUR, SECOND
from queue_service.domain.retention import Expiring, Retention
from queue_service.maintenance.chores import Chore
from queue_service.ports import Store, Unit, Workset
from queue_service.ports.ended import FIRST

PASS = HOUR
"""Between two looks at what had to stay: a dead letter or an open group needed it."""
PACE = SECOND
"""Between two looks at whether there are too many finished jobs, while jobs finish."""
GROUPS_AT_ONCE = 100


def pruning(store: Store, retention: Retention) -> list[Chore]:
    """All of it."""
    expiring = {
        Expiring.ENTRIES: 0,
        Expiring.COMMIT_ANSWERS: 0,  # each has its end
        Expiring.LINEAGES: retention.jobs,
    }
    return [
        EndedJobs(store, retention),
        EndedGroups(store, retention.jobs),
        Oldest(store, ask=store.ended.oldest_dead_letter, take=PruneDeadLetters, keep=retention.dead_letters),
        *(
            Oldest(store, ask=partial(store.ended.oldest, kind), take=partial(DropExpired, kind), keep=keep)
            for kind, keep in expiring.items()
        ),
    ]


class Pass:
    """How far one walk over what has ended came. It begins anew from time to time, and when the clock goes back."""

    def __init__(self) -> None:
        self.after = FIRST
        self._begun = 0

    def begin(self, now: int) -> None:
        """Begin anew if it is time."""
        if not 0 <= now - self._begun < PASS:
            self.after, self._begun = FIRST, now


class EndedJobs:
    """Finished jobs that are old, and the oldest of those that are too many."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._keep = retention.jobs
        self._most = retention.max_jobs
        self._of_queue: dict[int, int] = {}
        self._kept = 0
        self._pass = Pass()

    async def start(self) -> None:
        """Count what there is."""
        for queue in await self._store.queues():
            self._count(queue.id, queue.finished_jobs)

    async def step(self, now: int) -> int | None:
        """Take some."""
        self._pass.begin(now)
        surplus = max(0, self._kept - self._most)
        due = await self._due()
        if surplus or (due is not None and due <= now):
            unit = PruneJobs(after=self._pass.after, before=now - self._keep, surplus=surplus)
            pruned = await self._store.write(unit)
            self._pass.after = pruned.after
            due = now if pruned.more else await self._due()
        return due

    def committed(self, work: Workset) -> int | None:
        """Jobs may have finished."""
        for queue in work.changes.queues.values():
            self._count(queue.id, queue.finished_jobs)
        return work.now + (PACE if self._kept > self._most else self._keep)

    async def _due(self) -> int | None:
        end_time = await self._store.ended.next_job(self._pass.after)
        return None if end_time is None else end_time + self._keep

    def _count(self, queue: int, jobs: int) -> None:
        self._kept += jobs - self._of_queue.pop(queue, 0)
        if jobs:
            self._of_queue[queue] = jobs


class EndedGroups:
    """Complete groups whose jobs are gone."""

    def __init__(self, store: Store, keep: int) -> None:
        self._store = store
        self._keep = keep
        self._pass = Pass()

    async def start(self) -> None:
        """The store knows them."""

    async def step(self, now: int) -> int | None:
        """Take some of the oldest."""
        self._pass.begin(now)
        found = await self._store.ended.next_groups(self._pass.after, GROUPS_AT_ONCE)
        if not found or found[0].position.end_time + self._keep > now:
            return found[0].position.end_time + self._keep if found else None
        old = [group for group in found if group.position.end_time + self._keep <= now]
        await self._store.write(PruneGroups([(one.position.number, one.group_id) for one in old if not one.needed]))
        self._pass.after = old[-1].position
        return now

    def committed(self, work: Workset) -> int | None:
        """They are kept for long."""


class Oldest:
    """Rows that go when their time is over, whatever else there is.

    Args:
        ask: the time of the oldest.
        take: makes the unit that takes some of the oldest, up to a time.
        keep: milliseconds that they are kept after their time.
    """

    def __init__(
        self, store: Store, *, ask: Callable[[], Awaitable[int | None]], take: Callable[[int], Unit[None]], keep: int
    ) -> None:
        self._store = store
        self._ask = ask
        self._take = take
        self._keep = keep

    async def start(self) -> None:
        """The store knows them."""

    async def step(self, now: int) -> int | None:
        """Take some of the oldest."""
        oldest = await self._ask()
        if oldest is None or oldest + self._keep > now:
            return None if oldest is None else oldest + self._keep
        await self._store.write(self._take(now - self._keep))
        return now

    def committed(self, work: Workset) -> int | None:
        """What comes is looked at soon enough."""
