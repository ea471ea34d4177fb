"""How far an incremental resource has come: marks, their order, and where the next run begins.

Pure. A mark is a number, or an ISO date or date and time; it is kept as the source wrote it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from import_worker.config import ImportConfig
from import_worker.config.cron import next_time
from import_worker.config.resources import Incremental
from import_worker.config.selectors import compile_selector, scalar_text
from import_worker.errors import MappingBroken
from import_worker.ports import Record
from import_worker.runs.run import Mode

Mark = str | int | float


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What the last good run left.

    Attributes:
        values: the greatest cursor, by resource.
        full_time: when the last good full run was started, in seconds since the epoch.
    """

    values: Mapping[str, Mark] = field(default_factory=dict)
    full_time: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a run begins.

    Attributes:
        mode: full or incremental.
        starts: the query parameter value of each incremental resource, by its name.
    """

    mode: Mode
    starts: Mapping[str, str]


def plan(config: ImportConfig, marks: Marks | None, *, now: float, full: bool) -> Plan:
    """What a run that starts now reads.

    Args:
        config: of the import.
        marks: of the last good run. None: there was none.
        now: seconds since the epoch.
        full: everything was asked for.
    """
    resources = {each.name: each.incremental for each in config.resources if each.incremental}
    if not resources:
        return Plan(mode=Mode.FULL, starts={})
    known = {} if marks is None else marks.values
    due = marks is None or any(_full_is_due(each, marks.full_time, now) for each in resources.values())
    if full or due or not resources.keys() <= known.keys():
        firsts = {
            name: scalar_text(each.initial_value) for name, each in resources.items() if each.initial_value is not None
        }
        return Plan(mode=Mode.FULL, starts=firsts)
    return Plan(
        mode=Mode.INCREMENTAL,
        starts={name: scalar_text(_earlier(known[name], each.lag)) for name, each in resources.items()},
    )


def _full_is_due(incremental: Incremental, last: float, now: float) -> bool:
    if incremental.full_refresh is None:
        return False
    following = next_time(incremental.full_refresh, last)
    return following is not None and following <= now


def greatest(records: Iterable[Record], incremental: Incremental, before: Mark | None, url: str) -> Mark | None:
    """The mark after these records: it never moves back. Records without a cursor leave it where it is.

    Raises:
        MappingBroken: a cursor is neither number nor ISO date, or not one record has any.
    """
    selector = compile_selector(incremental.cursor_path)
    mark, seen, found = before, False, False
    for record in records:
        seen = True
        try:
            value = selector.select(record)
        except ValueError as error:
            raise MappingBroken(f"{error} (at {url})") from None
        if value is None:
            continue
        found = True
        mark = value if mark is None else max(mark, value, key=_comparable)
        _comparable(value)
    if seen and not found:
        raise MappingBroken(f"cursor_path {incremental.cursor_path!r} finds nothing in any record of {url}")
    return mark


def moved(before: Marks | None, reached: Iterable[tuple[str, Mark | None]], *, full_since: float | None) -> Marks:
    """The marks after a good run.

    Args:
        before: it. None: it is the first one.
        reached: the greatest cursor of each lane, with the name of its resource.
        full_since: when a full run was started. None: it was incremental.
    """
    known = before or Marks()
    values = dict(known.values)
    for name, mark in reached:
        latest = later(values.get(name), mark)
        if latest is not None:
            values[name] = latest
    return Marks(values=values, full_time=known.full_time if full_since is None else full_since)


def later(one: Mark | None, other: Mark | None) -> Mark | None:
    """The greater of two marks."""
    known = [mark for mark in (one, other) if mark is not None]
    return max(known, key=_comparable) if known else None


def _comparable(mark: object) -> float:
    """Seconds, for every kind of mark."""
    if isinstance(mark, int | float) and not isinstance(mark, bool):
        return float(mark)
    if isinstance(mark, str):
        if mark.isdecimal():  # many of these would pass for a date without hyphens
            return float(mark)
        try:
            moment = datetime.fromisoformat(mark)
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    raise MappingBroken(f"the incremental cursor {str(mark)[:80]!r} is neither a number nor an ISO date and time")


def _earlier(mark: Mark, lag: float) -> Mark:
    """The mark less a lag in seconds, in the form that it has."""
    if not lag:
        return mark
    if not isinstance(mark, str):
        return mark - (int(lag) if float(lag).is_integer() else lag)
    if mark.isdecimal():
        return str(int(mark) - round(lag))
    if len(mark) == len("2026-11-22"):
        return (date.fromisoformat(mark) - timedelta(days=-(-lag // 86_400))).isoformat()
    between = " " if " " in mark else "T"
    text = (datetime.fromisoformat(mark) - timedelta(seconds=lag)).isoformat(between)
    return text.removesuffix("+00:00") + "Z" if mark.endswith(("Z", "z")) else text
