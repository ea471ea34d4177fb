"""Random operations with faults and crashes at every statement, compared with the model after every turn.

A crash takes the file and its log as they are on the disk and opens the copy: so what was not committed is gone.
"""

import asyncio
import copy
import random
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing

import pytest

from queue_service.broker.cancel import CancelGroup, CancelJob
from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.broker.commit import Commit, CommitStep
from queue_service.broker.extend import Extend, Extension
from queue_service.broker.groups import CreateGroup, SealGroup
from queue_service.broker.push import NewJob, Parent, Push
from queue_service.broker.settle import ExpireLeases, Settle, Settlement
from queue_service.broker.terms import Terms
from queue_service.domain.errors import BrokerError
from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import Failure, Release, Retry, Success
from queue_service.domain.records import NewEvent, OnComplete, Payload
from queue_service.kv.entries import Check, Write, WriteEntry
from queue_service.storage.sqlite import SqliteStore

TURNS = 80
Operation = namedtuple("Operation", "name arguments unit answer urgent", defaults=(False,))  # noqa: PYI024
QUEUES = ("a", "b", "after")
OUTCOMES = {"success": Success, "failure": Failure, "retry": Retry, "release": Release}


def payload(value):
    return Payload(value, is_json=False)


def new_job(queue, count, delay, job_id, group=None, parent=None, content=0):
    return NewJob(
        queue=queue,
        events=(NewEvent(payload=payload(b"x"), delay=delay),) * count,
        fingerprint=repr((queue, count, delay, content)).encode(),
        job_id=job_id,
        group_id=group,
        parent=parent and Parent(key=parent, lease_id="parent"),
    )


