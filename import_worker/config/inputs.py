"""The inputs of an import: what a start fills in, and where `${input:NAME}` puts it.

Owns their types and forms: quoted in a path, a literal in a filter, typed where they are a whole value.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from import_worker.config.base import Model
from longshore.hints import did_you_mean

Value = str | bool | int
Form = Callable[[str, Value], str]

REFERENCE = re.compile(r"\$\{input:([^{}]*)\}")
"""Where an input stands in a text."""

MAX_LENGTH = 1_000
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}

InputName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$")]


class InputsInvalid(Exception):
    """Inputs of a start are missing, unknown, or not of their type.

    Attributes:
        faults: what is wrong and what is allowed, by the name of the input. At least one.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"input {name!r} {fault}" for name, fault in faults.items()))
        self.faults = faults


class Input(Model):
    """A value that a start gives. Without a default it must."""

    type: Literal["string", "integer", "boolean"]
    default: Value | None = None
    description: str = ""

    @model_validator(mode="after")
    def _default_fits(self) -> "Input":
        kinds = {"string": str, "integer": int, "boolean": bool}
        if self.default is not None and type(self.default) is not kinds[self.type]:
            raise ValueError(f"the default must be of type {self.type}")
        if isinstance(self.default, str):
            _checked_text(self.default)
        return self


Inputs = Mapping[str, Input]


def read_inputs(inputs: Inputs, given: Mapping[str, str]) -> dict[str, Value]:
    """The values of all inputs.

    Args:
        inputs: as the file declares them.
        given: texts by name, of a start.

    Raises:
        InputsInvalid: naming every one that is missing, unknown or ill typed.
    """
    values: dict[str, Value] = {}
    faults = {name: _unknown(name, inputs) for name in given if name not in inputs}
    for name, declared in inputs.items():
        default = declared.default
        try:
            if name in given:
                values[name] = _READERS[declared.type](given[name])
            elif default is not None:
                values[name] = default
            else:
                faults[name] = f"has no value: give one of type {declared.type}"
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        raise InputsInvalid(faults)
    return values


def fill_resource(resource: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """A resource of a configuration, as JSON, with inputs put in place of their references.

    Raises:
        InputsInvalid: a value cannot stand where it is used.
    """
    return {
        key: _filled(value, values, _FORMS.get(key, _plain), whole=key in _TYPED) for key, value in resource.items()
    }


def without_inputs(expression: str) -> str:
    """A filter as it can be checked before its inputs are known."""
    return REFERENCE.sub("`0`", expression)


def _filled(value: Any, values: Mapping[str, Value], form: Form, *, whole: bool) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values, form, whole=whole) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, form, whole=whole) for item in value]
    if not isinstance(value, str):
        return value
    alone = REFERENCE.fullmatch(value)
    if alone and whole:
        return values[alone[1]]
    return REFERENCE.sub(lambda found: form(found[1], values[found[1]]), value)


def _plain(_name: str, value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(name: str, value: Value) -> str:
    text = _plain(name, value)
    if text in {"", ".", ".."}:
        raise InputsInvalid({name: f"must not be {text!r}: it stands in a path"})
    return quote(text, safe="")


def _literal(_name: str, value: Value) -> str:
    return "`" + json.dumps(value).replace("`", "\\`") + "`"


_FORMS: Mapping[str, Form] = {"path": _quoted, "filter": _literal}
_TYPED = frozenset({"params", "body"})


def _checked_text(text: str) -> str:
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise ValueError(f"must have at most {MAX_LENGTH} characters, and no control characters")
    if "${" in text:
        raise ValueError("must not hold ${, which begins a reference")
    return text


def _integer(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError("must be a whole number")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise ValueError("must be true or false")
    return _BOOLEANS[text]


_READERS: Mapping[str, Callable[[str], Value]] = {"string": _checked_text, "integer": _integer, "boolean": _boolean}


def _unknown(name: str, inputs: Inputs) -> str:
    known = list(inputs)
    there = f"it has {', '.join(known)}" if known else "it has none"
    return f"is none of this import{did_you_mean(name, known) or '; ' + there}"
