"""Purging a queue: one mark cancels what is in it; rows and counts follow in steps."""

import pytest

from queue_service.broker.purge import PurgeQueue, SweepPurged
from queue_service.broker.stored_events import EventFilter
from queue_service.domain.errors import QueueNotFound
from queue_service.domain.outcomes import Failure, Release, Retry
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.states import GroupResult
from queue_service.maintenance.purges import PurgeSweeps


@pytest.fixture
async def sweeps(bench):
    """The chore, over the store as it is open now."""

    async def begin():
        chore = PurgeSweeps(bench.store)
        await chore.start()
        bench.store.on_commit(chore.committed)
        return chore

    return begin


async def finish(bench, chore, queue="q"):
    """Step until nothing is left to do; counts are those of the rows all the while."""
    while await chore.step(bench.clock.now()) is not None:
        await bench.queue(queue)


def purge(bench, queue="q"):
    return bench.operators.purge_queue(queue)


async def test_in_steps(bench, sweeps):
    """All that waits is cancelled in bounded steps, whatever its due time, priority or line; counts stay right."""
    chore = await sweeps()
    jobs = [await bench.push(count=900), await bench.push(count=300, delay=10**6)]
    keyed = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("k", 1))
    jobs.append(await bench.push(events=(keyed,) * 700))
    jobs.append(
        await bench.push(events=tuple(NewEvent(payload=Payload(b"", is_json=False), priority=n) for n in range(10)))
    )
    await bench.push("other", count=3)
    queue = (await purge(bench)).queue
    assert (queue.pending, queue.purge_before is not None, queue.purge_left) == (1_910, True, 1_910)
    for left in (1_710, 1_510, 1_310):
        await chore.step(bench.clock.now())
        queue = await bench.queue()
        assert (queue.pending, queue.purge_left, queue.cancelled) == (left, left, 1_910 - left)
    await finish(bench, chore)
    queue = await bench.queue()
    assert (queue.pending, queue.cancelled, queue.purge_before, queue.lanes) == (0, 1_910, None, 0)
    assert [await bench.counts(job.job_id) for job in jobs] == [(0, 0, 0, n) for n in (900, 300, 700, 10)]
    assert len(await bench.claim("other", count=9)) == 3


async def test_claims_skip_it_at_once(bench):
    """From the mark on nothing below it is delivered: a claim cancels what it meets."""
    pushed = await bench.push(count=5)
    await purge(bench)
    assert await bench.claim(count=2) == []
    assert await bench.counts(pushed.job_id) == (0, 3, 0, 2)
    assert await bench.claim(count=9) == []
    assert (await bench.queue()).purge_before is None


async def test_what_comes_later(bench, sweeps):
    """Pushes after the mark are no part of it, wherever they stand in the ready order."""
    chore = await sweeps()
    await bench.push(count=1_200, delay=5)
    await purge(bench)
    later = [
        await bench.push(count=600, data=b"now"),
        await bench.push(events=(NewEvent(payload=Payload(b"high", is_json=False), priority=9),)),
    ]
    await finish(bench, chore)
    queue = await bench.queue()
    assert (queue.pending, queue.cancelled, queue.purge_before) == (601, 1_200, None)
    assert [await bench.counts(job.job_id) for job in later] == [(0, 600, 0, 0), (0, 1, 0, 0)]
    assert [one.payload.data for one in await bench.claim(count=2)] == [b"high", b"now"]


async def test_reopened_in_the_middle(bench, sweeps):
    """A purge goes on after a restart where it was, and still spares what came after it."""
    chore = await sweeps()
    pushed = await bench.push(count=1_000)
    await bench.push("quiet")
    await purge(bench)
    await chore.step(bench.clock.now())
    later = await bench.push(count=10)
    await bench.reopen()
    assert await bench.counts(pushed.job_id) == (0, 800, 0, 200)
    assert (await bench.queue()).purge_before is not None
    assert await bench.claim(count=5) == []
    chore = await sweeps()
    await finish(bench, chore)
    assert await bench.counts(pushed.job_id) == (0, 0, 0, 1_000)
    assert await bench.counts(later.job_id) == (0, 10, 0, 0)
    await bench.reopen()
    assert (await bench.queue()).purge_before is None
    assert await (await sweeps()).step(bench.clock.now()) is None


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (None, (1, 0, 0, 0)),
        (Failure(), (0, 0, 1, 0)),
        (Retry(), (0, 0, 0, 1)),
        (Release(), (0, 0, 0, 1)),
        ("lost", (0, 0, 0, 1)),
    ],
)
async def test_leased(bench, sweeps, outcome, counts):
    """A leased event may still succeed or fail; all else cancels it. The purge lasts until then, over a restart too."""
    chore = await sweeps()
    pushed = await bench.push()
    lease = await bench.lease()
    told = []
    bench.store.on_commit(lambda work: told.append(dict(work.notices.purged)))
    await purge(bench)
    queue = await bench.queue()
    assert told == [{queue.id: queue.purge_before}]
    assert lease.event < queue.purge_before
    assert (await bench.extend(lease)).cancel_requested
    await finish(bench, chore)
    await bench.reopen()
    assert (await bench.queue()).purge_left == 1
    await (bench.expire(lease) if outcome == "lost" else bench.settle(lease, outcome))
    assert await bench.counts(pushed.job_id) == counts
    queue = await bench.queue()
    assert (queue.purge_before, queue.purge_left, queue.pending) == (None, 0, 0)


