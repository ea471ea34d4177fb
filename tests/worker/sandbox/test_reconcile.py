"""Processing: identity, typed values, references and removal, as a pure step from one snapshot to the next."""

from collections.abc import Callable
from itertools import count

import pytest

from import_worker.sandbox.document import read_document
from import_worker.sandbox.objects import Reference, Snapshot
from import_worker.sandbox.reconcile import reconcile
from import_worker.sandbox.report import MAX_MESSAGES

NORWAY = {"code": "NO", "name": "Norway"}


class World:
    """A snapshot that imports go into, one after the other."""

    def __init__(self, document) -> None:
        self.raw = document
        self.snapshot = Snapshot()
        self.keep_missing = False
        self._numbers = count(1)

    def attribute(self, type_index, index) -> dict:
        return self.raw["schema"]["objectSchema"]["objectTypes"][type_index]["attributes"][index]

    def run(self, **entries):
        outcome = reconcile(
            read_document(self.raw),
            self.snapshot,
            entries,
            lambda: f"A-{next(self._numbers)}",
            keep_missing=self.keep_missing,
        )
        self.snapshot = outcome.snapshot
        return outcome.reports

    def values(self, type_name) -> list[dict]:
        """Attributes of all objects; single values stand alone, references by key."""
        return [
            {
                name: [value.key if isinstance(value, Reference) else value for value in values]
                for name, values in each.values.items()
            }
            for each in self.snapshot.of(type_name)
        ]


@pytest.fixture
def world(document) -> World:
    return World(document)


def test_identity_is_case_sensitive(world):
    report = world.run(Country=[NORWAY, {"code": "no", "name": "another"}])["Country"]
    assert (report.created, report.duplicates) == (2, 0)


def test_repeated_entries_are_merged_and_the_last_wins(world):
    report = world.run(Country=[NORWAY, {"code": "SE", "name": "Sweden"}, {"code": "NO", "name": "Norge"}])["Country"]
    assert (report.entries, report.created, report.duplicates) == (3, 2, 1)
    assert world.values("Country") == [
        {"Code": ["NO"], "Name": ["Norge"]},
        {"Code": ["SE"], "Name": ["Sweden"]},
    ]


def test_an_entry_without_identity_or_label_is_skipped_and_counted(world):
    world.run(Country=[{"code": "SE", "name": "Sweden"}])
    report = world.run(
        Country=[{"name": "x"}, {"code": "", "name": "x"}, {"code": 7, "name": "x"}, {"code": "SE"}, {"code": "DK"}]
    )["Country"]
    assert (report.empty_identities, report.empty_labels, report.created, report.removed) == (3, 2, 0, 0)
    # What was there stays as it was when its entry is skipped.
    assert world.values("Country") == [{"Code": ["SE"], "Name": ["Sweden"]}]


def test_what_is_missing_is_removed_unless_it_is_to_be_kept(world):
    world.run(Country=[{"code": "SE", "name": "Sweden"}, {"code": "DK", "name": "Denmark"}])
    world.keep_missing = True
    report = world.run(Country=[{"code": "SE", "name": "Sverige"}])["Country"]
    assert (report.updated, report.removed, len(world.values("Country"))) == (1, 0, 2)
    world.keep_missing = False
    report = world.run(Country=[{"code": "SE", "name": "Sverige"}])["Country"]
    assert (report.identical, report.removed, len(world.values("Country"))) == (1, 1, 1)


def test_a_composite_identity_needs_all_its_parts(world):
    world.raw["mapping"]["objectTypeMappings"][0]["attributesMapping"][1]["externalIdPart"] = True
    report = world.run(Country=[NORWAY, {"code": "NO", "name": "Norge"}, {"code": "NO"}])["Country"]
    assert (report.created, report.empty_identities) == (2, 1)


def test_a_value_of_the_wrong_type_is_an_error_and_left_out(world):
    world.run(Region=[{"code": "1", "title": "t", "people": 5}])
    report = world.run(Region=[{"code": "1", "title": "t", "people": "6"}])["Region"]
    assert report.updated == 1
    assert report.errors == ["Region '1': People: '6' is not a JSON number without fraction; the attribute is left out"]
    assert world.values("Region") == [{"Region Code": ["1"], "Title": ["t"]}]


