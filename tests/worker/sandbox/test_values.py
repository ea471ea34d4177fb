"""Typed values: what fits each attribute type and what only looks like it."""

import pytest

from import_worker.sandbox.values import ATTRIBUTE_TYPES, items, mistake, text

FITTING = {
    "text": ["NO", "004", " "],
    "textarea": ["a\nb"],
    "select": ["one"],
    "status": ["Active"],
    "integer": [0, -3, 2**60],
    "double": [1, 1.5],
    "boolean": [True, False],
    "date": ["2026-02-28"],
    "time": ["13:45", "13:45:00.5"],
    "date_time": ["2026-01-31T13:45:00", "2026-01-31T13:45:00.25Z", "2026-01-31T13:45:00+02:00"],
    "url": ["https://example.com/a?b", "ftp://x"],
    "email": ["a.b@example.com"],
    "ipaddress": ["127.0.0.1", "::1"],
    "referenced_object": ["NO", 4],
}
UNFIT = {
    "text": [4, True, ["a"], {}],
    "textarea": [1.5],
    "select": [1],
    "status": [False],
    "integer": ["4", 4.0, True, float("inf")],
    "double": ["1.5", True, float("nan")],
    "boolean": ["true", 1, 0],
    "date": ["2026-02-30", "20260228", "2026-02-28T00:00:00", 20260228],
    "time": ["25:00", "1:00", "13:45Z"],
    "date_time": ["2026-01-31", "2026-01-31 13:45:00", "2026-13-31T13:45:00Z", 1_700_000_000],
    "url": ["example.com", "javascript:alert(1)", "https://", "https://a b", "http://[::1"],
    "email": ["a", "a@b", "a b@example.com"],
    "ipaddress": ["127.0.0.256", "127.1", 2130706433],
    "referenced_object": [1.5, True, {"key": "A-1"}],
}


def test_every_attribute_type_has_examples():
    assert set(FITTING) == set(UNFIT) == ATTRIBUTE_TYPES


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in FITTING.items() for value in values])
def test_a_value_that_fits(kind, value):
    assert mistake(kind, value) is None


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in UNFIT.items() for value in values])
def test_a_value_that_does_not_fit(kind, value):
    message = mistake(kind, value)
    assert message is not None
    assert repr(value)[:20] in message


def test_a_long_value_is_shortened_in_the_message():
    assert len(mistake("integer", "x" * 10_000)) < 200


def test_empty_is_null_the_empty_text_and_the_empty_list():
    assert [items(value) for value in (None, "", [], [None, ""])] == [[]] * 4
    assert [items(value) for value in (0, False, " ", ["a", "", "b"])] == [[0], [False], [" "], ["a", "b"]]


def test_values_as_text():
    assert [text(value) for value in (True, 4, "4", 1.5)] == ["true", "4", "4", "1.5"]
