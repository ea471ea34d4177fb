"""Amounts in a configuration file: a model holds plain seconds and plain bytes.

Owns the bounds and what stands for an amount without a unit.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

import longshore.quantities


def parse_duration(value: Any) -> Any:
    """Seconds of a span such as "5s". A bare number already counts seconds; its type is checked by the field."""
    return longshore.quantities.parse_duration(value) if isinstance(value, str) else value


def parse_size(value: Any) -> Any:
    """Bytes of a size such as "32MiB". A bare whole number already counts bytes; its type is checked by the field."""
    if not isinstance(value, str):
        return value
    size = longshore.quantities.parse_size(value)
    return int(size) if size.is_integer() else size


_LONGEST = 366 * 86400
_AMOUNT = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[A-Za-z]+$"}

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(ge=0, le=_LONGEST, allow_inf_nan=False),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": _LONGEST}, _AMOUNT]}),
]
"""Seconds, 0 to 366 days."""

ByteSize = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(ge=1),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, _AMOUNT]}),
]
"""Bytes, at least 1."""
