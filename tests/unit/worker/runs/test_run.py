"""The states of a run: which change is allowed, and what every change does to the times."""

from dataclasses import replace
from itertools import product

import pytest

from import_worker.runs.run import GIVING_UP, TERMINAL, TRANSITIONS, Mode, State, Trigger, WrongTransition, advance
from longshore.v1 import import_service_pb2

# Written out once more by hand, from the point of view of each trigger.
BEFORE_READING = (State.QUEUED, State.STARTING, State.WAITING_FOR_ASSETS)
EXPECTED = {
    Trigger.START: dict.fromkeys(BEFORE_READING, State.STARTING),
    Trigger.WAIT: dict.fromkeys((State.STARTING, State.WAITING_FOR_ASSETS), State.WAITING_FOR_ASSETS),
    Trigger.OPEN: {State.STARTING: State.READING},
    Trigger.SUSPEND: {State.READING: State.SUSPENDED},
    Trigger.RESUME: {State.SUSPENDED: State.READING},
    Trigger.WHOLE: {State.READING: State.COMPLETING},
    Trigger.COMPLETED: {State.COMPLETING: State.PROCESSING},
    Trigger.DONE: {State.PROCESSING: State.SUCCEEDED},
    Trigger.DONE_WITH_ERRORS: {State.PROCESSING: State.SUCCEEDED_WITH_ERRORS},
    Trigger.DISCARDED: {State.PROCESSING: State.FAILED},
    Trigger.FAIL: dict.fromkeys(
        (*BEFORE_READING, State.READING, State.SUSPENDED, State.COMPLETING, State.PROCESSING), State.FAILING
    ),
    Trigger.CANCEL: dict.fromkeys((*BEFORE_READING, State.READING, State.SUSPENDED, State.FAILING), State.CANCELLING),
    Trigger.GIVEN_UP: {State.FAILING: State.FAILED, State.CANCELLING: State.CANCELLED},
    Trigger.RESTART: {State.FAILING: State.QUEUED},
    Trigger.REHEARSED: {},  # the end of a rehearsal only
}


@pytest.mark.parametrize(("state", "trigger"), list(product(State, Trigger)))
def test_every_trigger_in_every_state(run, state, trigger):
    run = replace(run, state=state)
    expected = EXPECTED[trigger].get(state)
    if expected is None:
        with pytest.raises(WrongTransition, match=state):
            advance(run, trigger, now=2000.0)
    else:
        assert advance(run, trigger, now=2000.0).state is expected


def test_a_rehearsal_can_never_complete_and_always_end(run):
    """Whatever triggers it meets, in whatever order."""
    reached, todo = set(), [replace(run, mode=Mode.REHEARSAL)]
    while todo:
        here = todo.pop()
        if here.state in reached:
            continue
        reached.add(here.state)
        for trigger in Trigger:
            try:
                todo.append(advance(here, trigger, now=2000.0))
            except WrongTransition:
                continue
    assert reached == set(State) - {
        State.COMPLETING,
        State.PROCESSING,
        State.SUCCEEDED_WITH_ERRORS,
        State.SUSPENDED,
    }


def test_modes_are_those_of_the_contract():
    names = {name.removeprefix("IMPORT_MODE_") for name in dict(import_service_pb2.ImportMode.items())}
    assert names - {"UNSPECIFIED"} == set(Mode)


def test_states_are_those_of_the_contract():
    names = {name.removeprefix("IMPORT_STATE_") for name in dict(import_service_pb2.ImportState.items())}
    assert names - {"UNSPECIFIED"} == set(State)


def test_what_has_ended_stays_ended_and_everything_can_end():
    assert not [state for state, _ in TRANSITIONS if state in TERMINAL]
    ending = set(TERMINAL)
    while more := {source for (source, _), target in TRANSITIONS.items() if target in ending} - ending:
        ending |= more
    assert ending == set(State)


def test_times_follow_the_state(run):
    starting = advance(run, Trigger.START, now=2000.0)
    assert (starting.update_time, starting.end_time) == (2000.0, None)
    again = advance(starting, Trigger.START, now=3000.0, intent=True)
    assert (again.update_time, again.intent) == (2000.0, True)
    failed = advance(advance(again, Trigger.FAIL, now=4000.0), Trigger.GIVEN_UP, now=5000.0)
    assert (failed.update_time, failed.end_time) == (5000.0, 5000.0)


def test_giving_up_leads_to_an_end_or_to_a_new_number():
    reached = {target for (source, _), target in TRANSITIONS.items() if source in GIVING_UP}
    assert reached == {State.FAILED, State.CANCELLED, State.CANCELLING, State.QUEUED}