async def test_a_claim_of_the_same_turn(bench):
    """A claim that waits together with the purge hands nothing of the queue out."""
    await bench.push(count=2)
    claimed, _ = await bench.together(bench.claiming(count=2), PurgeQueue("q"))
    assert claimed[0].deliveries == [[]]
    queue = await bench.queue()
    assert (queue.cancelled, queue.purge_before) == (2, None)


async def test_again(bench, sweeps):
    """Another purge takes in what came since; one of an empty queue does nothing."""
    chore = await sweeps()
    await bench.push(count=1_100)
    await purge(bench)
    for _ in range(2):
        await chore.step(bench.clock.now())
    await bench.push(count=400)
    await purge(bench)
    await finish(bench, chore)
    queue = await bench.queue()
    assert (queue.pending, queue.cancelled, queue.purge_before) == (0, 1_500, None)
    assert (await purge(bench)).queue.purge_before is None
    assert await chore.step(bench.clock.now()) is None


async def test_two_queues(bench, sweeps):
    """Purges of several queues take turns: a small one does not wait for a large one."""
    chore = await sweeps()
    await bench.push("large", count=1_000)
    await bench.push("large", count=1_000, data=b"2")
    await bench.push("small", count=10)
    for queue in ("large", "small"):
        await purge(bench, queue)
    for _ in range(2):
        await chore.step(bench.clock.now())
    assert (await bench.queue("small")).pending == 0
    assert (await bench.queue("large")).pending == 1_800
    await finish(bench, chore, "large")
    assert (await bench.queue("large")).pending == 0


async def test_a_fault(bench, sweeps, monkeypatch):
    """A step that fails is taken again."""
    chore = await sweeps()
    await bench.push(count=10)
    await purge(bench)
    write = bench.store.write

    async def fails(unit):
        raise ZeroDivisionError

    monkeypatch.setattr(bench.store, "write", fails)
    with pytest.raises(ZeroDivisionError):
        await chore.step(bench.clock.now())
    monkeypatch.setattr(bench.store, "write", write)
    await finish(bench, chore)
    assert (await bench.queue()).pending == 0


async def test_what_moves_while_it_is_swept(bench, sweeps):
    """An event that is called up to a place that the sweep has passed is met the next time round."""
    chore = await sweeps()
    keyed = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("k", 1))
    await bench.push("other", events=(keyed,))
    holder = await bench.lease("other")
    await bench.push(count=600)
    waiting = await bench.push(events=(keyed,) * 10)
    await purge(bench)
    await chore.step(bench.clock.now())
    await bench.settle(holder)  # the first of the line becomes ready, before the place where the sweep is
    await finish(bench, chore)
    assert await bench.counts(waiting.job_id) == (0, 0, 0, 10)
    assert (await bench.queue()).purge_before is None
    await bench.push("other", events=(keyed,), data=b"2")
    assert len(await bench.claim("other", count=9)) == 1


async def test_what_ended_otherwise(bench, sweeps):
    """What a cancel of its job ends counts for the purge too."""
    await sweeps()
    pushed = await bench.push(count=10)
    await purge(bench)
    await bench.cancel_job(pushed.job_id)
    queue = await bench.queue()
    assert (queue.cancelled, queue.purge_before, queue.purge_left) == (10, None, 0)


async def test_only_what_is_marked(bench):
    """A step cancels nothing that no purge has marked, whatever it is told."""
    pushed = await bench.push(count=2)
    first = (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].job.id
    await bench.write(SweepPurged([first, first + 1, first + 2]))
    assert await bench.counts(pushed.job_id) == (0, 2, 0, 0)


async def test_groups(bench, sweeps):
    """A group whose events are purged completes as it does when they are cancelled."""
    chore = await sweeps()
    group = await bench.group(then="after")
    await bench.push(group_id=group, count=3, seal_group=True)
    await purge(bench)
    await finish(bench, chore)
    assert (await bench.store.get_group(group)).result is GroupResult.HAS_FAILURES
    assert len(await bench.claim("after", count=9)) == 1


async def test_unknown(bench):
    """A queue that is not there is neither purged nor made."""
    with pytest.raises(QueueNotFound):
        await purge(bench)
    assert await bench.store.queues() == []


async def test_dead_letters(bench):
    """A purge leaves dead letters alone; one that is redriven after its end is delivered, and purged by the next."""
    await bench.push(count=2)
    first, second = [one.key for one in await bench.claim(count=2)]
    await bench.settle(first, Failure())
    await purge(bench)
    await bench.settle(second)
    assert (await bench.queue()).failed == 1
    await bench.events.redrive(EventFilter(queue="q"), per_second=None)
    lease = await bench.lease()
    assert lease.event == first.event
    await purge(bench)
    await bench.settle(lease, Retry())
    queue = await bench.queue()
    assert (queue.redriven, queue.cancelled, queue.purge_before) == (1, 1, None)
