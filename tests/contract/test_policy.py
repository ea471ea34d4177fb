"""Retry policies of queues and events, and the hard end of a delivery."""

from dataclasses import replace

import pytest

from queue_service.broker.extend import Extend, Extension
from queue_service.broker.settle import ExpireLeases
from queue_service.domain.limits import Limits
from queue_service.domain.outcomes import Retry
from queue_service.domain.records import NewEvent, Payload
from queue_service.domain.retry import Jitter, PolicyChange, RetryPolicy
from queue_service.domain.states import EventState


@pytest.fixture
def push(bench):
    """Push one event with a policy of its own."""

    async def push(**policy):
        event = NewEvent(payload=Payload(b"", is_json=False), policy=PolicyChange(**policy) if policy else None)
        return await bench.push(events=(event,), fingerprint=b"")

    return push


async def lose(bench):
    await bench.expire(await bench.lease())
    bench.clock.step(900_000)


async def retry(bench, after=0):
    return (await bench.settle(await bench.lease(), Retry(after=after))).state


async def test_two_counters(bench, push):
    """Failures and lost leases are counted apart, also over a restart: each ends the retries by its own bound only."""
    pushed = await push(max_attempts=3, max_lease_losses=3)
    for _ in range(2):
        assert await retry(bench) is EventState.PENDING
        await lose(bench)
        await bench.reopen()
    (delivered,) = await bench.claim()
    assert (delivered.event.failures, delivered.event.lease_losses, delivered.key.attempt) == (2, 2, 5)
    await bench.expire(delivered.key)
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)
    (stored,) = await bench.stored()
    assert (stored.event.failures, stored.event.lease_losses) == (2, 3)


@pytest.mark.parametrize("ends", ["failures", "losses"])
async def test_each_bound_ends_the_retries(bench, push, ends):
    """The last failure, or the last lost lease, makes a dead letter, whatever the other counter says."""
    await push(max_attempts=2, max_lease_losses=2)
    await retry(bench)
    await lose(bench)
    if ends == "failures":
        assert await retry(bench) is EventState.FAILED
    else:
        await lose(bench)
    (stored,) = await bench.stored()
    assert stored.event.state is EventState.FAILED
    assert stored.event.context.reason == ("" if ends == "failures" else "LEASE_LOST")


async def test_field_by_field(bench, push):
    """An event's policy goes before its queue's, and the queue's before the broker's, field by field."""
    bench.terms = replace(bench.terms, policy=RetryPolicy(jitter=Jitter.NONE, initial_backoff=7, max_attempts=9))
    await bench.update_queue(policy={"initial_backoff": 40, "max_attempts": 2})
    await push(max_attempts=3)
    first = await bench.settle(await bench.lease(), Retry())
    assert first.due_time == bench.clock.now() + 40  # the queue's backoff, the broker's jitter
    bench.clock.step(40)
    assert await retry(bench) is EventState.PENDING  # the event's attempts
    assert await retry(bench) is EventState.FAILED
    await push()
    await retry(bench)
    assert await retry(bench) is EventState.FAILED  # the queue's attempts


async def test_a_new_policy_holds_for_what_is_there(bench, push):
    """What an operator sets for a queue holds for events that were pushed before."""
    await push()
    await retry(bench)
    await bench.update_queue(policy={"max_attempts": 2})
    await bench.reopen()
    assert await retry(bench) is EventState.FAILED


async def test_bounds_of_an_event(bench, push):
    """An event's own bound lowers the wait that a worker asks for; its own age ends its retries."""
    await push(max_backoff=50, max_age=1_000)
    settled = await bench.settle(await bench.lease(), Retry(after=51))
    assert (settled.due_time, settled.clamped) == (bench.clock.now() + 50, True)
    bench.clock.step(999)
    assert await retry(bench) is EventState.PENDING
    bench.clock.step(1)
    assert await retry(bench) is EventState.FAILED


async def test_run_time(bench):
    """A delivery ends when its queue's max_run_time is over, however often it is extended; the next has a new one."""
    await bench.update_queue(max_run_time=90_000)
    await bench.push()
    (delivered,) = await bench.claim(lease=60_000)
    end = bench.clock.now() + 90_000
    assert (delivered.run_end_time, delivered.lease_expire_time) == (end, end - 30_000)
    for passed in (20_000, 40_000, 60_000, 80_000, 100_000):
        bench.clock.step(20_000)
        extended = await bench.extend(delivered.key, 60_000)
        assert extended.expire_time == min(end, end - 90_000 + passed + 60_000)
    await bench.reopen()
    (stored,) = await bench.store.leased_events()
    assert stored.expire_time == end
    extend = Extend([Extension(key=delivered.key, duration=60_000)], terms=bench.terms)
    await bench.together(extend, ExpireLeases([delivered.key], is_over=lambda _key: True, terms=bench.terms))
    assert await bench.store.leased_events() == []
    bench.clock.step(900_000)
    (again,) = await bench.claim(lease=60_000)
    assert (again.key.attempt, again.run_end_time) == (2, bench.clock.now() + 90_000)


async def test_a_lease_is_never_longer_than_the_run_time(bench):
    """The first lease of a delivery ends with its run time at the latest."""
    await bench.update_queue(max_run_time=10_000)
    await bench.push()
    (delivered,) = await bench.claim(lease=60_000)
    assert (delivered.lease_duration, delivered.lease_expire_time) == (10_000, bench.clock.now() + 10_000)


async def test_whose_run_time(bench):
    """The broker's max_run_time holds where a queue says nothing."""
    bench.terms = replace(bench.terms, limits=Limits(max_run_time=5_000))
    await bench.update_queue("own", max_run_time=70_000)
    await bench.push("own")
    await bench.push()
    (own,), (other,) = await bench.claim("own"), await bench.claim()
    assert (own.lease_duration, other.lease_duration) == (60_000, 5_000)
    assert (await bench.extend(own.key, 80_000)).expire_time == bench.clock.now() + 70_000


async def test_without_a_run_time(bench):
    """Without one a delivery may be extended for ever."""
    await bench.push()
    (delivered,) = await bench.claim()
    assert delivered.run_end_time is None
    for _ in range(50):
        bench.clock.step(43_200_000)
        assert (await bench.extend(delivered.key, 43_200_000)).expire_time == bench.clock.now() + 43_200_000
