"""What is done with a fire time that has come, or that a wrong clock has led astray."""

from datetime import UTC, datetime

import pytest

from queue_service.domain.cron import Cron
from queue_service.domain.schedules import Firing, MissedFire, Schedule, ScheduleSpec, firing_at, return_to, told
from queue_service.domain.timetables import Timetable

EVERY_MINUTE = Timetable(Cron("* * * * *"), UTC)
NOON = int(datetime(2027, 1, 15, 12, 0, tzinfo=UTC).timestamp() * 1000)
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def schedule(next_fire_time, **values):
    spec = ScheduleSpec(name="s", cron="", time_zone="UTC", queue="q", events=(), **values)
    return Schedule(spec=spec, next_fire_time=next_fire_time, create_time=0, update_time=0)


@pytest.mark.parametrize("policy", MissedFire)
@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-1, None),
        (0, Firing(fire_time=NOON, skipped=0, next_fire_time=NOON + MINUTE)),
        (MINUTE - 1, Firing(fire_time=NOON, skipped=0, next_fire_time=NOON + MINUTE)),
    ],
)
def test_a_fire_time_that_is_not_missed(policy, late, expected):
    """Whatever the policy."""
    assert firing_at(schedule(NOON, missed_fire=policy), EVERY_MINUTE, NOON + late) == expected


@pytest.mark.parametrize(
    ("late", "missed"), [(MINUTE, 1), (2 * MINUTE - 1, 1), (2 * MINUTE, 2), (HOUR, 60), (400 * DAY, 400 * 24 * 60)]
)
def test_missed_fire_times(late, missed):
    """They are one move: all are left out, or all but the latest. The next may be late only."""
    latest = NOON + (missed - 1) * MINUTE
    follows = latest + MINUTE
    skip = firing_at(schedule(NOON, missed_fire=MissedFire.SKIP), EVERY_MINUTE, NOON + late)
    assert skip == Firing(fire_time=None, skipped=missed, next_fire_time=follows)
    once = firing_at(schedule(NOON, missed_fire=MissedFire.RUN_ONCE), EVERY_MINUTE, NOON + late)
    assert once == Firing(fire_time=latest, skipped=missed - 1, next_fire_time=follows)


def test_without_a_next_fire_time_nothing_is_done():
    assert firing_at(schedule(None), EVERY_MINUTE, NOON) is None
    assert return_to(schedule(None), EVERY_MINUTE, NOON) is None


def test_the_last_fire_time_of_all():
    ends = Timetable(Cron("0 0 29 2 *"), UTC)
    ends.after = lambda _instant: None
    assert firing_at(schedule(NOON), ends, NOON) == Firing(fire_time=NOON, skipped=0, next_fire_time=None)


@pytest.mark.parametrize("back", [0, 1, HOUR, DAY])
def test_a_clock_that_went_back_a_little_is_waited_for(back):
    """Its schedule fired at noon."""
    assert return_to(schedule(NOON + MINUTE), EVERY_MINUTE, NOON - back) is None


def test_a_clock_that_was_far_ahead_is_not_waited_for():
    firing = return_to(schedule(NOON + MINUTE), EVERY_MINUTE, NOON - DAY - 1)
    assert firing == Firing(fire_time=None, skipped=0, next_fire_time=NOON - DAY)


def test_a_rare_fire_time_is_not_far_from_its_place():
    leap_days = Timetable(Cron("0 0 29 2 *"), UTC)
    due = leap_days.after(NOON)
    assert due > NOON + 400 * DAY
    assert return_to(schedule(due), leap_days, NOON) is None


@pytest.mark.parametrize(
    ("fire_time", "text"),
    [
        (NOON, "2027-01-15T12:00:00Z"),
        (NOON + 30 * SECOND, "2027-01-15T12:00:30Z"),
        (NOON + 7, "2027-01-15T12:00:00.007Z"),
    ],
)
def test_what_events_are_told(fire_time, text):
    assert told(schedule(None).spec, fire_time) == {"longshore.schedule": "s", "longshore.fire_time": text}
