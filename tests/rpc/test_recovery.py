"""The broker goes on when its store fails for a moment, and when it is started again."""

import asyncio

import pytest

from longshore import connect
from queue_service.app import App
from queue_service.broker import broker as module, dispatch
from queue_service.broker.claim import ClaimEvents
from queue_service.broker.settle import ExpireLeases, Settle
from queue_service.domain.errors import Unavailable
from queue_service.domain.limits import RESTART_GRACE
from queue_service.settings import Settings

BOUND = 20.0


@pytest.fixture
def failing(app, monkeypatch):
    """Lets the next write of a kind fail. Answers an event that is set when it did."""

    def failing(kind):
        failed = asyncio.Event()
        write = app._store.write

        async def write_or_fail(unit):
            if isinstance(unit, kind) and not failed.is_set():
                failed.set()
                raise Unavailable("the store could not write")
            return await write(unit)

        monkeypatch.setattr(app._store, "write", write_or_fail)
        return failed

    return failing


async def test_a_claim_that_failed_is_tried_again(monkeypatch, push, stream, failing):
    monkeypatch.setattr(dispatch, "RETRY_SECONDS", 0.01)
    await push()
    failed = failing(ClaimEvents)
    events = await stream()
    assert len(await events.deliveries(1)) == 1
    assert failed.is_set()


async def test_who_does_not_wait_is_answered_though_the_claim_failed(push, lease, failing):
    await push()
    failing(ClaimEvents)
    assert await lease() == []
    assert len(await lease()) == 1


async def test_leases_that_could_not_be_taken_back_are_tried_again(
    app, clock, monkeypatch, push, lease, failing, caplog
):
    monkeypatch.setattr(module, "EXPIRY_RETRY_SECONDS", 0.01)
    await push()
    await lease()
    failed = failing(ExpireLeases)
    clock.step(61)
    app._broker._leases.run_out()
    await asyncio.wait_for(failed.wait(), BOUND)
    (again,) = await lease(wait={"seconds": 20})
    assert again.attempt == 2
    assert "trying again" in caplog.text


async def test_events_that_could_not_be_given_back_keep_their_lease(app, push, failing, until, caplog):
    await push()
    subscriber = app._broker.subscribe(("q",), max_in_flight=1, lease_duration=60_000)
    await until(lambda: subscriber.frame)
    failing(Settle)
    app._broker.leave(subscriber, broken=True)
    await app._broker.finish()
    assert "could not give 1 undelivered events back" in caplog.text
    assert len(app._broker._leases) == 1


async def test_a_frame_that_is_granted_to_who_has_left_goes_back(app, push, lease, until):
    await push()
    load, go_on = app._store._loader.load, asyncio.Event()

    async def held(*arguments):
        await go_on.wait()
        return await load(*arguments)

    app._store._loader.load = held
    subscriber = app._broker.subscribe(("q",), max_in_flight=1, lease_duration=60_000)
    await until(lambda: app._broker._dispatcher._task is not None)
    app._broker.leave(subscriber, broken=True)
    go_on.set()
    (again,) = await lease(wait={"seconds": 20})
    assert (again.attempt, again.retry_context.reason) == (2, "UNDELIVERED")


async def test_a_cancel_of_a_held_lease_that_ended_before_is_told_to_nobody(app, push, queue, stream, ack):
    await push()
    events = await stream()
    (delivery,) = await events.deliveries(1)
    await ack(delivery)
    app._broker._leases.request_cancel(jobs={1}, groups=set(), purged={})
    (subscriber,) = app._broker._dispatcher._subscribers["q"]
    assert not subscriber.cancellations


async def test_no_lease_ends_in_the_first_seconds_after_a_start(tmp_path, clock):
    """Its holder could not extend it while the broker was away; and one that lasts longer keeps its end."""
    first = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "again.db"), clock=clock)
    async with connect(f"127.0.0.1:{first.port}") as client:
        await client.queue("q").push(1)
        await client.queue("q").push(2)
    for duration in (1_000, 3_600_000):
        subscriber = first._broker.subscribe(("q",), max_in_flight=1, lease_duration=duration)
        await asyncio.wait_for(subscriber.wake.wait(), BOUND)
        assert len(subscriber.take()) == 1
        first._broker.leave(subscriber, broken=False)
    await first.stop()
    clock.step(100)
    second = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "again.db"), clock=clock)
    ends = sorted(lease.end - clock.monotonic() for lease in second._broker._leases._leases.values())
    await second.stop()
    assert ends[0] == pytest.approx(RESTART_GRACE / 1000, abs=5)
    assert ends[1] == pytest.approx(3_500, abs=5)
