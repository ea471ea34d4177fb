"""Cron expressions: what is told of faulty ones, and the local times that others name."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings, strategies as st

from queue_service.domain.cron import Cron, cron_faults

NOON = datetime.fromisoformat("2027-01-15 12:00")


def local(text):
    return datetime.fromisoformat(text)


def times(expression, start, count):
    cron, found, at = Cron(expression), [], local(start)
    for _ in range(count):
        at = cron.after(at)
        found.append(at.isoformat(sep=" ").removesuffix(":00"))
    return found


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("*/15 * * * *", "2027-01-15 08:44", ["2027-01-15 08:45", "2027-01-15 09:00"]),
        ("*/20 * * * * *", "2027-01-15 08:00:00", ["2027-01-15 08:00:20", "2027-01-15 08:00:40", "2027-01-15 08:01"]),
        ("30 0 8 * * *", "2027-01-15 08:00:00", ["2027-01-15 08:00:30", "2027-01-16 08:00:30"]),
        ("0 12 29 2 *", "2027-01-01 00:00", ["2028-02-29 12:00", "2032-02-29 12:00"]),
        ("0 12 29 2 *", "2096-03-01 00:00", ["2104-02-29 12:00"]),
        ("0 0 31 * *", "2027-01-31 00:00", ["2027-03-31 00:00", "2027-05-31 00:00"]),
        ("0 0 L * *", "2027-01-31 00:00", ["2027-02-28 00:00", "2027-03-31 00:00"]),
        ("0 0 LW * *", "2027-01-01 00:00", ["2027-01-29 00:00", "2027-02-26 00:00"]),
        ("0 0 * * MON#2", "2027-01-01 00:00", ["2027-01-11 00:00", "2027-02-08 00:00"]),
        ("0 0 1 * MON", "2027-01-01 00:00", ["2027-01-04 00:00", "2027-01-11 00:00"]),
        ("0 9-17/4 * JAN,jul 1-5", "2027-01-29 13:00", ["2027-01-29 17:00", "2027-07-01 09:00"]),
    ],
)
def test_the_times_that_follow(expression, start, expected):
    assert list(cron_faults(expression)) == []
    assert times(expression, start, len(expected)) == expected


def test_the_last_time_until_one_may_be_that_one():
    cron = Cron("*/15 * * * *")
    assert cron.until(NOON) == NOON
    assert cron.until(NOON - timedelta(seconds=1)) == local("2027-01-15 11:45")


FIELD = st.sampled_from(["*", "0", "5", "59", "*/7", "10-20", "1,30,45", "3-50/9"])
HOUR = st.sampled_from(["*", "0", "23", "*/5", "8-17", "2,3"])
DAY = st.sampled_from(["*", "1", "31", "29", "L", "LW", "*/10"])
MONTH = st.sampled_from(["*", "2", "1-6", "JAN,DEC"])
WEEKDAY = st.sampled_from(["*", "1-5", "SUN", "7", "5#2", "5L"])
LOCAL = st.integers(0, 30 * 86_400).map(lambda seconds: local("2028-02-10 00:00") + timedelta(seconds=seconds))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.tuples(st.sampled_from(["0", "30", "15,45"]), FIELD, HOUR, DAY, MONTH, WEEKDAY), LOCAL, LOCAL)
def test_a_count_is_what_walking_through_would_count(fields, one, other):
    after, until = sorted((one, other))
    expression, walked = " ".join(fields), 0
    assume(not list(cron_faults(expression)))
    cron = Cron(expression)
    at = cron.after(after)
    while at is not None and at <= until and walked < 2_000:
        walked += 1
        at = cron.after(at)
    if walked < 2_000:
        assert cron.count(after, until) == walked
    else:
        assert cron.count(after, until) >= walked


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", ["has 0"]),
        ("* * * *", ["must have five fields", "or six with seconds first, has 4"]),
        ("@daily", ["must have five fields"]),
        ("60 * * * *", ["'60' is no minute: it may have 0 to 59"]),
        ("60 * * * * *", ["'60' is no second: it may have 0 to 59"]),
        ("* * * * 8", ["'8' is no day of the week: it may have 0 to 7 or SUN to SAT"]),
        ("*/0 * * * *", ["'*/0' is no minute"]),
        ("5-1 * * * *", ["'5-1' is no minute"]),
        ("0 0 31 2 *", ["never fires: no year has such a day"]),
        ("0 0 30 feb *", ["never fires"]),
        ("* * */20 * 1L", ["never fires"]),
    ],
)
def test_what_is_wrong_is_told(expression, told):
    (fault,) = cron_faults(expression)
    assert [text for text in told if text not in fault] == []


def test_all_faulty_fields_are_told_at_once():
    faults = list(cron_faults("61 24 0 13 FRY"))
    assert [fault.split(" is no ")[0] for fault in faults] == ["'61'", "'24'", "'0'", "'13'", "'FRY'"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="0123456789*,-/LW#?MONJAFEB@ ²", max_size=30))
def test_no_text_is_too_strange(expression):
    if not list(cron_faults(expression)):
        assert Cron(expression).after(NOON) > NOON


def test_a_faulty_expression_is_no_cron():
    with pytest.raises(ValueError, match=r"'0 0 31 2 \*' is no cron expression"):
        Cron("0 0 31 2 *")
