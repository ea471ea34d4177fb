"""Updates of the schema and mapping: what they add and overwrite, and what they can never do."""

import copy

import pytest

TYPES = "schema.objectSchema.objectTypes"


async def errors(importer, update):
    answer = await importer.patch(update)
    assert answer.status_code == 400
    return [(each["code"], each["path"]) for each in answer.json()["errors"]]


async def types(importer):
    found = (await importer.view("mapping"))["schema"]["objectSchema"]["objectTypes"]
    return {each["name"]: each for each in found}


async def test_an_update_needs_a_mapping_to_change(serving, document):
    async with serving() as importer:
        assert await errors(importer, document) == [("MISSING_MAPPING", "")]


async def test_an_update_adds_and_overwrites_and_deletes_nothing(importer, document):
    country = document["schema"]["objectSchema"]["objectTypes"][0]
    document["schema"]["objectSchema"]["description"] = "new"
    country["description"] = "changed"
    country["attributes"] = [{"externalId": "geo/Area", "name": "Area", "description": "", "type": "double"}]
    country["children"] = [{"externalId": "geo/Colony", "name": "Colony", "description": ""}]
    update = {"schema": {"objectSchema": document["schema"]["objectSchema"] | {"objectTypes": [country]}}}
    mapping = copy.deepcopy(document["mapping"]["objectTypeMappings"][0])
    mapping["selector"] = "lands"
    mapping["attributesMapping"].append(
        {"attributeExternalId": "geo/Area", "attributeName": "Area", "attributeLocators": ["area"]}
    )
    update["mapping"] = {"objectTypeMappings": [mapping]}
    assert (await importer.patch(update)).status_code == 204
    after = await types(importer)
    assert set(after) == {"Country", "Region"}
    assert after["Country"]["description"] == "changed"
    assert [each["name"] for each in after["Country"]["attributes"]] == ["Key", "Code", "Name", "Area"]
    assert [each["name"] for each in after["Country"]["children"]] == ["Colony"]
    results = await importer.carry(lands=[{"code": "NO", "name": "Norway", "area": 1.5}], regions=[])
    assert results["Country"]["objectsCreated"] == 1
    assert (await importer.objects("Country"))["NO"]["Area"] == 1.5


async def test_an_update_of_the_mapping_alone(importer, document):
    document["mapping"]["objectTypeMappings"][0]["selector"] = "lands"
    assert (await importer.patch({"mapping": document["mapping"]})).status_code == 204
    assert (await importer.carry(lands=[{"code": "NO", "name": "Norway"}]))["Country"]["objectsCreated"] == 1


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (lambda schema: schema.update(name="Other"), "INVALID_DOCUMENT", "schema.objectSchema.name"),
        (
            lambda schema: schema["objectTypes"][1]["attributes"][0].update(name="Id"),
            "EXTERNAL_ID_MISMATCH",
            f"{TYPES}[1].attributes[0]",
        ),
        (lambda schema: schema["objectTypes"][0].update(externalId="x"), "EXTERNAL_ID_MISMATCH", f"{TYPES}[0]"),
        (
            lambda schema: schema["objectTypes"][1]["attributes"][2].update(type="double"),
            "INVALID_DOCUMENT",
            f"{TYPES}[1].attributes[2].type",
        ),
        (
            lambda schema: schema["objectTypes"][1]["attributes"][3].update(referenceObjectTypeName="Region"),
            "REFERENCED_OBJECT_TYPE_CHANGED",
            f"{TYPES}[1].attributes[3].referenceObjectTypeName",
        ),
        (
            lambda schema: schema["objectTypes"][0]["attributes"][0].update(unique=True),
            "INVALID_DOCUMENT",
            f"{TYPES}[0].attributes[0].unique",
        ),
        # Users report it: what a reference names must be in the upload, even when it exists already.
        (lambda schema: schema["objectTypes"].pop(0), "UNKNOWN_REFERENCE", f"{TYPES}[0].attributes[3]"),
    ],
)
async def test_an_update_cannot(importer, document, change, code, place):
    before = await importer.view("mapping")
    change(document["schema"]["objectSchema"])
    del document["mapping"]
    assert (code, place) in await errors(importer, document)
    assert await importer.view("mapping") == before


async def test_an_update_that_says_the_defaults_changes_nothing(importer, document):
    before = await importer.view("mapping")
    for each in document["schema"]["objectSchema"]["objectTypes"]:
        for attribute in each["attributes"]:
            attribute.update(
                {
                    "unique": False,
                    "minimumCardinality": 0,
                    "maximumCardinality": 1,
                    "label": attribute.get("label", False),
                }
            )
    assert (await importer.patch(document)).status_code == 204
    after = await importer.view("mapping")
    assert [each.pop("children") for each in after["schema"]["objectSchema"]["objectTypes"]] == [[], []]
    assert after == before


async def test_icons_and_statuses_are_added_or_replaced(importer, document):
    document["schema"]["statusSchema"] = {"statuses": [{"name": "Used", "description": "", "category": "active"}]}
    assert (await importer.patch(document)).status_code == 204
    document["schema"]["statusSchema"]["statuses"] = [
        {"name": "Used", "description": "by someone", "category": "active"},
        {"name": "Free", "description": "", "category": "inactive"},
    ]
    assert (await importer.patch(document)).status_code == 204
    shown = (await importer.view("mapping"))["schema"]["statusSchema"]["statuses"]
    assert shown == document["schema"]["statusSchema"]["statuses"]
