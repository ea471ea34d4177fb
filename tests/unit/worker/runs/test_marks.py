"""Marks of incremental resources: their order, where the next run begins, and when everything is read again."""

from datetime import UTC, datetime

import pytest

from import_worker.config import parse_import
from import_worker.config.resources import Incremental
from import_worker.errors import MappingBroken
from import_worker.runs.marks import Marks, Plan, greatest, later, moved, plan
from import_worker.runs.run import Mode

TEXT = """
version: 1
kind: import
name: places
source: {{ type: rest, base_url: "http://127.0.0.1:8001/geo/", pagination: {{ type: single_page }} }}
resources:
  - {{ name: sites, path: sites, incremental: {{ cursor_path: updated, param: since{words} }} }}
jsonl:
  folder: out
  missing_objects: {{ policy: ignore }}
  object_types:
    - {{ name: Site, resource: sites, attributes: {{ Id: {{ from: id, identity: true, label: true }} }} }}
"""
SUNDAY = datetime(2026, 11, 22, 3, tzinfo=UTC).timestamp()


def config(words=""):
    return parse_import(TEXT.format(words=words), "places.yaml")


def incremental(**values):
    return Incremental(cursor_path="updated", param="since", **values)


def test_the_first_run_is_full():
    assert plan(config(), None, now=0, full=False) == Plan(mode=Mode.FULL, starts={})
    begins = plan(config(", initial_value: 2020-01-01"), None, now=0, full=False)
    assert begins == Plan(mode=Mode.FULL, starts={"sites": "2020-01-01"})


@pytest.mark.parametrize(
    ("mark", "start"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z"),
        ("2026-11-22T10:00:00.250000+02:00", "2026-11-22T09:00:00.250000+02:00"),
        ("2026-11-22T10:00:00", "2026-11-22T09:00:00"),
        ("2026-11-22 10:00:00", "2026-11-22 09:00:00"),
        ("20261122T100000Z", "2026-11-22T09:00:00Z"),
        ("2026-11-22", "2026-11-21"),
        (10_000, "6400"),
        ("10000", "6400"),
        (10_000.5, "6400.5"),
    ],
)
def test_the_lag_moves_the_start_back(mark, start):
    begins = plan(config(", lag: 1h"), Marks(values={"sites": mark}, full_time=0), now=0, full=False)
    assert begins == Plan(mode=Mode.INCREMENTAL, starts={"sites": start})


def test_full_runs_by_wish_and_by_schedule():
    marks = Marks(values={"sites": 5}, full_time=SUNDAY - 100)
    weekly = config(', full_refresh: "0 3 * * 0"')
    assert plan(weekly, marks, now=SUNDAY - 1, full=False).mode is Mode.INCREMENTAL
    assert plan(weekly, marks, now=SUNDAY, full=False).mode is Mode.FULL
    assert plan(weekly, Marks(values={"sites": 5}, full_time=SUNDAY), now=SUNDAY + 1, full=False).mode is (
        Mode.INCREMENTAL
    )
    assert plan(weekly, marks, now=SUNDAY - 1, full=True).mode is Mode.FULL


def test_a_resource_that_has_no_mark_yet_makes_the_run_full():
    assert plan(config(), Marks(values={"other": 5}), now=0, full=False).mode is Mode.FULL


def test_the_greatest_cursor_counts_and_never_moves_back():
    records = [{"updated": "2026-11-22T10:00:00Z"}, {"updated": None}, {"updated": "2026-11-22T11:30:00+02:00"}, {}]
    assert greatest(records, incremental(), None, "u") == "2026-11-22T10:00:00Z"
    assert greatest(records, incremental(), "2027-01-01T00:00:00Z", "u") == "2027-01-01T00:00:00Z"
    assert greatest([], incremental(), 5, "u") == 5
    assert later(None, None) is None
    assert later(3, None) == later(None, 3) == later(2, 3) == 3


@pytest.mark.parametrize("value", ["yesterday", True, [], {}])
def test_a_cursor_of_no_order_is_an_error(value):
    with pytest.raises(MappingBroken, match="neither a number nor an ISO date"):
        greatest([{"updated": value}], incremental(), None, "u")


def test_a_cursor_that_no_record_has_is_an_error():
    with pytest.raises(MappingBroken, match="'updated' finds nothing"):
        greatest([{"changed": 1}], incremental(), None, "u")


def test_marks_after_a_good_run():
    first = moved(None, [("sites", 5), ("sites", None), ("sites", 7)], full_since=100.0)
    assert first == Marks(values={"sites": 7}, full_time=100.0)
    assert moved(first, [("sites", 6)], full_since=None) == first
    assert moved(first, [("sites", 9)], full_since=None) == Marks(values={"sites": 9}, full_time=100.0)


def test_numbers_are_no_dates_however_they_look():
    """Milliseconds since the epoch as text: read as a date without hyphens, the first would be of the year 1700."""
    assert later("1700010112345", "1699999999999") == "1700010112345"
