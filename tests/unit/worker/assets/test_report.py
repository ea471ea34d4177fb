"""Reading what Assets says about an execution, in the shapes it is known to have."""

import pytest

from import_worker.assets.report import read_status
from import_worker.errors import DestinationBroken

TYPE = {
    "objectTypeName": "Country",
    "objectsCreated": 3,
    "objectsUpdated": 2,
    "objectsIdentical": 1,
    "objectsMissingDeleted": 4,
    "entriesInSource": 8,
    "duplicateEnries": 2,
    "errorMessages": [],
}


def done(**changes):
    result = {"objectTypeResultMap": {"7": {**TYPE, **changes}}, "errorMessages": []}
    return read_status({"status": "DONE", "progressResult": result})


def test_counts_by_type():
    outcome = done().outcomes["Country"]
    assert (outcome.created, outcome.updated, outcome.identical, outcome.removed) == (3, 2, 1, 4)
    assert outcome.errors == ()


def test_an_entry_that_is_neither_written_nor_explained_is_an_error():
    assert done(entriesInSource=10).outcomes["Country"].errors == ("2 of 10 entries were not written",)


def test_filtered_entries_are_explained():
    assert done(entriesInSource=10, objectsFilteredWithQlQuery=2).outcomes["Country"].errors == ()


def test_what_is_not_reported_is_not_made_up():
    status = read_status({"status": "DONE", "progressResult": {"objectTypeResultMap": {"7": {"objectTypeName": "A"}}}})
    outcome = status.outcomes["A"]
    assert (outcome.created, outcome.removed, outcome.errors) == (None, None, ())


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["a", "b"], ("a", "b")),
        ({"x": "y"}, ("x: y",)),
        ("a", ("a",)),
        ("", ()),
        (None, ()),
    ],
)
def test_errors_in_any_shape(messages, expected):
    status = read_status({"status": "DONE", "progressResult": {"errorMessages": messages}})
    assert status.errors == expected


@pytest.mark.parametrize("state", ["INGESTING", "PROCESSING", "CANCELLED"])
def test_states_without_a_result(state):
    assert read_status({"status": state}).state == state


def test_done_without_a_result():
    assert read_status({"status": "DONE"}).outcomes == {}


def test_an_unknown_state():
    with pytest.raises(DestinationBroken, match="PAUSED"):
        read_status({"status": "PAUSED"})


@pytest.mark.parametrize(
    ("result", "errors"), [("OK", ()), (None, ()), ("FAILED", ("the result is FAILED: it broke",))]
)
def test_assets_has_no_state_for_a_failure_but_a_result(result, errors):
    report = {"result": result, "infoMessage": "it broke", "objectTypeResultMap": {}}
    assert read_status({"status": "DONE", "progressResult": report}).errors == errors
