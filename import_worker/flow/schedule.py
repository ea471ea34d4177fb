"""Imports that start by themselves: schedules of the broker, and what happens where a run is active at that time.

The files say what is scheduled. Every worker keeps the broker's schedules in step with its files; doing so twice is
harmless, and so is starting twice: the run's id follows from the event.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import longshore
from import_worker.config.inputs import InputsInvalid
from import_worker.config.operation import Schedule
from import_worker.errors import Permanent
from import_worker.flow.configured import Configured
from import_worker.flow.control import cancel, start
from import_worker.flow.events import SCHEDULE
from import_worker.flow.step import Flow
from import_worker.runs.run import Run, WrongTransition
from longshore.admin import MissedFirePolicy, ScheduleInfo

PREFIX = "import."
"""Of the names of schedules; the name of the import follows."""

log = logging.getLogger(__name__)


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.schedule: start the import whose time has come."""
    name = event.attributes["import"]
    try:
        config = await asyncio.to_thread(flow.configured.load, name, event.body["inputs"])
        if config.schedule is None:
            log.info("import %s is scheduled no more; it is not started", name)
            return
        started = await start(flow, config, f"schedule/{event.event_id}")
    except Permanent as problem:
        log.error("import %s was not started by its schedule: %s", name, problem.message)  # noqa: TRY400
        raise longshore.Fail(problem.reason, problem.message) from None
    except InputsInvalid as problem:
        raise longshore.Fail("INPUTS_INVALID", f"schedule.inputs of import {name}: {problem}") from None
    if not started.already_active:
        log.info("import %s (%s) was started by its schedule", started.view.run.import_id, name)
        return
    await _OVERLAPS[config.schedule.overlap](flow, event, name, started.view.run)


async def _skip(_flow: Flow, _event: longshore.Event, name: str, active: Run) -> None:
    log.warning("import %s: a scheduled start is skipped, because run %s is %s", name, active.import_id, active.state)


async def _queue(flow: Flow, event: longshore.Event, name: str, active: Run) -> None:
    log.info("import %s: a scheduled start waits, because run %s is %s", name, active.import_id, active.state)
    waited = flow.clock.now() - event.push_time.timestamp()
    raise longshore.Release(after=flow.pace.busy.after(waited), reason="OVERLAP")


async def _cancel_running(flow: Flow, event: longshore.Event, name: str, active: Run) -> None:
    if active.name == name:  # a destination that another import holds is waited for
        try:
            await cancel(flow, active.import_id)
        except WrongTransition:
            log.info("import %s: run %s is %s and ends by itself", name, active.import_id, active.state)
    await _queue(flow, event, name, active)


_OVERLAPS: Mapping[str, Callable[[Flow, longshore.Event, str, Run], Awaitable[None]]] = {
    "skip": _skip,
    "queue": _queue,
    "cancel_running": _cancel_running,
}


class Timetable:
    """Keeps the broker's schedules in step with the files of one worker."""

    def __init__(self, client: longshore.Client, configured: Configured) -> None:
        self._client = client
        self._configured = configured
        self._seen: set[str] = set()

    async def keep_in_step(self) -> None:
        """Put what is new or changed, and remove what the files say no more.

        A file that is gone counts only for a worker that has seen it: one with another folder removes nothing.
        """
        scheduled = await asyncio.to_thread(self._configured.scheduled)
        found = {
            each.name.removeprefix(PREFIX): each
            async for each in self._client.admin.schedules.list()
            if each.queue == SCHEDULE and each.name.startswith(PREFIX)
        }
        for name, schedule in scheduled.schedules.items():
            if schedule is not None:
                await self._put(name, schedule, found.get(name))
        gone = self._seen - scheduled.schedules.keys() - scheduled.faulty
        unscheduled = {name for name, schedule in scheduled.schedules.items() if schedule is None}
        for name in found.keys() & (gone | unscheduled):
            await self._client.admin.schedules.delete(PREFIX + name)
            log.info("import %s is scheduled no more", name)
        self._seen |= scheduled.schedules.keys()

    async def _put(self, name: str, schedule: Schedule, found: ScheduleInfo | None) -> None:
        wanted = longshore.NewEvent({"inputs": schedule.inputs}, attributes={"import": name})
        if found is not None and _told(found) == (schedule.cron, schedule.timezone, wanted.body):
            return
        try:
            put = await self._client.admin.schedules.put(
                PREFIX + name,
                schedule.cron,
                SCHEDULE,
                [wanted],
                time_zone=schedule.timezone,
                paused=found is not None and found.paused,  # an operator's word
                missed_fire=MissedFirePolicy.RUN_ONCE,
            )
        except longshore.InvalidRequest as error:
            log.error("the schedule of import %s is not valid: %s", name, error)  # noqa: TRY400
            return
        log.info("import %s is scheduled: %s (%s), next at %s", name, put.cron, put.time_zone, put.next_fire_time)


def _told(found: ScheduleInfo) -> tuple[str, str, object]:
    """What a schedule of the broker was made of."""
    return found.cron, found.time_zone, found.events[0].body
