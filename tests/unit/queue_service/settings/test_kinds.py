"""What each kind of setting takes, and how it is written."""

import tomllib
from pathlib import Path

import pytest

from queue_service.settings.kinds import Address, Choice, Count, Flag, Number, Optional, Place, Size, Span

LEVELS = Choice({"INFO": 1, "ERROR": 2})


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (Count(), 5, 5),
        (Count(), "1_000", 1_000),
        (Number(1, 10), 2, 2.0),
        (Number(1, 10), "1.5", 1.5),
        (Size(), 7, 7),
        (Size(), "7", 7),
        (Size(), "1.5KiB", 1_536),
        (Size(), "2 GiB", 2 * 1024**3),
        (Span(), 7, 7_000),
        (Span(), 0.25, 250),
        (Span(), "7", 7_000),
        (Span(), "1.1s", 1_100),
        (Span(), "366d", 366 * 86_400_000),
        (Flag(), True, True),
        (Flag(), "false", False),
        (LEVELS, "error", 2),
        (Address(), "[::1]:0", "[::1]:0"),
        (Place(), "a/b.db", Path("a/b.db")),
        (Optional(Count()), "none", None),
        (Optional(Count()), "5", 5),
        (Optional(Place()), "None", None),
    ],
)
def test_values(kind, given, value):
    assert kind.read(given) == value
    assert kind.read(kind.show(value)) == value
    assert kind.read(tomllib.loads(f"x = {kind.write(value)}")["x"]) == value


@pytest.mark.parametrize(
    ("kind", "given", "demand"),
    [
        (Count(), 0, "must be a whole number, 1 to 1,000,000,000"),
        (Count(highest=5), 6, "must be a whole number, 1 to 5"),
        (Count(), True, "must be a whole number"),
        (Count(), 1.0, "must be a whole number"),
        (Count(), "-1", "must be a whole number"),
        (Count(), "²", "must be a whole number"),
        (Count(), "_", "must be a whole number"),
        (Count(), [1], "must be a whole number"),
        (Number(1, 10), "two", "must be a number, 1 to 10"),
        (Number(1, 10), "nan", "must be a number, 1 to 10"),
        (Number(1, 10), 10.5, "must be a number, 1 to 10"),
        (Number(1, 10), True, "must be a number, 1 to 10"),
        (Size(), 0, 'must be a size such as "512KiB" or "1MiB", 1B to 1024GiB'),
        (Size(), "0.3B", "must be a size"),
        (Size(), "1MB", "must be a size"),
        (Size(), "9" * 400, "must be a size"),
        (Size(), True, "must be a size"),
        (Size(), float("inf"), "must be a size"),
        (Span(lowest=1), 0, "must be a span of time"),
        (Span(), "367d", 'such as "500ms", "15m" or "7d", 0s to 366d'),
        (Span(), "", "must be a span of time"),
        (Span(), float("nan"), "must be a span of time"),
        (Span(), {}, "must be a span of time"),
        (Flag(), "yes", "must be true or false"),
        (Flag(), 1, "must be true or false"),
        (LEVELS, "errer", "must be INFO or ERROR; did you mean 'ERROR'"),
        (LEVELS, 5, "must be INFO or ERROR"),
        (Address(), "host", "must be HOST:PORT with a port from 0 to 65,535"),
        (Address(), ":50051", "must be HOST:PORT"),
        (Address(), "host:70000", "must be HOST:PORT"),
        (Address(), 50051, "must be HOST:PORT"),
        (Place(), "", "must be the path of a file or folder"),
        (Place(), 5, "must be the path of a file or folder"),
        (Place(), "a\0b", "must be the path of a file or folder"),
        (Optional(Count()), "off", 'must be a whole number, 1 to 1,000,000,000, or "none"'),
    ],
)
def test_what_cannot_be_a_value_is_refused_with_what_can(kind, given, demand):
    with pytest.raises(ValueError, match="must be") as raised:
        kind.read(given)
    assert demand in str(raised.value)
