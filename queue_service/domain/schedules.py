"""Schedules: jobs that are pushed at fire times, and what is done with a fire time that has come.

Instants are milliseconds since the epoch.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from queue_service.domain.limits import CLOCK_BACK, MISSED_AFTER, SECOND
from queue_service.domain.records import NewEvent
from queue_service.domain.timetables import Timetable

NAME_ATTRIBUTE = "longshore.schedule"
FIRE_TIME_ATTRIBUTE = "longshore.fire_time"


class Overlap(IntEnum):
    """What happens at a fire time while the former job is in progress."""

    SKIP = 1
    ALLOW = 2


class MissedFire(IntEnum):
    """What happens with fire times that passed unnoticed."""

    SKIP = 1
    RUN_ONCE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSpec:
    """What an operator says about a schedule. cron and time_zone are without faults."""

    name: str
    cron: str
    time_zone: str
    queue: str
    events: tuple[NewEvent, ...]
    paused: bool = False
    overlap: Overlap = Overlap.SKIP
    missed_fire: MissedFire = MissedFire.SKIP

    @property
    def weight(self) -> int:
        """What its job adds to a turn of the writer."""
        return sum(event.payload.weight for event in self.events)

    def has_times_of(self, other: "ScheduleSpec") -> bool:
        """Whether both fire at the same times."""
        return (self.cron, self.time_zone, self.paused) == (other.cron, other.time_zone, other.paused)


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A schedule as it is kept.

    Attributes:
        next_fire_time: None: it is paused, or there is none.
        last_fire_time: the latest fire time with a job.
        last_job_id: of the latest job, also of one that was asked for.
        skipped: fire times without a job.
    """

    spec: ScheduleSpec
    next_fire_time: int | None
    last_fire_time: int | None = None
    last_job_id: bytes | None = None
    skipped: int = 0
    create_time: int
    update_time: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Firing:
    """A move to the next fire time.

    Attributes:
        fire_time: the one that a job is pushed for. None: no job is.
        skipped: fire times that are left out.
    """

    fire_time: int | None
    skipped: int
    next_fire_time: int | None


def firing_at(schedule: Schedule, timetable: Timetable, now: int) -> Firing | None:
    """What is to be done now. None: its next fire time lies ahead.

    A fire time that was passed long ago is missed. All that were missed are one move: they are left out, or the latest
    of them stands for all. Those that come after them are moves of their own.
    """
    due = schedule.next_fire_time
    if due is None or due > now:
        return None
    missed = timetable.until(now - MISSED_AFTER)
    if missed is None or missed < due:
        return Firing(fire_time=due, skipped=0, next_fire_time=timetable.after(due))
    count = timetable.count(due, missed)
    runs = schedule.spec.missed_fire is MissedFire.RUN_ONCE
    return Firing(
        fire_time=missed if runs else None,
        skipped=count - 1 if runs else count,
        next_fire_time=timetable.after(missed),
    )


def return_to(schedule: Schedule, timetable: Timetable, now: int) -> Firing | None:
    """The move of a schedule whose fire times were passed by a clock that was far ahead. None: it stands well.

    Where the clock went back by less, the schedule waits: what has fired does not fire again.
    """
    due = schedule.next_fire_time
    passed = None if due is None else timetable.until(due - SECOND)
    if passed is None or passed <= now + CLOCK_BACK:
        return None
    return Firing(fire_time=None, skipped=0, next_fire_time=timetable.after(now))


def told(spec: ScheduleSpec, fire_time: int) -> dict[str, str]:
    """The attributes that each event of a job gets; the time in RFC 3339."""
    time = datetime.fromtimestamp(fire_time / 1000, UTC)
    text = time.isoformat(timespec="seconds" if fire_time % SECOND == 0 else "milliseconds")
    return {NAME_ATTRIBUTE: spec.name, FIRE_TIME_ATTRIBUTE: text.replace("+00:00", "Z")}
