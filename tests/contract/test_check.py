"""Contract of a store: the full check finds nothing in a store that was only used, and every count that is wrong."""

import asyncio
import re
import sqlite3
from contextlib import closing

import pytest

from queue_service.domain.outcomes import Failure, Retry, Success
from queue_service.domain.records import Concurrency, NewEvent, Payload


@pytest.fixture
async def used(bench):
    """A store with something of everything. Events 1 to 7 are a job; 8, 9 and 10 have a key with one slot."""
    await bench.update_queue(keep_succeeded=True)
    await bench.push(count=7)
    keys = [one.key for one in await bench.claim(count=6)]
    for key, outcome in zip(
        keys, [Success(result=Payload(b"1", is_json=True)), Failure(), Retry(after=99_999), None], strict=False
    ):
        await bench.settle(key, outcome)
    keyed = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("one", 1))
    await bench.push("keyed", events=(keyed,) * 3)
    await bench.claim("keyed", count=3)
    group = await bench.group(then="after")
    await bench.push(group_id=group, count=2)
    sealed = await bench.group()
    await bench.push(group_id=sealed)
    await bench.seal(sealed)
    cancelled = await bench.push("other", count=2)
    await bench.cancel_job(cancelled.job_id)
    await bench.set("k")
    return bench


async def test_whole(used):
    """In a store that was only used there is nothing wrong, also after a restart."""
    assert await used.store.safekeeping.check() == []
    await used.reopen()
    assert await used.store.safekeeping.check() == []


async def test_long_line(bench):
    """A line of which not all were called up yet, for all the free slots, is in order."""
    events = (NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("many", 100)),) * 150
    await bench.push(events=events)
    assert await bench.store.safekeeping.check() == []


async def test_empty(bench):
    """In a new store there is nothing wrong."""
    assert await bench.store.safekeeping.check() == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE queue SET pending = pending + 1 WHERE name = 'q'", r"queue q: it counts \d+ pending.*there are"),
        ("UPDATE queue SET leased = leased - 1 WHERE name = 'q'", r"queue q: it counts \d+ pending, 1 leased"),
        ("UPDATE queue SET failed = 5 WHERE name = 'q'", r"queue q: .* 5 failed events"),
        ("UPDATE queue SET finished_jobs = 7 WHERE name = 'other'", "queue other: .*7 finished jobs.* and 1$"),
        ("UPDATE queue SET lanes = 0 WHERE name = 'q'", "queue q: it has pending events of priority 5"),
        ("UPDATE queue SET lanes = 0 WHERE name = 'keyed'", "queue keyed: it has pending events of priority 5"),
        ("UPDATE job SET success = success - 1 WHERE id = 1", r"job [0-9a-f]{32}: it counts 5 events in progress"),
        ("UPDATE job SET failed = 0, cancelled = 1 WHERE id = 1", r"job \w+: .* 0 failed; .* and 1$"),
        ("UPDATE job SET success = 0, cancelled = 2 WHERE id = 1", r"job \w+: .* 0 succeeded .* 2 and 1$"),
        ("UPDATE job SET queue = 77 WHERE id = 1", r"job \w+: its queue 77 is not there"),
        ("DELETE FROM job_group WHERE id = 1", r"job \w+: its group 1 is not there"),
        ("UPDATE event SET queue = 3 WHERE id = 7", "event 7: it does not belong"),
        ("UPDATE event SET job = 8 WHERE id = 7", "event 7: it does not belong"),
        ("DELETE FROM job WHERE id = 1", "event 7: it does not belong"),
        ("INSERT INTO event_result VALUES (999, 0, x'00')", "result of event 999"),
        ("UPDATE job_group SET jobs = 2 WHERE id = 1", r"group \w+: it counts 2 jobs.*there are 1,"),
        ("UPDATE job_group SET success = 2 WHERE id = 1", r"group \w+: .* 2 succeeded"),
        ("UPDATE job_group SET cancelled = 1 WHERE id = 2", r"group \w+: it is sealed and all its events have ended"),
        ("UPDATE concurrency_key SET leased = 0", "key one: it counts 2 pending, 0 leased .* are 2, 1 and 0"),
        ("UPDATE concurrency_key SET pending = 1", "key one: it counts 1 pending"),
        ("UPDATE concurrency_key SET kept = 1", "key one: .* 1 kept"),
        ("DELETE FROM concurrency_key", "key 1: it is not there, but 3 events have it"),
        ("UPDATE concurrency_key SET slots = 5", r"key one: 2 of its events wait in queue \d+ while 4 slots are free"),
        ("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'event'", r"event number \d+: it is beyond .* 3$"),
        ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'job_group'", "group number 2: .* 1$"),
        ("UPDATE store SET next_version = 1", "entry version 1: it is beyond the last that was given, 0"),
        ("UPDATE job SET finish_time = 1 WHERE id = 1", "CHECK constraint failed in job"),
        ("UPDATE event SET lease_expire_time = NULL WHERE id = 5", "CHECK constraint failed in event"),
    ],
)
async def test_damage(used, damage, told):
    """What does not add up is told."""
    used.sound = False
    await used.store.close()
    with closing(sqlite3.connect(used.place.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute(damage).rowcount
    await used.open()
    faults = await used.store.safekeeping.check()
    assert [fault for fault in faults if re.search(told, fault)], faults


async def test_many_faults(used):
    """At most a hundred faults are told."""
    used.sound = False
    for _ in range(3):
        await used.write(used.pushing(*[used.job("many") for _ in range(50)]))
    await used.store.close()
    with closing(sqlite3.connect(used.place.path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM event WHERE queue = (SELECT id FROM queue WHERE name = 'many')")
    await used.open()
    assert len(await used.store.safekeeping.check()) == 100


async def test_while_it_is_used(used):
    """What is written while the check reads is not its concern."""
    checking = asyncio.ensure_future(used.store.safekeeping.check())
    for _ in range(20):
        await used.push("meanwhile")
        await used.settle(await used.lease("meanwhile"))
    assert await checking == []
