"""What a page says about the whole: how many records or pages there are, and whether more follow.

Owns the reading of totals and of has_more. Where the file names one, its absence is an error.
"""

from dataclasses import dataclass

from import_worker.config.pagination import Pagination
from import_worker.config.selectors import compile_selector
from import_worker.errors import SourceBroken
from import_worker.pagination.seen import Seen, select, shown


class Number:
    """A whole number that every page states, in its body or in a header."""

    def __init__(self, *, path: str | None, header: str | None, key: str, meaning: str) -> None:
        """Prepare.

        Args:
            path: a selector in the body.
            header: name of a header, where it is not in the body.
            key: how the file calls it, such as "total"; for messages.
            meaning: what it counts, for messages.
        """
        self._selector = compile_selector(path) if path is not None else None
        self._header = header
        self._key = key
        self._meaning = meaning

    def read(self, seen: Seen) -> int | None:
        """The number; None where the file names no place for it. Raises SourceBroken."""
        if self._selector is not None:
            found, place = select(self._selector, seen), f"{self._key}_path {self._selector.text!r}"
        elif self._header is not None:
            text = seen.headers.get(self._header.lower(), "").strip()
            found = int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else text or None
            place = f"{self._key}_header {self._header!r}"
        else:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise SourceBroken(f"{place} finds {shown(found)} at {seen.url}; it must find {self._meaning}")
        return found


_MAX_DIGITS = 18


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one page says about the whole.

    Attributes:
        total: records in all. None: it does not say.
        more: whether pages follow. None: it does not say.
    """

    total: int | None
    more: bool | None


class Statements:
    """The reader of what the pages of one walk say."""

    def __init__(self, pagination: Pagination) -> None:
        """Prepare."""
        self._total = Number(
            path=getattr(pagination, "total_path", None),
            header=getattr(pagination, "total_header", None),
            key="total",
            meaning="the number of all records",
        )
        more = getattr(pagination, "has_more_path", None)
        self._more = compile_selector(more) if more is not None else None

    def read(self, seen: Seen) -> Said:
        """What a page says. Raises SourceBroken."""
        return Said(total=self._total.read(seen), more=self._has_more(seen))

    def _has_more(self, seen: Seen) -> bool | None:
        if self._more is None:
            return None
        found = select(self._more, seen)
        if not isinstance(found, bool):
            raise SourceBroken(
                f"has_more_path {self._more.text!r} finds {shown(found)} at {seen.url}; it must find true or false. "
                "If the source leaves it out of its last page, write coalesce(...) with `false` around it"
            )
        return found
