"""Contract of a store: claiming."""

import pytest

from queue_service.broker.cancel import CancelJob
from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.domain.outcomes import Release, Retry
from queue_service.domain.records import NewEvent, Payload
from queue_service.domain.states import EventState


def events(*delays, data=b"x"):
    return tuple(NewEvent(payload=Payload(data, is_json=False), delay=delay) for delay in delays)


async def test_order(bench):
    """Ready events come in order of their due time, then in push order."""
    await bench.push(events=events(5, 3, 3, 0))
    bench.clock.step(5)
    assert [one.event.id - one.job.id for one in await bench.claim(count=10)] == [3, 1, 2, 0]


async def test_not_before(bench):
    """An event is not delivered a millisecond before it is due."""
    await bench.push(events=(NewEvent(payload=Payload(b"", is_json=False), not_before_time=bench.clock.now() + 7),))
    bench.clock.step(6)
    assert await bench.claim() == []
    bench.clock.step(1)
    assert len(await bench.claim()) == 1


async def test_not_before_the_past(bench):
    """An instant in the past means at once, and does not overtake what was pushed before."""
    first = await bench.push()
    await bench.push(events=(NewEvent(payload=Payload(b"", is_json=False), not_before_time=5),))
    assert (await bench.claim())[0].job.job_id == first.job_id


async def test_lease(bench):
    """A claimed event is leased once, for the asked time, as attempt 1."""
    await bench.push()
    (delivered,) = await bench.claim(lease=5_000)
    assert delivered.key.attempt == 1
    assert delivered.event.state is EventState.LEASED
    assert delivered.lease_expire_time == bench.clock.now() + 5_000
    assert await bench.claim(count=10) == []


async def test_queues_apart(bench):
    """A claim brings events of its own queue only; an unknown queue has none."""
    await bench.push("a")
    await bench.push("b")
    assert [one.queue.name for one in await bench.claim("b", count=10)] == ["b"]
    assert await bench.claim("unknown", count=10) == []


async def test_takers(bench):
    """The events of one claim are split evenly over its takers, each under its own lease time, none twice."""
    await bench.push(count=7)
    takers = tuple(Taker(capacity=capacity, lease_duration=capacity) for capacity in (1, 10, 10))
    (claimed,) = await bench.write(ClaimEvents([Claim(queue="q", takers=takers)], terms=bench.terms))
    assert [len(part) for part in claimed.deliveries] == [1, 3, 3]
    assert [part[0].lease_duration for part in claimed.deliveries] == [1, 10, 10]
    assert len({one.key for part in claimed.deliveries for one in part}) == 7


@pytest.mark.parametrize(("wanted", "more", "due_in"), [(2, True, None), (3, False, 500)])
async def test_what_is_next(bench, wanted, more, due_in):
    """A claim that finds less than it wants tells when the next event is due; otherwise there may be more."""
    await bench.push(events=events(0, 0, 500))
    (claimed,) = await bench.write(bench.claiming(count=wanted))
    assert claimed.more is more
    assert claimed.next_due == (due_in and bench.clock.now() + due_in)


async def test_bytes(bench):
    """A claim brings no more than fits into a frame, and says that there is more."""
    await bench.push(events=events(*[0] * 5, data=b"x" * 1_000_000))
    (claimed,) = await bench.write(bench.claiming(count=5))
    assert len(claimed.deliveries[0]) == 3
    assert claimed.more


async def test_bytes_of_retry_data(bench):
    """What retries left behind counts for the size of a frame too."""
    await bench.push(count=256)
    data = Payload(b"x" * 16_384, is_json=False)
    keys = [one.key for one in await bench.claim(count=256)]
    await bench.write(bench.settling(*[(key, Release(data=data)) for key in keys]))
    delivered = await bench.claim(count=256)
    assert sum(len(one.event.context.data.data) for one in delivered) < 3_500 * 1024
    assert len(delivered) > 100


async def test_cancelled_on_the_way(bench):
    """Events that were cancelled in a former turn are counted and never delivered."""
    pushed = await bench.push(count=600)  # more than the cancel itself takes
    await bench.cancel_job(pushed.job_id)
    assert await bench.counts(pushed.job_id) == (0, 100, 0, 500)
    assert await bench.claim(count=1_000) == []
    assert await bench.counts(pushed.job_id) == (0, 0, 0, 600)


async def test_cancel_in_the_same_turn(bench):
    """A delivery that is cancelled in the turn of its claim knows it."""
    pushed = await bench.push()
    (claimed,), _ = await bench.together(bench.claiming(), CancelJob(pushed.job_id))
    assert claimed.deliveries[0][0].cancelled


async def test_late_settle_in_the_same_turn(bench):
    """A settle that comes too late takes nothing away from the delivery that shares its turn."""
    await bench.push(data=b"all of it")
    late = await bench.lease()
    await bench.settle(late, Retry(after=0))
    bench.remembered.clear()
    (claimed,), (settled,) = await bench.together(bench.claiming(), bench.settling((late,)))
    assert settled.status.name == "LEASE_LOST"
    assert claimed.deliveries[0][0].payload == Payload(b"all of it", is_json=False)
