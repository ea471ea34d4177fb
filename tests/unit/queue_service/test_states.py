"""How events, jobs and groups move and end."""

import itertools

import pytest

from queue_service.domain.states import (
    FINAL,
    NEXT_STATE,
    EventState,
    GroupResult,
    JobState,
    Trigger,
    group_result,
    job_state,
)

PENDING, LEASED, SUCCEEDED, FAILED, CANCELLED = EventState

MOVES = {
    PENDING: {"deliver": LEASED, "cancel": CANCELLED},
    LEASED: {
        "succeed": SUCCEEDED,
        "retry": PENDING,
        "fail": FAILED,
        "release": PENDING,
        "lose lease": PENDING,
        "cancel": CANCELLED,
    },
    SUCCEEDED: {},
    FAILED: {},
    CANCELLED: {},
}


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(EventState, Trigger)))
def test_every_state_meets_every_trigger(make_event, state, trigger):
    event = make_event(state=state)
    expected = MOVES[state].get(trigger)
    if expected is None:
        with pytest.raises(KeyError):
            event.move(trigger)
        assert event.state is state
    else:
        event.move(trigger)
        assert event.state is expected


def test_nothing_leaves_a_final_state():
    assert not [state for state, _ in NEXT_STATE if state in FINAL]
    assert {SUCCEEDED, FAILED, CANCELLED} == FINAL


@pytest.mark.parametrize(
    ("in_progress", "failed", "cancelled", "state"),
    [
        (1, 0, 0, JobState.IN_PROGRESS),
        (1, 3, 3, JobState.IN_PROGRESS),
        (0, 0, 0, JobState.SUCCEEDED),
        (0, 1, 0, JobState.FAILED),
        (0, 1, 5, JobState.FAILED),
        (0, 0, 1, JobState.CANCELLED),
    ],
)
def test_a_jobs_state_follows_from_its_counts(in_progress, failed, cancelled, state):
    assert job_state(in_progress=in_progress, failed=failed, cancelled=cancelled) is state


@pytest.mark.parametrize(
    ("failed", "cancelled", "was_cancelled", "result"),
    [
        (0, 0, False, GroupResult.SUCCEEDED),
        (1, 0, False, GroupResult.HAS_FAILURES),
        (0, 1, False, GroupResult.HAS_FAILURES),
        (0, 0, True, GroupResult.CANCELLED),
        (2, 2, True, GroupResult.CANCELLED),
    ],
)
def test_a_groups_result_follows_from_its_counts(failed, cancelled, was_cancelled, result):
    assert group_result(failed=failed, cancelled=cancelled, was_cancelled=was_cancelled) is result
