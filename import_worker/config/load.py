"""From a file to a checked ImportConfig, or to the list of all its faults.

Owns the order of the checks and the words for what pydantic finds; faults never show a value that may be a secret.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from import_worker.config.checks import findings
from import_worker.config.document import MAX_BYTES, Document, parse_document
from import_worker.config.inline import inline_findings
from import_worker.config.locations import Location, Place, causes, keys_of, locate
from import_worker.config.models import ImportConfig
from import_worker.errors import ConfigInvalid, Fault
from longshore.hints import did_you_mean

_UNKNOWN_KEY = "extra_forbidden"
_OWN_KEYS = frozenset({"inline"})
"""Fields of the root that no file may set."""
INLINE_NAME = "(inline)"
"""What messages call the file of a configuration that came with a request."""


def load_import(path: FilePath, env: Mapping[str, str] | None) -> ImportConfig:
    """Read and check a configuration file.

    Args:
        path: the file, UTF-8, at most 1 MiB.
        env: where `${env:}` must find its values now, and files too; None leaves that to their use.

    Raises:
        ConfigInvalid: with every fault, each with file, line and path.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        fault = Fault(file=str(path), line=1, path="(document)", message=f"cannot be read: {why}")
        raise ConfigInvalid([fault]) from None
    return _checked(parse_document(text, str(path)), env)


def parse_import(text: str, file_name: str) -> ImportConfig:
    """Check the text of a configuration; references are only checked for their form.

    Raises:
        ConfigInvalid: with every fault, each with file, line and path.
    """
    return _checked(parse_document(text, file_name), None)


def parse_inline(text: str, env: Mapping[str, str]) -> ImportConfig:
    """Check a configuration that came with a request: it reads no files and writes none, and is marked as such.

    Args:
        text: YAML, at most 1 MiB.
        env: the variables of the environment that it may use.

    Raises:
        ConfigInvalid: with every fault.
    """
    return _checked(parse_document(text, INLINE_NAME), env, inline=True)


def _checked(document: Document, env: Mapping[str, str] | None, *, inline: bool = False) -> ImportConfig:
    refused = (
        [document.fault(path, message) for path, message in inline_findings(document.value, env or {})]
        if inline
        else []
    )
    # A file that must not be read is not looked for either: the answer would tell whether it is there.
    config, errors = _validated(document.value, None if refused else env)
    faults = [*document.faults, *refused, *(_fault(document, error) for error in errors)]
    if "inline" in document.value:
        faults.append(
            document.fault(("inline",), "unknown key: whether a configuration is inline is not its own to say")
        )
    if config is None:
        # Unknown keys and unset variables do not keep the sections from being compared: one round, all faults.
        known = _without(document.value, [error["loc"] for error in errors if error["type"] == _UNKNOWN_KEY])
        config, _ = _validated(known, None)
    if config is not None:
        faults += [document.fault(path, message) for path, message in findings(config)]
    if faults or config is None:
        raise ConfigInvalid(sorted(faults, key=lambda fault: fault.line))
    return config.model_copy(update={"inline": inline})


def _validated(value: Any, env: Mapping[str, str] | None) -> tuple[ImportConfig | None, list[ErrorDetails]]:
    """Validation runs on JSON, exactly as when a stored configuration is read back."""
    try:
        return ImportConfig.model_validate_json(json.dumps(value), context=env), []
    except ValidationError as error:
        return None, causes(ImportConfig, value, error.errors(include_url=False))


def _without(value: Any, locations: Iterable[Location]) -> Any:
    pruned = json.loads(json.dumps(value))
    for location in locations:
        *way, last = locate(ImportConfig, pruned, location).path
        holder = pruned
        for part in way:
            holder = holder[part]
        del holder[last]
    return pruned


def _fault(document: Document, error: ErrorDetails) -> Fault:
    place = locate(ImportConfig, document.value, error["loc"])
    message = _unknown_key(place) if error["type"] == _UNKNOWN_KEY else _message(error)
    return document.fault(place.path, message)


def _message(error: ErrorDetails) -> str:
    return _MESSAGES.get(error["type"], _generic)(error)


def _generic(error: ErrorDetails) -> str:
    text = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _unknown_key(place: Place) -> str:
    known = sorted({str(key) for model in place.models for key in keys_of(model)} - _OWN_KEYS)
    key = str(place.path[-1])
    return f"unknown key{did_you_mean(key, known) or '; known here: ' + ', '.join(known)}"


def _unknown_type(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    kinds = [kind.strip("' ") for kind in str(context.get("expected_tags", "")).split(",")]
    tag = str(context.get("tag", ""))
    return f"there is no type {tag!r}; it is one of {', '.join(kinds)}{did_you_mean(tag, kinds)}"


def _not_text(error: ErrorDetails) -> str:
    given = error["input"]
    scalar = isinstance(given, bool | int | float)
    return f"must be text; write it in quotes: {json.dumps(str(given))}" if scalar else "must be text"


def _not_listed(error: ErrorDetails) -> str:
    given, allowed = error["input"], str(error.get("ctx", {}).get("expected", ""))
    known = allowed.replace("'", "").replace(" or ", ", ").split(", ")
    hint = did_you_mean(given, known) if isinstance(given, str) and len(known) > 1 else ""
    return f"must be {allowed}{hint}"


_PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "must be 1 to 63 of a-z, 0-9 and hyphen, and begin with a letter or digit",
    r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$": "must be 1 to 63 of letters, digits, hyphen and _, and begin with a letter or _",
}
"""What patterns of the models say."""

_MESSAGES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "this key is required",
    "string_type": _not_text,
    "union_tag_invalid": _unknown_type,
    "union_tag_not_found": lambda _: "say of which kind this is with a key type",
    "literal_error": _not_listed,
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "model_type": lambda _: "must be a mapping of keys",
    "dict_type": lambda _: "must be a mapping of keys",
    "tuple_type": lambda _: "must be a list",
    "string_pattern_mismatch": lambda error: _PATTERNS.get(str(error.get("ctx", {}).get("pattern")), _generic(error)),
}
"""Words for people; what is not listed keeps pydantic's."""
