"""Schedules as operators see them: the part of QueueAdminService that is about them."""

import zoneinfo
from functools import cache
from typing import Any

from grpc import aio

from longshore.hints import did_you_mean
from longshore.v1 import queue_admin_service_pb2 as pb
from queue_service.domain.cron import cron_faults
from queue_service.domain.ids import format_id
from queue_service.domain.schedules import MissedFire, Overlap, Schedule, ScheduleSpec
from queue_service.rpc import messages
from queue_service.rpc.admin.base import AdminPart
from queue_service.rpc.checks import Checks
from queue_service.rpc.event_specs import EventSpecs
from queue_service.rpc.pages import make_token, page_size, read_position

Context = aio.ServicerContext[Any, Any]

UTC = "UTC"
ZONE_BYTES = 64
"""Twice the longest name that there is."""
_OVERLAPS = {
    pb.OVERLAP_POLICY_UNSPECIFIED: Overlap.SKIP,
    pb.OVERLAP_POLICY_SKIP: Overlap.SKIP,
    pb.OVERLAP_POLICY_ALLOW: Overlap.ALLOW,
}
_MISSED_FIRES = {
    pb.MISSED_FIRE_POLICY_UNSPECIFIED: MissedFire.SKIP,
    pb.MISSED_FIRE_POLICY_SKIP: MissedFire.SKIP,
    pb.MISSED_FIRE_POLICY_RUN_ONCE: MissedFire.RUN_ONCE,
}


class SchedulesPart(AdminPart):
    """Serves schedules."""

    async def PutSchedule(self, request: pb.PutScheduleRequest, _context: Context) -> pb.PutScheduleResponse:
        """Create or replace one schedule."""
        spec = self._spec(request.schedule)
        return pb.PutScheduleResponse(schedule=_message(await self._broker.schedules.put(spec)))

    async def GetSchedule(self, request: pb.GetScheduleRequest, _context: Context) -> pb.GetScheduleResponse:
        """Return one schedule."""
        schedule = await self._broker.schedules.get(_name(request.name))
        return pb.GetScheduleResponse(schedule=_message(schedule))

    async def ListSchedules(self, request: pb.ListSchedulesRequest, _context: Context) -> pb.ListSchedulesResponse:
        """Page through schedules."""
        checks = Checks()
        limit = page_size(checks, request.page_size, self._limits)
        after = read_position(checks, request, request.page_token)
        checks.done()
        page = await self._broker.schedules.page(after=after, limit=limit, max_bytes=self._limits.response_bytes)
        return pb.ListSchedulesResponse(
            schedules=[_message(schedule) for schedule in page.schedules],
            next_page_token=make_token(request, page.schedules[-1].spec.name) if page.more else "",
        )

    async def RunSchedule(self, request: pb.RunScheduleRequest, _context: Context) -> pb.RunScheduleResponse:
        """Push the job of one schedule now."""
        job_id = await self._broker.schedules.run(_name(request.name))
        return pb.RunScheduleResponse(job_id=format_id(job_id))

    async def DeleteSchedule(self, request: pb.DeleteScheduleRequest, _context: Context) -> pb.DeleteScheduleResponse:
        """Remove one schedule."""
        return pb.DeleteScheduleResponse(deleted=await self._broker.schedules.delete(_name(request.name)))

    def _spec(self, message: pb.Schedule) -> ScheduleSpec:
        checks = Checks()
        limits = self._limits
        queue = checks.queue("schedule.queue", message.queue)
        size = sum(event.ByteSize() for event in message.events[: limits.schedule_events])
        if size > limits.schedule_bytes:
            checks.fault("schedule.events", f"may have {limits.schedule_bytes:,} bytes in all, have {size:,}")
        if message.overlap not in _OVERLAPS:
            checks.fault("schedule.overlap", "must be OVERLAP_POLICY_SKIP or OVERLAP_POLICY_ALLOW")
        if message.missed_fire not in _MISSED_FIRES:
            checks.fault("schedule.missed_fire", "must be MISSED_FIRE_POLICY_SKIP or MISSED_FIRE_POLICY_RUN_ONCE")
        spec = ScheduleSpec(
            name=checks.queue("schedule.name", message.name),
            cron=_cron(checks, message.cron, limits.cron_bytes),
            time_zone=_time_zone(checks, message.time_zone or UTC),
            queue=queue,
            events=EventSpecs(limits).events(
                checks,
                "schedule.",
                message.events,
                self._clock.now(),
                most=limits.schedule_events,
                max_attributes=limits.schedule_attributes,
            ),
            paused=message.paused,
            overlap=_OVERLAPS.get(message.overlap, Overlap.SKIP),
            missed_fire=_MISSED_FIRES.get(message.missed_fire, MissedFire.SKIP),
        )
        checks.done()
        return spec


def _name(name: str) -> str:
    checks = Checks()
    checks.queue("name", name)
    checks.done()
    return name


def _cron(checks: Checks, expression: str, max_bytes: int) -> str:
    known = len(checks.faults)
    checks.text("schedule.cron", expression, max_bytes=max_bytes, required=True)
    if len(checks.faults) == known:
        for fault in cron_faults(expression):
            checks.fault("schedule.cron", fault)
    return expression


def _time_zone(checks: Checks, name: str) -> str:
    if name not in _time_zones():
        hint = did_you_mean(name, _time_zones()) if len(name) <= ZONE_BYTES else ""
        checks.fault(
            "schedule.time_zone", f'must be an IANA name such as "Europe/Berlin", is {name[:ZONE_BYTES]!r}{hint}'
        )
    return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _message(schedule: Schedule) -> pb.Schedule:
    spec = schedule.spec
    return pb.Schedule(
        name=spec.name,
        cron=spec.cron,
        time_zone=spec.time_zone,
        queue=spec.queue,
        events=[messages.event_spec(event) for event in spec.events],
        paused=spec.paused,
        overlap=f"OVERLAP_POLICY_{spec.overlap.name}",
        missed_fire=f"MISSED_FIRE_POLICY_{spec.missed_fire.name}",
        next_fire_time=messages.optional_timestamp(schedule.next_fire_time),
        last_fire_time=messages.optional_timestamp(schedule.last_fire_time),
        last_job_id=None if schedule.last_job_id is None else format_id(schedule.last_job_id),
        create_time=messages.timestamp(schedule.create_time),
        update_time=messages.timestamp(schedule.update_time),
        skipped=schedule.skipped,
    )
