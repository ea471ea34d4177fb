"""Settings reach what they are for: each broker here was started with others than the defaults."""

from dataclasses import replace

import pytest

from longshore.v1.event_pb2 import EVENT_STATE_FAILED
from queue_service.domain.limits import Limits
from queue_service.domain.retry import Jitter, RetryPolicy


@pytest.fixture
def clock(stepped_clock):
    return stepped_clock


@pytest.fixture
def limits():
    return Limits(
        payload_bytes=10, push_events=2, lease_default=5_000, max_pending=3, max_chain_depth=1, create_queues=True
    )


@pytest.fixture
def settings(settings):
    policy = RetryPolicy(max_attempts=2, initial_backoff=7_000, jitter=Jitter.NONE)
    return replace(settings, retry=policy)


async def test_bounds_of_requests(push, refused):
    refusal = await refused(push(texts=["1", "12345678901", "3"]))
    assert refusal.fields == ["events", "events[1].payload.json"]
    assert "1 to 2, is 3" in refusal.text


async def test_the_default_lease(push, lease, clock):
    await push()
    (delivery,) = await lease()
    assert delivery.lease_expire_time.ToMilliseconds() == clock.now() + 5_000


async def test_the_default_retry_policy(push, lease, ack, clock):
    await push()
    (delivery,) = await lease()
    result = await ack(delivery, retry={})
    assert result.next_due_time.ToMilliseconds() == clock.now() + 7_000
    clock.step(7_000)
    (delivery,) = await lease(wait={"seconds": 5})
    assert (await ack(delivery, retry={})).event_state == EVENT_STATE_FAILED


async def test_the_bound_of_a_queue(push, refused):
    await push(texts=["1", "2"])
    assert (await refused(push(texts=["3", "4"]))).reason == "QUEUE_FULL"


async def test_the_bound_of_a_chain(push, lease, refused):
    await push()
    (first,) = await lease()
    await push(parent_lease_id=first.lease_id)
    (second,) = await lease()
    assert (await refused(push(parent_lease_id=second.lease_id))).reason == "CHAIN_LIMIT"