class Script:
    """Makes random operations that fit what the model knows."""

    def __init__(self, seed, model):
        self.random = random.Random(seed)
        self.model = model
        self.remembered = {}
        self.terms = Terms(chance=lambda: 0.5)

    def turn(self):
        """The operations of one turn, with names of the model's methods and units of the broker."""
        kinds = random.Random.choices
        names = ["push", "claim", "settle", "expire", "extend", "commit", "write", "group", "seal", "cancel"]
        weights = [6, 8, 8, 2, 1, 5, 2, 1, 1, 1]
        chosen = kinds(self.random, names, weights, k=self.random.randint(1, 5))
        if chosen.count("claim") > 1:  # one claim at a time, as the dispatcher does
            chosen = [*[name for name in chosen if name != "claim"], "claim"]
        return [made for name in chosen if (made := getattr(self, f"_{name}")()) is not None]

    def _new_push(self):
        pick = self.random
        arguments = {"queue": pick.choice("ab"), "count": pick.randint(1, 4), "delay": pick.choice((0, 0, 0, 5_000)),
                     "job_id": pick.randbytes(16)}  # fmt: skip
        if pick.random() < 0.3 and self.model.groups:
            arguments["group"] = pick.choice(list(self.model.groups))
        return arguments

    def _push(self):
        arguments = self._new_push()
        if self.random.random() < 0.2 and (key := self._key()):
            arguments["parent"] = key
        if self.random.random() < 0.1 and self.model.jobs:
            job_id = self.random.choice(list(self.model.jobs))
            queue, count, delay, content = self.model.jobs[job_id]["content"]
            arguments = {"queue": queue, "count": count, "delay": delay, "job_id": job_id,
                         "content": content + self.random.choice((0, 0, 1))}  # fmt: skip
            if queue == "after":
                return None
        return Operation(
            "push", arguments, Push([new_job(**arguments)], terms=self.terms), lambda answer: _pushed(answer[0])
        )

    def _claim(self):
        queue, count = self.random.choice(QUEUES), self.random.randint(1, 5)
        unit = ClaimEvents(
            [Claim(queue=queue, takers=(Taker(capacity=count, lease_duration=60_000),))], terms=self.terms
        )
        arguments = {"queue": queue, "count": count, "lease": 60_000}
        return Operation("claim", arguments, unit, lambda answer: [one.key for one in answer[0].deliveries[0]])

    def _key(self):
        """A lease that holds, or, now and then, one that was lost."""
        events = [(number, event) for number, event in self.model.events.items() if event["attempt"]]
        live = [(number, event) for number, event in events if event["end"] is not None]
        if self.random.random() < 0.8:
            events = live
        if not events:
            return None
        number, event = self.random.choice(events)
        return LeaseKey(number, event["attempt"] if self.random.random() < 0.9 else 1)

    def _settle(self):
        if (key := self._key()) is None:
            return None
        outcome = self.random.choice(("success", "success", "failure", "retry", "release"))
        after = {"retry": self.random.choice((None, 0, 10**7)), "release": 3_000}.get(outcome)
        made = OUTCOMES[outcome]() if after is None else OUTCOMES[outcome](after=after)
        unit = Settle([Settlement(key=key, outcome=made)], remembered=self.remembered, terms=self.terms)
        arguments = {"key": key, "outcome": outcome, "after": after}
        return Operation("settle", arguments, unit, lambda answer: answer[0].status.name, urgent=True)

    def _expire(self):
        if (key := self._key()) is None:
            return None
        unit = ExpireLeases([key], is_over=lambda _key: True, terms=self.terms)
        return Operation("expire", {"key": key}, unit, lambda answer: answer, urgent=True)

    def _extend(self):
        if (key := self._key()) is None:
            return None

        def told(answer):
            return "lost" if answer[0].expire_time is None else "cancel" if answer[0].cancel_requested else "kept"

        unit = Extend([Extension(key=key, duration=90_000)], terms=self.terms)
        return Operation("extend", {"key": key, "duration": 90_000}, unit, told, urgent=True)

    def _commit(self):
        keys = [key for key in {self._key() for _ in range(self.random.randint(0, 2))} if key]
        pushes = [self._new_push() for _ in range(self.random.randint(0, 2))]
        if keys and pushes:
            pushes[0]["parent"] = keys[0]
        key = self.random.choice("xyz")
        version = self.model.entries.get(key, (0,))[0]
        check = self.random.choice((None, (key, version), (key, version), (key, version + 1)))
        write = self.random.choice((None, (key, b"committed"), (key, None)))
        step = CommitStep(
            request_id=None,
            fingerprint=b"",
            checks=(Check(key=check[0], version=check[1]),) if check else (),
            settlements=tuple(Settlement(key=key, outcome=Success()) for key in keys),
            pushes=tuple(new_job(**push) for push in pushes),
            writes=(Write(key=write[0], payload=write[1] and payload(write[1])),) if write else (),
        )
        arguments = {"keys": keys, "pushes": pushes, "check": check, "write": write}
        unit = Commit(step, terms=self.terms)
        return Operation("commit", arguments, unit, lambda answer: [_pushed(one) for one in answer.pushes], urgent=True)

    def _write(self):
        key, value = self.random.choice("xyz"), self.random.choice((b"1", b"", None))
        made = None if value is None else payload(value)
        return Operation(
            "write", {"key": key, "value": value}, WriteEntry(Write(key=key, payload=made)), lambda _: None
        )

    def _group(self):
        group, then = self.random.randbytes(16), self.random.choice((None, "after"))
        on_complete = then and OnComplete(queue=then, events=(NewEvent(payload=payload(b"x")),))
        unit = CreateGroup(group_id=group, on_complete=on_complete, fingerprint=b"", parent=None, terms=self.terms)
        return Operation("group", {"group": group, "then": then}, unit, lambda _: None)

    def _seal(self):
        if not self.model.groups:
            return None
        group = self.random.choice(list(self.model.groups))
        return Operation("seal", {"group": group}, SealGroup(group), lambda _: None)

    def _cancel(self):
        groups, jobs = list(self.model.groups), list(self.model.jobs)
        if groups and self.random.random() < 0.5:
            group = self.random.choice(groups)
            return Operation("cancel_group", {"group": group}, CancelGroup(group), lambda _: None)
        if not jobs:
            return None
        job_id = self.random.choice(jobs)
        return Operation("cancel_job", {"job_id": job_id}, CancelJob(job_id), lambda _: None)


def _pushed(answer):
    return type(answer).__name__ if isinstance(answer, BrokerError) else answer.deduplicated


class Trap:
    """Breaks the writer's connection at a statement or commit to come."""

    def __init__(self, connection):
        self._connection = connection
        self._execute, self._commit = connection.execute_fetchall, connection.commit
        self.countdown, self.after_commit = -1, False
        connection.execute_fetchall, connection.commit = self.execute_fetchall, self.commit

    def _step(self):
        self.countdown -= 1
        if self.countdown == 0:
            raise sqlite3.OperationalError("disk I/O error")

    async def execute_fetchall(self, *arguments):
        self._step()
        return await self._execute(*arguments)

    async def commit(self):
        if not self.after_commit:
            self._step()
        await self._commit()
        if self.after_commit:
            self._step()


