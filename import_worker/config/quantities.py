"""Amounts as people write them in a configuration file: spans of time and sizes in bytes.

Owns their units and their reading; a model holds plain seconds and plain bytes.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)")


def parse_duration(value: Any) -> Any:
    """Seconds of a span such as "500ms", "5s", "2m", "1h" or "1d". A bare number already counts seconds."""
    return _parse(value, _SECONDS, "5s, 2m or 1h")


def parse_size(value: Any) -> Any:
    """Bytes of a size such as "900KiB" or "32MiB". A bare whole number already counts bytes."""
    size = _parse(value, _BYTES, "512KiB or 32MiB")
    return int(size) if isinstance(size, float) and size.is_integer() else size


def _parse(value: Any, units: dict[str, Any], examples: str) -> Any:
    """The amount in base units; what is no text is left to the type check of the field."""
    if not isinstance(value, str):
        return value
    found = _AMOUNT.fullmatch(value)
    if found is None or found[2] not in units:
        raise ValueError(f"{value!r} is no amount with a unit ({', '.join(units)}); write it like {examples}")
    return float(found[1]) * units[found[2]]


Duration = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=366 * 86400, allow_inf_nan=False)]
"""Seconds, 0 to 366 days."""

ByteSize = Annotated[int, BeforeValidator(parse_size), Field(ge=1)]
"""Bytes, at least 1."""
