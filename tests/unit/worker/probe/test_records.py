"""Where records stand, and what is proposed for their fields."""

import pytest

from import_worker.errors import SourceBroken
from import_worker.probe.records import find_records, propose, records_at
from import_worker.probe.target import Target

ROWS = [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("document", "selector"),
    [
        (ROWS, None),
        ({"items": ROWS}, "items"),
        ({"data": {"@items": ROWS}}, 'data."@items"'),
        ({"facets": [{"a": 1}], "items": ROWS}, "items"),
        ({"items": ROWS, "deep": {"longer": [{"a": n} for n in range(9)]}}, "items"),
        ({"tags": ["a", "b", "c"], "items": ROWS}, "items"),
    ],
)
def test_the_outermost_and_then_longest_list_of_objects_is_chosen(document, selector):
    found = find_records(document, "u")
    assert found.selector == selector
    assert found.records == records_at(document, selector) == ROWS


def proposed(records):
    return {each.name: each for each in propose(records)}


def test_identity_label_and_types_follow_from_names_and_values():
    found = proposed(
        [
            {
                "serial": "a",
                "uuid": "x",
                "display_name": "n",
                "cores": 2,
                "load": 1,
                "on": True,
                "site": {"id": 7},
                "l": [],
            },
            {"serial": "b", "uuid": "y", "display_name": "n", "cores": 4, "load": 0.5, "on": False, "site": None},
        ]
    )
    assert [name for name, each in found.items() if each.identity] == ["Uuid"]
    assert [name for name, each in found.items() if each.label] == ["Display name"]
    assert {name: each.type for name, each in found.items()} == {
        "Serial": "text",
        "Uuid": "text",
        "Display name": "text",
        "Cores": "integer",
        "Load": "double",
        "On": "boolean",
        "Site id": "integer",
    }


def test_a_field_that_is_empty_everywhere_is_optional_and_no_identity():
    found = proposed([{"id": None, "code": "a"}, {"id": None, "code": "b"}])
    assert (found["Id"].optional, found["Id"].identity, found["Code"].identity) == (True, False, True)


def test_names_for_people_never_collide_and_attributes_are_bounded():
    found = propose([{"id": 1, "a_b": 1, "a-b": 2, **{f"k{n}": n for n in range(100)}}])
    assert [each.name for each in found[:3]] == ["Id", "A b", "A b 2"]
    assert len(found) == 40
    assert any(each.identity for each in found)


def test_values_that_repeat_name_nothing():
    with pytest.raises(SourceBroken, match=r"no field is present and different in all 2 records .*; fields: status"):
        propose([{"status": "ok"}, {"status": "ok"}])


@pytest.mark.parametrize(
    ("url", "base", "path", "name"),
    [
        ("http://h.test/api/v2/vm-hosts?x=1", "http://h.test/api/v2/", "vm-hosts", "vm-hosts"),
        ("h.test:8080/Sites.json", "http://h.test:8080/", "Sites.json", "sites"),
        ("https://h.test/dcim/devices/", "https://h.test/dcim/devices/", "", "devices"),
        ("http://h.test", "http://h.test/", "", "items"),
        ("http://h.test/%C3%A9", "http://h.test/", "%C3%A9", "c3-a9"),
    ],
)
def test_an_address_is_taken_apart_and_names_its_resource(url, base, path, name):
    target = Target.of(url, ())
    assert (target.base_url, target.path, target.name()) == (base, path, name)
