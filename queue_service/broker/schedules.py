"""Putting, running and firing schedules: each is one step of the writer."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from queue_service.broker.jobs import make_job
from queue_service.broker.room import Room, check_queue
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.cron import Cron
from queue_service.domain.errors import BrokerError, Fault, InvalidRequest, ScheduleNotFound
from queue_service.domain.ids import fire_job_id, new_id
from queue_service.domain.limits import WEIGHT_BYTES
from queue_service.domain.schedules import Firing, Overlap, Schedule, ScheduleSpec, told
from queue_service.domain.timetables import Timetable
from queue_service.ports import Needs, Workset


def timetable_of(spec: ScheduleSpec) -> Timetable:
    """When a schedule fires.

    Raises:
        ValueError: its expression or its time zone is not known here, or no longer.
    """
    try:
        zone = ZoneInfo(spec.time_zone)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"there is no time zone {spec.time_zone!r}") from error
    return Timetable(Cron(spec.cron), zone)


class PutSchedule(BrokerUnit[Schedule]):
    """Creates or replaces a schedule."""

    grows = True

    def __init__(self, spec: ScheduleSpec, *, terms: Terms) -> None:
        self._spec = spec
        self._limits = terms.limits
        self.weight = spec.weight

    def needs(self, needs: Needs) -> None:
        """The schedule of this name."""
        needs.schedules.add(self._spec.name)

    def carry_out(self, work: Workset) -> Schedule:
        """Put it. Its next fire time is kept where nothing says that it is another one.

        Raises:
            InvalidRequest: there are as many schedules as there may be.
            QueueNotFound: there is no such queue, and pushes do not make one.
        """
        spec = self._spec
        former = work.schedule(spec.name)
        if former is None and work.loaded.schedules_kept >= self._limits.schedules:
            limit = f"is one too many: the broker keeps {self._limits.schedules:,} schedules; delete one first"
            raise InvalidRequest([Fault(field="schedule", description=limit)])
        check_queue(work, spec.queue, self._limits)
        if former is None:
            schedule = Schedule(spec=spec, next_fire_time=None, create_time=work.now, update_time=work.now)
        else:
            schedule = replace(former, spec=spec, update_time=work.now)
        if former is None or former.next_fire_time is None or not spec.has_times_of(former.spec):
            next_fire_time = None if spec.paused else timetable_of(spec).after(work.now)
            schedule = replace(schedule, next_fire_time=next_fire_time)
        work.write_schedule(schedule)
        return schedule


class DeleteSchedule(BrokerUnit[bool]):
    """Removes a schedule. Answers whether there was one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def needs(self, needs: Needs) -> None:
        """The schedule."""
        needs.schedules.add(self._name)

    def carry_out(self, work: Workset) -> bool:
        """Remove it; its jobs stay."""
        return work.delete_schedule(self._name)


class RunSchedule(BrokerUnit[bytes]):
    """Pushes the job of a schedule now. Answers its id."""

    grows = True

    def __init__(self, name: str, *, terms: Terms) -> None:
        self._name = name
        self._limits = terms.limits
        self.weight = 1 + terms.limits.schedule_bytes // WEIGHT_BYTES

    def needs(self, needs: Needs) -> None:
        """The schedule."""
        needs.schedules.add(self._name)

    def carry_out(self, work: Workset) -> bytes:
        """Push it. Its fire time is now, and none of the timetable's.

        Raises:
            ScheduleNotFound: there is none.
            QueueNotFound, QueueFull: its queue does not take it.
        """
        schedule = work.schedule(self._name)
        if schedule is None:
            raise ScheduleNotFound(self._name)
        Room(work, self._limits).take(schedule.spec.queue, schedule.spec.events, None)
        job_id = _push(work, schedule.spec, new_id(work.now), work.now)
        work.write_schedule(replace(schedule, last_job_id=job_id))
        return job_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """What became of a firing. job_id: None: no job was pushed. refusal: why its queue did not take it."""

    job_id: bytes | None = None
    refusal: BrokerError | None = None


class FireSchedule(BrokerUnit[Fired]):
    """Moves a schedule to its next fire time and pushes the job of the one that has come.

    Args:
        schedule: as it was read. If it is another by now, nothing happens: that is the guard.
    """

    def __init__(self, schedule: Schedule, firing: Firing, *, terms: Terms) -> None:
        self._schedule = schedule
        self._firing = firing
        self._limits = terms.limits
        self._job_id = None
        if firing.fire_time is not None:
            self._job_id = fire_job_id(schedule.spec.name, schedule.create_time, firing.fire_time)
        self.grows = self._job_id is not None
        self.weight = schedule.spec.weight if self.grows else 1

    def needs(self, needs: Needs) -> None:
        """The schedule, and the job that it may have pushed already."""
        needs.schedules.add(self._schedule.spec.name)
        if self._job_id is not None:
            needs.jobs.add(self._job_id)

    def carry_out(self, work: Workset) -> Fired:
        """Move on, and push if it may be. A push that may not be is a fire time that is left out."""
        schedule, firing = self._schedule, self._firing
        if work.schedule(schedule.spec.name) != schedule:
            return Fired()
        moved = replace(schedule, next_fire_time=firing.next_fire_time, skipped=schedule.skipped + firing.skipped)
        if self._job_id is None or work.job(self._job_id) is not None:  # it may have one, if the clock went far back
            work.write_schedule(moved)
            return Fired()
        fired = self._fire(work, self._job_id)
        if fired.job_id is None:
            moved = replace(moved, skipped=moved.skipped + 1)
        else:
            moved = replace(moved, last_job_id=fired.job_id, last_fire_time=firing.fire_time)
        work.write_schedule(moved)
        return fired

    def _fire(self, work: Workset, job_id: bytes) -> Fired:
        spec = self._schedule.spec
        former = None if self._schedule.last_job_id is None else work.job(self._schedule.last_job_id)
        if spec.overlap is Overlap.SKIP and former is not None and former.in_progress:
            return Fired()
        try:
            Room(work, self._limits).take(spec.queue, spec.events, None)
        except BrokerError as refusal:
            return Fired(refusal=refusal)
        return Fired(job_id=_push(work, spec, job_id, self._firing.fire_time or work.now))


def _push(work: Workset, spec: ScheduleSpec, job_id: bytes, fire_time: int) -> bytes:
    attributes = told(spec, fire_time)
    events = tuple(replace(event, attributes={**(event.attributes or {}), **attributes}) for event in spec.events)
    return make_job(work, spec.queue, events, job_id=job_id).job_id
