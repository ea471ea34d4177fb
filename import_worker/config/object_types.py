"""What records become: object types, their attributes and the types of values.

Owns their shape; what relates one to another stands in checks.py.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from import_worker.config.base import Key, Model, Name

AttributeType = Literal[
    "text",
    "textarea",
    "integer",
    "boolean",
    "double",
    "date",
    "time",
    "date_time",
    "url",
    "email",
    "ipaddress",
    "select",
    "status",
    "referenced_object",
]

Label = Annotated[str, Field(min_length=1, max_length=255)]


class Reference(Model):
    """Points at the object of `type` whose attribute `by` has the same value."""

    type: Key
    by: Key


class Attribute(Model):
    """One attribute of an object type. `Name: name` is short for `Name: {from: name}`."""

    source: Key = Field(alias="from")
    type: AttributeType = "text"
    identity: bool = False
    label: bool = False
    unique: bool = False
    required: bool = False
    optional: bool = False
    external_id: Key | None = None
    description: str = ""
    reference: Reference | None = None
    values: tuple[Key, ...] = Field(default=(), strict=False)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"from": given}
        if isinstance(given, dict) and "reference" in given:
            return {"type": "referenced_object", **given}
        return given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The short form beside the long one."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}

    @model_validator(mode="after")
    def _consistent(self) -> "Attribute":
        if (self.type == "referenced_object") != (self.reference is not None):
            raise ValueError("type referenced_object and reference: {type, by} belong together")
        if (self.type in {"select", "status"}) != bool(self.values):
            raise ValueError("types select and status need values: [...], and no other type takes them")
        if self.optional and (self.required or self.identity or self.label):
            raise ValueError("optional: true contradicts identity, label and required, which need a value always")
        return self

    @property
    def needs_value(self) -> bool:
        """Whether an object without this attribute must not be sent."""
        return self.identity or self.label or self.required


class ObjectType(Model):
    """One object type and where its objects come from. Zero objects are an error unless `allow_empty`."""

    name: Label
    description: str = ""
    resource: Name
    external_id: Key | None = None
    allow_empty: bool = False
    attributes: dict[Label, Attribute] = Field(min_length=1)
