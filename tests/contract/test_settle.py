"""Contract of a store: settling."""

import pytest

from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import Failure, Release, Retry, SettleStatus
from queue_service.domain.records import Context, Payload
from queue_service.domain.states import EventState

DATA = Payload(b'{"page": 2}', is_json=True)


@pytest.mark.parametrize(
    ("outcome", "state", "counts"),
    [
        (None, EventState.SUCCEEDED, (1, 0, 0, 0)),
        (Failure(), EventState.FAILED, (0, 0, 1, 0)),
        (Retry(after=9), EventState.PENDING, (0, 1, 0, 0)),
        (Release(after=9), EventState.PENDING, (0, 1, 0, 0)),
    ],
)
async def test_outcomes(bench, outcome, state, counts):
    """Each outcome moves the state and the job's counts in the same step, durably."""
    pushed = await bench.push()
    settled = await bench.settle(await bench.lease(), outcome)
    assert (settled.status, settled.state) == (SettleStatus.OK, state)
    assert settled.due_time == (bench.clock.now() + 9 if state is EventState.PENDING else None)
    await bench.reopen()
    assert await bench.counts(pushed.job_id) == counts


async def test_finish_time(bench):
    """A job finishes with its last event, and not before."""
    pushed = await bench.push(count=2)
    for finished in (None, bench.clock.now() + 20):
        bench.clock.step(10)
        await bench.settle(await bench.lease())
        assert (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].job.finish_time == finished


@pytest.mark.parametrize("outcome", [Retry(after=5, data=DATA, reason="R"), Release(after=5, data=DATA, reason="R")])
async def test_next_attempt(bench, outcome):
    """A retried or released event comes again when it is due, with a higher attempt and what was left for it."""
    await bench.push()
    first = await bench.lease()
    await bench.settle(first, outcome)
    await bench.reopen()
    assert await bench.claim() == []
    bench.clock.step(5)
    (again,) = await bench.claim()
    assert again.key == LeaseKey(first.event, 2)
    assert again.event.context == Context(reason="R", data=DATA)
    assert again.event.failures == (1 if isinstance(outcome, Retry) else 0)


async def test_dead_letter(bench):
    """Retries end in a dead letter after five failures; it is counted and never delivered again."""
    pushed = await bench.push()
    for _ in range(4):
        settled = await bench.settle(await bench.lease(), Retry(after=0))
        assert settled.state is EventState.PENDING
    settled = await bench.settle(await bench.lease(), Retry(after=0))
    assert (settled.state, settled.due_time) == (EventState.FAILED, None)
    bench.clock.step(10**9)
    assert await bench.claim() == []
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_clamped(bench):
    """A retry may not be put off beyond the policy; the answer says so. A release may."""
    await bench.push(count=2)
    retried = await bench.settle(await bench.lease(), Retry(after=10**9))
    released = await bench.settle(await bench.lease(), Release(after=10**9))
    assert (retried.clamped, retried.due_time) == (True, bench.clock.now() + 900_000)
    assert (released.clamped, released.due_time) == (False, bench.clock.now() + 10**9)


async def test_jitter(bench):
    """Without a wish the wait is the policy's, with the chance of the process."""
    await bench.push()
    bench.chance = 0.25
    settled = await bench.settle(await bench.lease(), Retry())
    assert settled.due_time == bench.clock.now() + 250


async def test_stale_lease(bench):
    """Who lost the lease changes nothing: not the state, not the counts, not the next delivery."""
    pushed = await bench.push()
    first = await bench.lease()
    await bench.settle(first, Retry(after=0))
    second = await bench.lease()
    bench.remembered.clear()
    for outcome in (None, Failure(), Retry(), Release()):
        assert (await bench.settle(first, outcome)).status is SettleStatus.LEASE_LOST
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)
    assert (await bench.settle(second)).status is SettleStatus.OK


async def test_repeat(bench):
    """A repeated settle is answered as the first time while that is remembered."""
    await bench.push()
    lease = await bench.lease()
    first = await bench.settle(lease, Retry(after=3))
    assert await bench.settle(lease, Retry(after=3)) == first


async def test_another_outcome_than_before(bench):
    """A settle that says something else than the one before is no repeat: the lease is lost, or the event has ended."""
    await bench.push(count=2)
    retried, failed = await bench.lease(), await bench.lease()
    await bench.settle(retried, Retry(after=3))
    await bench.settle(failed, Failure())
    assert (await bench.settle(retried)).status is SettleStatus.LEASE_LOST
    assert (await bench.settle(failed)).status is SettleStatus.ALREADY_FINAL
    assert (await bench.settle(retried, Retry(after=3))).status is SettleStatus.OK


@pytest.mark.parametrize(("outcome", "state"), [(None, None), (Failure(), EventState.FAILED)])
async def test_repeat_that_is_forgotten(bench, outcome, state):
    """A settle of what has ended is ALREADY_FINAL later, also after a restart."""
    pushed = await bench.push()
    lease = await bench.lease()
    await bench.settle(lease, outcome)
    before = await bench.counts(pushed.job_id)
    await bench.reopen()
    settled = await bench.settle(lease)
    assert (settled.status, settled.state) == (SettleStatus.ALREADY_FINAL, state)
    assert await bench.counts(pushed.job_id) == before


@pytest.mark.parametrize("key", [LeaseKey(0, 0), LeaseKey(10**6, 1), LeaseKey(2**62, 1), LeaseKey(1, 99)])
async def test_made_up_lease(bench, key):
    """A lease that never was is lost."""
    await bench.push()
    assert (await bench.settle(key)).status is SettleStatus.LEASE_LOST


async def test_independence(bench):
    """A lost lease leaves the other settles of its request alone; answers come in request order."""
    pushed = await bench.push(count=2)
    first, second = [one.key for one in await bench.claim(count=2)]
    settled = await bench.write(bench.settling((first,), (LeaseKey(0, 0),), (second, Failure())))
    assert [one.status.name for one in settled] == ["OK", "LEASE_LOST", "OK"]
    assert await bench.counts(pushed.job_id) == (1, 0, 1, 0)
