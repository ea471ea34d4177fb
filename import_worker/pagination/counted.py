"""Kinds of pagination whose pages are found by counting, so that several lanes can share them.

Owns the arithmetic of page numbers and offsets: lane i of L reads pages i, i + L, i + 2L and so on.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config.pagination import Offset, PageNumber
from import_worker.errors import SourceBroken
from import_worker.pagination.seen import Call, Place, Position, Seen
from import_worker.pagination.stated import Number
from import_worker.ports import Record

_SAMPLE = 16  # records of a page that tell it from another: the hot path does not hash all


@dataclass(frozen=True, kw_only=True)
class Stride:
    """Which pages of a resource a lane reads.

    Attributes:
        lane: its number, from 0; also the number of its first page.
        lanes: how many there are.
    """

    lane: int = 0
    lanes: int = 1


class _Counted:
    """What these kinds share. What must not come again is what a page holds: its number always grows."""

    def __init__(self, pagination: Offset | PageNumber, first_url: str, size: int | None, stride: Stride) -> None:
        self._first = Call(url=first_url)
        self._accept = pagination.on_repeated_page == "accept"
        self._size = size
        self._stride = stride

    def token(self, position: Position | None, seen: Seen, /) -> Any:
        if self._accept or not seen.records:
            return position
        return _digest(seen.records)

    def _check_size(self, seen: Seen, place: str) -> None:
        if self._size is not None and len(seen.records) > self._size:
            raise SourceBroken(
                f"{seen.url} answered {len(seen.records)} records where {self._size} were asked for: the source "
                f"ignores {place!r}; check the names of the parameters"
            )

    def _lane_ends(self, seen: Seen, reached: int, total: int | None) -> bool:
        """Whether the lane's last page was this one: of several lanes each ends at a page that is not full."""
        short = self._size is not None and len(seen.records) < self._size
        if short and total is not None and reached < total:
            raise SourceBroken(
                f"{seen.url} answered {len(seen.records)} records where {self._size} were asked for, although the "
                f"source has {total}: it has smaller pages. Ask for what it gives, as lanes count in whole pages"
            )
        return short


class OffsetSteps(_Counted):
    """See config.pagination.Offset. A position counts records, of one lane among several whole pages."""

    def __init__(self, pagination: Offset, first_url: str, stride: Stride) -> None:
        """Prepare."""
        super().__init__(pagination, first_url, pagination.limit, stride)
        self._limit = pagination.limit
        self._limit_place = Place(param=pagination.limit_param or "limit", path=pagination.limit_body_path)
        self._offset_place = Place(param=pagination.offset_param or "offset", path=pagination.offset_body_path)

    def call(self, position: Position | None, /) -> Call:
        """How the page at a position is asked for."""
        limited = self._limit_place.put(self._first, self._limit)
        return self._offset_place.put(limited, self._offset(position))

    def reached(self, position: Position | None, _given: int, seen: Seen, /) -> int:
        """How many records the source has at least, up to the end of a page."""
        return self._offset(position) + len(seen.records)

    def after(self, position: Position | None, seen: Seen, total: int | None, /) -> Position | None:
        """The position after a page."""
        self._check_size(seen, self._limit_place.path or self._limit_place.param)
        reached = self.reached(position, 0, seen)
        if self._stride.lanes == 1:
            return {"offset": reached if seen.records else reached + self._limit}
        following = self._offset(position) + self._limit * self._stride.lanes
        ended = self._lane_ends(seen, reached, total) or (total is not None and following >= total)
        return None if ended else {"offset": following}

    def _offset(self, position: Position | None) -> int:
        return self._stride.lane * self._limit if position is None else int(position["offset"])


class PageNumberSteps(_Counted):
    """See config.pagination.PageNumber. A position is the number of a page, counted from 0."""

    def __init__(self, pagination: PageNumber, first_url: str, stride: Stride) -> None:
        """Prepare."""
        super().__init__(pagination, first_url, pagination.page_size, stride)
        self._base = pagination.base_page
        self._page_place = Place(param=pagination.page_param or "page", path=pagination.page_body_path)
        sized = pagination.page_size_param or pagination.page_size_body_path
        self._size_place = (
            Place(param=pagination.page_size_param or "", path=pagination.page_size_body_path) if sized else None
        )
        self._pages = Number(
            path=pagination.total_pages_path,
            header=pagination.total_pages_header,
            key="total_pages",
            meaning="the number of all pages",
        )

    def call(self, position: Position | None, /) -> Call:
        """How the page at a position is asked for."""
        sized = self._first if self._size_place is None else self._size_place.put(self._first, self._size)
        return self._page_place.put(sized, self._base + self._page(position))

    def reached(self, position: Position | None, given: int, seen: Seen, /) -> int:
        """How many records the source has at least, up to the end of a page."""
        before = given if self._stride.lanes == 1 else self._page(position) * (self._size or 0)
        return before + len(seen.records)

    def after(self, position: Position | None, seen: Seen, total: int | None, /) -> Position | None:
        """The position after a page."""
        place = self._size_place
        self._check_size(seen, (place.path or place.param) if place else "page_size")
        page, pages, lanes = self._page(position), self._pages.read(seen), self._stride.lanes
        if not seen.records and pages is not None and page + 1 < pages:
            raise SourceBroken(f"{seen.url} is empty, although the source states {pages} pages")
        following = page + lanes
        if pages is not None and following >= pages:
            return None
        if lanes > 1:
            size = self._size or 0
            reached = page * size + len(seen.records)
            if self._lane_ends(seen, reached, total) or (total is not None and following * size >= total):
                return None
        return {"page": following}

    def _page(self, position: Position | None) -> int:
        return self._stride.lane if position is None else int(position["page"])


def _digest(records: Sequence[Record]) -> str:
    """What tells a page from others: its length, and records spread over it, the first and last among them."""
    last = len(records) - 1
    chosen = sorted({round(number * last / (_SAMPLE - 1)) for number in range(_SAMPLE)})
    content = [len(records), *(records[index] for index in chosen)]
    return hashlib.sha256(json.dumps(content, default=str).encode(errors="surrogatepass")).hexdigest()
