"""The JSON body of a request to a source: its references, and the values that a pagination puts into it.

Owns what a dotted place in a body means.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from import_worker.config.secrets import check_text, resolve_text


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, but for the keys of its objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)


def resolve_value(value: Any, env: Mapping[str, str]) -> Any:
    """A JSON value with every reference in its texts replaced; see resolve_text."""
    if isinstance(value, dict):
        return {key: resolve_value(each, env) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve_value(each, env) for each in value]
    return resolve_text(value, env) if isinstance(value, str) else value


def filled(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A body with values at dotted places such as "variables.after"; missing objects on the way are made.

    Raises:
        ValueError: something else than an object stands on the way.
    """
    whole = copy.deepcopy(dict(body))
    for place, value in values.items():
        *way, last = place.split(".")
        holder: Any = whole
        for key in way:
            holder = holder.setdefault(key, {})
            if not isinstance(holder, dict):
                raise ValueError(f"{key!r} is no object, so {place!r} of the pagination cannot stand in it")  # noqa: TRY004  the value is wrong, not a type
        holder[last] = value
    return whole


def _checked(value: Any, info: ValidationInfo) -> Any:
    for text in texts_in(value):
        check_text(text, info)
    return value


Body = Annotated[dict[str, Any], AfterValidator(_checked)]
"""The body of a POST; texts anywhere in it may hold references."""
