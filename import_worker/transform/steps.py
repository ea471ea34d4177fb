"""The steps of a transform: from a record of the source to the record that objects are made of.

Owns what each kind of step does. Every step is total: what it cannot do becomes a reason, never an exception.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from import_worker.config.moments import date_text, moment_text, read_moment
from import_worker.config.selectors import Selector, compile_selector, scalar_text
from import_worker.config.transform import Parsing, Step, ValueMap
from import_worker.ports import Record

_PLACE = re.compile(r"\{([^{}]+)\}")
_MAX_SHOWN = 300


@dataclass(kw_only=True, slots=True)
class Draft:
    """A record on its way through the steps.

    Attributes:
        record: as the steps so far left it.
        failed: fields that a step could not make; what reads them cannot be judged.
        reasons: why the record goes to quarantine. Empty: it does not.
    """

    record: Record
    failed: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)

    def tainted(self, selector: Selector) -> bool:
        """Whether a selector may read what a step could not make."""
        return bool(self.failed) and (selector.reads is None or not self.failed.isdisjoint(selector.reads))

    def blame(self, where: str, error: object) -> None:
        """Note a reason, short enough to be kept and free of half characters."""
        self.reasons.append(shown(f"{where}: {error}"))


def shown(text: str) -> str:
    """Text of a record for people: short enough to be kept, and without half characters."""
    whole = text[: _MAX_SHOWN + 1].encode(errors="backslashreplace").decode()
    return whole if len(whole) <= _MAX_SHOWN else f"{whole[: _MAX_SHOWN - 3]}..."


Apply = Callable[[Draft], None]


def compile_steps(steps: Sequence[Step]) -> tuple[Apply, ...]:
    """Make steps ready. Applied in order to a Draft, they never raise, whatever its record holds.

    Raises:
        MappingBroken: a selector is not valid.
    """
    return tuple(_COMPILERS[step.kind](step.setting) for step in steps)


def _select(selectors: Mapping[str, str]) -> Apply:
    compiled = {name: compile_selector(text) for name, text in selectors.items()}

    def apply(draft: Draft) -> None:
        made: dict[str, Any] = {}
        failed: set[str] = set()
        for name, selector in compiled.items():
            made[name] = None
            if draft.tainted(selector):
                failed.add(name)
                continue
            try:
                made[name] = selector.select(draft.record)
            except ValueError as error:
                failed.add(name)
                draft.blame(f"select {name!r}", error)
        draft.record, draft.failed = made, failed

    return apply


def _default(values: Mapping[str, Any]) -> Apply:
    def apply(draft: Draft) -> None:
        for name, value in values.items():
            if _empty(draft.record.get(name)) and name not in draft.failed:
                _change(draft, name, "default", partial(_filled, value, draft))

    return apply


def _filled(value: Any, draft: Draft) -> Any:
    """A default, with the fields that its text names put in place."""
    if not isinstance(value, str):
        return value

    def place(found: re.Match[str]) -> str:
        other = draft.record.get(found[1])
        if _empty(other) or isinstance(other, list | dict):
            raise ValueError(f"{value!r} needs the field {found[1]!r}, which is no text or number here")
        return scalar_text(other)

    return _PLACE.sub(place, value)


def _of_text(kind: str, function: Callable[[str], str]) -> Callable[[Sequence[str]], Apply]:
    def changed(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{_kind(value)} is no text")  # noqa: TRY004  a reason like all others
        return function(value)

    return lambda names: _on_values(names, kind, changed)


def _of_moment(kind: str, write: Callable[[datetime], str]) -> Callable[[Parsing], Apply]:
    return lambda parsing: _on_values((parsing.field,), kind, lambda value: write(read_moment(value, parsing.format)))


def _map_values(words: ValueMap) -> Apply:
    def changed(value: Any) -> Any:
        if not isinstance(value, list | dict) and (known := scalar_text(value)) in words.values:
            return words.values[known]
        if words.otherwise == "quarantine":
            shown = _kind(value) if isinstance(value, list | dict) else repr(value)
            raise ValueError(f"{shown} is none of its values: {', '.join(words.values)}")
        return value if words.otherwise == "keep" else None

    return _on_values((words.field,), "map_values", changed)


def _on_values(names: Sequence[str], kind: str, changed: Callable[[Any], Any]) -> Apply:
    """A step that changes fields one by one. What is empty stays empty."""

    def apply(draft: Draft) -> None:
        for name in names:
            value = draft.record.get(name)
            if not _empty(value) and name not in draft.failed:
                _change(draft, name, kind, partial(changed, value))

    return apply


def _change(draft: Draft, name: str, kind: str, make: Callable[[], Any]) -> None:
    """Write a field of a draft, or note why it cannot be made."""
    try:
        draft.record = {**draft.record, name: make()}
    except ValueError as error:
        draft.failed.add(name)
        draft.blame(f"{kind} {name!r}", error)


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", bool: "true or false"}
    return kinds.get(type(value), "a number")


_COMPILERS: Mapping[str, Callable[[Any], Apply]] = {
    "select": _select,
    "default": _default,
    "lower": _of_text("lower", str.lower),
    "upper": _of_text("upper", str.upper),
    "trim": _of_text("trim", str.strip),
    "to_date": _of_moment("to_date", date_text),
    "parse_datetime": _of_moment("parse_datetime", moment_text),
    "map_values": _map_values,
}
"""By the key of a step."""
