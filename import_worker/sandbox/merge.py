"""Changing a schema and mapping document: what an update may add and overwrite, and what it can never do.

Entities are found by external id, or by name where an update has none. Nothing is ever renamed or deleted.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from import_worker.sandbox.document import SYSTEM_ATTRIBUTE
from import_worker.sandbox.problems import FaultList

_Raw = dict[str, Any]
_TARGET_FIELDS = ("referenceObjectTypeName", "referenceObjectTypeExternalId")
_FIXED_FIELDS = ("type", "typeValues", "label", "unique", "minimumCardinality", "maximumCardinality")


def merged(current: Mapping[str, Any], update: Mapping[str, Any]) -> _Raw:
    """The current document with an update laid over it; neither is changed.

    Raises:
        Refused: status 400 when the update would rename, or change what cannot be changed.
    """
    faults = FaultList()
    whole: _Raw = copy.deepcopy(dict(current))
    schema = copy.deepcopy(update.get("schema", {}))
    if "objectSchema" in schema:
        mine, theirs = whole["schema"]["objectSchema"], schema["objectSchema"]
        if theirs["name"] != mine["name"]:
            faults.add("schema.objectSchema.name", f"an update cannot rename '{mine['name']}'")
        mine["description"] = theirs["description"]
        _merge_types(mine["objectTypes"], theirs["objectTypes"], "schema.objectSchema.objectTypes", faults)
    for part, entries, key in (("iconSchema", "icons", "key"), ("statusSchema", "statuses", "name")):
        mine_list = whole["schema"].setdefault(part, {entries: []})[entries] if part in schema else []
        for entry in schema.get(part, {}).get(entries, []):
            _put(mine_list, entry, key)
    for mapping in copy.deepcopy(update.get("mapping", {}).get("objectTypeMappings", [])):
        _put(whole["mapping"]["objectTypeMappings"], mapping, "objectTypeName")
    faults.raise_if_any()
    return whole


def _put(entries: list[_Raw], entry: _Raw, key: str) -> None:
    for index, existing in enumerate(entries):
        if existing[key] == entry[key]:
            entries[index] = entry
            return
    entries.append(entry)


def _merge_types(mine: list[_Raw], theirs: list[_Raw], path: str, faults: FaultList) -> None:
    for index, update in enumerate(theirs):
        place = f"{path}[{index}]"
        existing = _find(mine, update, place, faults)
        if existing is None:
            mine.append(update)
            continue
        existing.update({name: update[name] for name in ("description", "iconKey") if name in update})
        _merge_attributes(existing.setdefault("attributes", []), update.get("attributes", []), place, faults)
        children = existing.setdefault("children", [])
        _merge_types(children, update.get("children", []), f"{place}.children", faults)


def _merge_attributes(mine: list[_Raw], theirs: list[_Raw], path: str, faults: FaultList) -> None:
    for index, update in enumerate(theirs):
        if update["name"] == SYSTEM_ATTRIBUTE:
            continue
        place = f"{path}.attributes[{index}]"
        existing = _find(mine, update, place, faults)
        if existing is None:
            mine.append(update)
            continue
        for name in _TARGET_FIELDS:
            if name in update and name in existing and update[name] != existing[name]:
                message = f"an update cannot change it from '{existing[name]}'"
                faults.add(f"{place}.{name}", message, code="REFERENCED_OBJECT_TYPE_CHANGED")
        for name in _FIXED_FIELDS:
            if name in update and update[name] != existing.get(name, _ABSENT.get(name)):
                faults.add(f"{place}.{name}", "an update cannot change it")
        existing["description"] = update["description"]


# What an absent field means, so that saying the default is no change.
_ABSENT: Mapping[str, object] = {"label": False, "unique": False, "minimumCardinality": 0, "maximumCardinality": 1}


def _find(mine: list[_Raw], update: _Raw, path: str, faults: FaultList) -> _Raw | None:
    """The existing entity that an update means; a half match, by name or by external id only, is a fault."""
    wanted = update.get("externalId")
    for existing in mine:
        same_name = existing["name"] == update["name"]
        if same_name if wanted is None else existing.get("externalId") == wanted and same_name:
            return existing
        if wanted is not None and (same_name or existing.get("externalId") == wanted):
            message = (
                f"'{existing['name']}' has the external id '{existing.get('externalId')}': an update cannot rename"
            )
            faults.add(path, message, code="EXTERNAL_ID_MISMATCH")
            return existing
    return None


def with_ids(raw: _Raw, new_id: Callable[[], str]) -> _Raw:
    """Give everything that has no external id a new one, as Assets does for documents without."""
    ids: dict[tuple[str, str | None], str] = {}

    def fill(types: list[_Raw]) -> None:
        for each in types:
            ids[each["name"], None] = each.setdefault("externalId", new_id())
            for attribute in each.get("attributes", []):
                ids[each["name"], attribute["name"]] = attribute.setdefault("externalId", new_id())
            fill(each.get("children", []))

    fill(raw["schema"]["objectSchema"]["objectTypes"])
    for mapping in raw["mapping"]["objectTypeMappings"]:
        name = mapping["objectTypeName"]
        mapping.setdefault("objectTypeExternalId", ids[name, None])
        for attribute in mapping.get("attributesMapping", []):
            attribute.setdefault("attributeExternalId", ids[name, attribute["attributeName"]])
    return raw
