"""The schema and mapping document of Assets, rendered from a configuration.

Every part has an external id: Assets wants them all or none, and only with them are uniqueness and cardinality kept.
"""

from typing import Any

from import_worker.config import ImportConfig
from import_worker.config.assets import Assets
from import_worker.config.object_types import Attribute, ObjectType
from import_worker.transform.naming import locator_of, selector_of

Json = dict[str, Any]


def render(config: ImportConfig, assets: Assets) -> Json:
    """The body of PUT /mapping."""
    types = assets.object_types
    schema: Json = {
        "objectSchema": {
            "name": assets.object_schema or config.name,
            "description": config.description or f"Imported by Longshore as {config.name}",
            "objectTypes": [_object_type(config, kind) for kind in types],
        }
    }
    statuses = {value: None for kind in types for each in kind.attributes.values() for value in _statuses(each)}
    if statuses:
        schema["statusSchema"] = {
            "statuses": [{"name": name, "description": name, "category": "active"} for name in statuses]
        }
    return {"schema": schema, "mapping": {"objectTypeMappings": [_type_mapping(config, kind) for kind in types]}}


def _statuses(attribute: Attribute) -> tuple[str, ...]:
    return attribute.values if attribute.type == "status" else ()


def _object_type(config: ImportConfig, kind: ObjectType) -> Json:
    return {
        "externalId": config.external_id(kind.name),
        "name": kind.name,
        "description": kind.description or kind.name,
        "attributes": [_attribute(config, kind, name, each) for name, each in kind.attributes.items()],
    }


def _attribute(config: ImportConfig, kind: ObjectType, name: str, attribute: Attribute) -> Json:
    rendered: Json = {
        "externalId": config.external_id(kind.name, name),
        "name": name,
        "description": attribute.description or name,
        "type": attribute.type,
    }
    if attribute.label:
        rendered["label"] = True
    if attribute.unique:
        rendered["unique"] = True
    if attribute.required:
        rendered["minimumCardinality"] = 1
    if attribute.reference is not None:
        rendered["referenceObjectTypeName"] = attribute.reference.type
        rendered["referenceObjectTypeExternalId"] = config.external_id(attribute.reference.type)
    if _statuses(attribute):
        rendered["typeValues"] = list(attribute.values)
    return rendered


def _type_mapping(config: ImportConfig, kind: ObjectType) -> Json:
    return {
        "objectTypeExternalId": config.external_id(kind.name),
        "objectTypeName": kind.name,
        "selector": selector_of(kind.name),
        "description": kind.description or kind.name,
        "attributesMapping": [_attribute_mapping(config, kind, name, each) for name, each in kind.attributes.items()],
    }


def _attribute_mapping(config: ImportConfig, kind: ObjectType, name: str, attribute: Attribute) -> Json:
    locator = locator_of(name)
    rendered: Json = {
        "attributeExternalId": config.external_id(kind.name, name),
        "attributeName": name,
        "attributeLocators": [locator],
    }
    if attribute.identity:
        rendered["externalIdPart"] = True
    if attribute.reference is not None:
        rendered["objectMappingIQL"] = f"{_quoted(attribute.reference.by)} = ${{{locator}}}"
    return rendered


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
