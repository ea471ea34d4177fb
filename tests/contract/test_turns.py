"""Contract of a store: what waits together shares a transaction, and nobody suffers from another."""

import asyncio

import pytest

from queue_service.broker.push import Push
from queue_service.domain.errors import EntryExists, GroupNotFound, Unavailable
from queue_service.domain.records import Payload
from queue_service.kv.entries import Check, Write, WriteEntry


class Faulty:
    """A unit with a fault of ours: it fails in the middle of its changes."""

    weight = 1
    grows = False
    urgent = False

    def __init__(self, change):
        self._change = change

    def needs(self, needs):
        self._change.needs(needs)

    def apply(self, work):
        self._change.apply(work)
        raise RuntimeError("in the middle")


async def test_refused_unit(bench):
    """A refused unit leaves the others of its turn alone."""
    answers = await bench.together(
        bench.pushing(bench.job()), bench.committing(push=[bench.job(group_id=bytes(16))]), bench.pushing(bench.job())
    )
    assert isinstance(answers[1], GroupNotFound)
    await bench.reopen()
    assert len(await bench.claim(count=9)) == 2


async def test_faulty_unit(bench, caplog):
    """A unit that fails in the middle leaves nothing behind and does not hurt the others, which are done once."""
    answers = await bench.together(
        bench.pushing(bench.job()),
        Faulty(bench.pushing(bench.job(count=5))),
        bench.pushing(bench.job()),
        Faulty(bench.pushing(bench.job())),
    )
    assert [type(answer).__name__ for answer in answers] == ["list", "RuntimeError", "list", "RuntimeError"]
    await bench.reopen()
    assert len(await bench.claim(count=9)) == 2
    assert caplog.text.count("a unit of work failed") == 2


async def test_caller_gone_before(bench):
    """A unit whose caller gave up before it began is dropped."""
    async with bench.held():
        gone = asyncio.ensure_future(bench.write(bench.pushing(bench.job())))
        stays = asyncio.ensure_future(bench.write(bench.pushing(bench.job())))
        await asyncio.sleep(0)
        gone.cancel()
    await stays
    assert len(await bench.claim(count=9)) == 1


async def test_caller_gone_meanwhile(bench):
    """A unit that has begun is carried out though its caller gives up; the store goes on."""
    begun = asyncio.Event()

    class Telling(Push):
        def apply(self, work):
            begun.set()
            return super().apply(work)

    gone = asyncio.ensure_future(bench.write(Telling([bench.job()], terms=bench.terms)))
    await begun.wait()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert gone.cancelled()
    await bench.push()
    assert len(await bench.claim(count=9)) == 2


async def test_durable_before_told(bench, monkeypatch):
    """When the transaction fails nobody is told anything else, not even who was refused because of it."""
    write = WriteEntry(Write(key="k", payload=Payload(b"1", is_json=False)), check=Check(key="k", version=0))

    async def broken(*_arguments):
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr("queue_service.storage.sqlite.store.write_changes", broken)
    answers = await bench.together(write, write)
    monkeypatch.undo()
    assert [str(answer) for answer in answers] == ["the disk is gone"] * 2
    assert await bench.get("k") is None
    first, second = await bench.together(write, write)
    assert isinstance(first, tuple)
    assert isinstance(second, EntryExists)


async def test_one_instant(bench):
    """What shares a turn has one instant."""
    answers = await bench.together(*[bench.pushing(bench.job()) for _ in range(5)])
    assert {answer.push_time for (answer,) in answers} == {bench.clock.now()}


async def test_settles_go_first(bench):
    """What ends deliveries does not wait behind a flood of pushes."""
    await bench.push()
    lease = await bench.lease()
    order = []
    async with bench.held():
        writes = [asyncio.ensure_future(bench.write(bench.pushing(bench.job(count=1_000)))) for _ in range(10)]
        writes.append(asyncio.ensure_future(bench.settle(lease)))
        for number, write in enumerate(writes):
            write.add_done_callback(lambda _, number=number: order.append(number))
        await asyncio.sleep(0)
    await asyncio.gather(*writes)
    assert order.index(10) < 4  # in the first turn
    assert sorted(order) == list(range(11))


@pytest.mark.parametrize("kind", ["push", "commit", "entry"])
async def test_large_payloads_share_fewer_turns(bench, kind):
    """A turn is bounded in bytes too: nobody waits behind hundreds of megabytes that happen to come together."""
    large = bytes(240 * 1024)
    units = {
        "push": lambda _: bench.pushing(bench.job(data=large)),
        "commit": lambda _: bench.committing(push=[bench.job(data=large)]),
        "entry": lambda number: WriteEntry(Write(key=f"k{number}", payload=Payload(large, is_json=False))),
    }
    turns = []

    def count(work):
        written = [event.payload for event in work.changes.new_events]
        written += [entry.payload for entry in work.changes.entries.values()]
        turns.append(sum(len(payload.data) for payload in written))

    bench.store.on_commit(count)
    await bench.together(*(units[kind](number) for number in range(150)))
    assert sum(turns) == 150 * len(large)
    assert max(turns) <= 16 * 1024 * 1024


async def test_close_finishes(bench):
    """Closing carries out what waits; afterwards nothing is taken."""
    writes = [asyncio.ensure_future(bench.write(bench.pushing(bench.job()))) for _ in range(20)]
    await asyncio.sleep(0)
    store = bench.store
    await bench.reopen()
    assert len(await asyncio.gather(*writes)) == 20
    with pytest.raises(Unavailable):
        await store.write(bench.pushing(bench.job()))
    assert len(await bench.claim(count=99)) == 20


async def test_listeners(bench):
    """Listeners hear of every turn once it is durable, before its callers go on."""
    heard = []
    bench.store.on_commit(lambda work: heard.append(dict(work.notices.ready)))
    await bench.push("a", delay=7)
    assert heard == [{"a": bench.clock.now() + 7}]


async def test_a_unit_beyond_what_may_wait_is_refused_at_once(bench, monkeypatch):
    """The line in front of the writer is bounded: who finds it full is told to try again, and the others are served."""
    monkeypatch.setattr("queue_service.storage.sqlite.line.MAX_UNITS", 2)
    async with bench.held():
        waiting = [asyncio.ensure_future(bench.write(bench.pushing(bench.job()))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="busy"):
            await bench.write(bench.pushing(bench.job()))
    assert len(await asyncio.gather(*waiting)) == 2


async def test_a_listener_that_fails_does_not_make_a_durable_write_look_failed(bench, caplog):
    """What is durable is answered as such, whatever goes wrong in the process afterwards."""

    def fail(_work):
        raise RuntimeError("a fault of ours")

    bench.store.on_commit(fail)
    await bench.write(bench.pushing(bench.job()))
    assert "a listener failed" in caplog.text
    caplog.clear()
