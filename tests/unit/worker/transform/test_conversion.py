"""The table of types: what each takes, what it makes of it, and what it refuses."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from import_worker.config.object_types import Attribute, AttributeType
from import_worker.transform.conversion import Unfit, convert

TAKEN = [
    ("text", "NO", "NO"),
    ("text", "004", "004"),
    ("text", " spaced ", " spaced "),
    ("text", 5, "5"),
    ("text", 1.5, "1.5"),
    ("text", True, "true"),
    ("text", Decimal("12345678901234567890.12"), "12345678901234567890.12"),
    ("textarea", "two\nlines", "two\nlines"),
    ("integer", 5, 5),
    ("integer", "-17", -17),
    ("integer", "004", 4),
    ("integer", 2**63 - 1, 2**63 - 1),
    ("boolean", True, True),
    ("boolean", "False", False),
    ("boolean", 0, False),
    ("boolean", 1, True),
    ("double", 3, 3),
    ("double", 2.5, 2.5),
    ("double", "1e3", 1000.0),
    ("double", Decimal("0.12345678901234567890"), 0.12345678901234568),
    ("date", "2026-02-28", "2026-02-28"),
    ("time", "08:30", "08:30:00"),
    ("time", "23:59:59.5", "23:59:59.500000"),
    ("date_time", "2026-11-22T08:30:00Z", "2026-11-22T08:30:00Z"),
    ("date_time", "2026-11-22t10:30:00+02:00", "2026-11-22T08:30:00Z"),
    ("date_time", "2026-11-22 08:30:00.25+00", "2026-11-22T08:30:00.250000Z"),
    ("date_time", "2026-11-22T08:30", "2026-11-22T08:30:00"),
    ("url", "https://example.com/a?b=c", "https://example.com/a?b=c"),
    ("email", "a.b@example.com", "a.b@example.com"),
    ("ipaddress", "10.0.0.1", "10.0.0.1"),
    ("ipaddress", "2001:DB8:0::1", "2001:db8::1"),
    ("select", "Running", "Running"),
    ("status", 7, "7"),
]

REFUSED = [
    ("text", "\ud800", "lone surrogate"),
    ("text", ["a"], "a list does not fit into one value"),
    ("integer", {"a": 1}, "an object does not fit into one value"),
    ("integer", 5.5, "no whole number"),
    ("integer", 5.0, "no whole number"),
    ("integer", True, "no whole number"),
    ("integer", "5 ", "no whole number"),
    ("integer", "٣", "no whole number"),
    ("integer", 2**63, "no whole number of 64 bits"),
    ("boolean", "yes", "neither true nor false"),
    ("boolean", 2, "neither true nor false"),
    ("double", "nan", "no number"),
    ("double", "1,5", "no number"),
    ("double", True, "no number"),
    ("double", "1e999", "no number"),
    ("date", "2026-02-30", "no date such as"),
    ("date", "22.11.2026", "no date such as"),
    ("date", "2026-11-22T00:00:00Z", "no date such as"),
    ("date", 20261122, "no date such as"),
    ("time", "25:00", "no time such as"),
    ("date_time", "2026-11-22", "no date and time such as"),
    ("date_time", 1700000000, "no date and time such as"),
    ("date_time", "0001-01-01T00:00:00+10:00", "outside the years"),
    ("url", "example.com", "no absolute address"),
    ("url", "http://[", "no absolute address"),
    ("url", "http://a b/", "no absolute address"),
    ("email", "nobody", "no e-mail address"),
    ("ipaddress", "10.0.0.1/24", "no IP address"),
    ("ipaddress", 167772161, "no IP address"),
    ("select", "running", "none of its values: Running, 7"),
    ("status", True, "none of its values"),
]


def attribute(kind):
    values = ["Running", "7"] if kind in {"select", "status"} else []
    return Attribute.model_validate_json(json.dumps({"from": "x", "type": kind, "values": values}))


@pytest.mark.parametrize(("kind", "value", "expected"), TAKEN)
def test_what_fits_is_converted(kind, value, expected):
    converted = convert(value, attribute(kind))
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(("kind", "value", "reason"), REFUSED)
def test_what_does_not_fit_is_refused_with_a_reason(kind, value, reason):
    with pytest.raises(Unfit, match=reason):
        convert(value, attribute(kind))


KINDS = [kind for kind in AttributeType.__args__ if kind != "referenced_object"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_text_are_empty_for_every_type(kind, empty):
    assert convert(empty, attribute(kind)) is None


@given(kind=st.sampled_from(KINDS), value=st.one_of(st.text(), st.integers(), st.floats(), st.booleans()))
def test_anything_is_either_converted_to_json_or_refused(kind, value):
    try:
        converted = convert(value, attribute(kind))
    except Unfit:
        return
    assert json.loads(json.dumps(converted, allow_nan=kind != "double")) == converted


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_is_never_altered(value):
    assert convert(value, attribute("text")) == value


@given(st.dates())
def test_every_date_is_its_own_text(value):
    assert convert(value.isoformat(), attribute("date")) == value.isoformat()


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_in_utc_is_its_own_text(value):
    text = value.isoformat().replace("+00:00", "Z")
    assert convert(text, attribute("date_time")) == text


@given(st.from_regex(r"[0-3][0-9]{3}-[0-1][0-9]-[0-3][0-9]", fullmatch=True))
def test_a_date_is_taken_exactly_if_there_is_such_a_day(text):
    assert _taken("date", text) == _read(date.fromisoformat, text)


@given(st.from_regex(r"2[0-9]{3}-0[1-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z", fullmatch=True))
def test_a_moment_is_taken_exactly_if_there_is_such_a_one(text):
    assert _taken("date_time", text) == _read(datetime.fromisoformat, text)


def _taken(kind, text):
    try:
        return convert(text, attribute(kind)) == text
    except Unfit:
        return False


def _read(parse, text):
    try:
        return bool(parse(text))
    except ValueError:
        return False
