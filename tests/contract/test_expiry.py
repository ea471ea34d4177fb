"""Events that are not delivered in time: dead letters with the reason EXPIRED."""

import asyncio

import pytest

from queue_service.broker.pending import ExpireEvents
from queue_service.domain.limits import EXPIRY_DELAY, SWEEP_EVENTS
from queue_service.domain.outcomes import Failure, LeaseRanOut, Release, Retry
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.states import EventState, GroupState
from queue_service.maintenance.expiry import Expiry
from queue_service.maintenance.maintenance import Maintenance


@pytest.fixture
def expiring(bench):
    """Push events that expire after so many milliseconds."""

    async def expiring(after, count=1, queue="q", group_id=None, **values):
        event = NewEvent(payload=Payload(b"%d" % after, is_json=False), expire_after=after, **values)
        return await bench.push(queue, events=(event,) * count, group_id=group_id, fingerprint=b"")

    return expiring


@pytest.fixture
def expiry(bench):
    """The chore; what was committed since the last look at its due time is told to it."""
    made = Expiry(bench.store)
    made.due = []

    def note(work):
        due = made.committed(work)
        if due is not None:
            made.due.append(due)

    bench.store.on_commit(note)
    return made


async def sweep(bench, expiry):
    """Take steps until nothing is due. Answers when the next is."""
    while (due := await expiry.step(bench.clock.now())) == bench.clock.now():
        pass
    return due


async def test_expire(bench, expiring, expiry):
    """An event that nobody took in time becomes a dead letter; those with time left stay."""
    gone, left = await expiring(1_000), await expiring(1_001)
    forever = await bench.push()
    bench.clock.step(1_000)
    due = await sweep(bench, expiry)
    assert due == bench.clock.now() + 1 + EXPIRY_DELAY
    assert [await bench.counts(job.job_id) for job in (gone, left, forever)] == [
        (0, 0, 1, 0),
        (0, 1, 0, 0),
        (0, 1, 0, 0),
    ]
    (queue,) = await bench.store.queues()
    assert (queue.pending, queue.failed, queue.dead) == (2, 1, 1)
    bench.clock.step(1)
    assert await sweep(bench, expiry) is None


async def test_next_due(bench, expiring, expiry):
    """A push and a retry of something that expires say when that is; nothing else does."""
    await bench.push()
    await expiring(5_000)
    assert expiry.due == [bench.clock.now() + 5_000 + EXPIRY_DELAY]
    _, delivered = await bench.claim(count=2)
    end = bench.clock.now() + 5_000
    bench.clock.step(10)
    await bench.settle(delivered.key, Retry(after=7))
    assert expiry.due[1:] == [end + EXPIRY_DELAY]


async def test_in_steps(bench, expiring, expiry):
    """Many that expire at once do so in bounded steps."""
    pushed = [await expiring(10, count=SWEEP_EVENTS) for _ in range(2)]
    await expiring(10)
    bench.clock.step(10)
    assert await expiry.step(bench.clock.now()) == bench.clock.now()
    counted = [await bench.counts(job.job_id) for job in pushed]
    assert sorted(counted) == [(0, 0, SWEEP_EVENTS, 0), (0, SWEEP_EVENTS, 0, 0)]
    assert await sweep(bench, expiry) is None


async def test_claim(bench, expiring):
    """A claim never hands out what has expired, also where no sweep was before."""
    pushed = await expiring(10)
    bench.clock.step(10)
    assert await bench.claim() == []
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_leased(bench, expiring, expiry):
    """A leased event is left alone: its success counts, whenever it comes."""
    pushed = await expiring(10)
    lease = await bench.lease()
    bench.clock.step(50_000)
    assert await sweep(bench, expiry) is None
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)
    await bench.settle(lease)
    assert await bench.counts(pushed.job_id) == (1, 0, 0, 0)


@pytest.mark.parametrize("outcome", [Retry(after=5), Release(after=5), LeaseRanOut()])
async def test_comes_back_too_late(bench, expiring, outcome):
    """What comes back after its time is a dead letter with the reason EXPIRED at once."""
    pushed = await expiring(10)
    lease = await bench.lease()
    bench.clock.step(10)
    settled = await bench.settle(lease, outcome)
    assert settled.state is EventState.FAILED
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_a_failure_keeps_its_reason(bench, expiring):
    """A failure after its time is a failure, with the worker's reason."""
    await expiring(10)
    lease = await bench.lease()
    bench.clock.step(10)
    assert (await bench.settle(lease, Failure(reason="BAD"))).state is EventState.FAILED


async def test_in_a_line(bench, expiring, expiry):
    """Events that wait for their key expire too, and leave their line to those behind."""
    key = Concurrency("k", 1)
    await expiring(60_000, concurrency=key)
    lease = await bench.lease()
    waiting = await expiring(10, count=SWEEP_EVENTS, concurrency=key)
    last = await expiring(60_000, concurrency=key)
    assert await bench.claim(count=9) == []
    bench.clock.step(10)
    await sweep(bench, expiry)
    assert await bench.counts(waiting.job_id) == (0, 0, SWEEP_EVENTS, 0)
    await bench.settle(lease)
    (delivered,) = await bench.claim(count=9)
    assert delivered.job.job_id == last.job_id


async def test_delayed(bench, expiring, expiry):
    """Events expire before they are due, too: expire_after counts from the push."""
    pushed = await expiring(10, delay=20)
    bench.clock.step(10)
    await sweep(bench, expiry)
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_group(bench, expiring, expiry):
    """The expiry of a group's last event completes the group."""
    group = await bench.group(then="after")
    await expiring(10, group_id=group)
    await bench.seal(group)
    bench.clock.step(10)
    await sweep(bench, expiry)
    stored = await bench.store.get_group(group)
    assert (stored.state, stored.failed, stored.result.name) == (GroupState.COMPLETE, 1, "HAS_FAILURES")
    assert len(await bench.claim("after")) == 1


async def test_cancelled(bench, expiring, expiry):
    """A cancelled event is counted as cancelled, also when it expires before the sweep of the cancel comes by."""
    pushed = await expiring(10, count=SWEEP_EVENTS + 3)
    await bench.cancel_job(pushed.job_id)
    bench.clock.step(10)
    await sweep(bench, expiry)
    assert await bench.counts(pushed.job_id) == (0, 0, 0, SWEEP_EVENTS + 3)


async def test_leased_or_gone_meanwhile(bench, expiring):
    """What is no longer pending when its step comes is left as it is."""
    pushed = await expiring(10, count=3)
    first, second = [one.key for one in await bench.claim(count=2)]
    await bench.settle(first)
    bench.clock.step(10)
    await bench.write(ExpireEvents([first.event, second.event, second.event + 1]))
    assert await bench.counts(pushed.job_id) == (1, 1, 1, 0)


async def test_restart(bench, expiring):
    """After a restart what expires is found again, and expires by itself."""
    pushed = await expiring(10)
    bench.clock.step(9)
    await bench.reopen()
    maintenance = Maintenance([Expiry(bench.store)], bench.store, bench.clock)
    bench.clock.step(1)
    failed = asyncio.Event()
    bench.store.on_commit(lambda _: failed.set())
    await maintenance.start()
    await asyncio.wait_for(failed.wait(), 20)
    await maintenance.stop()
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)
