"""The configuration of one import as a whole, and the questions that other modules ask it.

Owns the root model. It holds references only, never a secret, so it may be stored and read back as JSON.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from import_worker.config.assets import Assets
from import_worker.config.base import Model, Name
from import_worker.config.inputs import Input, InputName, fill_resource, read_inputs
from import_worker.config.jsonl import Jsonl
from import_worker.config.object_types import Attribute, ObjectType
from import_worker.config.operation import Notification, Schedule
from import_worker.config.pagination import Pagination
from import_worker.config.quantities import Duration
from import_worker.config.resources import Resource
from import_worker.config.source import Source


class Quarantine(Model):
    """How many records a run may leave behind because they cannot be transformed or are too large."""

    max_total: int = Field(default=0, ge=0, le=10_000)


class ImportConfig(Model):
    """One import: a source, its resources, and the object types they become in one destination.

    Build it with parse_import or load_import, which check what one section says about another.
    """

    version: Literal[1]
    kind: Literal["import"]
    name: Name
    description: str = ""
    window: int = Field(default=8, ge=1, le=1000)
    resume_window: Duration = 3600.0
    schedule: Schedule | None = None
    notifications: tuple[Notification, ...] = Field(default=(), max_length=10)
    inputs: dict[InputName, Input] = Field(default_factory=dict)
    quarantine: Quarantine = Quarantine()
    source: Source
    resources: tuple[Resource, ...] = Field(min_length=1)
    assets: Assets | None = None
    jsonl: Jsonl | None = None
    inline: Annotated[bool, SkipJsonSchema()] = False
    """Whether it came with a request instead of an operator's file, where it has no such key; load.py decides."""

    @model_validator(mode="after")
    def _one_destination(self) -> "ImportConfig":
        if (self.assets is None) == (self.jsonl is None):
            raise ValueError("needs exactly one destination: assets or jsonl")
        return self

    def with_inputs(self, given: Mapping[str, str]) -> "ImportConfig":
        """The configuration with its inputs put in place, which are then the defaults of what it declares.

        Raises:
            InputsInvalid: naming every input that is missing, unknown or ill typed.
        """
        values = read_inputs(self.inputs, given)
        if not values:
            return self
        file = self.model_dump(mode="json")
        file["resources"] = [fill_resource(resource, values) for resource in file["resources"]]
        for name, value in values.items():
            file["inputs"][name]["default"] = value
        return type(self).model_validate_json(json.dumps(file))

    @property
    def input_texts(self) -> Mapping[str, str]:
        """The values of inputs that are known, as a start gives them: those of a start, or defaults."""
        known = {name: each.default for name, each in self.inputs.items() if each.default is not None}
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in known.items()}

    @property
    def destination_key(self) -> str:
        """The key under which the file has its destination."""
        return "assets" if self.assets else "jsonl"

    @property
    def destination(self) -> Assets | Jsonl:
        """Where the objects go."""
        found = self.assets or self.jsonl
        if found is None:
            raise ValueError("there is no destination")
        return found

    @property
    def type_names(self) -> tuple[str, ...]:
        """The names of all object types, in file order."""
        return tuple(kind.name for kind in self.destination.object_types)

    def resource(self, name: str) -> Resource:
        """The resource of that name. Raises KeyError."""
        return {resource.name: resource for resource in self.resources}[name]

    def pagination_of(self, resource: Resource) -> Pagination:
        """How the pages of a resource follow one another: its own pagination, else the source's."""
        pagination = resource.pagination or self.source.pagination
        if pagination is None:
            raise ValueError(f"resource {resource.name!r} has no pagination")
        return pagination

    def object_type(self, name: str) -> ObjectType:
        """The object type of that name. Raises KeyError."""
        return {object_type.name: object_type for object_type in self.destination.object_types}[name]

    def types_of(self, resource: str) -> tuple[ObjectType, ...]:
        """The object types that a resource's records become, in file order."""
        return tuple(kind for kind in self.destination.object_types if kind.resource == resource)

    def attribute_type(self, attribute: Attribute) -> Attribute:
        """The attribute whose values this one holds: itself, or for a reference the one it refers by."""
        if attribute.reference is None:
            return attribute
        return self.object_type(attribute.reference.type).attributes[attribute.reference.by]

    def external_id(self, type_name: str, attribute: str | None = None) -> str:
        """The external id of an object type or of one of its attributes, by the file or by default."""
        kind = self.object_type(type_name)
        if attribute is None:
            return kind.external_id or f"longshore/{self.name}/{type_name}"
        return kind.attributes[attribute].external_id or f"longshore/{self.name}/{type_name}/{attribute}"
