"""The chore of schedules: fires those whose time has come, and returns those that a wrong clock has led astray."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from queue_service.broker.schedules import Fired, FireSchedule, timetable_of
from queue_service.broker.terms import Terms
from queue_service.domain.errors import DiskFull
from queue_service.domain.limits import FIRED_AT_ONCE, MINUTE
from queue_service.domain.schedules import Firing, Schedule, firing_at, return_to
from queue_service.domain.timetables import Timetable
from queue_service.ports import Store, Workset

Rule = Callable[[Schedule, Timetable, int], Firing | None]
STOP = Firing(fire_time=None, skipped=0, next_fire_time=None)

log = logging.getLogger(__name__)


class FireTimes:
    """Fires schedules, so many at a step."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store = store
        self._terms = terms
        self._now = 0
        self._unseen: str | None = None
        """Schedules behind this name have not been looked at since the clock went back. None: all have."""
        self._refused: set[str] = set()
        """Schedules whose last push was refused, which was told."""

    async def start(self) -> None:
        """Look at all schedules once: the clock may have gone back while no broker ran."""
        self._unseen = ""

    async def step(self, now: int) -> int | None:
        """Fire what is due; if nothing is, look for what is astray. Answers when there is more to do."""
        if now < self._now - MINUTE:
            log.warning(
                "the clock went back by %.0f s: schedules wait for what has not fired yet", (self._now - now) / 1e3
            )
            self._unseen = ""
        self._now = now
        due = await self._store.schedules.due(now, FIRED_AT_ONCE)
        if due:
            await self._move_all(due, firing_at, now)
            return now
        if self._unseen is not None:
            limits = self._terms.limits
            page = await self._store.schedules.page(
                after=self._unseen, limit=limits.list_page, max_bytes=limits.response_bytes
            )
            await self._move_all(page.schedules, return_to, now)
            self._unseen = page.schedules[-1].spec.name if page.more else None
            return now
        return await self._store.schedules.next_fire_time()

    def committed(self, work: Workset) -> int | None:
        """What was put may be due before all others."""
        changed = work.changes.schedules
        self._refused.difference_update(name for name, schedule in changed.items() if schedule is None)
        times = [schedule.next_fire_time for schedule in changed.values() if schedule is not None]
        return min((time for time in times if time is not None), default=None)

    async def _move_all(self, schedules: Iterable[Schedule], rule: Rule, now: int) -> None:
        """Move schedules together, so that they share transactions; then raise what went wrong first."""
        works = [self._move(schedule, rule, now) for schedule in schedules]
        for outcome in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _move(self, schedule: Schedule, rule: Rule, now: int) -> None:
        name = schedule.spec.name
        try:
            firing = rule(schedule, timetable_of(schedule.spec), now)
        except ValueError as error:
            log.error("schedule %s stops until it is put again: %s", name, error)  # noqa: TRY400  for operators
            firing = STOP
        if firing is None:
            return
        fired = await self._write(schedule, firing)
        if fired.job_id is not None:
            self._refused.discard(name)
        elif fired.refusal is not None and name not in self._refused:
            self._refused.add(name)
            log.warning("schedule %s skips fire times, as its queue takes no jobs: %s", name, fired.refusal)

    async def _write(self, schedule: Schedule, firing: Firing) -> Fired:
        try:
            return await self._store.write(FireSchedule(schedule, firing, terms=self._terms))
        except DiskFull as refusal:
            if firing.fire_time is None:
                raise
            left_out = replace(firing, fire_time=None, skipped=firing.skipped + 1)
            await self._store.write(FireSchedule(schedule, left_out, terms=self._terms))
            return Fired(refusal=refusal)
