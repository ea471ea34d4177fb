"""How the pages of a resource follow one another.

Owns the shape and the bounds of each kind; what a kind does stands in import_worker/pagination.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from import_worker.config.base import Key, Model

RepeatedPage = Literal["fail", "stop", "accept"]


def _one_of(holder: Model, *names: str, needed: bool = False) -> None:
    given = [name for name in names if getattr(holder, name) is not None]
    if len(given) > 1 or (needed and not given):
        raise ValueError(f"write {'exactly' if needed else 'at most'} one of {', '.join(names)}")


class _Bounded(Model):
    """What all paginations share. Reaching `max_pages` is an error, never a silent stop."""

    max_pages: int = Field(default=100_000, ge=1)


class _Totalled(_Bounded):
    """A source that states how many records it has in all: at `total_path` in the body or in the `total_header`.

    The walk ends when that many were read, and it is an error if it ends before.
    """

    total_path: Key | None = None
    total_header: Key | None = None

    @model_validator(mode="after")
    def _one_total(self) -> "_Totalled":
        _one_of(self, "total_path", "total_header")
        return self


class _Several(_Totalled):
    """What ends a walk beside its own way: false at `has_more_path`, and an empty page where that is wanted."""

    has_more_path: Key | None = None
    stop_after_empty_page: bool = False


class SinglePage(_Totalled):
    """One request answers everything."""

    type: Literal["single_page"]


class Auto(_Bounded):
    """The first page shows which kind it is; that choice then holds for the whole walk. Doubt is an error."""

    type: Literal["auto"]


class JsonLink(_Several):
    """The body names the next page. Ends where `next_url_path` finds null, or nothing on a later page.

    A first page that lacks the key altogether is an error, as a misspelt path would cut the set short in silence;
    `optional: true` is for sources that leave the key out of a last page.
    """

    type: Literal["json_link"]
    next_url_path: Key
    optional: bool = False


class HeaderLink(_Several):
    """A header names the next page: Link (RFC 8288), or any other whose whole value is the address.

    Ends where the header is absent, or no link has the relation.
    """

    type: Literal["header_link"]
    header: Key = "Link"
    rel: Key = "next"


class Cursor(_Several):
    """The body or a header holds a token, which is sent back for the next page. Ends where there is none.

    `optional` is as for json_link.
    """

    type: Literal["cursor"]
    cursor_path: Key | None = None
    cursor_header: Key | None = None
    cursor_param: Key | None = None
    cursor_body_path: Key | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _both_ways(self) -> "Cursor":
        _one_of(self, "cursor_path", "cursor_header", needed=True)
        _one_of(self, "cursor_param", "cursor_body_path", needed=True)
        return self


class Continue(_Several):
    """The body holds an object of parameters that are merged into the next query, as MediaWiki does.

    Ends where there is none; `optional` is as for json_link.
    """

    type: Literal["continue"]
    continue_path: Key
    optional: bool = False


class _Counted(_Several):
    """Pages that are found by counting. What they hold is compared, as their addresses always differ.

    `on_repeated_page`: fail; stop, for sources that answer their last page again beyond the end; or accept, for
    records that cannot be told apart.
    """

    stop_after_empty_page: bool = True
    on_repeated_page: RepeatedPage = "fail"

    @model_validator(mode="after")
    def _ends(self) -> "_Counted":
        stops = (self.total_path, self.total_header, self.has_more_path, *self._own_totals())
        if not self.stop_after_empty_page and not any(stops):
            raise ValueError("stop_after_empty_page: false needs a total or has_more_path: nothing else ends the walk")
        return self

    def _own_totals(self) -> tuple[Key | None, ...]:
        return ()


class PageNumber(_Counted):
    """Pages have numbers from `base_page` on. Ends at the total of records or of pages, else at an empty page.

    A short page is no end: many sources lower a `page_size` that is too large for them without a word.
    """

    type: Literal["page_number"]
    base_page: int = Field(default=1, ge=0)
    page_param: Key | None = None
    page_body_path: Key | None = None
    page_size: int | None = Field(default=None, ge=1)
    page_size_param: Key | None = None
    page_size_body_path: Key | None = None
    total_pages_path: Key | None = None
    total_pages_header: Key | None = None

    @model_validator(mode="after")
    def _places(self) -> "PageNumber":
        _one_of(self, "page_param", "page_body_path")
        _one_of(self, "page_size_param", "page_size_body_path")
        _one_of(self, "total_pages_path", "total_pages_header")
        if self.page_size is None and (self.page_size_param or self.page_size_body_path):
            raise ValueError("write the page_size that page_size_param carries")
        return self

    def _own_totals(self) -> tuple[Key | None, ...]:
        return (self.total_pages_path, self.total_pages_header)


class Offset(_Counted):
    """Records are counted off. Ends at the total where one is given, else at the first empty page.

    A short page is no end: many sources lower a `limit` that is too large for them without a word.
    """

    type: Literal["offset"]
    limit: int = Field(ge=1)
    limit_param: Key | None = None
    limit_body_path: Key | None = None
    offset_param: Key | None = None
    offset_body_path: Key | None = None

    @model_validator(mode="after")
    def _places(self) -> "Offset":
        _one_of(self, "limit_param", "limit_body_path")
        _one_of(self, "offset_param", "offset_body_path")
        return self


Explicit = SinglePage | JsonLink | HeaderLink | Cursor | Continue | PageNumber | Offset
Pagination = Annotated[Auto | Explicit, Field(discriminator="type")]

SELECTORS = (
    *("next_url_path", "cursor_path", "continue_path"),
    *("total_path", "total_pages_path", "has_more_path"),
)
"""The keys that hold selectors, over all kinds."""

BODY_PATHS = ("cursor_body_path", "page_body_path", "page_size_body_path", "limit_body_path", "offset_body_path")
"""The keys that name a place in the body of a request, over all kinds."""


def asked_size(pagination: Pagination) -> int | None:
    """How many records a page is asked to hold; None where the pagination does not say."""
    match pagination:
        case Offset(limit=size) | PageNumber(page_size=size):
            return size
        case _:
            return None


def why_no_lanes(pagination: Pagination) -> str | None:
    """Why the pages cannot be read by several lanes at once. None: they can, as each has an address of its own."""
    if not isinstance(pagination, PageNumber | Offset):
        return (
            f"pages of type {pagination.type} are found one after the other, so one lane reads them all; several "
            "lanes need page_number or offset"
        )
    if asked_size(pagination) is None:
        return "several lanes need page_size: a page that holds less ends its lane"
    return None
