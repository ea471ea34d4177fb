"""A disk without room: told as such, nothing half-written, and all is well when there is room again."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.broker.push import NewJob, Push
from queue_service.broker.settle import Settle, Settlement
from queue_service.broker.terms import Terms
from queue_service.domain.errors import DiskFull
from queue_service.domain.outcomes import Success
from queue_service.domain.records import NewEvent, Payload
from queue_service.kv.entries import Write, WriteEntry
from queue_service.storage.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path, clock):
    store = await SqliteStore.open(tmp_path / "broker.db", clock)
    yield store
    await store.close()


@pytest.fixture
def room(store):
    """Leaves room for so many pages more. None: as much as is wanted."""

    async def room(pages):
        rows = await store._connection.execute_fetchall("PRAGMA page_count")
        most = 1_000_000 if pages is None else next(iter(rows))[0] + pages
        await store._connection.execute_fetchall(f"PRAGMA max_page_count = {most}")

    return room


TERMS = Terms(chance=lambda: 0.5)


def push(job_id, size=200_000):
    event = NewEvent(payload=Payload(b"x" * size, is_json=False))
    return Push([NewJob(queue="q", events=(event,), fingerprint=b"", job_id=job_id)], terms=TERMS)


def write(size):
    return WriteEntry(Write(key="k", payload=Payload(b"x" * size, is_json=False)))


def rows(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("job", "event", "entry")
        ]


@pytest.mark.parametrize("pages", [0, 1, 5, 20, 40])
async def test_nothing_is_half_written(store, room, tmp_path, clock, pages):
    await store.write(push(b"1" * 16))
    await room(pages)
    answers = await asyncio.gather(
        store.write(push(b"2" * 16)), store.write(write(200_000)), store.write(push(b"3" * 16)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {DiskFull}
    assert rows(tmp_path / "broker.db") == [1, 1, 0]
    await room(None)
    await asyncio.gather(store.write(push(b"2" * 16)), store.write(write(200_000)), store.write(push(b"3" * 16)))
    assert rows(tmp_path / "broker.db") == [3, 3, 1]


async def test_the_numbers_go_on_as_if_nothing_had_been(store, room):
    await room(3)
    with pytest.raises(DiskFull):
        await store.write(push(b"1" * 16))
    with pytest.raises(DiskFull):
        await store.write(write(200_000))
    await room(None)
    await store.write(push(b"1" * 16))
    _, entry = await store.write(write(10))
    (claimed,) = await store.write(
        ClaimEvents([Claim(queue="q", takers=(Taker(capacity=9, lease_duration=1_000),))], terms=TERMS)
    )
    assert ([one.key for one in claimed.deliveries[0]], entry.version) == ([(1, 1)], 1)


async def test_what_needs_no_room_goes_on(store, room):
    await store.write(push(b"1" * 16))
    (claimed,) = await store.write(
        ClaimEvents([Claim(queue="q", takers=(Taker(capacity=9, lease_duration=1_000),))], terms=TERMS)
    )
    (delivered,) = claimed.deliveries[0]
    await room(0)
    with pytest.raises(DiskFull):
        await store.write(push(b"2" * 16))
    settle = Settle([Settlement(key=delivered.key, outcome=Success())], remembered={}, terms=TERMS)
    (settled,) = await store.write(settle)
    assert settled.status.name == "OK"
    await store.write(push(b"2" * 16))  # into the room of the settled one


async def test_below_the_low_water_mark_only_what_grows_is_refused(store, clock, monkeypatch):
    await store.write(push(b"1" * 16))
    ((claimed,),) = [
        claim.deliveries[0]
        for claim in await store.write(
            ClaimEvents([Claim(queue="q", takers=(Taker(capacity=1, lease_duration=60_000),))], terms=TERMS)
        )
    ]
    monkeypatch.setattr(store._disk, "_space", lambda: (1_000_000, 10_000_000_000))
    clock.step(1_000)
    for growing in (push(b"2" * 16), write(1)):
        with pytest.raises(DiskFull):
            await store.write(growing)
    settle = Settle([Settlement(key=claimed.key, outcome=Success())], remembered={}, terms=TERMS)
    assert [answer.state.name for answer in await store.write(settle)] == ["SUCCEEDED"]
    await store.write(WriteEntry(Write(key="k", payload=None)))
    monkeypatch.undo()
    clock.step(1_000)
    assert len(await store.write(push(b"2" * 16))) == 1


async def test_a_small_disk_has_a_smaller_mark(store, clock, monkeypatch):
    monkeypatch.setattr(store._disk, "_space", lambda: (3_000_000, 20_000_000))
    clock.step(1_000)
    assert len(await store.write(push(b"1" * 16))) == 1


async def test_the_low_water_mark_is_a_setting_and_never_more_than_a_tenth_of_the_disk(tmp_path, clock, monkeypatch):
    store = await SqliteStore.open(tmp_path / "broker.db", clock, low_water_bytes=1_000_000)
    for free, size, passes in (
        (1_000_001, 10_000_000_000, True),
        (999_999, 10_000_000_000, False),
        (600_000, 5_000_000, True),
        (400_000, 5_000_000, False),
    ):
        monkeypatch.setattr(store._disk, "_space", lambda free=free, size=size: (free, size))
        clock.step(1_000)
        if passes:
            await store.write(write(1))
        else:
            with pytest.raises(DiskFull):
                await store.write(write(1))
    await store.close()
