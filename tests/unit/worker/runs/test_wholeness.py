"""When a set is whole: every rule, and that a good set passes all of them."""

from dataclasses import replace

import pytest

from import_worker.config.destination import MissingObjects
from import_worker.config.models import Quarantine
from import_worker.runs.entries import Lane
from import_worker.runs.wholeness import Evidence, fault_of, total_objects


def lane(resource, objects, **changes):
    return Lane(number=1, resource=resource, done=True, page=1, objects=objects, **changes)


@pytest.fixture
def whole(config):
    return Evidence(
        config=config,
        lanes=[lane("countries", {"Country": 8}), lane("regions", {"Region of land": 20})],
        failed=0,
        cancelled=0,
        unsettled=0,
        baseline={"Country": 10, "Region of land": 20},
    )


def test_a_whole_set_has_no_fault(whole):
    assert fault_of(whole) is None


@pytest.mark.parametrize("count", ["failed", "cancelled", "unsettled"])
def test_a_step_that_did_not_succeed(whole, count):
    fault = fault_of(replace(whole, **{count: 3}))
    assert fault.reason == "STEP_FAILED"
    assert "3" in fault.message


def test_a_lane_that_did_not_end(whole):
    lanes = [whole.lanes[0], replace(whole.lanes[1], done=False)]
    fault = fault_of(replace(whole, lanes=lanes))
    assert fault.reason == "NOT_WHOLE"
    assert "regions" in fault.message
    assert "countries" not in fault.message


def test_a_resource_without_a_lane(whole):
    assert fault_of(replace(whole, lanes=whole.lanes[:1])).reason == "NOT_WHOLE"


def test_quarantined_records(whole):
    lanes = [whole.lanes[0], replace(whole.lanes[1], quarantined=2)]
    assert fault_of(replace(whole, lanes=lanes)).reason == "QUARANTINED"


def test_a_budget_for_quarantine_counts_over_all_lanes(whole):
    """Lanes that read at the same time may each be within it and all of them beyond it: the end decides."""
    within = whole.config.model_copy(update={"quarantine": Quarantine(max_total=3)})
    lanes = [replace(each, quarantined=2) for each in whole.lanes]
    fault = fault_of(replace(whole, lanes=lanes, config=within))
    assert fault.reason == "QUARANTINED"
    assert "4 records could not be transformed, and quarantine.max_total allows 3" in fault.message
    assert fault_of(replace(whole, lanes=[replace(lanes[0], quarantined=1), lanes[1]], config=within)) is None


def test_pages_that_a_rule_declared_to_be_empty(whole):
    emptied = replace(whole, lanes=[whole.lanes[0], replace(whole.lanes[1], emptied=1)])
    fault = fault_of(emptied)
    assert fault.reason == "NOT_WHOLE"
    assert "regions" in fault.message
    assert "countries" not in fault.message
    assets = whole.config.assets
    ignored = assets.model_copy(update={"missing_objects": MissingObjects(policy="ignore")})
    assert fault_of(replace(emptied, config=whole.config.model_copy(update={"assets": ignored}))) is None


def test_no_object_of_a_type_that_must_not_be_empty(whole):
    fault = fault_of(replace(whole, lanes=[lane("countries", {}), whole.lanes[1]]))
    assert fault.reason == "EMPTY_SOURCE"
    assert "Country" in fault.message
    assert "allow_empty" in fault.message


def test_no_object_of_a_type_that_may_be_empty(whole):
    assert fault_of(replace(whole, lanes=[whole.lanes[0], lane("regions", {})])) is None


def test_too_few_of_the_last_good_run(whole):
    fault = fault_of(replace(whole, lanes=[lane("countries", {"Country": 7}), whole.lanes[1]]))
    assert fault.reason == "TOO_FEW_OBJECTS"
    assert "7 objects and had 10" in fault.message
    assert "--accept-shrink" in fault.message


def test_a_shrink_that_was_accepted_is_whole_but_nothing_else_is(whole):
    shrunken = replace(whole, lanes=[lane("countries", {"Country": 7}), whole.lanes[1]], accept_shrink=True)
    assert fault_of(shrunken) is None
    assert fault_of(replace(shrunken, failed=1)).reason == "STEP_FAILED"
    assert fault_of(replace(shrunken, lanes=[lane("countries", {}), whole.lanes[1]])).reason == "EMPTY_SOURCE"


def test_where_missing_objects_are_ignored_fewer_are_fine(whole):
    assets = whole.config.assets
    ignoring = assets.missing_objects.model_copy(update={"policy": "ignore"})
    config = whole.config.model_copy(update={"assets": assets.model_copy(update={"missing_objects": ignoring})})
    fewer = replace(whole, config=config, lanes=[lane("countries", {"Country": 1}), whole.lanes[1]])
    assert fault_of(fewer) is None
    assert fault_of(replace(fewer, lanes=[lane("countries", {}), whole.lanes[1]])).reason == "EMPTY_SOURCE"


def test_the_first_run_has_nothing_to_compare_with(whole):
    assert fault_of(replace(whole, baseline={})) is None


def test_totals_add_up_over_lanes():
    lanes = [lane("a", {"X": 1, "Y": 2}), lane("b", {"Y": 3})]
    assert total_objects(lanes) == {"X": 1, "Y": 5}