class World:
    """The store under test, its file, and the model."""

    def __init__(self, folder, clock, model, script):
        self.folder, self.clock, self.model, self.script = folder, clock, model, script
        self.lives = 0
        self.attempts = {}

    @property
    def path(self):
        return self.folder / f"life-{self.lives}.db"

    async def open(self):
        self.store = await SqliteStore.open(self.path, self.clock)
        self.trap = Trap(self.store._connection)
        self.script.remembered.clear()
        self.model.memory.clear()

        def remember(work):
            self.script.remembered.update(work.notices.settled)

        self.store.on_commit(remember)

    async def crash(self):
        """Go on from what is on the disk."""
        old, store = self.path, self.store
        self.lives += 1
        shutil.copy(old, self.path)
        if (log := old.with_name(old.name + "-wal")).exists():
            shutil.copy(log, self.path.with_name(self.path.name + "-wal"))
        await store.close()
        await self.open()

    async def turn(self, operations):
        """One turn of the writer. Answers results and exceptions."""
        writes = [asyncio.ensure_future(self.store.write(operation.unit)) for operation in operations]
        return await asyncio.gather(*writes, return_exceptions=True)

    def picture(self):
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            rows = {
                "events": "SELECT id, state, due_time, attempt, failures, lease_losses, lease_expire_time FROM event",
                "jobs": "SELECT job_id, events, success, failed, cancelled FROM job",
                "groups": "SELECT group_id, state, events, success, failed, cancelled FROM job_group",
                "entries": "SELECT key, version, payload FROM entry",
            }
            return {part: {row[0]: row[1:] for row in connection.execute(text)} for part, text in rows.items()}

    def compare(self):
        """The file shows what the model says, and attempts only grew."""
        picture, expected = self.picture(), self.model.picture()
        wrong = {
            (part, key): (picture[part].get(key), expected[part].get(key))
            for part in picture
            for key in picture[part].keys() | expected[part].keys()
            if picture[part].get(key) != expected[part].get(key)
        }
        assert wrong == {}, "the store's and the model's"
        for number, (_, _, attempt, *_) in picture["events"].items():
            assert attempt >= self.attempts.get(number, 0)
            self.attempts[number] = attempt


async def test_the_store_does_what_the_model_says(seed, tmp_path, clock, model):
    script = Script(seed, model)
    world = World(tmp_path, clock, model, script)
    await world.open()
    try:
        for _ in range(TURNS):
            clock.step(script.random.choice((0, 1, 500, 5_000, 60_000)))
            operations = script.turn()
            if not operations:
                continue
            fate = script.random.choices(("well", "fault", "crash", "crash after commit"), (80, 6, 8, 6))[0]
            before = copy.deepcopy(model)
            expected = model.turn(clock.now(), operations)
            world.trap.after_commit = fate == "crash after commit"
            world.trap.countdown = -1 if fate == "well" else script.random.randint(1, 12)
            answers = await world.turn(operations)
            sprung = fate != "well" and world.trap.countdown <= 0
            world.trap.countdown = -1
            if sprung:
                assert all(isinstance(answer, BrokerError) for answer in answers)
                if world.picture() == before.picture():  # all or nothing: the rest of compare() sees to it
                    model.__dict__ = before.__dict__
                if fate != "fault":
                    await world.crash()
            else:
                told = [
                    type(answer).__name__ if isinstance(answer, Exception) else operation.answer(answer)
                    for operation, answer in zip(operations, answers, strict=True)
                ]
                assert told == expected, operations
            world.compare()
    finally:
        await world.store.close()


test_the_store_does_what_the_model_says.runs = 24


@pytest.mark.parametrize("hit", range(1, 12))
async def test_a_commit_that_breaks_anywhere_is_whole_or_not_there(hit, tmp_path, clock, model):
    """The step of an import, broken at every statement: never a settled lease without its follow-up or its entry."""
    world, terms = World(tmp_path, clock, model, Script(0, model)), Terms(chance=lambda: 0.5)
    await world.open()
    await world.store.write(Push([new_job("a", 1, 0, b"1" * 16)], terms=terms))
    claim = ClaimEvents([Claim(queue="a", takers=(Taker(capacity=1, lease_duration=60_000),))], terms=terms)
    (delivered,) = (await world.store.write(claim))[0].deliveries[0]
    step = CommitStep(
        request_id="once",
        fingerprint=b"f",
        checks=(Check(key="lane", version=0),),
        settlements=(Settlement(key=delivered.key, outcome=Success()),),
        pushes=(new_job("b", 2, 0, b"2" * 16, parent=delivered.key),),
        writes=(Write(key="lane", payload=payload(b"cursor")),),
    )
    world.trap.countdown = hit
    answer = (await asyncio.gather(world.store.write(Commit(step, terms=terms)), return_exceptions=True))[0]
    world.trap.countdown = -1
    await world.crash()
    picture = world.picture()
    done = (set(picture["events"]), set(picture["entries"]), len(picture["jobs"])) == ({2, 3}, {"lane"}, 2)
    assert done or (set(picture["events"]), set(picture["entries"]), len(picture["jobs"])) == ({1}, set(), 1)
    assert done or isinstance(answer, BrokerError)
    again = await world.store.write(Commit(step, terms=terms))
    assert again.deduplicated is done
    assert set(world.picture()["events"]) == {2, 3}
    await world.store.close()
