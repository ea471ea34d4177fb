"""The schema and mapping document as the sandbox works with it: object types, attributes, and how entries become them.

It is read from JSON whose shape was checked; whether it makes sense is decided in rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from import_worker.sandbox import aql
from import_worker.sandbox.values import REFERENCE

SYSTEM_ATTRIBUTE = "Key"
"""Made by Assets for every type; documents that are read back have it, so it may stand in an upload but counts not."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """An attribute of an object type.

    Attributes:
        path: where it stands in the document.
        name, type, external_id, label, unique: as in the document.
        minimum: how many values an object has at least.
        maximum: how many values an object has at most; -1 means any number.
        target_name, target_id: the object type that a reference names, by name and by external id.
        statuses: the allowed values of a status; empty means any known one.
        has_limits: whether the document says something about uniqueness or cardinality.
    """

    path: str
    name: str
    type: str
    external_id: str | None
    label: bool
    unique: bool
    minimum: int
    maximum: int
    target_name: str | None
    target_id: str | None
    statuses: tuple[str, ...]
    has_limits: bool

    @property
    def is_reference(self) -> bool:
        """Whether its values are other objects."""
        return self.type == REFERENCE


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """An object type; `parent` is the name of the type it is nested in."""

    path: str
    name: str
    external_id: str | None
    parent: str | None
    icon_key: str | None
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        """Its attributes by name."""
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def label(self) -> Attribute | None:
        """The attribute that names its objects."""
        return next((attribute for attribute in self.attributes if attribute.label), None)


@dataclass(frozen=True, kw_only=True)
class AttributeMapping:
    """Where the values of an attribute come from.

    Attributes:
        locators: keys of the entry.
        identity: whether the value is part of what tells objects apart.
        query: the objectMappingIQL as written, None for plain attributes.
    """

    path: str
    name: str
    external_id: str | None
    locators: tuple[str, ...]
    identity: bool
    query: str | None

    @cached_property
    def match(self) -> aql.Match:
        """How the target of a reference is found. Raises ValueError when the query cannot be read."""
        return aql.parse(self.query or "")


@dataclass(frozen=True, kw_only=True)
class TypeMapping:
    """Which entries of the data become objects of a type; `selector` is the keys to walk from the root of the data."""

    path: str
    type_name: str
    external_id: str | None
    selector: tuple[str, ...]
    attributes: tuple[AttributeMapping, ...]

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """Names of the attributes that tell objects apart, in the order of the mapping."""
        return tuple(attribute.name for attribute in self.attributes if attribute.identity)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole schema and mapping."""

    types: tuple[ObjectType, ...]
    mappings: tuple[TypeMapping, ...]
    statuses: frozenset[str]
    icon_keys: frozenset[str]

    @cached_property
    def by_name(self) -> Mapping[str, ObjectType]:
        """Its object types by name, children included."""
        return {each.name: each for each in self.types}

    @cached_property
    def by_id(self) -> Mapping[str, ObjectType]:
        """Its object types by external id."""
        return {each.external_id: each for each in self.types if each.external_id is not None}

    @cached_property
    def mapping_of(self) -> Mapping[str, TypeMapping]:
        """Its mappings by the name of the type."""
        return {mapping.type_name: mapping for mapping in self.mappings}

    def target(self, attribute: Attribute) -> ObjectType | None:
        """The object type that a reference names, None when the document does not have it."""
        if attribute.target_id is not None:
            return self.by_id.get(attribute.target_id)
        return self.by_name.get(attribute.target_name or "")


def read_document(raw: Mapping[str, Any]) -> Document:
    """Read JSON whose shape was checked. Halves that are absent (in an update) read as empty."""
    schema = raw.get("schema", {})
    mappings = raw.get("mapping", {}).get("objectTypeMappings", [])
    found = schema.get("objectSchema", {}).get("objectTypes", [])
    return Document(
        types=tuple(_types(found, None, "schema.objectSchema.objectTypes")),
        mappings=tuple(_mapping(each, f"mapping.objectTypeMappings[{i}]") for i, each in enumerate(mappings)),
        statuses=frozenset(each["name"] for each in schema.get("statusSchema", {}).get("statuses", [])),
        icon_keys=frozenset(each["key"] for each in schema.get("iconSchema", {}).get("icons", [])),
    )


def _types(found: list[dict[str, Any]], parent: str | None, path: str) -> Iterator[ObjectType]:
    for index, raw in enumerate(found):
        place = f"{path}[{index}]"
        yield ObjectType(
            path=place,
            name=raw["name"],
            external_id=raw.get("externalId"),
            parent=parent,
            icon_key=raw.get("iconKey"),
            attributes=tuple(
                _attribute(each, f"{place}.attributes[{i}]")
                for i, each in enumerate(raw.get("attributes", []))
                if each["name"] != SYSTEM_ATTRIBUTE
            ),
        )
        yield from _types(raw.get("children", []), raw["name"], f"{place}.children")


def _attribute(raw: Mapping[str, Any], path: str) -> Attribute:
    return Attribute(
        path=path,
        name=raw["name"],
        type=raw["type"],
        external_id=raw.get("externalId"),
        label=raw.get("label", False),
        unique=raw.get("unique", False),
        minimum=raw.get("minimumCardinality", 0),
        maximum=raw.get("maximumCardinality", 1),
        target_name=raw.get("referenceObjectTypeName"),
        target_id=raw.get("referenceObjectTypeExternalId"),
        statuses=tuple(raw.get("typeValues", ())),
        has_limits=not raw.keys().isdisjoint({"unique", "minimumCardinality", "maximumCardinality"}),
    )


def _mapping(raw: Mapping[str, Any], path: str) -> TypeMapping:
    return TypeMapping(
        path=path,
        type_name=raw["objectTypeName"],
        external_id=raw.get("objectTypeExternalId"),
        selector=tuple(raw["selector"].split(".")),
        attributes=tuple(
            AttributeMapping(
                path=f"{path}.attributesMapping[{i}]",
                name=each["attributeName"],
                external_id=each.get("attributeExternalId"),
                locators=tuple(each["attributeLocators"]),
                identity=each.get("externalIdPart", False),
                query=each.get("objectMappingIQL"),
            )
            for i, each in enumerate(raw.get("attributesMapping", []))
        ),
    )
