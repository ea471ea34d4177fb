"""Retry policies: what ends them, how they grow, and how narrower ones change wider ones."""

import pytest
from hypothesis import given, strategies as st

from queue_service.domain.outcomes import LeaseRanOut, Release, Retry, decide
from queue_service.domain.retry import FIELDS, NO_CHANGE, Jitter, PolicyChange, RetryPolicy
from queue_service.domain.states import Trigger

OTHERS = {
    "max_attempts": 2,
    "max_age": 3,
    "max_lease_losses": 4,
    "initial_backoff": 5,
    "multiplier": 1.5,
    "max_backoff": 7,
    "jitter": Jitter.NONE,
}


def none(**values):
    return RetryPolicy(jitter=Jitter.NONE, **values)


@pytest.mark.parametrize("name", FIELDS)
def test_a_change_changes_its_field_and_no_other(name):
    wide = RetryPolicy()
    changed = PolicyChange(**{name: OTHERS[name]}).over(wide)
    assert getattr(changed, name) == OTHERS[name]
    assert all(getattr(changed, other) == getattr(wide, other) for other in FIELDS if other != name)


def test_an_event_goes_before_its_queue_field_by_field():
    queue = PolicyChange(max_attempts=7, initial_backoff=70)
    event = PolicyChange(max_attempts=2, multiplier=3.0)
    policy = event.over(queue.over(RetryPolicy()))
    assert (policy.max_attempts, policy.initial_backoff, policy.multiplier) == (2, 70, 3.0)
    assert policy.max_age == RetryPolicy().max_age
    assert NO_CHANGE.over(policy) == policy


def test_zero_is_a_value():
    policy = PolicyChange(initial_backoff=0, max_backoff=0).over(RetryPolicy())
    assert (policy.initial_backoff, policy.max_backoff) == (0, 0)


@given(st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in OTHERS.items()}))
def test_a_change_is_what_is_kept_of_it(given_fields):
    change = PolicyChange(**given_fields)
    assert change.given() == given_fields
    assert PolicyChange.of(change.given()) == change


@pytest.mark.parametrize(
    ("multiplier", "waits"),
    [(1.0, [100, 100, 100]), (2.0, [100, 200, 400]), (1.5, [100, 150, 225]), (10.0, [100, 1_000, 9_999])],
)
def test_the_multiplier_makes_waits_grow_up_to_their_bound(multiplier, waits):
    policy = none(initial_backoff=100, multiplier=multiplier, max_backoff=9_999)
    assert [policy.backoff(number, 0.5) for number in (1, 2, 3)] == waits


def test_without_jitter_chance_changes_nothing():
    assert {none().backoff(3, chance) for chance in (0.0, 0.5, 0.999)} == {4_000}


@pytest.mark.parametrize("number", [309, 1_000, 1_001, 10**9])
def test_no_number_of_failures_is_too_many(number):
    assert none(multiplier=10.0).backoff(number, 0.0) == 900_000
    assert none(multiplier=10.0, initial_backoff=0).backoff(number, 0.0) == 0
    assert none(multiplier=1.0).backoff(number, 0.0) == 1_000


@given(
    st.integers(1, 2_000),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 10**11),
    st.integers(0, 10**11),
    st.floats(1, 10),
)
def test_a_wait_is_never_negative_nor_above_its_bound(number, chance, first, highest, multiplier):
    policy = RetryPolicy(initial_backoff=first, max_backoff=highest, multiplier=multiplier)
    assert 0 <= policy.backoff(number, chance) <= highest


def test_a_first_wait_above_the_bound_is_the_bound():
    assert none(initial_backoff=5_000, max_backoff=3_000).backoff(1, 0.5) == 3_000


def settle(event, outcome, policy):
    decision = decide(event, outcome, policy=policy, cancelled=False, now=0, chance=0.5)
    event.failures, event.lease_losses = decision.failures, decision.lease_losses
    return decision.trigger


@pytest.mark.parametrize(("attempts", "losses"), [(1, 5), (5, 1), (3, 3)])
def test_failures_and_lease_losses_are_counted_apart(make_event, attempts, losses):
    policy = RetryPolicy(max_attempts=attempts, max_lease_losses=losses)
    event = make_event()
    for _ in range(attempts - 1):
        assert settle(event, Retry(), policy) is Trigger.RETRY
    for _ in range(losses - 1):
        assert settle(event, LeaseRanOut(), policy) is Trigger.LOSE_LEASE
    for _ in range(9):
        assert settle(event, Release(), policy) is Trigger.RELEASE
    assert (event.failures, event.lease_losses) == (attempts - 1, losses - 1)
    assert settle(make_event(failures=event.failures, lease_losses=event.lease_losses), Retry(), policy) is Trigger.FAIL
    assert settle(event, LeaseRanOut(), policy) is Trigger.FAIL


def test_each_counter_has_a_backoff_of_its_own(make_event):
    policy = none(max_attempts=9, max_lease_losses=9)
    event = make_event(failures=4)
    decision = decide(event, LeaseRanOut(), policy=policy, cancelled=False, now=0, chance=0.5)
    assert decision.due_time == 1_000
