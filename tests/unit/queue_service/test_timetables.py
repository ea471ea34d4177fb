"""Fire times in time zones: what daylight saving skips comes once, what it doubles comes once."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from queue_service.domain.cron import Cron
from queue_service.domain.timetables import Timetable

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def millis(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def shown(instant, zone):
    return datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)).strftime("%d. %H:%M%z").removesuffix("00")


def fire_times(expression, zone, start, end):
    """As the clocks of the zone show them."""
    timetable, found = Timetable(Cron(expression), ZoneInfo(zone)), []
    at = timetable.after(millis(start))
    while at <= millis(end):
        found.append(shown(at, zone))
        at = timetable.after(at)
    return found


@pytest.mark.parametrize("seconds", ["", "0 "], ids=["five fields", "six fields"])
@pytest.mark.parametrize(
    ("expression", "zone", "start", "end", "expected"),
    [
        # The clocks of Berlin go from 02:00 to 03:00 on 28 March 2027, and from 03:00 to 02:00 on 31 October.
        ("30 2 * * *", BERLIN, "2027-03-27T00Z", "2027-03-29T12Z", ["27. 02:30+01", "28. 03:00+02", "29. 02:30+02"]),
        ("0 2,3 * * *", BERLIN, "2027-03-28T00Z", "2027-03-28T12Z", ["28. 03:00+02"]),
        ("30 2 * * *", BERLIN, "2027-10-30T12Z", "2027-11-01T12Z", ["31. 02:30+02", "01. 02:30+01"]),
        ("0 3 * * *", BERLIN, "2027-10-30T12Z", "2027-11-01T12Z", ["31. 03:00+01", "01. 03:00+01"]),
        (
            "*/15 * * * *",
            BERLIN,
            "2027-03-28T00:30Z",
            "2027-03-28T01:30Z",
            ["28. 01:45+01", "28. 03:00+02", "28. 03:15+02", "28. 03:30+02"],
        ),
        (
            "*/15 * * * *",
            BERLIN,
            "2027-10-30T23:45Z",
            "2027-10-31T02:15Z",
            ["31. 02:00+02", "31. 02:15+02", "31. 02:30+02", "31. 02:45+02", "31. 03:00+01", "31. 03:15+01"],
        ),
        # Those of New York from 02:00 to 03:00 on 14 March 2027, and from 02:00 to 01:00 on 7 November.
        ("30 2 * * *", NEW_YORK, "2027-03-13T12Z", "2027-03-15T12Z", ["14. 03:00-04", "15. 02:30-04"]),
        ("30 1 * * *", NEW_YORK, "2027-11-06T12Z", "2027-11-08T12Z", ["07. 01:30-04", "08. 01:30-05"]),
        (
            "*/15 1 * * *",
            NEW_YORK,
            "2027-11-07T00Z",
            "2027-11-08T00Z",
            ["07. 01:00-04", "07. 01:15-04", "07. 01:30-04", "07. 01:45-04"],
        ),
        # Those of Lord Howe go on by half an hour: from 02:00 to 02:30 on 3 October 2027.
        (
            "*/10 2 * * *",
            LORD_HOWE,
            "2027-10-02T12Z",
            "2027-10-02T16Z",
            ["03. 02:30+11", "03. 02:40+11", "03. 02:50+11"],
        ),
        # Apia left out 30 December 2011.
        (
            "0 12 * * *",
            "Pacific/Apia",
            "2011-12-29T00Z",
            "2011-12-31T12Z",
            ["29. 12:00-10", "31. 00:00+14", "31. 12:00+14"],
        ),
    ],
)
def test_daylight_saving(seconds, expression, zone, start, end, expected):
    assert fire_times(seconds + expression, zone, start, end) == expected


def test_within_the_doubled_hour_nothing_fires_again_whenever_one_asks():
    timetable = Timetable(Cron("*/15 * * * *"), ZoneInfo(BERLIN))
    for minute in range(60):
        second_pass = millis("2027-10-31T01:00Z") + minute * 60_000
        assert shown(timetable.after(second_pass), BERLIN) == ("31. 03:00+01")
        assert shown(timetable.until(second_pass), BERLIN) == "31. 02:45+02"


def test_within_the_gap_what_was_skipped_has_come():
    timetable = Timetable(Cron("30 2 * * *"), ZoneInfo(BERLIN))
    end = millis("2027-03-28T01:00Z")
    assert timetable.after(end - 1) == end
    assert timetable.until(end) == end
    assert timetable.until(end - 1) == millis("2027-03-27T01:30Z")


EXPRESSIONS = st.sampled_from(["*/15 * * * *", "30 2 * * *", "0 3 * * *", "15 1,2,3 * * *", "7 */7 * * *", "0 0 L * *"])
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, LORD_HOWE, "Antarctica/Troll", "Asia/Kolkata", "America/Caracas"])
INSTANTS = st.integers(millis("2026-01-01T00Z") // 60_000, millis("2028-01-01T00Z") // 60_000).map(lambda n: n * 60_000)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(EXPRESSIONS, ZONES, INSTANTS)
def test_after_and_until_agree(expression, zone, instant):
    timetable = Timetable(Cron(expression), ZoneInfo(zone))
    following = timetable.after(instant)
    assert following > instant
    assert timetable.until(following) == following
    former = timetable.until(following - 1)
    assert former <= instant
    assert timetable.after(former) == following


@settings(max_examples=100, deadline=None, derandomize=True)
@given(EXPRESSIONS, st.sampled_from(["UTC", "Asia/Kolkata"]), INSTANTS, st.integers(0, 200))
def test_a_count_has_both_ends(expression, zone, instant, steps):
    timetable = Timetable(Cron(expression), ZoneInfo(zone))
    first = last = timetable.after(instant)
    for _ in range(steps):
        last = timetable.after(last)
    assert timetable.count(first, last) == steps + 1
