"""One class for each kind of pagination: the address of a position, and the position after a page.

Owns the stop conditions. A new kind is a class here, a model in the configuration and a line in the table.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from import_worker.config.pagination import HeaderLink, JsonLink, Offset, Pagination, SinglePage
from import_worker.config.selectors import compile_selector
from import_worker.errors import SourceBroken
from import_worker.http.addresses import AddressRefused, Origin, with_params, without_params
from import_worker.pagination.links import link_with
from import_worker.ports import Record
from longshore.hints import did_you_mean

Position = Mapping[str, Any]

_MAX_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a page held.

    Attributes:
        url: its address, without secrets.
        headers: by lower-case name.
        document: the parsed body.
        records: the records in it.
    """

    url: str
    headers: Mapping[str, str]
    document: Any
    records: Sequence[Record]


class Steps(Protocol):
    """One kind of pagination. A position is a small JSON-serialisable mapping; None is the first page."""

    def address(self, position: Position | None, /) -> str:
        """Where the page at a position is read."""
        ...

    def after(self, position: Position | None, seen: Seen, /) -> Position | None:
        """The position after a page, None where a stop condition ends the walk. Raises SourceBroken."""
        ...

    def token(self, position: Position | None, seen: Seen, /) -> str:
        """What must never come again in one walk."""
        ...


class _Links:
    """Pages that name the next one. Links keep the origin; secrets are taken out of them before they are stored."""

    def __init__(self, first_url: str, secret_params: frozenset[str]) -> None:
        self._first_url = first_url
        self._origin = Origin.of(first_url)
        self._secret_params = secret_params

    def address(self, position: Position | None, /) -> str:
        return self._first_url if position is None else str(position["url"])

    def token(self, position: Position | None, _seen: Seen, /) -> str:
        return self.address(position)

    def _next(self, seen: Seen, link: str | None) -> Position | None:
        if not link:
            return None
        try:
            url = self._origin.follow(seen.url, link)
        except AddressRefused as error:
            raise SourceBroken(
                f"the next link of {seen.url} is refused: {error}. If the source stands behind a proxy, let it know "
                "its public address, or page by offset"
            ) from None
        return {"url": without_params(url, self._secret_params)}


class _JsonLinkSteps(_Links):
    def __init__(self, pagination: JsonLink, first_url: str, secret_params: frozenset[str]) -> None:
        super().__init__(first_url, secret_params)
        self._selector = compile_selector(pagination.next_url_path)
        self._optional = pagination.optional

    def after(self, position: Position | None, seen: Seen, /) -> Position | None:
        link = _selected(self._selector.select, seen)
        if link is None and position is None and not self._optional:
            self._check_key(seen)
        if link is not None and not isinstance(link, str):
            raise SourceBroken(
                f"next_url_path {self._selector.text!r} finds {_kind(link)} in {seen.url}; it must find the address of "
                "the next page, or nothing on the last one"
            )
        return self._next(seen, link)

    def _check_key(self, seen: Seen) -> None:
        """A first page has the key of the next link, be it null."""
        found = seen.document
        for key in self._selector.path or ():
            if not isinstance(found, dict) or key not in found:
                known = sorted(found) if isinstance(found, dict) else []
                raise SourceBroken(
                    f"the first page, {seen.url}, has no {self._selector.text!r}, so whether another page follows is "
                    f"unknown; fields there: {', '.join(known[:_MAX_SHOWN]) or 'none'}{did_you_mean(key, known)}. If "
                    "the source leaves it out of its last page, write optional: true beside next_url_path"
                )
            found = found[key]


class _HeaderLinkSteps(_Links):
    def __init__(self, pagination: HeaderLink, first_url: str, secret_params: frozenset[str]) -> None:
        super().__init__(first_url, secret_params)
        self._relation = pagination.rel

    def after(self, _position: Position | None, seen: Seen, /) -> Position | None:
        return self._next(seen, link_with(seen.headers.get("link", ""), self._relation))


class _OffsetSteps:
    """Counts records. Its offsets always grow, so what must not come again is the content of a page."""

    def __init__(self, pagination: Offset, first_url: str, _secret_params: frozenset[str]) -> None:
        self._pagination = pagination
        self._first_url = first_url
        self._total = compile_selector(pagination.total_path) if pagination.total_path else None

    def address(self, position: Position | None, /) -> str:
        counted = self._pagination
        params = {counted.limit_param: str(counted.limit), counted.offset_param: str(_offset(position))}
        return with_params(self._first_url, params)

    def token(self, position: Position | None, seen: Seen, /) -> str:
        if not seen.records:
            return f"empty:{_offset(position)}"
        return hashlib.sha256(json.dumps(seen.records, default=str).encode()).hexdigest()

    def after(self, position: Position | None, seen: Seen, /) -> Position | None:
        limit, count = self._pagination.limit, len(seen.records)
        if count > limit:
            raise SourceBroken(
                f"{seen.url} answered {count} records where {limit} were asked for: the source ignores "
                f"{self._pagination.limit_param!r}; check limit_param and offset_param"
            )
        reached = _offset(position) + count
        total = self._announced(seen)
        if total is None:
            return {"offset": reached} if count else None
        if count == 0 and reached < total:
            raise SourceBroken(f"{seen.url} is empty, although the source has {total} records and gave {reached}")
        return {"offset": reached} if reached < total else None

    def _announced(self, seen: Seen) -> int | None:
        """The total that the page states. Where the file names one, its absence is an error."""
        if self._total is not None:
            total, place = _selected(self._total.select, seen), f"total_path {self._total.text!r}"
        elif self._pagination.total_header is not None:
            name = self._pagination.total_header
            text = seen.headers.get(name.lower(), "")
            total, place = (int(text) if text.isdecimal() else text or None), f"total_header {name!r}"
        else:
            return None
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise SourceBroken(f"{place} finds {_kind(total)} at {seen.url}; it must find the number of all records")
        return total


class _SinglePageSteps:
    def __init__(self, _pagination: SinglePage, first_url: str, _secret_params: frozenset[str]) -> None:
        self._first_url = first_url

    def address(self, _position: Position | None, /) -> str:
        return self._first_url

    def token(self, _position: Position | None, _seen: Seen, /) -> str:
        return self._first_url

    def after(self, _position: Position | None, _seen: Seen, /) -> Position | None:
        return None


_KINDS: Mapping[type[Pagination], Any] = {
    JsonLink: _JsonLinkSteps,
    HeaderLink: _HeaderLinkSteps,
    Offset: _OffsetSteps,
    SinglePage: _SinglePageSteps,
}


def steps_of(pagination: Pagination, first_url: str, secret_params: frozenset[str]) -> Steps:
    """The steps of a configured pagination that begins at an absolute address."""
    steps: Steps = _KINDS[type(pagination)](pagination, first_url, secret_params)
    return steps


def _offset(position: Position | None) -> int:
    return 0 if position is None else int(position["offset"])


def _selected(select: Any, seen: Seen) -> Any:
    try:
        return select(seen.document)
    except ValueError as error:
        raise SourceBroken(f"{error} (at {seen.url})") from None


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{json.dumps(value, default=str)[:80]}"
