"""The loop of maintenance: one tick does what is due in bounded steps and tells when the next is."""

import asyncio
import logging
from collections import deque

from queue_service.broker.cancel import SweepCancelled
from queue_service.broker.groups import SealGroup
from queue_service.domain.errors import BrokerError
from queue_service.domain.limits import GROUP_SEAL_AFTER, MINUTE
from queue_service.ports import Clock, Store, Workset

LONGEST_WAIT = 10 * MINUTE
"""Between ticks, so that a jump of the wall clock delays nothing for long."""
RETRY = 1_000

log = logging.getLogger(__name__)


class Maintenance:
    """Ticks when something was cancelled and when an open group has waited for long."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sweeps: deque[SweepCancelled] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what a former process left, and go on by itself."""
        jobs, groups = await self._store.unfinished_cancels()
        self._sweeps.extend(SweepCancelled(job_id=job_id) for job_id in jobs)
        self._sweeps.extend(SweepCancelled(group_id=group_id) for group_id in groups)
        self._store.on_commit(self._committed)
        self._task = asyncio.create_task(self._run(), name="maintenance")

    async def stop(self) -> None:
        """End after the step that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def tick(self, now: int) -> int:
        """Do what is due. Answers when to tick again, in milliseconds since the epoch."""
        if self._sweeps:
            await self._sweep()
            return now
        return min(await self._seal(now), now + LONGEST_WAIT)

    async def _sweep(self) -> None:
        sweep = self._sweeps.popleft()
        more = True  # so also where it cannot be done
        try:
            more = (await self._store.write(sweep)).more
        finally:
            if more:
                self._sweeps.append(sweep)  # behind the others: neither a large nor a faulty one holds them up

    async def _seal(self, now: int) -> int:
        oldest = await self._store.oldest_open_group()
        if oldest is None:
            return now + GROUP_SEAL_AFTER
        group_id, last_push_time = oldest
        if last_push_time + GROUP_SEAL_AFTER > now:
            return last_push_time + GROUP_SEAL_AFTER
        await self._store.write(SealGroup(group_id, only_if_idle=True))
        return now

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = self._clock.now()
            try:
                due = await self.tick(now)
            except BrokerError as error:
                log.warning("maintenance could not do its step, trying again: %s", error)
                due = now + RETRY
            except Exception:  # a fault of ours in one step; the others have to be done all the same
                log.exception("a step of maintenance failed, trying again")
                due = now + RETRY
            if due > now:
                await self._sleep((due - now) / 1000)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _committed(self, work: Workset) -> None:
        for job_id in work.notices.cancelled_jobs.values():
            self._sweeps.append(SweepCancelled(job_id=job_id))
        for group_id in work.notices.cancelled_groups.values():
            self._sweeps.append(SweepCancelled(group_id=group_id))
        if self._sweeps:
            self._wake.set()
