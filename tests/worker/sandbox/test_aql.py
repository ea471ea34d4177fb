"""Matches for references: what can be read, and that values are never parsed."""

import re

import pytest

from import_worker.sandbox.aql import parse

AWKWARD = ["Côte d'Ivoire", 'a "quoted" word', "back\\slash", "${code}", '" OR "" = "', "100%", "AND", "x\ny"]


def holds(query, have, **values):
    match = parse(query)
    return all(condition.holds(have.get(condition.attribute, ()), values) for condition in match.conditions)


@pytest.mark.parametrize("value", AWKWARD)
@pytest.mark.parametrize("query", ["Name = ${name}", '"Name" == ${name}', "Name LIKE ${name}", "Name like ${name}"])
def test_any_value_is_compared_as_it_is(query, value):
    assert holds(query, {"Name": (value,)}, name=value)
    assert not holds(query, {"Name": ("another",)}, name=value)
    assert not holds(query, {}, name=value)


def test_operators_differ_in_case_and_extent():
    have = {"Code": ("NO",)}
    assert [holds(f"Code {operator} ${{c}}", have, c="no") for operator in ("=", "==", "LIKE")] == [True, False, True]
    assert [holds(f"Code {operator} ${{c}}", have, c="n") for operator in ("=", "==", "LIKE")] == [False, False, True]


def test_conditions_are_joined_by_and():
    query = '"Country Code" = ${country} and Kind = "big \\"town\\"" AND Code=${code}'
    have = {"Country Code": ("NO",), "Kind": ('big "town"',), "Code": ("1", "2")}
    assert parse(query).locators == {"country", "code"}
    assert holds(query, have, country="NO", code="2")
    assert not holds(query, have, country="NO", code="3")
    assert not holds(query, have, country="SE", code="2")


def test_a_locator_may_hold_spaces():
    assert parse("Code = ${country code}").locators == {"country code"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "character 1"),
        ("Code", "character 1"),
        ("Code = code", "character 1"),
        ('Code = "${code}"', "inside quotes"),
        ('Code = "NO"', "names no"),
        ("Code = ${code} OR Name = ${name}", "AND"),
        ("Code = ${code} AND", "character 19"),
        ("Code IN (${code})", "character 1"),
        ("Country.Code = ${code}", "character 1"),
        ('"Code = ${code}', "character 1"),
        (" AND ".join(["Code = ${code}"] * 11), "more than 10"),
    ],
)
def test_what_cannot_be_read_says_where(query, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(query)
