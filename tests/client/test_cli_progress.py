"""What is told of a run that goes on: its rate, how much is left, and what it waits for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from longshore.cli.progress import ProgressLine, details, summary
from longshore.runs import ExpectedEffects, ImportMode, ImportState, ObjectTypeProgress, read_run
from longshore.v1 import import_service_pb2

AT = datetime(2030, 1, 31, 8, 30, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


def reading(records, expected=None, state=ImportState.READING):
    run = read_run(import_service_pb2.Import(name="devices", import_id="i"))
    progress = replace(run.progress, records_read=records, records_expected=expected)
    return replace(run, state=state, progress=progress)


def told(steps, expected=None):
    """The last line after (seconds, records) steps."""
    clock = Clock()
    line = ProgressLine(clock)
    text = ""
    for seconds, records in steps:
        clock.time += seconds
        text = line(reading(records, expected))
    return text


def test_the_rate_is_that_of_the_latest_changes():
    steps = [(0, 0), (1, 10_000), *[(1, 10_000 + 500 * step) for step in range(1, 15)]]
    assert "17,000 records (500/s)" in told(steps)


def test_with_a_total_it_tells_how_much_and_how_long_is_left():
    assert "5,000 records (500/s, 25% of 20,000, 30s left)" in told([(0, 0), (10, 5_000)], expected=20_000)


@pytest.mark.parametrize("steps", [[(0, 10)], [(0, 0), (0, 10)]])
def test_without_time_there_is_no_rate(steps):
    assert "10 records  " in told(steps)


def test_more_records_than_the_total_and_none_at_all():
    assert "100% of 10)" in told([(0, 0), (1, 12)], expected=10)
    assert "(0/s, 0% of 10)" in told([(0, 0), (1, 0)], expected=10)


def test_only_reading_has_a_rate():
    line = ProgressLine(Clock())
    line(reading(0))
    assert "/s" not in line(reading(10, state=ImportState.PROCESSING))


def test_waits_modes_and_quarantine_are_told():
    run = replace(reading(5), throttled_until=AT, mode=ImportMode.REHEARSAL)
    run = replace(run, progress=replace(run.progress, quarantined=3))
    assert "READING (rehearsal)" in summary(run)
    assert "3 quarantined" in summary(run)
    assert summary(run).endswith("waiting until 08:30:00 UTC")
    suspended = replace(run, state=ImportState.SUSPENDED, suspended_until=AT)
    assert summary(suspended).endswith("suspended until 08:30:00 UTC")


def test_the_expected_effects_and_what_was_allowed_are_told():
    counts = ObjectTypeProgress(
        object_type="Device",
        objects=1200,
        created=None,
        updated=None,
        identical=None,
        removed=None,
        expected=ExpectedEffects(created=1, updated=2, missing=3000, estimated=True),
    )
    run = replace(reading(5), accept_shrink=True, allowed_empty=("Device", "Site"))
    shown = details(replace(run, progress=replace(run.progress, object_types=(counts,))))
    assert "1,200 objects" in shown
    assert "expected: about 1 created, 2 updated, 3,000 missing" in shown
    assert "Device, Site" in shown
    assert "accepted" in shown
