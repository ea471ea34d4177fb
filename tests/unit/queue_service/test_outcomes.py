"""What a settle makes of its event, and how long retries wait."""

import pytest

from queue_service.domain.outcomes import Failure, LeaseRanOut, Release, Retry, Success, decide
from queue_service.domain.records import Context, Payload
from queue_service.domain.retry import RetryPolicy
from queue_service.domain.states import Trigger

NOW = 1_000_000
DAY = 86_400_000
DATA = Payload(b'{"page":3}', is_json=True)
BEFORE = Context(reason="BEFORE", message="as it was", data=DATA)


@pytest.fixture
def settle(make_event):
    """Decides about an event with some history; chance is one half."""

    def settle(outcome, *, cancelled=False, chance=0.5, now=NOW, **fields):
        event = make_event(**{"context": BEFORE, **fields})
        return decide(event, outcome, policy=RetryPolicy(), cancelled=cancelled, now=now, chance=chance)

    return settle


@pytest.mark.parametrize(
    ("outcome", "cancelled", "trigger", "due", "failures", "losses"),
    [
        (Success(), False, Trigger.SUCCEED, None, 2, 1),
        (Success(), True, Trigger.SUCCEED, None, 2, 1),
        (Failure(reason="X"), False, Trigger.FAIL, None, 3, 1),
        (Failure(reason="X"), True, Trigger.FAIL, None, 3, 1),
        (Retry(), False, Trigger.RETRY, NOW + 2_000, 3, 1),
        (Retry(after=7), False, Trigger.RETRY, NOW + 7, 3, 1),
        (Retry(after=0), False, Trigger.RETRY, NOW, 3, 1),
        (Retry(after=7), True, Trigger.CANCEL, None, 2, 1),
        (Release(), False, Trigger.RELEASE, NOW, 2, 1),
        (Release(after=366 * DAY), False, Trigger.RELEASE, NOW + 366 * DAY, 2, 1),
        (Release(after=9), True, Trigger.CANCEL, None, 2, 1),
        (LeaseRanOut(), False, Trigger.LOSE_LEASE, NOW + 1_000, 2, 2),
        (LeaseRanOut(), True, Trigger.CANCEL, None, 2, 1),
    ],
)
def test_what_each_outcome_does(settle, outcome, cancelled, trigger, due, failures, losses):
    decision = settle(outcome, cancelled=cancelled, failures=2, lease_losses=1)
    assert decision.trigger is trigger
    assert decision.due_time == due
    assert (decision.failures, decision.lease_losses) == (failures, losses)
    assert not decision.clamped


@pytest.mark.parametrize(
    ("outcome", "context"),
    [
        (Success(), BEFORE),
        (Failure(reason="BAD", message="never"), Context(reason="BAD", message="never", data=DATA)),
        (Retry(reason="BUSY", message="later", data=DATA), Context(reason="BUSY", message="later", data=DATA)),
        (Release(reason="WAIT", data=DATA), Context(reason="WAIT", data=DATA)),
        (Release(), Context()),
    ],
)
def test_what_the_next_attempt_is_told(settle, outcome, context):
    assert settle(outcome).context == context


def test_a_lost_lease_keeps_the_data_of_the_retry_before(settle):
    context = settle(LeaseRanOut()).context
    assert (context.reason, context.data) == ("LEASE_LOST", DATA)
    assert settle(LeaseRanOut(), context=None).context.data is None


@pytest.mark.parametrize(
    ("after", "due", "clamped"),
    [(900_000, 900_000, False), (900_001, 900_000, True), (366 * DAY, 900_000, True)],
)
def test_a_wait_beyond_the_policy_is_clamped_and_told(settle, after, due, clamped):
    decision = settle(Retry(after=after))
    assert (decision.due_time, decision.clamped) == (NOW + due, clamped)


@pytest.mark.parametrize(
    ("outcome", "fields", "ends"),
    [
        (Retry(), {"failures": 3}, False),
        (Retry(), {"failures": 4}, True),
        (Retry(), {"lease_losses": 99}, False),
        (LeaseRanOut(), {"lease_losses": 3}, False),
        (LeaseRanOut(), {"lease_losses": 4}, True),
        (LeaseRanOut(), {"failures": 99}, False),
        (Retry(), {"first_delivery_time": NOW - DAY + 1}, False),
        (Retry(), {"first_delivery_time": NOW - DAY}, True),
        (LeaseRanOut(), {"first_delivery_time": NOW - DAY}, True),
        (Release(), {"failures": 99, "lease_losses": 99, "first_delivery_time": NOW - 300 * DAY}, False),
    ],
)
def test_what_ends_the_retries(settle, outcome, fields, ends):
    decision = settle(outcome, **fields)
    assert (decision.trigger is Trigger.FAIL) is ends
    assert (decision.due_time is None) is ends


def test_the_dead_letter_of_an_ended_retry_has_its_reason(settle):
    decision = settle(Retry(reason="BUSY", message="still"), failures=4)
    assert decision.context == Context(reason="BUSY", message="still")
    assert decision.failures == 5


@pytest.mark.parametrize(
    ("number", "ceiling"), [(1, 1_000), (2, 2_000), (3, 4_000), (10, 512_000), (11, 900_000), (10_000, 900_000)]
)
def test_backoff_doubles_up_to_its_bound_and_is_random_over_all_of_it(number, ceiling):
    policy = RetryPolicy()
    assert policy.backoff(number, 0.0) == 0
    assert policy.backoff(number, 0.25) == ceiling // 4
    assert ceiling - 1 <= policy.backoff(number, 0.999_999) <= ceiling
