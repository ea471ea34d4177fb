"""Priorities: higher lanes go first, and what is delayed in them costs the others nothing."""

import random

import pytest

from queue_service.domain.outcomes import Release
from queue_service.domain.records import NewEvent, Payload


def spec(data=b"", priority=5, delay=0):
    return NewEvent(payload=Payload(data, is_json=False), priority=priority, delay=delay)


@pytest.fixture
def push(bench):
    """Push a job of events, one for each (data, priority, delay)."""

    async def push(*specs):
        return await bench.push(events=tuple(spec(*one) for one in specs), fingerprint=b"")

    return push


async def claim(bench, count=100):
    return [one.payload.data for one in await bench.claim(count=count)]


async def test_order(bench, push):
    """Ready events come by priority, then due time, then push order."""
    specs = [(b"%d" % number, number % 10, (number * 7) % 3) for number in range(60)]
    random.Random(1).shuffle(specs)
    await push(*specs)
    bench.clock.step(3)
    ready = sorted(enumerate(specs), key=lambda one: (-one[1][1], one[1][2], one[0]))
    found = []
    while taken := await claim(bench, 7):
        found += taken
    assert found == [data for _, (data, _, _) in ready]


async def test_late_and_urgent(bench, push):
    """An urgent event goes first as soon as it is due, and not before."""
    await push((b"a", 1, 0), (b"urgent", 9, 10), (b"b", 1, 0))
    assert await claim(bench, 1) == [b"a"]
    bench.clock.step(10)
    assert await claim(bench) == [b"urgent", b"b"]


async def test_a_lower_priority_is_not_forgotten(bench, push):
    """Lanes that were empty, also all of them, are served again."""
    for priority in (9, 0, 9, 5):
        await push((b"%d" % priority, priority, 0))
        (delivered,) = await bench.claim()
        assert delivered.payload.data == b"%d" % priority
        await bench.settle(delivered.key)
        assert await claim(bench) == []


async def test_reopen(bench, push):
    """Lanes outlive the process."""
    await push((b"low", 0, 0), (b"high", 9, 0))
    await bench.reopen()
    assert await claim(bench) == [b"high", b"low"]


async def test_back_to_its_lane(bench, push):
    """A released event goes back to its own priority, also when its lane was empty meanwhile."""
    await push((b"high", 8, 0))
    lease = await bench.lease()
    await push((b"low", 2, 0))
    await bench.settle(lease, Release())
    await bench.reopen()
    assert await claim(bench) == [b"high", b"low"]


@pytest.fixture
def steps(bench):
    """How many steps of the database a call costs."""

    async def steps(call):
        counted = []
        await bench.store._connection.set_progress_handler(lambda: counted.append(1), 1)
        await call
        await bench.store._connection.set_progress_handler(None, 0)
        return len(counted)

    return steps


async def test_delayed_events_cost_a_claim_nothing(bench, push, steps):
    """A claim costs the same with any number of delayed events of higher priority: it does not read them."""
    costs = []
    for crowd in (1, 1, 500):
        await push(
            *((b"later", priority, 60_000 + number) for priority in (7, 8, 9) for number in range(min(crowd, 300)))
        )
        await push(*((b"now", 3, 0) for _ in range(20)))
        costs.append(await steps(bench.claim(count=10)))
        assert await claim(bench) == [b"now"] * 10
    assert costs[2] == costs[1]


async def test_next_due_time_costs_nothing_either(bench, push, steps):
    """To learn when the next event is due costs the same with any number of delayed events."""
    costs = []
    for crowd in (1, 300):
        await push(*((b"later", priority, 60_000 + number) for priority in (7, 8, 9) for number in range(crowd)))
        costs.append(await steps(bench.claim(count=10)))
    assert costs[1] == costs[0]
