"""The comparison of the demo sees every kind of difference; a sandbox that equals the source has none."""

from copy import deepcopy

import pytest

from import_worker.demo.dataset import Dataset
from import_worker.demo.verify import MAX_DIFFERENCES, compare

COUNTRIES = (
    {"alpha_2": "NO", "alpha_3": "NOR", "name": "Norway", "numeric": "578", "official_name": None, "flag": "n"},
    {"alpha_2": "AF", "alpha_3": "AFG", "name": "Afghanistan", "numeric": "004", "official_name": "I R", "flag": "a"},
)
SUBDIVISIONS = (
    {"code": "NO-03", "name": "Oslo", "type": "County", "country_code": "NO", "parent_code": "NO-46"},
    {"code": "NO-46", "name": "Vest", "type": "Region", "country_code": "NO", "parent_code": None},
)
DATASET = Dataset(countries=COUNTRIES, subdivisions=SUBDIVISIONS)


def an_object(key, **attributes):
    return {"key": key, "attributes": attributes}


EQUAL = {
    "Country": [
        an_object("ISO-1", Code="NO", Name="Norway", Numeric="578", Flag="n"),
        an_object("ISO-2", Code="AF", Name="Afghanistan", Numeric="004", Flag="a"),
    ],
    "Subdivision": [
        an_object("ISO-3", Code="NO-03", Name="Oslo", Kind="County", Country={"key": "ISO-1"}, Parent={"key": "ISO-4"}),
        an_object("ISO-4", Code="NO-46", Name="Vest", Kind="Region", Country={"key": "ISO-1"}),
    ],
}
EQUAL["Country"][0]["attributes"]["Alpha 3"] = "NOR"
EQUAL["Country"][1]["attributes"] |= {"Alpha 3": "AFG", "Official name": "I R"}


@pytest.fixture
def held():
    return deepcopy(EQUAL)


def differences(held):
    return list(compare(DATASET, held).differences)


def test_equal(held):
    found = compare(DATASET, held)
    assert found.differences == ()
    assert (found.objects, found.attributes, found.references) == (4, 2 * 6 + 2 * 3, DATASET.references)
    assert DATASET.references == 3


def test_an_object_that_is_missing(held):
    del held["Country"][1]
    assert "Country AF is missing" in differences(held)


def test_an_object_too_many(held):
    held["Subdivision"].append(an_object("ISO-9", Code="NO-99", Name="x", Kind="y"))
    assert differences(held) == ["Subdivision NO-99 should not be there"]


def test_an_object_twice(held):
    held["Country"].append({**held["Country"][0], "key": "ISO-9"})
    assert "Country: 1 objects have a code that another has" in differences(held)


@pytest.mark.parametrize(
    ("kind", "attribute", "value", "says"),
    [
        ("Country", "Numeric", "4", "Country AF: Numeric is '4', should be '004'"),
        ("Country", "Numeric", 4, "Country AF: Numeric is 4, should be '004'"),
        ("Country", "Official name", "", "Country AF: Official name is '', should be 'I R'"),
        ("Subdivision", "Kind", "region", "Subdivision NO-46: Kind is 'region', should be 'Region'"),
    ],
)
def test_a_value_that_differs(held, kind, attribute, value, says):
    held[kind][1]["attributes"][attribute] = value
    assert differences(held) == [says]


def test_a_value_that_is_missing(held):
    del held["Country"][1]["attributes"]["Official name"]
    assert differences(held) == ["Country AF: Official name is None, should be 'I R'"]


def test_a_value_where_none_should_be(held):
    held["Country"][0]["attributes"]["Official name"] = "Kingdom"
    assert differences(held) == ["Country NO: Official name is 'Kingdom', should be None"]


@pytest.mark.parametrize(
    ("position", "attribute", "value", "says"),
    [
        (0, "Country", {"key": "ISO-2"}, "Subdivision NO-03: Country points at ISO-2, should at NO"),
        (0, "Parent", None, "Subdivision NO-03: Parent points at None, should at NO-46"),
        (1, "Parent", {"key": "ISO-3"}, "Subdivision NO-46: Parent points at ISO-3, should at None"),
    ],
)
def test_a_reference_that_differs(held, position, attribute, value, says):
    held["Subdivision"][position]["attributes"][attribute] = value
    assert differences(held) == [says]


def test_a_reference_to_what_is_missing(held):
    del held["Subdivision"][1]
    assert "Subdivision NO-03: Parent points at ISO-4, should at NO-46" in differences(held)


def test_what_is_told_is_bounded():
    assert len(differences({"Country": [], "Subdivision": []})) <= MAX_DIFFERENCES
    assert compare(DATASET, {"Country": [], "Subdivision": []}).references == 0
