"""What the broker does by itself: every chore takes small steps and says when its next is due."""

from collections import deque
from typing import Protocol

from queue_service.broker.cancel import SweepCancelled
from queue_service.broker.groups import SealGroup
from queue_service.domain.limits import GROUP_SEAL_AFTER
from queue_service.ports import Store, Workset


class Chore(Protocol):
    """One thing that has to be done now and then."""

    async def start(self) -> None:
        """Take up what a former process left."""
        ...

    async def step(self, now: int) -> int | None:
        """Take one bounded step, if one is due.

        Returns:
            When the next is due, in milliseconds since the epoch; now or earlier: at once. None: when a commit says so.
        """
        ...

    def committed(self, work: Workset) -> int | None:
        """When a step is due for what was committed just now. None: it brought nothing."""
        ...


class CancelSweeps:
    """The rest of cancels: what one mark cancelled follows in steps."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sweeps: deque[SweepCancelled] = deque()

    async def start(self) -> None:
        """Go on with what was cancelled before."""
        jobs, groups = await self._store.unfinished_cancels()
        self._sweeps.extend(SweepCancelled(job_id=job_id) for job_id in jobs)
        self._sweeps.extend(SweepCancelled(group_id=group_id) for group_id in groups)

    async def step(self, now: int) -> int | None:
        """Take a step of one sweep."""
        if not self._sweeps:
            return None
        sweep = self._sweeps.popleft()
        more = True  # so also where it cannot be done
        try:
            more = (await self._store.write(sweep)).more
        finally:
            if more:
                self._sweeps.append(sweep)  # behind the others: neither a large nor a faulty one holds them up
        return now if self._sweeps else None

    def committed(self, work: Workset) -> int | None:
        """Cancels have something to sweep."""
        jobs, groups = work.notices.cancelled_jobs, work.notices.cancelled_groups
        self._sweeps.extend(SweepCancelled(job_id=job_id) for job_id in jobs.values())
        self._sweeps.extend(SweepCancelled(group_id=group_id) for group_id in groups.values())
        return work.now if jobs or groups else None


class IdleGroups:
    """Groups that nobody seals: they seal themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self) -> None:
        """The first step looks at all of them."""

    async def step(self, now: int) -> int | None:
        """Seal one that has waited for long."""
        oldest = await self._store.oldest_open_group()
        if oldest is None:
            return None
        group_id, last_push_time = oldest
        if last_push_time + GROUP_SEAL_AFTER > now:
            return last_push_time + GROUP_SEAL_AFTER
        await self._store.write(SealGroup(group_id, only_if_idle=True))
        return now

    def committed(self, work: Workset) -> int | None:
        """A new group may wait for long."""
        return work.now + GROUP_SEAL_AFTER if work.changes.new_groups else None