@pytest.mark.parametrize("empty", [{}, {"people": None}, {"people": ""}, {"people": []}])
def test_an_empty_value_clears_the_attribute(world, empty):
    world.run(Region=[{"code": "1", "title": "t", "people": 5}])
    report = world.run(Region=[{"code": "1", "title": "t", **empty}])["Region"]
    assert (report.updated, report.errors) == (1, [])
    assert world.values("Region") == [{"Region Code": ["1"], "Title": ["t"]}]


def test_the_same_again_is_identical(world):
    entries = {"Country": [NORWAY], "Region": [{"code": "1", "title": "t", "people": 0, "country": "NO"}]}
    world.run(**entries)
    before = world.snapshot
    reports = world.run(**entries)
    assert [(each.identical, each.created, each.updated) for each in reports.values()] == [(1, 0, 0)] * 2
    assert world.snapshot == before


def test_numbers_of_another_type_are_another_value(world):
    world.attribute(1, 2)["type"] = "double"
    world.run(Region=[{"code": "1", "title": "t", "people": 1}])
    assert world.run(Region=[{"code": "1", "title": "t", "people": 1.0}])["Region"].updated == 1


def test_missing_objects_are_removed_for_every_mapped_type(world):
    world.run(Country=[NORWAY], Region=[{"code": "1", "title": "t"}])
    reports = world.run(Country=[{"code": "SE", "name": "Sweden"}])
    assert [each.removed for each in reports.values()] == [1, 1]
    assert world.values("Region") == []
    assert [each.key for each in world.snapshot.of("Country")] == ["A-3"]


def test_objects_of_a_type_that_is_not_mapped_stay_but_lose_references_to_removed_ones(world):
    world.run(Country=[NORWAY], Region=[{"code": "1", "title": "t", "country": "NO"}])
    del world.raw["mapping"]["objectTypeMappings"][1]
    reports = world.run(Country=[])
    assert set(reports) == {"Country"}
    assert world.values("Region") == [{"Region Code": ["1"], "Title": ["t"]}]


def test_references_are_found_in_any_order_and_change(world):
    world.run(
        Region=[{"code": "1", "title": "child", "parent": "0", "country": "NO"}, {"code": "0", "title": "root"}],
        Country=[NORWAY, {"code": "SE", "name": "Sweden"}],
    )
    keys = {each.texts("Code"): each.key for each in world.snapshot.of("Country")}
    child = world.values("Region")[0]
    assert child["Country"] == [keys["NO",]]
    assert child["Parent"] == [
        next(each.key for each in world.snapshot.of("Region") if each.texts("Title") == ("root",))
    ]
    report = world.run(
        Region=[{"code": "1", "title": "child", "country": "SE"}, {"code": "0", "title": "root"}],
        Country=[NORWAY, {"code": "SE", "name": "Sweden"}],
    )["Region"]
    assert (report.updated, report.with_updated_references, report.identical) == (1, 1, 1)
    assert world.values("Region")[0] == {"Region Code": ["1"], "Title": ["child"], "Country": [keys["SE",]]}


def test_a_reference_to_none_or_several_is_an_error_and_the_object_is_kept(world):
    report = world.run(
        Country=[NORWAY, {"code": "no", "name": "norway"}],
        Region=[{"code": "1", "title": "a", "country": "NO"}, {"code": "2", "title": "b", "country": "SE"}],
    )["Region"]
    assert report.created == 2
    # "=" ignores case, so both countries are found.
    assert report.errors == [
        "Region '1': Country: 2 objects of 'Country' found for country = 'NO'",
        "Region '2': Country: no object of 'Country' found for country = 'SE'",
    ]
    assert all("Country" not in each for each in world.values("Region"))


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("Code == ${country}", "NO"),
        ("Name LIKE ${country}", "orwa"),
        ("Label = ${country}", "norway"),
        ("Key = ${country}", "A-1"),
        ('Code = ${country} AND Name = "Norway"', "no"),
    ],
)
def test_ways_to_match(world, query, value):
    world.raw["mapping"]["objectTypeMappings"][1]["attributesMapping"][3]["objectMappingIQL"] = query
    report = world.run(
        Country=[NORWAY, {"code": "SE", "name": "Sweden"}], Region=[{"code": "1", "title": "a", "country": value}]
    )["Region"]
    assert report.errors == []
    assert world.values("Region")[0]["Country"] == ["A-1"]


