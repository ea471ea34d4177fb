"""References to values that a configuration file must not hold: `${env:NAME}` and `${file:/path}`.

Owns their syntax and their resolution. Models keep the reference; the value exists only where it is used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from import_worker.config import inputs
from import_worker.errors import Permanent

_REFERENCE = re.compile(r"\$\{(env|file):([^{}]+)\}")
_MAX_FILE_BYTES = 64 * 1024


class ReferenceUnresolved(Permanent):
    """A `${env:}` or `${file:}` reference has no value here."""

    reason = "CONFIG_INVALID"


def has_reference(text: str) -> bool:
    """Whether the text takes a part of its value from outside."""
    return _REFERENCE.search(text) is not None


def resolve_text(text: str, env: Mapping[str, str]) -> str:
    """The text with every reference replaced by its value.

    Raises:
        ReferenceUnresolved: a variable is unset or empty, or a file cannot be read. The message holds no value.
    """
    return _REFERENCE.sub(lambda found: _RESOLVERS[found[1]](found[2], env), text)


def secrets_in(text: str, env: Mapping[str, str]) -> list[str]:
    """The values of the references in the text: what must not be shown."""
    return [_RESOLVERS[found[1]](found[2], env) for found in _REFERENCE.finditer(text)]


def _from_env(name: str, env: Mapping[str, str]) -> str:
    value = env.get(name, "")
    if not value:
        raise ReferenceUnresolved(f"the environment variable {name} is not set; set it where the worker is started")
    return value


def _from_file(path: str, _env: Mapping[str, str]) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        value = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ReferenceUnresolved(f"the file {path} cannot be read: {why}") from None
    if not value or len(content) > _MAX_FILE_BYTES:
        raise ReferenceUnresolved(f"the file {path} must hold 1 to {_MAX_FILE_BYTES} bytes")
    return value


_RESOLVERS = {"env": _from_env, "file": _from_file}


def check_text(text: str, info: ValidationInfo) -> str:
    """The text itself, once its references are well formed and, where an environment is at hand, have values."""
    if "${" in inputs.REFERENCE.sub("", _REFERENCE.sub("", text)):
        raise ValueError("holds a reference of no known kind; write ${env:NAME}, ${file:/path} or ${input:NAME}")
    if info.context is not None:
        try:
            resolve_text(text, info.context)
        except ReferenceUnresolved as error:
            raise ValueError(error.message) from None
    return text


Text = Annotated[str, AfterValidator(check_text)]
"""Text that may hold references. The context of a validation, if any, is the environment to check them against."""


def _checked_param(value: Any, info: ValidationInfo) -> Any:
    if value is None or isinstance(value, list | dict):
        raise ValueError("must be text, a number, true or false")
    return check_text(value, info) if isinstance(value, str) else value


Param = Annotated[str | bool | int | float, BeforeValidator(_checked_param)]
"""A value of a query parameter; text may hold references."""


@dataclass(frozen=True)
class SecretRef:
    """Where a secret is found. Its value is never kept, shown or written.

    Attributes:
        reference: exactly one reference, such as "${env:ASSETS_TOKEN}".
    """

    reference: str

    def __str__(self) -> str:
        return self.reference

    def resolve(self, env: Mapping[str, str]) -> str:
        """The secret itself, never empty.

        Raises:
            ReferenceUnresolved: the variable is unset or empty, or the file cannot be read.
        """
        return resolve_text(self.reference, env)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(
            cls._parse,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_REFERENCE.pattern}$"}

    @classmethod
    def _parse(cls, text: str, info: ValidationInfo) -> "SecretRef":
        if _REFERENCE.fullmatch(text) is None:
            raise ValueError("a secret must not stand in the file; write ${env:NAME} or ${file:/path} and set it there")
        return cls(check_text(text, info))
