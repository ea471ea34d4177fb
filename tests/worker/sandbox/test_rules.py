"""The schema and mapping document: each rule, with its code and the place it names."""

import base64
import struct

import pytest

from import_worker.sandbox.document import read_document
from import_worker.sandbox.problems import Refused
from import_worker.sandbox.rules import check_complete
from import_worker.sandbox.shape import check_shape

TYPES = "schema.objectSchema.objectTypes"
MAPPINGS = "mapping.objectTypeMappings"


def check(raw):
    check_shape("document", raw)
    check_complete(read_document(raw))


def faults(raw):
    with pytest.raises(Refused) as caught:
        check(raw)
    assert caught.value.status == 400
    return [(fault.code, fault.path) for fault in caught.value.faults]


def at(raw, path):
    """The part of the document at a path such as "a.b[0].c"."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        raw = raw[int(step)] if step.isdigit() else raw[step]
    return raw


def icon(width, height):
    image = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(image).decode()


def test_a_good_document_passes(document):
    document["$schema"] = "https://example.com/2023_10_19"
    check(document)


@pytest.mark.parametrize(
    "case",
    [
        (f"{TYPES}[0]", "externalId", "geo/Region", "DUPLICATE_EXTERNAL_ID_ILLEGAL", f"{TYPES}[1].externalId"),
        (f"{TYPES}[1].attributes[3]", "referenceObjectTypeName", "Town", "UNKNOWN_REFERENCE", ""),
        (f"{TYPES}[1].attributes[3]", "referenceObjectTypeExternalId", "geo/Town", "UNKNOWN_REFERENCE", ""),
        (f"{TYPES}[1].attributes[3]", "referenceObjectTypeExternalId", "geo/Region", "EXTERNAL_ID_MISMATCH", ""),
        (f"{TYPES}[0].attributes[0]", "referenceObjectTypeName", "Region", "INVALID_DOCUMENT", ""),
        (f"{TYPES}[0]", "name", "REGION", "INVALID_DOCUMENT", f"{TYPES}[1].name"),
        (f"{TYPES}[0].attributes[1]", "name", "CODE", "INVALID_DOCUMENT", f"{TYPES}[0].attributes[1].name"),
        (f"{TYPES}[0].attributes[0]", "label", True, "INVALID_DOCUMENT", f"{TYPES}[0].attributes"),
        (f"{TYPES}[0].attributes[1]", "label", False, "INVALID_DOCUMENT", f"{TYPES}[0].attributes"),
        (f"{TYPES}[0].attributes[0]", "minimumCardinality", -1, "INVALID_DOCUMENT", ".minimumCardinality"),
        (f"{TYPES}[0].attributes[0]", "maximumCardinality", 0, "INVALID_DOCUMENT", ".maximumCardinality"),
        (f"{TYPES}[0].attributes[0]", "typeValues", ["a"], "INVALID_DOCUMENT", ".typeValues"),
        (f"{TYPES}[0]", "iconKey", "flag", "INVALID_DOCUMENT", ".iconKey"),
        (f"{MAPPINGS}[0]", "objectTypeExternalId", "geo/Town", "MAPPING_INVALID_EXTERNAL_ID", ".objectTypeExternalId"),
        (f"{MAPPINGS}[0]", "objectTypeExternalId", "geo/Region", "EXTERNAL_ID_MISMATCH", ".objectTypeName"),
        (f"{MAPPINGS}[0]", "objectTypeName", "country", "INVALID_DOCUMENT", ".objectTypeName"),
        (f"{MAPPINGS}[0]", "selector", "a..b", "INVALID_DOCUMENT", ".selector"),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "externalIdPart",
            False,
            "INVALID_DOCUMENT",
            f"{MAPPINGS}[0].attributesMapping",
        ),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "attributeExternalId",
            "geo/attribute/Name",
            "EXTERNAL_ID_MISMATCH",
            ".attributeExternalId",
        ),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "attributeExternalId",
            "geo/attribute/Other",
            "MAPPING_INVALID_EXTERNAL_ID",
            ".attributeExternalId",
        ),
        (f"{MAPPINGS}[0].attributesMapping[0]", "attributeName", "Key", "INVALID_DOCUMENT", ".attributeName"),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "attributeName",
            "Name",
            "INVALID_DOCUMENT",
            f"{MAPPINGS}[0].attributesMapping[1]",
        ),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "attributeLocators",
            ["a.b"],
            "INVALID_DOCUMENT",
            ".attributeLocators[0]",
        ),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "attributeLocators",
            ["a", "b"],
            "INVALID_DOCUMENT",
            ".attributeLocators",
        ),
        (
            f"{MAPPINGS}[0].attributesMapping[0]",
            "objectMappingIQL",
            "Code = ${code}",
            "INVALID_DOCUMENT",
            ".objectMappingIQL",
        ),
        (
            f"{MAPPINGS}[1].attributesMapping[3]",
            "objectMappingIQL",
            "Code = ${code}",
            "INVALID_DOCUMENT",
            ".objectMappingIQL",
        ),
        (
            f"{MAPPINGS}[1].attributesMapping[3]",
            "objectMappingIQL",
            "Code IN ${country}",
            "INVALID_DOCUMENT",
            ".objectMappingIQL",
        ),
        (
            f"{MAPPINGS}[1].attributesMapping[3]",
            "objectMappingIQL",
            "Title = ${country}",
            "INVALID_DOCUMENT",
            ".objectMappingIQL",
        ),
        (
            f"{MAPPINGS}[1].attributesMapping[4]",
            "objectMappingIQL",
            "Country = ${parent}",
            "INVALID_DOCUMENT",
            ".objectMappingIQL",
        ),
        (f"{MAPPINGS}[1].attributesMapping[3]", "externalIdPart", True, "INVALID_DOCUMENT", ""),
    ],
)
def test_a_broken_rule_is_named_with_its_place(document, case):
    path, field, value, code, place = case
    at(document, path)[field] = value
    assert (code, path + place if place == "" or place.startswith(".") else place) in faults(document)


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        (f"{TYPES}[0]", "externalId", "SCHEMA_INVALID_EXTERNAL_ID"),
        (f"{TYPES}[0].attributes[1]", "externalId", "SCHEMA_INVALID_EXTERNAL_ID"),
        (f"{MAPPINGS}[1]", "objectTypeExternalId", "UNKNOWN_EXTERNAL_ID_MAPPING"),
        (f"{MAPPINGS}[1].attributesMapping[0]", "attributeExternalId", "UNKNOWN_EXTERNAL_ID_MAPPING"),
        (f"{MAPPINGS}[1].attributesMapping[3]", "objectMappingIQL", "INVALID_DOCUMENT"),
        (f"{TYPES}[1].attributes[3]", "referenceObjectTypeName", "INVALID_DOCUMENT"),
    ],
)
def test_a_part_that_is_missing_where_others_have_it(document, path, field, code):
    del at(document, path)[field]
    assert (code, path if field.startswith("reference") else f"{path}.{field}") in faults(document)


def without_ids(value):
    if isinstance(value, list):
        return [without_ids(each) for each in value]
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if not name.endswith("xternalId")}
    return value


def test_limits_need_external_ids(document):
    check(without_ids(document))
    document["schema"]["objectSchema"]["objectTypes"][0]["attributes"][0]["unique"] = True
    check(document)
    assert faults(without_ids(document)) == [("INVALID_DOCUMENT", f"{TYPES}[0].attributes[0]")]


def test_the_label_must_be_mapped_and_no_type_twice(document):
    mappings = document["mapping"]["objectTypeMappings"]
    del mappings[0]["attributesMapping"][1]
    mappings.append(mappings[1])
    assert set(faults(document)) == {
        ("INVALID_DOCUMENT", f"{MAPPINGS}[0].attributesMapping"),
        ("INVALID_DOCUMENT", f"{MAPPINGS}[2]"),
    }


def test_a_mapped_child_needs_its_parent_mapped(document):
    types = document["schema"]["objectSchema"]["objectTypes"]
    types[0]["children"] = [types.pop()]
    check(document)
    del document["mapping"]["objectTypeMappings"][0]
    assert faults(document) == [("INVALID_DOCUMENT", f"{MAPPINGS}[0].objectTypeName")]


@pytest.mark.parametrize(
    ("path", "field", "value", "place"),
    [
        ("schema.objectSchema", "name", "", "schema.objectSchema.name"),
        ("schema.objectSchema", "objectTypes", [], "schema.objectSchema.objectTypes"),
        ("schema.objectSchema", "objectTypes", {}, "schema.objectSchema.objectTypes"),
        ("schema", "objectschema", {}, "schema.objectschema"),
        ("schema", "objectSchema", [], "schema.objectSchema"),
        (f"{TYPES}[0].attributes[0]", "type", "user", f"{TYPES}[0].attributes[0].type"),
        (f"{TYPES}[0].attributes[0]", "type", ["text"], f"{TYPES}[0].attributes[0].type"),
        (f"{TYPES}[0].attributes[0]", "label", "yes", f"{TYPES}[0].attributes[0].label"),
        (f"{TYPES}[0].attributes[0]", "maximumCardinality", 1.5, f"{TYPES}[0].attributes[0].maximumCardinality"),
        (f"{MAPPINGS}[0]", "missingObjects", "REMOVE", f"{MAPPINGS}[0].missingObjects"),
        (f"{MAPPINGS}[0].attributesMapping[0]", "attributeLocators", [], "attributeLocators"),
    ],
)
def test_a_wrong_shape_is_named_with_its_place(document, path, field, value, place):
    at(document, path)[field] = value
    ((code, where),) = faults(document)
    assert code == "INVALID_DOCUMENT"
    assert where.endswith(place)


def test_missing_parts_are_all_reported(document):
    del document["mapping"]
    del document["schema"]["objectSchema"]["objectTypes"][0]["description"]
    assert {path for _, path in faults(document)} == {"mapping", f"{TYPES}[0].description"}


def test_nesting_has_a_bound(document):
    innermost = document["schema"]["objectSchema"]["objectTypes"][0]
    for _ in range(50):
        innermost["children"] = [{"name": "Inner", "description": ""}]
        innermost = innermost["children"][0]
    assert len(faults(document)) == 1


def test_icons_and_statuses(document):
    schema, country = document["schema"], document["schema"]["objectSchema"]["objectTypes"][0]
    schema["iconSchema"] = {"icons": [{"key": "flag", "name": "Flag", "png48": icon(48, 48)}]}
    schema["statusSchema"] = {"statuses": [{"name": "In use", "description": "", "category": "active"}]}
    country["iconKey"] = "flag"
    country["attributes"].append(
        {"externalId": "s", "name": "State", "description": "", "type": "status", "typeValues": ["In use"]}
    )
    check(document)
    country["attributes"][-1]["typeValues"] = ["Gone"]
    assert faults(document) == [("INVALID_DOCUMENT", f"{TYPES}[0].attributes[2].typeValues")]
    schema["iconSchema"]["icons"][0]["png48"] = icon(48, 47)
    schema["statusSchema"]["statuses"][0] |= {"name": "x", "category": "open"}
    assert {path for _, path in faults(document)} == {
        "schema.iconSchema.icons[0].png48",
        "schema.statusSchema.statuses[0].name",
        "schema.statusSchema.statuses[0].category",
    }


def test_many_faults_are_answered_in_bounded_number(document):
    document["schema"]["objectSchema"] |= {f"unknown{i}": 1 for i in range(50)}
    with pytest.raises(Refused) as caught:
        check(document)
    body = caught.value.body()
    assert body["errorCode"] == "INVALID_DOCUMENT"
    assert len(body["errors"]) == 20
    assert body["errorMessages"][-1] == "and 30 more"
