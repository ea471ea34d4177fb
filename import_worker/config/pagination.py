"""How the pages of a resource follow one another.

Owns the shape and the bounds of each kind; what a kind does stands in import_worker/pagination.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from import_worker.config.base import Key, Model


class _Walk(Model):
    """What all paginations share. Reaching `max_pages` is an error, never a silent stop."""

    max_pages: int = Field(default=100_000, ge=1)


class SinglePage(_Walk):
    """One request answers everything."""

    type: Literal["single_page"]


class JsonLink(_Walk):
    """The body names the next page. Ends where `next_url_path` finds null, or nothing on a later page.

    A first page that lacks the key altogether is an error, as a misspelt path would cut the set short in silence;
    `optional: true` is for sources that leave the key out of a last page.
    """

    type: Literal["json_link"]
    next_url_path: Key
    optional: bool = False


class HeaderLink(_Walk):
    """The Link header (RFC 8288) names the next page. Ends where no link has the relation."""

    type: Literal["header_link"]
    rel: Key = "next"


class Offset(_Walk):
    """Records are counted off. Ends at the total where one is given, else at the first empty page.

    A short page is no end: many sources lower a `limit` that is too large for them without a word.
    """

    type: Literal["offset"]
    limit: int = Field(ge=1)
    limit_param: Key = "limit"
    offset_param: Key = "offset"
    total_path: Key | None = None
    total_header: Key | None = None

    @model_validator(mode="after")
    def _one_total(self) -> "Offset":
        if self.total_path is not None and self.total_header is not None:
            raise ValueError("the total stands either in the body (total_path) or in a header (total_header)")
        return self


Pagination = Annotated[SinglePage | JsonLink | HeaderLink | Offset, Field(discriminator="type")]
