"""The source half of an import's configuration: where records are read, how pages follow one another.

Owns the shape and the bounds of these sections; what relates one section to another stands in checks.py.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from import_worker.config.quantities import ByteSize, Duration
from import_worker.config.secrets import Param, SecretRef, Text

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A name that may stand in keys and ids: 1 to 63 lower-case letters, digits and hyphens."""

Key = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Root of all sections: closed, strict, immutable, and the same through JSON and back."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)


class NoAuth(Model):
    type: Literal["none"]


class BearerAuth(Model):
    type: Literal["bearer"]
    token: SecretRef


class ApiKeyAuth(Model):
    """A key sent as a header or as a query parameter: name exactly one of them."""

    type: Literal["api_key"]
    value: SecretRef
    header: Key | None = None
    param: Key | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "ApiKeyAuth":
        if (self.header is None) == (self.param is None):
            raise ValueError("name either the header or the query parameter (param) that carries the key")
        return self


Auth = Annotated[NoAuth | BearerAuth | ApiKeyAuth, Field(discriminator="type")]


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


class Timeouts(Model):
    """Bounds of one request. `read` is between two pieces of the answer, `total` is the whole of it."""

    connect: Duration = 5.0
    read: Duration = 30.0
    total: Duration = 120.0


class Retry(Model):
    """Retries in place: `attempts` in all, and the longest wait that is not handed to the queue."""

    attempts: int = Field(default=4, ge=1, le=10)
    max_inline_wait: Duration = Field(default=5.0, le=60)


class Source(Model):
    """A REST source. `auth`, `headers` and `pagination` hold for every resource; a resource's own pagination wins."""

    type: Literal["rest"]
    base_url: Text
    headers: dict[Key, Text] = Field(default_factory=dict)
    auth: Auth = NoAuth(type="none")
    pagination: Pagination | None = None
    timeouts: Timeouts = Timeouts()
    max_response_bytes: ByteSize = Field(default=32 * 1024 * 1024, le=1024 * 1024 * 1024)
    retry: Retry = Retry()


class Resource(Model):
    """One paginated list of records. `path` is relative to base_url, or absolute on its origin."""

    name: Name
    path: Text
    params: dict[Key, Param] = Field(default_factory=dict)
    headers: dict[Key, Text] = Field(default_factory=dict)
    data_selector: Key | None = None
    pagination: Pagination | None = None
    primary: Key | None = None
