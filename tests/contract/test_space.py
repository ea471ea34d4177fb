"""Contract of the store on SQLite: what it does not need any more is given back, and nothing is done without need."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from queue_service.storage.sqlite import upkeep as module

KIB = 1024


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Some kilobytes instead of megabytes, and no waiting."""
    monkeypatch.setattr(module, "SPARE_PAGES", 64)
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.005)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.001)


@pytest.fixture
def pages(bench):
    """How many pages the file has, and how many of them are free."""

    def pages():
        with closing(sqlite3.connect(f"file:{bench.place.path}?mode=ro", uri=True)) as connection:
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")]

    return pages


@pytest.fixture
def at_rest(bench):
    """Waits until the writer has nothing to do."""

    return lambda: until(lambda: bench.store._upkeep.patience is None)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  the writer has no event for it
            await asyncio.sleep(0.001)


async def fill(bench, entries):
    for number in range(entries):
        await bench.set(f"k{number}", bytes(40 * KIB))


async def empty(bench, entries):
    for number in range(entries):
        await bench.set(f"k{number}", None)


async def test_given_back(bench, pages, at_rest):
    """When most of the file is free, it becomes smaller, down to what is spared for what comes; all else is there."""
    await fill(bench, 60)
    await bench.push()
    await at_rest()
    before = bench.place.path.stat().st_size
    await empty(bench, 59)
    await at_rest()
    count, free = pages()
    assert bench.place.path.stat().st_size == count * 4096 < before / 4
    assert 0 < free <= 64
    assert (await bench.get("k59")).payload.data == bytes(40 * KIB)
    assert await bench.store.safekeeping.check() == []
    await bench.reopen()
    assert len(await bench.claim()) == 1


async def test_spared(bench, pages, at_rest):
    """Free pages up to a quarter of the file stay for what comes."""
    await fill(bench, 60)
    await at_rest()
    await empty(bench, 10)
    await at_rest()
    count, free = pages()
    assert 100 <= free < count / 4
    await fill(bench, 10)
    await at_rest()
    assert pages()[0] <= count + 2


async def test_little(bench, pages, at_rest):
    """In a small file nothing is given back, however much of it is free."""
    await fill(bench, 6)
    await at_rest()
    await empty(bench, 6)
    await at_rest()
    count, free = pages()
    assert free > count / 2


async def test_between_turns(bench, at_rest):
    """What comes while pages are given back does not wait for all of them."""
    await fill(bench, 60)
    await at_rest()
    await empty(bench, 60)
    steps = []
    script = bench.store._connection.executescript

    async def counted(text):
        steps.append(text)
        return await script(text)

    bench.store._connection.executescript = counted
    await until(lambda: any("incremental_vacuum" in step for step in steps))
    begun = len(steps)
    await bench.push()
    assert len(steps) - begun <= 2
    await at_rest()
    assert len([step for step in steps if "incremental_vacuum" in step]) > 5
    assert await bench.store.safekeeping.check() == []


async def test_nothing_to_do(bench, at_rest):
    """At rest the connection is left alone."""
    await bench.push()
    await at_rest()
    asked = []
    await bench.store._connection.set_trace_callback(asked.append)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.1)
    await bench.store._connection.set_trace_callback(None)
    assert asked == []


async def test_a_long_read(bench, at_rest):
    """A long read, such as a backup, holds up neither the upkeep nor the turns behind it."""
    await bench.store._connection.execute_fetchall("PRAGMA busy_timeout = 60000")
    with closing(sqlite3.connect(f"file:{bench.place.path}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchone()
        await bench.push()
        async with asyncio.timeout(20):
            await at_rest()
            await bench.push(data=b"other")
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (0,)


async def test_a_failure(bench, at_rest, caplog, monkeypatch):
    """What cannot be done is told and left for later; the store goes on."""
    await fill(bench, 60)
    await at_rest()
    await empty(bench, 60)
    script = bench.store._connection.executescript

    async def fails(text):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(bench.store._connection, "executescript", fails)
    await bench.push()
    await at_rest()
    assert "could not move the log into the file: database or disk is full" in caplog.text
    monkeypatch.setattr(bench.store._connection, "executescript", script)
    await bench.push(data=b"other")
    await at_rest()
    assert bench.place.path.stat().st_size < 1_000 * KIB
