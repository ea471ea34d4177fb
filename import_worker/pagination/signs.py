"""The signs of pagination that a first page shows: fields beside its records, headers, and its own query.

Owns where signs are looked for and how names are compared; what they mean stands in detect.py.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from import_worker.pagination.conventions import MAX_DIGITS, MORE
from import_worker.pagination.seen import Seen

_MAX_DEPTH = 4
_MAX_FIELDS = 500
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_LINK = re.compile(r"https?://|/|\?|\./|[^\s?]*\?[^\s=]+=", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of the body, beside the records.

    Attributes:
        path: its keys from the top.
        value: any JSON value.
    """

    path: tuple[str, ...]
    value: Any

    @property
    def key(self) -> str:
        """The last key, as it is written."""
        return self.path[-1]

    @property
    def name(self) -> str:
        """The last key for comparisons."""
        return plain(self.key)

    @property
    def selector(self) -> str:
        """The selector that finds it."""
        return selector_of(self.path)


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What a first page shows.

    Attributes:
        url: its address.
        query: the parameters of its address.
        headers: by lower-case name.
        fields: of the body, the outer ones first; nothing inside of lists.
        count: how many records it holds.
    """

    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    fields: tuple[Field, ...]
    count: int

    @classmethod
    def of(cls, seen: Seen) -> "Signs":
        """The signs of a page."""
        return cls(
            url=seen.url,
            query=dict(parse_qsl(urlsplit(seen.url).query, keep_blank_values=True)),
            headers=seen.headers,
            fields=tuple(_fields(seen.document)),
            count=len(seen.records),
        )

    def field(self, names: Collection[str], kind: type) -> Field | None:
        """The outermost field of one of these names with a value of a type; a boolean is no number."""
        for each in self.fields:
            if (
                each.name in names
                and isinstance(each.value, kind)
                and (kind is bool or not isinstance(each.value, bool))
            ):
                return each
        return None

    def header(self, names: Collection[str]) -> tuple[str, str] | None:
        """The first header of one of these names, and its value."""
        return next(((name, value.strip()) for name, value in self.headers.items() if name in names), None)

    def number_header(self, names: Collection[str]) -> tuple[str, int] | None:
        """The first header of one of these names that holds a whole number."""
        for name, value in self.headers.items():
            if name in names and value.strip().isdecimal() and len(value) <= MAX_DIGITS:
                return name, int(value)
        return None

    def more_path(self) -> str | None:
        """The selector of a field that says whether pages follow."""
        found = self.field(MORE, bool)
        return found.selector if found else None

    def param(self, names: Collection[str]) -> str | None:
        """The first query parameter of one of these names."""
        return next((name for name in self.query if plain(name) in names), None)


def plain(key: str) -> str:
    """A key without what spellings differ in: letter case and everything but letters and digits."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def selector_of(path: tuple[str, ...]) -> str:
    """The selector of a path of keys."""
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else '"' + re.sub(r'(["\\])', r"\\\1", key) + '"' for key in path)


def is_link(value: Any) -> bool:
    """Whether a value can only be meant as an address."""
    return (
        isinstance(value, str) and re.match(r"https?://|/|\?|\./|[^\s?]*\?[^\s=]+=", value, re.IGNORECASE) is not None
    )


def _fields(document: Any) -> Iterator[Field]:
    """Breadth first, so that what stands beside the records comes before what stands deeper."""
    level: list[Field] = [Field(path=(), value=document)]
    found = 0
    for _ in range(_MAX_DEPTH):
        deeper: list[Field] = []
        for holder in level:
            if not isinstance(holder.value, dict):
                continue
            for key, value in holder.value.items():
                if found == _MAX_FIELDS:
                    return
                found += 1
                deeper.append(Field(path=(*holder.path, key), value=value))
                yield deeper[-1]
        level = deeper
