"""Concurrency keys: at most so many events of a key are leased at a time, over all queues, and none is forgotten."""

import pytest

from queue_service.domain.outcomes import Release, Retry
from queue_service.domain.records import Concurrency, NewEvent, Payload


@pytest.fixture
def keyed(bench):
    """Push one event with a key."""

    async def keyed(data, queue="q", key="k", limit=1, **values):
        event = NewEvent(payload=Payload(data, is_json=False), concurrency=Concurrency(key, limit), **values)
        return await bench.push(queue, events=(event,), fingerprint=data)

    return keyed


async def claim(bench, queue="q", count=100):
    return {one.payload.data: one.key for one in await bench.claim(queue, count)}


async def test_limit(bench, keyed):
    """No more events of a key are leased than its limit says; the others stay pending."""
    for data in (b"1", b"2", b"3"):
        await keyed(data, limit=2)
    assert set(await claim(bench)) == {b"1", b"2"}
    assert await claim(bench) == {}


async def test_hand_over(bench, keyed):
    """The end of one delivery lets the next of the line out, in ready order."""
    for data in (b"1", b"2", b"3"):
        await keyed(data)
    await keyed(b"urgent", priority=9)
    found = []
    for _ in range(4):
        ((data, lease),) = (await claim(bench)).items()
        found.append(data)
        await bench.settle(lease)
    assert found == [b"urgent", b"1", b"2", b"3"]
    assert await claim(bench) == {}


async def test_across_queues(bench, keyed):
    """A key counts over all queues."""
    await keyed(b"1", "a")
    await keyed(b"2", "b")
    leased = await claim(bench, "a")
    assert await claim(bench, "b") == {}
    await bench.settle(leased[b"1"])
    assert set(await claim(bench, "b")) == {b"2"}


async def test_a_queue_that_nobody_serves_blocks_nobody(bench, keyed):
    """An event that nobody claims holds no slot."""
    for number in range(5):
        await keyed(b"idle %d" % number, "idle")
    for number in range(20):
        await keyed(b"%d" % number, "q")
    for number in range(20):
        ((data, lease),) = (await claim(bench, "q")).items()
        assert data == b"%d" % number
        await bench.settle(lease)
    assert len(await claim(bench, "idle")) == 1


async def test_others_are_not_held_up(bench, keyed):
    """Events of other keys, or of none, pass those that wait."""
    for number in range(50):
        await keyed(b"%d" % number)
    await keyed(b"other", key="other")
    await bench.push("q", data=b"none")
    assert set(await claim(bench, count=3)) == {b"0", b"other", b"none"}


async def test_a_slot_is_not_held_in_backoff(bench, keyed):
    """An event that waits for its next attempt leaves the slot to others."""
    await keyed(b"1")
    await keyed(b"2")
    leased = await claim(bench)
    await bench.settle(leased[b"1"], Retry(after=10_000))
    leased = await claim(bench)
    assert set(leased) == {b"2"}
    bench.clock.step(10_000)
    assert await claim(bench) == {}
    await bench.settle(leased[b"2"])
    assert set(await claim(bench)) == {b"1"}


async def test_release_without_a_delay_goes_to_its_place_in_the_line(bench, keyed):
    """A released event keeps its place in the ready order of its line."""
    await keyed(b"1")
    await keyed(b"2")
    leased = await claim(bench)
    bench.clock.step(1_000)
    await bench.settle(leased[b"1"], Release())
    assert set(await claim(bench)) == {b"2"}


async def test_latest_limit(bench, keyed):
    """The latest push sets the limit for all: raising lets more out, lowering revokes nothing."""
    for number in range(4):
        await keyed(b"%d" % number)
    assert len(await claim(bench)) == 1
    await keyed(b"4", limit=3)
    assert len(await claim(bench)) == 2
    await keyed(b"5", limit=1)
    assert await claim(bench) == {}


async def test_delayed(bench, keyed):
    """A delayed event takes no slot and blocks none before it is due."""
    await keyed(b"later", delay=60_000)
    await keyed(b"now")
    leased = await claim(bench)
    assert set(leased) == {b"now"}
    bench.clock.step(60_000)
    assert await claim(bench) == {}
    await bench.settle(leased[b"now"])
    assert set(await claim(bench)) == {b"later"}


async def test_lost_lease(bench, keyed):
    """A lost lease frees its slot."""
    await keyed(b"1")
    await keyed(b"2")
    leased = await claim(bench)
    await bench.expire(leased[b"1"])
    assert set(await claim(bench)) == {b"2"}


async def test_cancelled_in_line(bench, keyed):
    """A cancelled event leaves its line, and its place there to the next."""
    await keyed(b"0")
    job = await keyed(b"1")
    await keyed(b"2")
    leased = await claim(bench)
    await bench.cancel_job(job.job_id)
    await bench.settle(leased[b"0"])
    leased = await claim(bench)
    assert set(leased) == {b"2"}
    await bench.settle(leased[b"2"])
    assert await claim(bench) == {}


async def test_called_up_and_cancelled(bench, keyed):
    """An event that was called up and is cancelled hands its call on."""
    await keyed(b"0")
    job = await keyed(b"1")
    await keyed(b"2")
    leased = await claim(bench)
    await bench.settle(leased[b"0"])
    await bench.cancel_job(job.job_id)
    assert set(await claim(bench)) == {b"2"}


async def test_reopen(bench, keyed):
    """Lines and slots outlive the process."""
    for number in range(3):
        await keyed(b"%d" % number)
    leased = await claim(bench)
    await bench.reopen()
    assert await claim(bench) == {}
    await bench.settle(leased[b"0"])
    await bench.reopen()
    assert set(await claim(bench)) == {b"1"}


async def test_long_line(bench, keyed):
    """A line of any length is emptied in order, also when many slots become free at once."""
    specs = tuple(
        NewEvent(payload=Payload(b"%03d" % number, is_json=False), concurrency=Concurrency("k", 100))
        for number in range(300)
    )
    await bench.push("q", events=specs, fingerprint=b"")
    order = []
    for _ in range(40):
        leased = await claim(bench, count=500)
        assert len(leased) <= 100
        order += leased
        if leased:
            await bench.write(bench.settling(*((key, None) for key in leased.values())))
    assert order == [b"%03d" % number for number in range(300)]


async def test_keys_go_with_their_last_event(bench, keyed):
    """A key without events leaves nothing behind."""
    await keyed(b"1")
    (lease,) = (await claim(bench)).values()
    await bench.settle(lease)
    rows = await bench.store._connection.execute_fetchall("SELECT count(*) FROM concurrency_key")
    assert next(iter(rows))[0] == 0


async def test_the_head_of_a_line_is_cancelled(bench, keyed):
    """Whoever waits behind a long stretch that leaves the line at once is called up when a slot is free."""
    specs = tuple(
        NewEvent(payload=Payload(b"%d" % number, is_json=False), concurrency=Concurrency("k", 1))
        for number in range(300)
    )
    crowd = await bench.push(events=specs, fingerprint=b"")
    await keyed(b"last")
    await bench.cancel_job(crowd.job_id)
    assert set(await claim(bench)) == {b"last"}
