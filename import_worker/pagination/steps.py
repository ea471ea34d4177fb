"""What every kind of pagination can tell: how a position is asked for, and the position after a page.

Owns the table of kinds. A new kind is a class, a model in the configuration and a line in the table.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from import_worker.config.pagination import (
    Continue,
    Cursor,
    HeaderLink,
    JsonLink,
    Offset,
    PageNumber,
    Pagination,
    SinglePage,
)
from import_worker.pagination.counted import OffsetSteps, PageNumberSteps, Stride
from import_worker.pagination.named import ContinueSteps, CursorSteps, HeaderLinkSteps, JsonLinkSteps
from import_worker.pagination.seen import Call, Position, Seen


class Steps(Protocol):
    """One kind of pagination. A position is a small JSON-serialisable mapping; None is the first page."""

    def call(self, position: Position | None, /) -> Call:
        """How the page at a position is asked for."""
        ...

    def after(self, position: Position | None, seen: Seen, total: int | None, /) -> Position | None:
        """The position after a page that states a total; None where it leads to no other. Raises SourceBroken."""
        ...

    def reached(self, position: Position | None, given: int, seen: Seen, /) -> int:
        """How many of the source's records lie up to the end of a page, where the lane gave `given` before it."""
        ...

    def token(self, position: Position | None, seen: Seen, /) -> Any:
        """What must never come again in one walk: any JSON value."""
        ...


class SinglePageSteps:
    """See config.pagination.SinglePage."""

    def __init__(self, first_url: str) -> None:
        """Prepare."""
        self._first = Call(url=first_url)

    def call(self, _position: Position | None, /) -> Call:
        """How the page is asked for."""
        return self._first

    def after(self, _position: Position | None, _seen: Seen, _total: int | None, /) -> Position | None:
        """Nothing follows."""
        return None

    def reached(self, _position: Position | None, _given: int, seen: Seen, /) -> int:
        """All records of the page."""
        return len(seen.records)

    def token(self, _position: Position | None, _seen: Seen, /) -> Any:
        """There is only one page."""
        return self._first.url


_KINDS: Mapping[type[Pagination], Callable[[Any, str, frozenset[str], Stride], Steps]] = {
    SinglePage: lambda _pagination, url, _secret, _stride: SinglePageSteps(url),
    JsonLink: lambda pagination, url, secret, _stride: JsonLinkSteps(pagination, url, secret),
    HeaderLink: lambda pagination, url, secret, _stride: HeaderLinkSteps(pagination, url, secret),
    Cursor: lambda pagination, url, secret, _stride: CursorSteps(pagination, url, secret),
    Continue: lambda pagination, url, secret, _stride: ContinueSteps(pagination, url, secret),
    PageNumber: lambda pagination, url, _secret, stride: PageNumberSteps(pagination, url, stride),
    Offset: lambda pagination, url, _secret, stride: OffsetSteps(pagination, url, stride),
}


def steps_of(pagination: Pagination, first_url: str, secret_params: frozenset[str], stride: Stride) -> Steps:
    """The steps of a configured pagination that begins at an absolute address."""
    return _KINDS[type(pagination)](pagination, first_url, secret_params, stride)
