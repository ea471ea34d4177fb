"""Where the records of an answer stand, and what their fields are good for.

Owns the choice among several lists, and the proposal of identity, label and types.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from import_worker.config.selectors import compile_selector
from import_worker.errors import SourceBroken
from import_worker.pagination.signs import selector_of
from import_worker.ports import Record

_MAX_DEPTH = 3
_MAX_ATTRIBUTES = 40
_MAX_LABEL = 255
_IDENTITIES = ("id", "uuid", "guid", "key", "code", "serial", "slug", "number", "name", "url", "self")
_LABELS = ("name", "title", "displayname", "fullname", "label", "login", "hostname", "subject", "summary")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The list of records in an answer.

    Attributes:
        selector: where it stands; None: the body itself.
        records: all of them.
    """

    selector: str | None
    records: Sequence[Record]


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """An attribute of the object type that records may become.

    Attributes:
        name: for people.
        selector: where its value stands in a record.
        type: as in a file.
        identity: it names the object.
        label: it is what people see.
        optional: some records lack it.
    """

    name: str
    selector: str
    type: str
    identity: bool
    label: bool
    optional: bool


def find_records(document: Any, url: str) -> Found:
    """The outermost and then longest list of objects.

    Raises:
        SourceBroken: there is none; the message says what there is.
    """
    lists = list(_lists(document, ()))
    usable = [each for each in lists if each[1] and all(isinstance(item, dict) for item in each[1])]
    chosen = max(usable, key=lambda each: (-len(each[0]), len(each[1])), default=None)
    if chosen is not None:
        path, records = chosen
        return Found(selector=selector_of(path) or None, records=records)
    shapes = ", ".join(f"{selector_of(path) or 'the body'} ({len(items)} items)" for path, items in lists) or "no list"
    hint = ""
    if any(items and isinstance(items[0], list) for _, items in lists):
        hint = "; its rows are lists: ask for objects with names (Datasette: ?_shape=objects)"
    elif lists:
        hint = "; ask for a page that holds records, as an empty one shows neither their fields nor how pages follow"
    raise SourceBroken(f"{url} has no list of objects to make records of; it has {shapes}{hint}")


def records_at(document: Any, selector: str | None) -> list[Any] | None:
    """The list where the first page had its records; None where there is none."""
    found = document if selector is None else compile_selector(selector).select(document)
    return found if isinstance(found, list) else None


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict) and len(path) < _MAX_DEPTH:
        for key, each in value.items():
            yield from _lists(each, (*path, key))


def propose(records: Sequence[Record]) -> list[Proposed]:
    """Attributes for the fields of records that hold single values, in their order; the first identity is chosen.

    Raises:
        SourceBroken: no field could name an object.
    """
    columns = _columns(records)
    whole = {path: values for path, values in columns.items() if None not in values and len(values) == len(records)}
    unique = [path for path, values in whole.items() if len(set(map(repr, values))) == len(values) and "" not in values]
    if not unique:
        raise SourceBroken(
            f"no field is present and different in all {len(records)} records of the first page, so none can name an "
            f"object; fields: {', '.join(selector_of(path) for path in columns) or 'none'}"
        )
    identity = _best(unique, _IDENTITIES) or unique[0]
    label = _best(list(whole), _LABELS) or identity
    kept = [path for path in columns if path in {identity, label}]
    kept += [path for path in columns if path not in kept][: _MAX_ATTRIBUTES - len(kept)]
    names = _names(kept)
    return [
        Proposed(
            name=names[path],
            selector=selector_of(path),
            type=_type(columns[path]),
            identity=path == identity,
            label=path == label,
            optional=path not in whole and all(value is None for value in columns[path]),
        )
        for path in columns
        if path in names
    ]


def _columns(records: Sequence[Record]) -> dict[tuple[str, ...], list[Any]]:
    """The values of each field with single values, also one level deeper."""
    found: dict[tuple[str, ...], list[Any]] = {}
    lists: set[tuple[str, ...]] = set()
    for record in records:
        for path, value in _scalars(record):
            if isinstance(value, dict | list):
                lists.add(path)
            else:
                found.setdefault(path, []).append(value)
    holders = {path[:1] for path in found if len(path) > 1}
    return {path: values for path, values in found.items() if path not in lists and path not in holders}


def _scalars(record: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from (((key, inner), each) for inner, each in value.items())
        else:
            yield (key,), value


def _best(paths: Sequence[tuple[str, ...]], wanted: Sequence[str]) -> tuple[str, ...] | None:
    def plain(path: tuple[str, ...]) -> str:
        return re.sub(r"[^a-z0-9]", "", path[-1].lower())

    outer = sorted(paths, key=len)
    for word in wanted:
        for path in outer:
            if plain(path) == word:
                return path
    return next((path for word in wanted[:5] for path in outer if len(path) == 1 and plain(path).endswith(word)), None)


def _names(paths: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """A name for people for each path; two never share one."""
    names: dict[tuple[str, ...], str] = {}
    taken: set[str] = set()
    for path in paths:
        words = re.sub(r"[_\W]+", " ", " ".join(path)).strip()
        name = (words[:1].upper() + words[1:])[:_MAX_LABEL] or "Field"
        number = 2
        unique = name
        while unique.lower() in taken:
            unique = f"{name[: _MAX_LABEL - 4]} {number}"
            number += 1
        taken.add(unique.lower())
        names[path] = unique
    return names


def _type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    if kinds and kinds <= {int, float, Decimal}:
        return "double"
    return "text"
