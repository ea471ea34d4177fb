"""The shape of the schema and mapping document: which fields each part has, of which kind, and which are required.

Written from the published JSON schema 2023-10-19; fields it does not name are refused, so that no typo passes unseen.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from import_worker.sandbox.problems import FaultList
from import_worker.sandbox.values import ATTRIBUTE_TYPES

MAX_DEPTH = 16
_PLAIN_NAME = re.compile(r"[a-zA-Z0-9 \-]{2,30}")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ICON_SIZE = (48, 48)
_MAX_ICON_KEY = 255


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a part of the document.

    Attributes:
        kind: name in _KINDS for a plain value, or in PARTS for a nested part.
        required: whether it must be there.
        many: whether it is a list of that kind.
        least: how many entries such a list has at least.
    """

    kind: str
    required: bool = False
    many: bool = False
    least: int = 0


def _is_icon(value: object) -> bool:
    try:
        image = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    header = image[16:24]
    return image.startswith(_PNG_SIGNATURE) and len(header) == struct.calcsize(">II") and _size(header) == _ICON_SIZE


def _size(header: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", header)
    return int(width), int(height)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value == value.strip() != ""


# Kind -> (does this JSON value fit, what fits, for people).
_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "text": (_is_text, "a JSON string"),
    "name": (_is_name, "a JSON string that is not empty and has no space around it"),
    "plain name": (
        lambda value: _is_text(value) and bool(_PLAIN_NAME.fullmatch(str(value))),
        "2 to 30 letters, digits, spaces and hyphens",
    ),
    "icon key": (lambda value: _is_text(value) and 1 <= len(str(value)) <= _MAX_ICON_KEY, "1 to 255 characters"),
    "icon": (_is_icon, "a PNG of 48 x 48 pixels in base64"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "count": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "type": (
        lambda value: _is_text(value) and value in ATTRIBUTE_TYPES,
        f"one of {', '.join(sorted(ATTRIBUTE_TYPES))}",
    ),
    "category": (
        lambda value: _is_text(value) and value in {"active", "inactive", "pending"},
        "active, inactive or pending",
    ),
}

_TEXT, _FLAG, _COUNT = Field(kind="text"), Field(kind="flag"), Field(kind="count")
_ID = Field(kind="name")
_NAME, _NEEDED_TEXT = Field(kind="name", required=True), Field(kind="text", required=True)

# Part -> its fields. A document is a "document"; an update is an "update", where both halves may be absent.
PARTS: Mapping[str, Mapping[str, Field]] = {
    "document": {
        "$schema": _TEXT,
        "schema": Field(kind="schema", required=True),
        "mapping": Field(kind="mapping", required=True),
    },
    "update": {"$schema": _TEXT, "schema": Field(kind="schema"), "mapping": Field(kind="mapping")},
    "schema": {
        "objectSchema": Field(kind="object schema", required=True),
        "iconSchema": Field(kind="icon schema"),
        "statusSchema": Field(kind="status schema"),
    },
    "object schema": {
        "name": _NAME,
        "description": _NEEDED_TEXT,
        "objectTypes": Field(kind="object type", required=True, many=True, least=1),
    },
    "icon schema": {"icons": Field(kind="icon entry", required=True, many=True, least=1)},
    "status schema": {"statuses": Field(kind="status", required=True, many=True, least=1)},
    "object type": {
        "externalId": _ID,
        "name": _NAME,
        "description": _NEEDED_TEXT,
        "iconKey": _TEXT,
        "inheritance": _FLAG,  # not in the JSON schema, but in documents that Assets hands out
        "attributes": Field(kind="attribute", many=True),
        "children": Field(kind="object type", many=True),
    },
    "attribute": {
        "externalId": _ID,
        "name": _NAME,
        "description": _NEEDED_TEXT,
        "type": Field(kind="type", required=True),
        "typeValues": Field(kind="text", many=True),
        "label": _FLAG,
        "referenceObjectTypeName": _TEXT,
        "referenceObjectTypeExternalId": _TEXT,
        "maximumCardinality": _COUNT,
        "minimumCardinality": _COUNT,
        "unique": _FLAG,
    },
    "icon entry": {
        "key": Field(kind="icon key", required=True),
        "name": Field(kind="plain name", required=True),
        "png48": Field(kind="icon", required=True),
    },
    "status": {
        "name": Field(kind="plain name", required=True),
        "description": _NEEDED_TEXT,
        "category": Field(kind="category", required=True),
    },
    "mapping": {"objectTypeMappings": Field(kind="type mapping", required=True, many=True)},
    "type mapping": {
        "objectTypeExternalId": _TEXT,
        "objectTypeName": _NEEDED_TEXT,
        "selector": _NEEDED_TEXT,
        "description": _NEEDED_TEXT,
        "attributesMapping": Field(kind="attribute mapping", many=True),
    },
    "attribute mapping": {
        "attributeExternalId": _TEXT,
        "attributeName": _NEEDED_TEXT,
        "attributeLocators": Field(kind="text", required=True, many=True, least=1),
        "externalIdPart": _FLAG,
        "objectMappingIQL": _TEXT,
    },
}


def check_shape(part: str, value: object) -> None:
    """Check a whole JSON value against a part.

    Raises:
        Refused: status 400 with every fault of shape.
    """
    faults = FaultList()
    _check_part(part, value, "", faults, MAX_DEPTH)
    faults.raise_if_any()


def _check_part(part: str, value: object, path: str, faults: FaultList, depth: int) -> None:
    if not isinstance(value, dict):
        faults.add(path, f"must be a JSON object ({part})")
        return
    if depth == 0:
        faults.add(path, f"is nested deeper than {MAX_DEPTH} levels")
        return
    fields = PARTS[part]
    for name in value.keys() - fields.keys():
        faults.add(_join(path, name), f"is no field of this {part}; known are {', '.join(fields)}; names are exact")
    for name, field in fields.items():
        place = _join(path, name)
        if name in value:
            _check_field(field, value[name], place, faults, depth)
        elif field.required:
            faults.add(place, "is required")


def _check_field(field: Field, value: object, path: str, faults: FaultList, depth: int) -> None:
    if not field.many:
        _check_value(field.kind, value, path, faults, depth)
        return
    if not isinstance(value, list):
        faults.add(path, "must be a list")
        return
    if len(value) < field.least:
        faults.add(path, f"must have at least {field.least} entry")
    for index, entry in enumerate(value):
        _check_value(field.kind, entry, f"{path}[{index}]", faults, depth)


def _check_value(kind: str, value: object, path: str, faults: FaultList, depth: int) -> None:
    if kind in PARTS:
        _check_part(kind, value, path, faults, depth - 1)
        return
    fits, wanted = _KINDS[kind]
    if not fits(value):
        faults.add(path, f"must be {wanted}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
