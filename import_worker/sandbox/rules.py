"""The rules that a schema and mapping document keeps beyond its shape, as two tables: of an upload, and of the whole.

Codes are those that users of Assets reported; where none was ever seen the code is INVALID_DOCUMENT.
"""

from collections.abc import Callable, Iterator

from import_worker.sandbox.document import SYSTEM_ATTRIBUTE, Attribute, AttributeMapping, Document, TypeMapping
from import_worker.sandbox.problems import FaultList

_Rule = Callable[[Document, FaultList], None]


def check_complete(document: Document) -> None:
    """Check a document that stands for itself. Raises Refused with every fault."""
    _check(document, tuple(dict.fromkeys((*_UPLOAD_RULES, *_WHOLE_RULES))))


def check_upload(document: Document) -> None:
    """Check what must hold in each document that is sent, also in an update. Raises Refused with every fault."""
    _check(document, _UPLOAD_RULES)


def check_whole(document: Document) -> None:
    """Check what must hold in the document that the import will use. Raises Refused with every fault."""
    _check(document, _WHOLE_RULES)


def _check(document: Document, rules: tuple[_Rule, ...]) -> None:
    faults = FaultList()
    for rule in rules:
        rule(document, faults)
    faults.raise_if_any()


def uses_ids(document: Document) -> bool:
    """Whether the schema or the mapping names an external id anywhere, which selects the newer JSON schema."""
    return any(external_id is not None for _, external_id in (*_schema_ids(document), *_mapping_ids(document)))


def _schema_ids(document: Document) -> Iterator[tuple[str, str | None]]:
    for each in document.types:
        yield f"{each.path}.externalId", each.external_id
        for attribute in each.attributes:
            yield f"{attribute.path}.externalId", attribute.external_id


def _mapping_ids(document: Document) -> Iterator[tuple[str, str | None]]:
    for mapping in document.mappings:
        yield f"{mapping.path}.objectTypeExternalId", mapping.external_id
        for attribute in mapping.attributes:
            yield f"{attribute.path}.attributeExternalId", attribute.external_id


def _ids_all_or_none(document: Document, faults: FaultList) -> None:
    if not uses_ids(document):
        return
    for code, places in (
        ("SCHEMA_INVALID_EXTERNAL_ID", _schema_ids(document)),
        ("UNKNOWN_EXTERNAL_ID_MAPPING", _mapping_ids(document)),
    ):
        for path, external_id in places:
            if external_id is None:
                faults.add(path, "is missing: either everything has an external id or nothing", code=code)


def _limits_need_ids(document: Document, faults: FaultList) -> None:
    if uses_ids(document):
        return
    for attribute in _attributes(document):
        if attribute.has_limits:
            faults.add(attribute.path, "uniqueness and cardinality work only in a document with external ids")


def _references_are_uploaded(document: Document, faults: FaultList) -> None:
    for attribute in _attributes(document):
        names = attribute.target_name is not None or attribute.target_id is not None
        if attribute.is_reference != names:
            faults.add(attribute.path, "a referenced_object, and nothing else, names the object type it refers to")
        elif names:
            _check_target(document, attribute, faults)


def _check_target(document: Document, attribute: Attribute, faults: FaultList) -> None:
    target = document.target(attribute)
    if target is None:
        wanted = attribute.target_id or attribute.target_name
        faults.add(attribute.path, f"refers to '{wanted}', which is not in this upload", code="UNKNOWN_REFERENCE")
    elif attribute.target_name not in {None, target.name}:
        message = f"refers to '{attribute.target_name}', but that external id belongs to '{target.name}'"
        faults.add(attribute.path, message, code="EXTERNAL_ID_MISMATCH")


def _ids_are_unique(document: Document, faults: FaultList) -> None:
    seen: dict[str, str] = {}
    for path, external_id in _schema_ids(document):
        if external_id is None:
            continue
        if external_id in seen:
            message = f"'{external_id}' is already the external id at {seen[external_id]}"
            faults.add(path, message, code="DUPLICATE_EXTERNAL_ID_ILLEGAL")
        seen.setdefault(external_id, path)


def _names_are_unique(document: Document, faults: FaultList) -> None:
    _check_unique(((each.path, each.name) for each in document.types), faults)
    for each in document.types:
        _check_unique(((attribute.path, attribute.name) for attribute in each.attributes), faults)


def _check_unique(names: Iterator[tuple[str, str]], faults: FaultList) -> None:
    seen: set[str] = set()
    for path, name in names:
        if name.casefold() in seen:
            faults.add(f"{path}.name", f"'{name}' is taken; names must differ in more than case")
        seen.add(name.casefold())


def _labels(document: Document, faults: FaultList) -> None:
    for each in document.types:
        count = sum(attribute.label for attribute in each.attributes)
        if count > 1 or (each.name in document.mapping_of and count == 0):
            faults.add(f"{each.path}.attributes", f"exactly one attribute is the label, not {count}")


def _limits(document: Document, faults: FaultList) -> None:
    for attribute in _attributes(document):
        if attribute.minimum < 0:
            faults.add(f"{attribute.path}.minimumCardinality", "must not be negative")
        if attribute.maximum != -1 and attribute.maximum < max(1, attribute.minimum):
            message = "must be -1 (any number), or at least 1 and at least the minimum"
            faults.add(f"{attribute.path}.maximumCardinality", message)


