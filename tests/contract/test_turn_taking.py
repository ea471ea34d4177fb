"""Who is served when a claim cannot serve all: subscribers and queues in turn."""

import asyncio

import pytest

from queue_service.broker import dispatch
from queue_service.broker.broker import Broker
from queue_service.broker.push import NewJob
from queue_service.domain.records import NewEvent, Payload
from queue_service.kv.rates import EntryRates

EVENTS = 12


@pytest.fixture
async def broker(bench, clock):
    broker = Broker(bench.store, clock, bench.terms, EntryRates(bench.terms.limits, clock))
    await broker.start()
    yield broker
    await broker.drain()
    await broker.finish()


def events(queue):
    payload = Payload(b"1", is_json=True)
    return NewJob(queue=queue, events=(NewEvent(payload=payload),) * EVENTS, fingerprint=b"")


async def served(subscribers):
    """Take frames until all events are delivered; the order in which subscribers were served."""
    order = []
    while len(order) < EVENTS:
        waiting = [asyncio.ensure_future(each.wake.wait()) for each in subscribers]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        for task in waiting:
            task.cancel()
        for number, each in enumerate(subscribers):
            each.wake.clear()
            order.extend([number] * len(each.take()))
    return order


async def test_a_claim_that_is_too_small_for_all_subscribers_serves_them_in_turn(broker, monkeypatch):
    """Three streams of one queue get equal shares although each claim can serve only one of them."""
    monkeypatch.setattr(dispatch, "CLAIM_EVENTS", 1)
    subscribers = [broker.subscribe(("q",), max_in_flight=100, lease_duration=60_000) for _ in range(3)]
    await broker.push([events("q")])
    order = await served(subscribers)
    assert [order.count(number) for number in range(3)] == [EVENTS // 3] * 3


async def test_a_claim_that_is_too_small_for_all_queues_serves_them_in_turn(broker, monkeypatch):
    """A queue with a large backlog does not keep another queue waiting."""
    monkeypatch.setattr(dispatch, "CLAIM_EVENTS", 1)
    subscribers = [broker.subscribe((queue,), max_in_flight=100, lease_duration=60_000) for queue in ("a", "b")]
    await broker.push([events("a"), events("b")])
    assert sorted((await served(subscribers))[:4]) == [0, 0, 1, 1]
