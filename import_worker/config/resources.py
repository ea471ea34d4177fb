"""The resources of a source: which lists of records are read, and how.

Owns the shape of one resource; what relates one to another stands in checks.py.
"""

from pydantic import Field

from import_worker.config.base import Key, Model, Name
from import_worker.config.pagination import Pagination
from import_worker.config.secrets import Param, Text
from import_worker.config.transform import Step


class Resource(Model):
    """One paginated list of records. `path` is relative to base_url, or absolute on its origin."""

    name: Name
    path: Text
    params: dict[Key, Param] = Field(default_factory=dict)
    headers: dict[Key, Text] = Field(default_factory=dict)
    data_selector: Key | None = None
    pagination: Pagination | None = None
    primary: Key | None = None
    filter: Key | None = None
    transform: tuple[Step, ...] = ()