@pytest.mark.parametrize("name", ["Côte d'Ivoire", 'a "b"', "c\\d", '" OR "" = "', "${code}"])
def test_awkward_names_are_matched_as_they_are(world, name):
    world.raw["mapping"]["objectTypeMappings"][1]["attributesMapping"][3]["objectMappingIQL"] = "Name = ${country}"
    report = world.run(
        Country=[NORWAY, {"code": "X", "name": name}], Region=[{"code": "1", "title": "a", "country": name}]
    )["Region"]
    assert report.errors == []
    assert world.values("Region")[0]["Country"] == ["A-2"]


def test_several_locators_take_one_value_each(world):
    mapped = world.raw["mapping"]["objectTypeMappings"][1]["attributesMapping"][3]
    mapped |= {"attributeLocators": ["c", "n"], "objectMappingIQL": "Code = ${c} AND Name = ${n}"}
    report = world.run(
        Country=[NORWAY, {"code": "SE", "name": "Norway"}],
        Region=[
            {"code": "1", "title": "a", "c": "SE", "n": "Norway"},
            {"code": "2", "title": "b", "c": "SE"},
            {"code": "3", "title": "c", "c": ["SE", "NO"], "n": "Norway"},
        ],
    )["Region"]
    assert [each.get("Country") for each in world.values("Region")] == [["A-2"], None, None]
    assert len(report.errors) == 1


def test_several_references_of_one_attribute(world):
    world.attribute(1, 3)["maximumCardinality"] = 2
    report = world.run(
        Country=[NORWAY, {"code": "SE", "name": "Sweden"}],
        Region=[
            {"code": "1", "title": "a", "country": ["NO", "SE"]},
            {"code": "2", "title": "b", "country": ["NO", "NO"]},
            {"code": "3", "title": "c", "country": ["NO", "SE", "DK"]},
            {"code": "4", "title": "d", "country": {"key": "A-1"}},
        ],
    )["Region"]
    assert [each.get("Country") for each in world.values("Region")] == [["A-1", "A-2"], ["A-1"], None, None]
    assert [message.split(": ")[0] for message in report.errors] == ["Region '3'", "Region '4'"]


def test_cardinality_and_uniqueness(world):
    world.attribute(1, 2).update({"minimumCardinality": 1, "unique": True})
    world.attribute(1, 3)["minimumCardinality"] = 1
    report = world.run(
        Country=[NORWAY],
        Region=[
            {"code": "1", "title": "a", "people": 1, "country": "NO"},
            {"code": "2", "title": "b", "people": 2},
            {"code": "3", "title": "c", "country": "NO"},
            {"code": "4", "title": "d", "people": 1, "country": "NO"},
            {"code": "5", "title": "e", "people": [5, 6], "country": "NO"},
        ],
    )["Region"]
    assert [each["Region Code"] for each in world.values("Region")] == [["1"], ["2"]]
    said = " ".join(report.errors)
    assert "Region '2': Country: fewer references than its minimumCardinality" in said
    assert "'3': fewer values than the minimumCardinality of People" in said
    assert "People: 1 is unique and belongs to Region '1'" in said
    assert "2 values are more than the maximumCardinality 1" in said


def test_a_status_must_be_known(world):
    world.raw["schema"]["statusSchema"] = {
        "statuses": [{"name": name, "description": "", "category": "active"} for name in ("Used", "Free")]
    }
    world.attribute(1, 2).update({"type": "status"})
    entries = [{"code": str(i), "title": "t", "people": name} for i, name in enumerate(("Used", "Free", "used"))]
    assert len(world.run(Region=entries)["Region"].errors) == 1
    world.attribute(1, 2)["typeValues"] = ["Free"]
    assert len(world.run(Region=entries)["Region"].errors) == 2


def test_messages_are_bounded(world):
    report = world.run(Region=[{"code": str(i), "title": "t", "country": "?"} for i in range(MAX_MESSAGES + 5)])[
        "Region"
    ]
    assert len(report.messages()) == MAX_MESSAGES + 1
    assert report.messages()[-1] == "and 5 more"


def test_many_references_take_linear_time(world, monkeypatch):
    """Each reference looks at the objects that share its value, not at all of them."""
    from import_worker.sandbox import aql  # noqa: PLC0415  patched below

    calls = 0
    holds: Callable = aql.Condition.holds

    def counted(*arguments):
        nonlocal calls
        calls += 1
        return holds(*arguments)

    monkeypatch.setattr(aql.Condition, "holds", counted)
    regions = [{"code": str(i), "title": "t", "parent": str(i // 2), "country": "NO"} for i in range(2_000)]
    assert world.run(Country=[NORWAY], Region=regions)["Region"].errors == []
    assert calls == 2 * len(regions)
