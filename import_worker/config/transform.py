"""How records are changed before they become objects: an ordered list of small steps.

Owns the shape of each step; what it does to a record stands in import_worker/transform/steps.py.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from import_worker.config.base import Key, Model
from import_worker.config.moments import MomentFormat

Scalar = str | bool | int | float


class Parsing(Model):
    """A field that holds a date or an instant, and how it is written there."""

    field: Key
    format: MomentFormat = "iso8601"


class ValueMap(Model):
    """Other words for the values of a field. `otherwise` says what becomes of a value that is not listed."""

    field: Key
    values: dict[str, Scalar | None] = Field(min_length=1)
    otherwise: Literal["keep", "empty", "quarantine"] = "keep"


class Step(Model):
    """One step: exactly one of these keys. Fields are keys of the record as the step before left it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    select: dict[Key, Key] | None = Field(default=None, min_length=1)
    default: dict[Key, Scalar] | None = Field(default=None, min_length=1)
    lower: tuple[Key, ...] | None = Field(default=None, min_length=1)
    upper: tuple[Key, ...] | None = Field(default=None, min_length=1)
    trim: tuple[Key, ...] | None = Field(default=None, min_length=1)
    to_date: Parsing | None = None
    parse_datetime: Parsing | None = None
    map_values: ValueMap | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        if len(self.model_fields_set) != 1 or self.setting is None:
            raise ValueError(
                f"a step has exactly one key of {', '.join(type(self).model_fields)}; begin another with -"
            )
        return self

    @model_serializer(mode="wrap")
    def _only_its_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {self.kind: write(self)[self.kind]}

    @property
    def kind(self) -> str:
        """Which step it is."""
        return next(iter(self.model_fields_set))

    @property
    def setting(self) -> Any:
        """What stands at its key."""
        return getattr(self, self.kind)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the step writes."""
        setting = self.setting
        if isinstance(setting, Parsing | ValueMap):
            return (setting.field,)
        return tuple(setting)


def known_fields(steps: Sequence[Step]) -> frozenset[str] | None:
    """The fields that a record has after the steps. None: only the source knows."""
    known: frozenset[str] | None = None
    for step in steps:
        if step.kind == "select":
            known = frozenset(step.fields)
        elif known is not None and step.kind == "default":
            known |= frozenset(step.fields)
    return known
