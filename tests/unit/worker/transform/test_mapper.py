"""Mapping records: objects by locator, all reasons at once, and keys that the source does not have."""

import pytest

from import_worker.errors import MappingBroken
from import_worker.transform.mapper import Mapper

URL = "http://source.test/items"
DEVICE = {
    "name": "Device",
    "attributes": {
        "Serial": {"from": "serial", "identity": True},
        "Name": {"from": "name", "label": True},
        "Cores": {"from": "cpu.cores", "type": "integer"},
        "Rack No": {"from": "rack", "optional": True},
    },
}
SITE = {
    "name": "Site",
    "attributes": {"Slug": {"from": "lower(site)", "identity": True}, "Title": {"from": "site", "label": True}},
}


def record(**changes):
    return {"serial": "004", "name": "NO", "cpu": {"cores": 8}, "rack": None, "site": "BER", **changes}


def test_a_record_becomes_one_object_by_locator_and_nulls_are_left_out(configured):
    mapped = Mapper(configured(DEVICE), "items").map_records([record(), record(serial=5, rack="r1", cpu=None)])
    assert [(each.type_name, each.record, each.identity) for each in mapped.objects] == [
        ("Device", 0, "004"),
        ("Device", 1, "5"),
    ]
    assert [dict(each.values) for each in mapped.objects] == [
        {"Serial": "004", "Name": "NO", "Cores": 8},
        {"Serial": "5", "Name": "NO", "Rack_No": "r1"},
    ]
    assert mapped.quarantined == ()


def test_a_record_may_become_objects_of_several_types(configured):
    mapped = Mapper(configured(DEVICE, SITE), "items").map_records([record()])
    assert [(each.type_name, each.identity) for each in mapped.objects] == [("Device", "004"), ("Site", "ber")]


def test_a_record_that_fails_is_quarantined_with_all_its_reasons_and_makes_nothing(configured):
    mapped = Mapper(configured(DEVICE, SITE), "items").map_records(
        [record(), record(serial="X1", name="", cpu={"cores": "many"}, site=None), record(serial="X2")]
    )
    assert [each.record for each in mapped.objects] == [0, 0, 2, 2]
    (bad,) = mapped.quarantined
    assert (bad.record, bad.identity) == (1, "X1")
    assert bad.reasons == (
        "attribute 'Name' of 'Device': 'name' is empty",
        "attribute 'Cores' of 'Device': 'many' is no whole number of 64 bits",
        "attribute 'Slug' of 'Site': 'lower(site)' is empty",
        "attribute 'Title' of 'Site': 'site' is empty",
    )


def test_a_selector_that_fails_on_a_record_is_a_reason_and_not_an_exception(configured):
    (bad,) = Mapper(configured(SITE), "items").map_records([record(site=7)]).quarantined
    assert "selector 'lower(site)'" in bad.reasons[0]
    assert bad.identity is None


def test_the_primary_field_names_a_quarantined_record(configured):
    config = configured(DEVICE, primary="asset.id")
    (bad,) = Mapper(config, "items").map_records([record(name=None, asset={"id": 77})]).quarantined
    assert bad.identity == "77"


def test_a_primary_field_that_cannot_be_read_leaves_the_record_without_a_name(configured):
    config = configured(DEVICE, primary="lower(asset)")
    (bad,) = Mapper(config, "items").map_records([record(name=None, asset=7)]).quarantined
    assert bad.identity is None


def test_a_required_attribute_must_have_a_value(configured):
    kind = {**DEVICE, "attributes": {**DEVICE["attributes"], "Site": {"from": "site", "required": True}}}
    (bad,) = Mapper(configured(kind), "items").map_records([record(site=None)]).quarantined
    assert bad.reasons == ("attribute 'Site' of 'Device': 'site' is empty",)


def test_a_reference_has_the_type_of_the_attribute_that_it_refers_by(configured):
    rack = {
        "name": "Rack",
        "attributes": {
            "Number": {"from": "number", "type": "integer", "identity": True},
            "Name": {"from": "name", "label": True},
            "Beside": {"from": "beside", "reference": {"type": "Rack", "by": "Number"}},
        },
    }
    mapped = Mapper(configured(rack), "items").map_records(
        [
            {"number": "1", "name": "a", "beside": "2"},
            {"number": 2, "name": "b", "beside": None},
            {"number": 3, "name": "c", "beside": "x"},
        ]
    )
    assert [each.values.get("Beside") for each in mapped.objects] == [2, None]
    assert [each.record for each in mapped.quarantined] == [2]


def test_a_misspelt_key_is_an_error_that_names_attribute_url_fields_and_remedy(configured):
    kind = {**DEVICE, "attributes": {**DEVICE["attributes"], "Serial": {"from": "serail", "identity": True}}}
    with pytest.raises(MappingBroken) as caught:
        Mapper(configured(kind), "items").check_keys([record()], URL)
    assert caught.value.message == (
        f"attribute 'Serial' of 'Device' reads 'serail', which no record of {URL} has; "
        "fields there: cpu, name, rack, serial, site; did you mean 'serial'?; if it may be absent write optional: true"
    )


def test_every_misspelt_key_is_named_at_once(configured):
    with pytest.raises(MappingBroken) as caught:
        Mapper(configured(DEVICE), "items").check_keys([{"x": 1}, {"y": 2}], URL)
    assert caught.value.message.count("which no record of") == 3
    assert "'Rack No'" not in caught.value.message


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"serial": 1, "name": "a", "cpu": {"cores": None}}],
        [{"serial": 1}, {"name": "a"}, {"cpu": {"cores": 1}}],
        [{"serial": None, "name": None, "cpu": None}],
    ],
)
def test_sparse_keys_and_nulls_are_fine(configured, records):
    Mapper(configured(DEVICE), "items").check_keys(records, URL)


@pytest.mark.parametrize("cpu", ["text", {"core": 1}, [1]])
def test_a_dotted_path_must_lead_all_the_way(configured, cpu):
    with pytest.raises(MappingBroken, match=r"reads 'cpu\.cores'"):
        Mapper(configured(DEVICE), "items").check_keys([record(cpu=cpu)], URL)
