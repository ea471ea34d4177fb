"""A store behind the broker's units of work; clock and chance are the tests'. One suite for every store."""

import asyncio
import sqlite3
import uuid
from contextlib import asynccontextmanager, closing

import pytest

from queue_service.broker.cancel import CancelGroup, CancelJob, SweepCancelled
from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.broker.commit import Commit, CommitStep
from queue_service.broker.extend import Extend, Extension
from queue_service.broker.groups import CreateGroup, SealGroup
from queue_service.broker.operators import Operators
from queue_service.broker.push import NewJob, Parent, Push
from queue_service.broker.queues import SettingsChange
from queue_service.broker.settle import ExpireLeases, Settle, Settlement
from queue_service.broker.stored_events import EventFilter, StoredEvents
from queue_service.broker.terms import Terms
from queue_service.domain.errors import BrokerError
from queue_service.domain.outcomes import Success
from queue_service.domain.queues import QueueSettings
from queue_service.domain.records import NewEvent, OnComplete, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.kv.entries import Check, Write, WriteEntry
from queue_service.ports.events import START
from queue_service.storage.sqlite import SqliteStore

LEASE = 60_000


class SqliteFile:
    """A SQLite file that is opened as a store, closed and opened again."""

    def __init__(self, folder, clock):
        self.path = folder / "store.db"
        self._clock = clock

    async def open(self):
        return await SqliteStore.open(self.path, self._clock)

    def count(self, table):
        """Rows that are stored."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


class Bench:
    """A store, and short names for what tests ask of it."""

    def __init__(self, place, clock):
        self.place = place
        self.clock = clock
        self.chance = 0.5
        self.terms = Terms(chance=lambda: self.chance)
        self.store = None
        self.remembered = {}
        self.sound = True
        """Whether the store has to be without faults when the test ends."""

    async def open(self):
        self.store = await self.place.open()
        self.store.on_commit(lambda work: self.remembered.update(work.notices.settled))
        self.operators = Operators(self.store, self.clock, self.terms)

    async def reopen(self):
        await self.store.close()
        self.remembered.clear()
        await self.open()

    def write(self, unit):
        return self.store.write(unit)

    def claiming(self, queue="q", count=1, lease=LEASE):
        return ClaimEvents(
            [Claim(queue=queue, takers=(Taker(capacity=count, lease_duration=lease),))], terms=self.terms
        )

    async def together(self, *units):
        """Carry units out in one turn, in this order. Answers results and exceptions."""
        async with self.held():
            writes = [asyncio.ensure_future(self.store.write(unit)) for unit in units]
            await asyncio.sleep(0)
        return await asyncio.gather(*writes, return_exceptions=True)

    @asynccontextmanager
    async def held(self):
        """The writer is busy with a turn of its own until the end of the block."""
        begun, go_on = asyncio.Event(), asyncio.Event()
        load = self.store._loader.load

        async def wait_and_load(*arguments):
            self.store._loader.load = load
            begun.set()
            await go_on.wait()
            return await load(*arguments)

        self.store._loader.load = wait_and_load
        first = asyncio.ensure_future(self.store.write(Extend([], terms=self.terms)))
        await begun.wait()
        yield
        go_on.set()
        await first

    def job(self, queue="q", count=1, **values):
        """A job to push; due at once unless delay says otherwise."""
        data, delay = values.pop("data", b"payload"), values.pop("delay", 0)
        events = values.pop("events", (NewEvent(payload=Payload(data, is_json=False), delay=delay),) * count)
        values.setdefault("fingerprint", f"{queue} {count} {data!r}".encode())
        if "parent" in values:
            values["parent"] = Parent(key=values["parent"], lease_id="the parent's lease")
        return NewJob(queue=queue, events=events, **values)

    def pushing(self, *jobs):
        return Push(list(jobs), terms=self.terms)

    async def push(self, *arguments, **values):
        (answer,) = await self.write(self.pushing(self.job(*arguments, **values)))
        if isinstance(answer, BrokerError):
            raise answer
        return answer

    async def claim(self, queue="q", count=1, lease=LEASE):
        (claimed,) = await self.write(self.claiming(queue, count, lease))
        return claimed.deliveries[0]

    async def lease(self, queue="q"):
        (delivered,) = await self.claim(queue)
        return delivered.key

    def settlement(self, key, outcome=None):
        return Settlement(key=key, outcome=outcome or Success(), lease_id="a lease")

    def settling(self, *pairs):
        settlements = [self.settlement(*pair) for pair in pairs]
        return Settle(settlements, remembered=self.remembered, terms=self.terms)

    async def settle(self, key, outcome=None):
        (settled,) = await self.write(self.settling((key, outcome)))
        return settled

    async def extend(self, key, duration=LEASE):
        (extended,) = await self.write(Extend([Extension(key=key, duration=duration)], terms=self.terms))
        return extended

    def expire(self, *keys, is_over=lambda _key: True):
        return self.write(ExpireLeases(list(keys), is_over=is_over, terms=self.terms))

    def committing(self, *, settle=(), push=(), check=(), write=(), request_id=None, fingerprint=b"same"):
        step = CommitStep(
            request_id=request_id,
            fingerprint=fingerprint,
            checks=tuple(Check(key=key, version=version) for key, version in check),
            settlements=tuple(self.settlement(*(one if isinstance(one, list) else [one])) for one in settle),
            pushes=tuple(push),
            writes=tuple(Write(key=key, payload=value and Payload(value, is_json=False)) for key, value in write),
        )
        return Commit(step, terms=self.terms)

    def commit(self, **values):
        return self.write(self.committing(**values))

    async def group(self, *, then=None, group_id=None, fingerprint=b""):
        """A new group's id. then: queue of the completion job."""
        on_complete = then and OnComplete(queue=then, events=(NewEvent(payload=Payload(b"done", is_json=False)),))
        unit = CreateGroup(
            group_id=group_id or uuid.uuid4().bytes,
            on_complete=on_complete,
            fingerprint=fingerprint,
            parent=None,
            terms=self.terms,
        )
        return (await self.write(unit))[0].group_id

    def seal(self, group_id, **values):
        return self.write(SealGroup(group_id, **values))

    def cancelling(self, job_id):
        return CancelJob(job_id)

    def cancel_job(self, job_id):
        return self.write(self.cancelling(job_id))

    def cancel_group(self, group_id):
        return self.write(CancelGroup(group_id))

    async def update_queue(self, queue="q", *, create=True, policy=None, **fields):
        """Set some settings of a queue, and fields of its policy."""
        change = SettingsChange(
            settings=QueueSettings(policy=PolicyChange(**policy or {}), **fields),
            fields=frozenset(fields),
            policy_fields=frozenset(policy or ()),
        )
        return (await self.operators.update_queue(queue, change, create=create)).queue

    async def queue(self, name="q"):
        """The record of a queue; its counts are those of the rows."""
        queue = (await self.operators.get_queue(name)).queue
        rows = await self.store._reader._connection.execute_fetchall(
            "SELECT state, count(*) FROM event WHERE queue = ? GROUP BY state", (queue.id,)
        )
        counts = dict(rows)
        assert (queue.pending, queue.leased, queue.failed) == tuple(counts.get(state, 0) for state in (1, 2, 4))
        return queue

    def sweep(self, **values):
        return self.write(SweepCancelled(**values))

    def set(self, key, value=b"value", *, version=None, expire_after=None):
        """Set an entry; None deletes it. version: the one that it must have, 0 for absent."""
        write = Write(key=key, payload=value and Payload(value, is_json=False), expire_after=expire_after)
        return self.write(WriteEntry(write, check=None if version is None else Check(key=key, version=version)))

    @property
    def events(self):
        """What operators do with stored events."""
        return StoredEvents(self.store, self.clock)

    async def stored(self, *, full=False, limit=100, max_bytes=10**7, **chosen):
        """The chosen events, over all pages."""
        found, after = [], START
        while after is not None:
            page = await self.events.page(
                EventFilter(**chosen), after=after, limit=limit, full=full, max_bytes=max_bytes
            )
            assert len(page.events) <= limit
            found += page.events
            after = page.after
        return found

    async def get(self, key):
        return (await self.store.get_entries([key], self.clock.now())).get(key)

    async def counts(self, job_id):
        """success, in_progress, failed, cancelled."""
        job = (await self.store.get_jobs([job_id]))[job_id].job
        assert job.success + job.in_progress + job.failed + job.cancelled == job.events
        return job.success, job.in_progress, job.failed, job.cancelled


@pytest.fixture(params=[SqliteFile], ids=["sqlite"])
async def bench(request, tmp_path, clock):
    """An open store of each kind. Whatever a test did, its counts are those of its rows in the end."""
    bench = Bench(request.param(tmp_path, clock), clock)
    await bench.open()
    yield bench
    faults = await bench.store.safekeeping.check() if bench.sound else []
    await bench.store.close()
    assert faults == []
