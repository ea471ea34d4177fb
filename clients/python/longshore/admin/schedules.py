"""Schedules: jobs that are pushed at times."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from longshore.channel import Channel
from longshore.job import Job, Jobs
from longshore.pages import paged
from longshore.pushes import NewEvent, new_event
from longshore.times import instant, instant_or_none
from longshore.v1 import queue_admin_service_pb2

if TYPE_CHECKING:
    from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceAsyncStub


class OverlapPolicy(StrEnum):
    """At a fire time while the former job is in progress: leave it out, or push a job all the same."""

    SKIP = "SKIP"
    ALLOW = "ALLOW"


class MissedFirePolicy(StrEnum):
    """Fire times that passed while no service ran: leave them out, or push one job for all of them."""

    SKIP = "SKIP"
    RUN_ONCE = "RUN_ONCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInfo:
    """A schedule as the service keeps it. All times are in UTC.

    Attributes:
        name: of the schedule.
        cron: expression of five fields, or six with seconds first.
        time_zone: IANA name in which it is read.
        queue: that it pushes to.
        events: of each job.
        paused: whether it is stopped.
        overlap: what happens while the former job is in progress.
        missed_fire: what happens with fire times that passed unnoticed.
        next_fire_time: the next one. None: none, or it is paused.
        last_fire_time: the latest one with a job. None: none.
        last_job_id: of the latest job. None: none.
        skipped: fire times without a job.
        create_time: when it was first put.
        update_time: when it was last put.
    """

    name: str
    cron: str
    time_zone: str
    queue: str
    events: tuple[NewEvent, ...]
    paused: bool
    overlap: OverlapPolicy
    missed_fire: MissedFirePolicy
    next_fire_time: datetime | None
    last_fire_time: datetime | None
    last_job_id: str | None
    skipped: int
    create_time: datetime
    update_time: datetime


class Schedules:
    """Asks about schedules and changes them. Where one must exist, ScheduleNotFound says that it does not."""

    def __init__(self, channel: Channel, stub: "QueueAdminServiceAsyncStub", jobs: Jobs) -> None:
        self._channel = channel
        self._stub = stub
        self._jobs = jobs

    async def put(
        self,
        name: str,
        cron: str,
        queue: str,
        events: Iterable[NewEvent],
        *,
        time_zone: str = "UTC",
        paused: bool = False,
        overlap: OverlapPolicy = OverlapPolicy.SKIP,
        missed_fire: MissedFirePolicy = MissedFirePolicy.SKIP,
    ) -> ScheduleInfo:
        """Create a schedule, or replace the one of this name.

        Args:
            name: as the name of a queue.
            cron: expression of five fields, or six with seconds first, at most 256 bytes.
            queue: to push to.
            events: of each job, 1 to 100.
            time_zone: IANA name such as "Europe/Berlin".
            paused: stop it. Fire times that pass meanwhile do not happen.
            overlap: what happens while the former job is in progress.
            missed_fire: what happens with fire times that passed while no service ran.

        Raises:
            TypeError, ValueError: a body, a span or an instant cannot be written.
            InvalidRequest: the expression, the time zone, a name or a bound is wrong.
        """
        schedule = queue_admin_service_pb2.Schedule(
            name=name,
            cron=cron,
            time_zone=time_zone,
            queue=queue,
            events=[event.spec() for event in events],
            paused=paused,
            overlap=f"OVERLAP_POLICY_{OverlapPolicy(overlap)}",
            missed_fire=f"MISSED_FIRE_POLICY_{MissedFirePolicy(missed_fire)}",
        )
        return await self._put(schedule)

    async def get(self, name: str) -> ScheduleInfo:
        """One schedule."""
        return _info(await self._get(name))

    def list(self) -> AsyncGenerator[ScheduleInfo, None]:
        """The schedules in order of their names, read page by page."""
        return paged(
            self._channel,
            self._stub.ListSchedules,
            queue_admin_service_pb2.ListSchedulesRequest(),
            lambda response: (_info(schedule) for schedule in response.schedules),
        )

    async def pause(self, name: str) -> ScheduleInfo:
        """Stop a schedule: reads it and puts it back paused, over whatever was put in between."""
        return await self._set_paused(name, paused=True)

    async def resume(self, name: str) -> ScheduleInfo:
        """Let a schedule go on, in the same way."""
        return await self._set_paused(name, paused=False)

    async def run(self, name: str) -> Job:
        """Push the job of a schedule now, whatever its times, pause and overlap policy say.

        It is not repeated, so a lost answer is an error: see last_job_id then.
        """
        request = queue_admin_service_pb2.RunScheduleRequest(name=name)
        response = await self._channel.call_once(self._stub.RunSchedule, request, timeout=self._channel.timeout)
        return Job(self._jobs, response.job_id)

    async def delete(self, name: str) -> bool:
        """Remove a schedule and answer whether there was one."""
        request = queue_admin_service_pb2.DeleteScheduleRequest(name=name)
        return (await self._channel.call(self._stub.DeleteSchedule, request)).deleted

    async def _get(self, name: str) -> queue_admin_service_pb2.Schedule:
        request = queue_admin_service_pb2.GetScheduleRequest(name=name)
        return (await self._channel.call(self._stub.GetSchedule, request)).schedule

    async def _put(self, schedule: queue_admin_service_pb2.Schedule) -> ScheduleInfo:
        request = queue_admin_service_pb2.PutScheduleRequest(schedule=schedule)
        return _info((await self._channel.call(self._stub.PutSchedule, request)).schedule)

    async def _set_paused(self, name: str, *, paused: bool) -> ScheduleInfo:
        schedule = await self._get(name)
        schedule.paused = paused
        return await self._put(schedule)


_OVERLAPS: dict[int, OverlapPolicy] = {queue_admin_service_pb2.OVERLAP_POLICY_ALLOW: OverlapPolicy.ALLOW}
_MISSED_FIRES: dict[int, MissedFirePolicy] = {
    queue_admin_service_pb2.MISSED_FIRE_POLICY_RUN_ONCE: MissedFirePolicy.RUN_ONCE
}


def _info(schedule: queue_admin_service_pb2.Schedule) -> ScheduleInfo:
    return ScheduleInfo(
        name=schedule.name,
        cron=schedule.cron,
        time_zone=schedule.time_zone or "UTC",
        queue=schedule.queue,
        events=tuple(new_event(spec) for spec in schedule.events),
        paused=schedule.paused,
        overlap=_OVERLAPS.get(schedule.overlap, OverlapPolicy.SKIP),
        missed_fire=_MISSED_FIRES.get(schedule.missed_fire, MissedFirePolicy.SKIP),
        next_fire_time=instant_or_none(schedule, "next_fire_time"),
        last_fire_time=instant_or_none(schedule, "last_fire_time"),
        last_job_id=schedule.last_job_id if schedule.HasField("last_job_id") else None,
        skipped=schedule.skipped,
        create_time=instant(schedule.create_time),
        update_time=instant(schedule.update_time),
    )
