"""The rendered schema and mapping: what a strict server takes, and exactly what the configuration says."""

import pytest

from import_worker.assets.schema import render
from import_worker.config import parse_import
from import_worker.transform.naming import locator_of, selector_of

TEXT = """
version: 1
kind: import
name: places
source: { type: rest, base_url: "http://127.0.0.1:8001/geo/", pagination: { type: single_page } }
resources:
  - { name: countries, path: countries.json }
  - { name: regions, path: regions.json }
assets:
  token: ${env:ASSETS_TOKEN}
  object_types:
    - name: Country
      resource: countries
      attributes:
        Code: { from: code, identity: true }
        Name: { from: name, label: true, required: true }
        Phase: { from: phase, type: status, values: [In use, Retired] }
        Size: { from: size, type: select, values: [S, L] }
    - name: Region of land
      resource: regions
      external_id: corp/region
      attributes:
        Code: { from: code, identity: true, unique: true, external_id: corp/region/code }
        Name: { from: name, label: true }
        'The "home" country': { from: country, reference: { type: Country, by: Code } }
"""


def rendered(config):
    return render(config, config.assets)


@pytest.fixture
def document():
    return rendered(parse_import(TEXT, "places.yaml"))


def types(document):
    return {each["name"]: each for each in document["schema"]["objectSchema"]["objectTypes"]}


def attributes(document, type_name):
    return {each["name"]: each for each in types(document)[type_name]["attributes"]}


def mappings(document):
    return {each["objectTypeName"]: each for each in document["mapping"]["objectTypeMappings"]}


def test_everything_has_an_external_id(document):
    assert types(document)["Country"]["externalId"] == "longshore/places/Country"
    assert types(document)["Region of land"]["externalId"] == "corp/region"
    assert attributes(document, "Country")["Code"]["externalId"] == "longshore/places/Country/Code"
    assert attributes(document, "Region of land")["Code"]["externalId"] == "corp/region/code"
    for mapping in document["mapping"]["objectTypeMappings"]:
        assert mapping["objectTypeExternalId"] == types(document)[mapping["objectTypeName"]]["externalId"]
        for each in mapping["attributesMapping"]:
            own = attributes(document, mapping["objectTypeName"])[each["attributeName"]]
            assert each["attributeExternalId"] == own["externalId"]


def test_attributes_say_what_the_file_says(document):
    country, region = attributes(document, "Country"), attributes(document, "Region of land")
    assert country["Name"]["label"] is True
    assert country["Name"]["minimumCardinality"] == 1
    assert region["Code"]["unique"] is True
    assert "label" not in country["Code"]
    assert country["Phase"]["typeValues"] == ["In use", "Retired"]
    assert country["Size"]["type"] == "select"
    assert "typeValues" not in country["Size"]
    assert [each["name"] for each in document["schema"]["statusSchema"]["statuses"]] == ["In use", "Retired"]


def test_the_mapping_reads_what_chunks_carry(document):
    mapping = mappings(document)["Region of land"]
    assert mapping["selector"] == selector_of("Region of land")
    by_name = {each["attributeName"]: each for each in mapping["attributesMapping"]}
    assert by_name["Code"]["attributeLocators"] == [locator_of("Code")]
    assert by_name["Code"]["externalIdPart"] is True
    assert "externalIdPart" not in by_name["Name"]


def test_a_reference_is_an_exact_match_by_the_named_attribute(document):
    name = 'The "home" country'
    attribute = attributes(document, "Region of land")[name]
    assert attribute["type"] == "referenced_object"
    assert attribute["referenceObjectTypeName"] == "Country"
    assert attribute["referenceObjectTypeExternalId"] == "longshore/places/Country"
    mapping = {each["attributeName"]: each for each in mappings(document)["Region of land"]["attributesMapping"]}
    assert mapping[name]["objectMappingIQL"] == f'"Code" = ${{{locator_of(name)}}}'


def test_no_status_means_no_status_schema():
    config = parse_import(TEXT.replace("Phase: { from: phase, type: status, values: [In use, Retired] }", ""), "x.yaml")
    assert "statusSchema" not in rendered(config)["schema"]