def _statuses_and_icons(document: Document, faults: FaultList) -> None:
    for attribute in _attributes(document):
        if attribute.statuses and attribute.type != "status":
            faults.add(f"{attribute.path}.typeValues", "belong to the type status only")
        for status in attribute.statuses:
            if document.statuses and status not in document.statuses:
                faults.add(f"{attribute.path}.typeValues", f"'{status}' is not in the statusSchema")
    for each in document.types:
        if each.icon_key is not None and each.icon_key not in document.icon_keys:
            faults.add(f"{each.path}.iconKey", f"'{each.icon_key}' is not in the iconSchema")


def _mappings(document: Document, faults: FaultList) -> None:
    seen: set[str] = set()
    for mapping in document.mappings:
        if mapping.type_name in seen:
            faults.add(mapping.path, f"'{mapping.type_name}' is mapped already")
        seen.add(mapping.type_name)
        if "" in mapping.selector:
            faults.add(f"{mapping.path}.selector", "must be keys joined by dots, none of them empty")
        _check_type_mapping(document, mapping, faults)


def _check_type_mapping(document: Document, mapping: TypeMapping, faults: FaultList) -> None:
    object_type = document.by_name.get(mapping.type_name)
    place = f"{mapping.path}.objectTypeName"
    if mapping.external_id is not None and mapping.external_id not in document.by_id:
        message = f"'{mapping.external_id}' is no external id of an object type"
        faults.add(f"{mapping.path}.objectTypeExternalId", message, code="MAPPING_INVALID_EXTERNAL_ID")
        return
    if object_type is None:
        faults.add(place, f"'{mapping.type_name}' is no object type of the schema")
        return
    if mapping.external_id not in {None, object_type.external_id}:
        faults.add(place, "is the name of a type with another external id", code="EXTERNAL_ID_MISMATCH")
    if object_type.parent is not None and object_type.parent not in document.mapping_of:
        faults.add(place, f"is a child of '{object_type.parent}', which must be mapped too")
    if not mapping.identity:
        message = "at least one attribute must be externalIdPart: without identity no object is ever found again"
        faults.add(f"{mapping.path}.attributesMapping", message)
    mapped = [attribute.name for attribute in mapping.attributes]
    if object_type.label is not None and object_type.label.name not in mapped:
        faults.add(f"{mapping.path}.attributesMapping", f"the label '{object_type.label.name}' must be mapped")
    for index, each in enumerate(mapping.attributes):
        if each.name in mapped[:index]:
            faults.add(each.path, f"'{each.name}' is mapped already")
        known = object_type.by_name.get(each.name)
        if known is None:
            given = " (Assets gives it itself)" if each.name == SYSTEM_ATTRIBUTE else ""
            faults.add(f"{each.path}.attributeName", f"'{each.name}' is no attribute of '{object_type.name}'{given}")
        else:
            _check_attribute_mapping(document, known, each, faults)


def _check_attribute_mapping(
    document: Document, attribute: Attribute, mapping: AttributeMapping, faults: FaultList
) -> None:
    if mapping.external_id not in {None, attribute.external_id}:
        known = any(mapping.external_id == external_id for _, external_id in _schema_ids(document))
        code = "EXTERNAL_ID_MISMATCH" if known else "MAPPING_INVALID_EXTERNAL_ID"
        message = f"'{mapping.external_id}' is not the external id of '{attribute.name}'"
        faults.add(f"{mapping.path}.attributeExternalId", message, code=code)
    for index, locator in enumerate(mapping.locators):
        if not locator or "." in locator:
            message = f"'{locator}' must be a single key: locators with dots are not documented"
            faults.add(f"{mapping.path}.attributeLocators[{index}]", message)
    if attribute.is_reference:
        _check_match(document, attribute, mapping, faults)
    elif mapping.query is not None:
        faults.add(f"{mapping.path}.objectMappingIQL", "belongs to references only")
    elif len(mapping.locators) > 1:
        message = "must be one: how several are joined is a setting of the import source, unknown to the importer"
        faults.add(f"{mapping.path}.attributeLocators", message)


def _check_match(document: Document, attribute: Attribute, mapping: AttributeMapping, faults: FaultList) -> None:
    place = f"{mapping.path}.objectMappingIQL"
    if mapping.identity:
        faults.add(mapping.path, "a reference cannot be part of the identity: it is resolved after objects are matched")
    if mapping.query is None:
        faults.add(place, "is required for a reference")
        return
    try:
        match = mapping.match
    except ValueError as error:
        faults.add(place, str(error))
        return
    for locator in sorted(match.locators - set(mapping.locators)):
        faults.add(place, f"uses ${{{locator}}}, which is not among the attributeLocators")
    target = document.target(attribute)
    for condition in match.conditions:
        if target is None or condition.attribute in {SYSTEM_ATTRIBUTE, "Label"}:
            continue
        found = target.by_name.get(condition.attribute)
        if found is None or found.is_reference:
            faults.add(place, f"'{condition.attribute}' is no plain attribute of '{target.name}'")


def _attributes(document: Document) -> Iterator[Attribute]:
    for each in document.types:
        yield from each.attributes


_UPLOAD_RULES: tuple[_Rule, ...] = (_ids_all_or_none, _limits_need_ids, _references_are_uploaded, _ids_are_unique)
_WHOLE_RULES: tuple[_Rule, ...] = (
    _ids_are_unique,
    _names_are_unique,
    _labels,
    _limits,
    _statuses_and_icons,
    _mappings,
)
