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
    PENDING: {"deliver": LEASED, "cancel": CANCELLED, "expire": FAILED},
    LEASED: {
        "succeed": SUCCEEDED,
        "retry": PENDING,
        "fail": FAILED,
        "release": PENDING,
        "lose lease": PENDING,
        "cancel": CANCELLED,
    },
    SUCCEEDED: {},
    FAILED: {"redrive": PENDING},
    CANCELLED: {},
}


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(EventState, Trigger)))
def test_every_state_meets_every_trigger(state, trigger):
    assert NEXT_STATE.get((state, trigger)) is MOVES[state].get(trigger)


def test_nothing_but_a_redrive_leaves_a_final_state():
    assert {trigger for state, trigger in NEXT_STATE if state in FINAL} == {Trigger.REDRIVE}
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
