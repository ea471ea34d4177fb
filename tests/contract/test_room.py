"""Room for pushes: bounds of queues and of concurrency keys, and queues that only operators create."""

from dataclasses import replace

import pytest

from queue_service.broker.stored_events import EventFilter
from queue_service.domain.errors import QueueFull, QueueNotFound
from queue_service.domain.limits import Limits
from queue_service.domain.outcomes import Failure, Release, Retry
from queue_service.domain.records import Concurrency, NewEvent, Payload


@pytest.fixture
def limit(bench):
    """Set limits of the broker."""

    def limit(**values):
        bench.terms = replace(bench.terms, limits=Limits(**values))

    return limit


def keyed(key="k", slots=1, delay=0):
    return NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency(key, slots), delay=delay)


async def test_a_full_queue(bench, limit):
    """A push that would bring a queue above its bound is refused whole, with the bound; up to it, it is taken."""
    limit(max_pending=5)
    await bench.push(count=3)
    with pytest.raises(QueueFull, match="queue q may have 5 events, and has no room for these") as raised:
        await bench.push(count=3)
    assert (raised.value.subject, raised.value.limit) == ("queue q", 5)
    await bench.push(count=2, delay=60_000)
    with pytest.raises(QueueFull):
        await bench.push()
    await bench.push("other", count=5)
    assert (await bench.queue()).pending == 5


async def test_room_again(bench, limit):
    """What is leased or has ended takes no room; what comes back may fill the queue above its bound."""
    limit(max_pending=2)
    await bench.push(count=2)
    leases = [one.key for one in await bench.claim(count=2)]
    await bench.push(count=2)
    await bench.settle(leases[0], Retry(after=0))
    await bench.settle(leases[1], Release())
    assert (await bench.queue()).pending == 4
    with pytest.raises(QueueFull):
        await bench.push()
    for delivered in await bench.claim(count=3):
        await bench.settle(delivered.key)
    await bench.push()


async def test_whose_bound(bench, limit):
    """A queue's own bound goes before the broker's, above it and below."""
    limit(max_pending=2)
    await bench.update_queue("large", max_pending=4)
    await bench.update_queue("small", max_pending=1)
    await bench.push("large", count=4)
    for queue, count in (("large", 1), ("small", 2), ("q", 3)):
        with pytest.raises(QueueFull):
            await bench.push(queue, count=count)
    await bench.reopen()
    with pytest.raises(QueueFull):
        await bench.push("large")


async def test_one_request(bench, limit):
    """Pushes of one request take room one after the other; a refused one takes none."""
    limit(max_pending=4)
    jobs = [bench.job(count=count, data=b"%d" % number) for number, count in enumerate((3, 2, 1, 1))]
    answers = await bench.write(bench.pushing(*jobs))
    assert [isinstance(answer, QueueFull) for answer in answers] == [False, True, False, True]
    assert (await bench.queue()).pending == 4


async def test_a_commit(bench, limit):
    """The pushes of a commit need room together, before any of them is made."""
    limit(max_pending=3)
    await bench.push()
    lease = await bench.lease()
    pushes = [bench.job(count=2, data=b"%d" % number) for number in range(2)]
    with pytest.raises(QueueFull):
        await bench.commit(settle=[lease], push=pushes, write=[("k", b"v")])
    assert (await bench.queue()).leased == 1
    await bench.commit(settle=[lease], push=[*pushes[:1], bench.job("other", count=2)])


async def test_repeats_need_no_room(bench, limit):
    """A repeated push is answered as the first time, however full the queue is."""
    limit(max_pending=1)
    for repeat in (False, True):
        assert (await bench.push(job_id=b"0123456789abcdef")).deduplicated is repeat


async def test_a_redrive_needs_no_room(bench, limit):
    """What an operator redrives is taken, however full the queue is."""
    await bench.push()
    await bench.settle(await bench.lease(), Failure())
    limit(max_pending=1)
    await bench.push()
    assert (await bench.events.redrive(EventFilter(queue="q"), per_second=None)).redriven == 1
    assert (await bench.queue()).pending == 2


async def test_a_full_line(bench, limit):
    """A push that would let more events of a key wait than may is refused; other keys, and none, are not concerned."""
    limit(max_waiting=3)
    await bench.push(events=(keyed(),) * 2, fingerprint=b"")
    with pytest.raises(QueueFull, match="line of the concurrency key k may have 3 events") as raised:
        await bench.push("other", events=(keyed(),) * 2, fingerprint=b"")
    assert raised.value.limit == 3
    await bench.push(events=(keyed(delay=60_000),), fingerprint=b"")
    for events in ((keyed(),), (keyed("free"), keyed()), (keyed("free"),) * 4):
        with pytest.raises(QueueFull):
            await bench.push(events=events, fingerprint=b"")
    await bench.push(events=(keyed("free"),) * 3, fingerprint=b"")
    await bench.push(count=9)


async def test_room_in_a_line(bench, limit):
    """What is leased waits no more, so its place is free."""
    limit(max_waiting=2)
    await bench.push(events=(keyed(slots=2),) * 2, fingerprint=b"")
    await bench.claim(count=9)
    await bench.reopen()
    await bench.push(events=(keyed(slots=2),) * 2, fingerprint=b"")
    with pytest.raises(QueueFull):
        await bench.push(events=(keyed(slots=2),), fingerprint=b"")


async def test_lines_of_one_request(bench, limit):
    """Pushes of one request take places in a line one after the other, those of a commit together."""
    limit(max_waiting=3)
    jobs = [bench.job(events=(keyed(),) * 2, fingerprint=b"%d" % number) for number in range(2)]
    answers = await bench.write(bench.pushing(*jobs))
    assert [isinstance(answer, QueueFull) for answer in answers] == [False, True]
    singles = [bench.job(events=(keyed(),), fingerprint=b"single %d" % number) for number in range(2)]
    with pytest.raises(QueueFull):
        await bench.commit(push=singles)
    await bench.commit(push=singles[:1])


async def test_queues_that_operators_create(bench, limit):
    """Where pushes create no queues, one to an unknown queue is refused; one that was created takes it."""
    limit(create_queues=False)
    for _ in range(2):
        with pytest.raises(QueueNotFound):
            await bench.push("new")
    with pytest.raises(QueueNotFound):
        await bench.group(then="new")
    with pytest.raises(QueueNotFound):
        await bench.commit(push=[bench.job("new")], write=[("k", b"v")])
    await bench.update_queue("new")
    await bench.push("new")
    await bench.group(then="new")


async def test_completion_jobs_need_no_room(bench, limit):
    """A completion job is pushed, however full its queue is."""
    limit(max_pending=1)
    group = await bench.group(then="after")
    await bench.push("after")
    await bench.seal(group)
    assert len(await bench.claim("after", count=9)) == 2
