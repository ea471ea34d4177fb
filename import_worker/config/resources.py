"""The resources of a source: which lists of records are read, and how each is divided.

Owns the shape of one resource; what relates one to another stands in checks.py.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from import_worker.config.auth import Auth
from import_worker.config.base import Key, Model, Name
from import_worker.config.bodies import Body
from import_worker.config.pagination import Pagination
from import_worker.config.quantities import Duration
from import_worker.config.requests import ErrorRules
from import_worker.config.secrets import Param, Text, has_reference
from import_worker.config.transform import Step

MAX_LANES = 256
"""Lanes of one resource: each has an entry, and each read looks at all of them."""
MAX_ALL_LANES = 900
"""Lanes of all resources: their first reads begin in one Commit, which holds 1,000 events."""

Placeholder = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
"""A name that may stand in braces in a path or parameter."""


class Partition(Model):
    """The list is read once for each value of a query parameter, all of them at the same time."""

    param: Key
    values: tuple[Param, ...] = Field(min_length=1, max_length=MAX_LANES)

    @field_validator("values")
    @classmethod
    def _plain(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if any(isinstance(value, str) and has_reference(value) for value in values):
            raise ValueError("values of a partition stand in the file; they take no references")
        return values


class Parent(Model):
    """The list is read once for each record of another resource.

    `field` of that record takes the place of `{as}` in the path and parameters. `include` adds fields of it to each
    record of the list: the name of the new field, and what selects it from the parent.
    """

    resource: Name
    field: Key
    placeholder: Placeholder = Field(alias="as")
    include: dict[Key, Key] = Field(default_factory=dict, max_length=20)
    lanes: int = Field(default=4, ge=1, le=64)
    max_parents: int = Field(default=100_000, ge=1)


class Incremental(Model):
    """Only what changed since the last good run is read.

    The greatest `cursor_path` of that run, less `lag`, is sent as `param`; the first run sends `initial_value`, or
    nothing. A run that is started at or after a time of the cron expression `full_refresh` (UTC) reads everything.
    """

    cursor_path: Key
    param: Key
    initial_value: str | int | float | None = None
    lag: Duration = 0.0
    full_refresh: str | None = None


class Resource(Model):
    """One paginated list of records. `path` is relative to base_url, or absolute on its origin.

    `on_missing_data`: whether an answer in which data_selector finds nothing is an error or a page without records.
    """

    name: Name
    path: Text
    method: Literal["GET", "POST"] = "GET"
    params: dict[Key, Param] = Field(default_factory=dict)
    headers: dict[Key, Text] = Field(default_factory=dict)
    body: Body | None = None
    data_selector: Key | None = None
    on_missing_data: Literal["fail", "empty"] = "fail"
    pagination: Pagination | None = None
    primary: Key | None = None
    filter: Key | None = None
    transform: tuple[Step, ...] = ()
    auth: Auth | None = None
    error_rules: ErrorRules = ()
    lanes: int = Field(default=1, ge=1, le=64)
    partition: Partition | None = None
    parent: Parent | None = None
    incremental: Incremental | None = None

    @model_validator(mode="after")
    def _body_is_posted(self) -> "Resource":
        if self.body is not None and self.method != "POST":
            raise ValueError("a body needs method: POST")
        return self

    @model_validator(mode="after")
    def _divided_one_way(self) -> "Resource":
        if self.parent is not None and (self.partition is not None or self.lanes > 1):
            raise ValueError("a resource with a parent is divided by it; leave partition and lanes out (parent.lanes)")
        if self.lane_count > MAX_LANES:
            raise ValueError(f"lanes times the values of the partition are {self.lane_count}, at most {MAX_LANES}")
        return self

    @property
    def parts(self) -> int:
        """Into how many lists of their own the resource is divided from the beginning."""
        return 1 if self.partition is None else len(self.partition.values)

    @property
    def lane_count(self) -> int:
        """Chains of pages that are read side by side."""
        return self.parent.lanes if self.parent is not None else self.parts * self.lanes
