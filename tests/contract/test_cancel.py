"""Contract of a store: cancelling."""

import uuid

import pytest

from queue_service.domain.errors import GroupNotFound, JobNotFound
from queue_service.domain.outcomes import Failure, Release, Retry
from queue_service.domain.states import GroupResult, GroupState


async def test_pending(bench):
    """Cancelling a job cancels what has not begun, delayed events and retries included."""
    pushed = await bench.push(count=3, delay=0)
    await bench.settle(await bench.lease(), Retry(after=9))
    later = await bench.push(delay=10**6)
    for job_id in (pushed.job_id, later.job_id):
        await bench.cancel_job(job_id)
    assert await bench.counts(pushed.job_id) == (0, 0, 0, 3)
    assert await bench.counts(later.job_id) == (0, 0, 0, 1)
    bench.clock.step(10**6)
    assert await bench.claim(count=9) == []


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (None, (1, 0, 0, 0)),
        (Failure(), (0, 0, 1, 0)),
        (Retry(), (0, 0, 0, 1)),
        (Release(), (0, 0, 0, 1)),
        ("expire", (0, 0, 0, 1)),
    ],
)
async def test_leased(bench, outcome, counts):
    """A leased event of a cancelled job counts as success or failure when the worker says so; else as cancelled."""
    pushed = await bench.push()
    lease = await bench.lease()
    await bench.cancel_job(pushed.job_id)
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)
    await (bench.expire(lease) if outcome == "expire" else bench.settle(lease, outcome))
    assert await bench.counts(pushed.job_id) == counts


async def test_repeat(bench):
    """Repeating a cancel changes nothing, not even its time."""
    pushed = await bench.push()
    await bench.lease()
    first = (await bench.cancel_job(pushed.job_id)).cancel_time
    bench.clock.step(5)
    assert (await bench.cancel_job(pushed.job_id)).cancel_time == first


async def test_ended(bench):
    """Cancelling what has ended changes nothing."""
    pushed = await bench.push()
    await bench.settle(await bench.lease())
    assert (await bench.cancel_job(pushed.job_id)).cancel_time is None
    assert await bench.counts(pushed.job_id) == (1, 0, 0, 0)


async def test_unknown(bench):
    """Cancelling what is not there is refused."""
    with pytest.raises(JobNotFound):
        await bench.cancel_job(uuid.uuid4().bytes)
    with pytest.raises(GroupNotFound):
        await bench.cancel_group(uuid.uuid4().bytes)


async def test_steps(bench):
    """A large cancel goes on in bounded steps, after a restart too, until nothing is pending."""
    pushed = await bench.push(count=1_000)
    group = await bench.group()
    grouped = [await bench.push(count=400, group_id=group) for _ in range(2)]
    await bench.cancel_job(pushed.job_id)
    await bench.cancel_group(group)
    assert await bench.counts(pushed.job_id) == (0, 500, 0, 500)
    await bench.reopen()
    assert await bench.store.unfinished_cancels() == ([pushed.job_id], [group])
    while (await bench.sweep(job_id=pushed.job_id)).more:
        pass
    while (await bench.sweep(group_id=group)).more:
        pass
    assert await bench.counts(pushed.job_id) == (0, 0, 0, 1_000)
    assert [await bench.counts(job.job_id) for job in grouped] == [(0, 0, 0, 400)] * 2
    assert await bench.store.unfinished_cancels() == ([], [])


async def test_claims_skip_what_is_marked(bench):
    """What the steps of a cancel have not reached is not delivered either."""
    pushed = await bench.push(count=600)
    await bench.cancel_job(pushed.job_id)
    assert await bench.claim(count=50) == []
    assert await bench.counts(pushed.job_id) == (0, 50, 0, 550)


async def test_group(bench):
    """Cancelling a group seals it and cancels its jobs; it completes as CANCELLED when the last lease is settled."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, count=2)
    lease = await bench.lease()
    cancelled = await bench.cancel_group(group)
    assert (cancelled.state, cancelled.cancelled) == (GroupState.SEALED, 1)
    assert await bench.claim("after") == []
    await bench.settle(lease)
    stored = await bench.store.get_group(group)
    assert (stored.state, stored.result) == (GroupState.COMPLETE, GroupResult.CANCELLED)
    (told,) = await bench.claim("after", count=9)
    assert told.attributes["longshore.group_result"] == "CANCELLED"


async def test_group_repeat(bench):
    """Cancelling a complete group changes nothing."""
    group = await bench.group(then="after")
    await bench.seal(group)
    assert (await bench.cancel_group(group)).cancel_time is None
    assert (await bench.store.get_group(group)).result is GroupResult.SUCCEEDED
    assert len(await bench.claim("after", count=9)) == 1


async def test_child_of_a_cancelled_job(bench):
    """A cancel is of its job: the handler of a cancelled delivery may still push."""
    pushed = await bench.push()
    lease = await bench.lease()
    await bench.cancel_job(pushed.job_id)
    child = await bench.push(parent=lease)
    assert await bench.counts(child.job_id) == (0, 1, 0, 0)
