"""The resources of a source: which lists of records are read, and how.

Owns the shape of one resource; what relates one to another stands in checks.py.
"""

from typing import Literal

from pydantic import Field, model_validator

from import_worker.config.auth import Auth
from import_worker.config.base import Key, Model, Name
from import_worker.config.bodies import Body
from import_worker.config.pagination import Pagination
from import_worker.config.requests import ErrorRules
from import_worker.config.secrets import Param, Text
from import_worker.config.transform import Step


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

    @model_validator(mode="after")
    def _body_is_posted(self) -> "Resource":
        if self.body is not None and self.method != "POST":
            raise ValueError("a body needs method: POST")
        return self
