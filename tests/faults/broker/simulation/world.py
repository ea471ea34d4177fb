"""One run: the broker's units over a store that breaks and crashes, next to the model; compared after every turn.

A crash takes the file and its log as they are at that moment and opens the copy: so what was not committed is gone. A
torn log also loses a part of what was written since the last commit that was told to somebody.
"""

import asyncio
import pickle
import shutil
import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest import mock

from queue_service.broker import cancel
from queue_service.broker.terms import Terms
from queue_service.domain.errors import BrokerError
from queue_service.storage.sqlite import SqliteStore, kept, loading
from queue_service.storage.sqlite.statements import SQL
from tests.faults.broker.simulation.invariants import check_turn
from tests.faults.broker.simulation.ledger import CHANCE, NEVER, Violation, insist
from tests.faults.broker.simulation.model import Model
from tests.faults.broker.simulation.observed import Observed
from tests.faults.broker.simulation.operations import Resolver
from tests.faults.broker.simulation.pictures import difference, read_picture

DRAIN_TURNS = 150
QUEUES = ("a", "b", "after")
SMALL = ((loading, "CALLED_UP", 1), (loading, "SWEEP_EVENTS", 2), (cancel, "SWEEP_EVENTS", 2), (kept, "MAX_EVENTS", 2))
"""Bounds of the broker in some of the runs, so that few events meet them."""


_empty_file = []


class Clock:
    """Both clocks stand until a turn moves them."""

    wall = 1_800_000_000_000

    def now(self):
        return self.wall

    def monotonic(self):
        return 0.0


class World:
    """The store under test and the model."""

    def __init__(self, folder, *, small):
        self.folder, self.clock, self.model = Path(folder), Clock(), Model(short_lines=not small)
        self.lives, self.remembered, self.ready, self.seen = 0, {}, {}, {}
        self.resolver = Resolver(self.model, Terms(chance=lambda: CHANCE), self.remembered)

    @property
    def path(self):
        return self.folder / f"life-{self.lives}.db"

    @property
    def log(self):
        return self.folder / f"life-{self.lives}.db-wal"

    async def begin(self):
        """Open an empty store: the first one of this process makes the file for all."""
        if not _empty_file:
            await self.open()
            await self.close()
            _empty_file.append(self.path.read_bytes())
        self.path.write_bytes(_empty_file[0])
        await self.open()
        self.compare()

    async def open(self):
        self.store = await SqliteStore.open(self.path, self.clock)
        self.store.on_commit(self._committed)
        self.reader = sqlite3.connect(self.path, isolation_level=None)
        self.remembered.clear()
        self.model.memory.clear()
        self.ready = {queue.name: 0 for queue in await self.store.queues()}
        self.durable = self.log.stat().st_size if self.log.exists() else 0

    async def close(self):
        self.reader.close()
        await self.store.close()

    async def reopen(self):
        await self.close()
        await self.open()

    def _committed(self, work):
        self.remembered.update(work.notices.settled)
        self._tell_ready(work.notices.ready)
        self._tell_ready({queue: 0 for queue, paused in work.notices.paused.items() if not paused})

    def _tell_ready(self, ready):
        for queue, due in ready.items():
            self.ready[queue] = min(due, self.ready.get(queue, NEVER))

    # Turns

    async def turn(self, turn):
        """One turn of the writer, well or not."""
        self.clock.wall += turn["step"]
        self.model.tell_time(self.clock.wall)
        resolved = [self.resolver.resolve(kind, values) for kind, values in turn["do"]]
        steps = sorted((Observed(one) for one in resolved if one), key=lambda step: not step.urgent)
        if turn["fate"] == "reopen":
            await self.reopen()
        if turn["fate"] == "checkpoint":
            await self.store._upkeep.finish()
            self.durable = 0
        if steps:
            await self._carry_out(steps, turn["fate"], turn["at"])
        before = self.seen
        self.compare()
        check_turn(before, self.seen, steps, self.model)

    async def _carry_out(self, steps, fate, at):
        connection, saved = self.store._connection, None
        if fate == "torn log":
            saved = pickle.dumps(self.model), len(self.resolver.leases)
        if fate in {"fault", "crash"}:
            connection.arm(at, self._copy if fate == "crash" else lambda: None)
        answers = await self._write(steps)
        if connection.disarm():
            insist(all(isinstance(answer, BrokerError) for answer in answers), "a failed turn is told as such", answers)
            self.ready.update(dict.fromkeys(QUEUES, 0))  # as the dispatcher does where it could not claim
            if fate == "crash":
                await self._go_on_from_copy()
            return
        told = [type(one).__name__ if isinstance(one, Exception) else step.operation.told(one)
                for step, one in zip(steps, answers, strict=True)]  # fmt: skip
        insist(told == [step.answer for step in steps], "what was applied is answered", told)
        self._follow(steps)
        if fate in {"crash after commit", "torn log"}:
            self._copy(cut=at if fate == "torn log" else None)
            await self._go_on_from_copy()
        if fate == "torn log" and self.picture() != self.model.picture():  # nothing of the turn, then
            self._rewind(*saved)
        self.durable = self.log.stat().st_size if self.log.exists() else 0

    async def _write(self, steps):
        for step in steps:
            if step.name == "claim":
                for queue, _ in step.arguments["claims"]:
                    self.ready.pop(queue, None)
        writes = [asyncio.ensure_future(self.store.write(step)) for step in steps]
        return await asyncio.gather(*writes, return_exceptions=True)

    def _follow(self, steps):
        """Let the model do the same, and compare what it answers."""
        for step in steps:
            if step.name == "claim":
                step.arguments = {**step.arguments, "told": step.answer}
            if step.name == "prune":
                numbers = {number: group for group, number in self.resolver.numbers.items()}
                groups = [numbers[number] for number in step.removed_groups]
                step.arguments = {"jobs": step.removed_jobs, "groups": groups}
        expected = self.model.turn(steps)
        for step, answer in zip(steps, expected, strict=True):
            insist(step.answer == answer, "answers", step.name, step.arguments, step.answer, "expected", answer)
            if step.name == "claim":
                self._note_claimed(step)

    def _note_claimed(self, step):
        for (queue, _), (shares, more, next_due) in zip(step.arguments["claims"], step.answer, strict=True):
            self.resolver.leases.extend(key for share in shares for key in share)
            due = 0 if more else next_due
            if due is not None:
                self._tell_ready({queue: due})

    def _rewind(self, model, leases):
        """The turn never happened: nobody was told of it."""
        self.model.__dict__ = pickle.loads(model).__dict__
        self.model.memory = {}
        del self.resolver.leases[leases:]

    def _copy(self, cut=None):
        """What a new process would find."""
        target = self.folder / f"life-{self.lives + 1}.db"
        shutil.copyfile(self.path, target)
        if self.log.exists():
            data = self.log.read_bytes()
            if cut is not None:
                data = data[: self.durable + (len(data) - self.durable) * cut // 15]
            target.with_name(f"{target.name}-wal").write_bytes(data)

    async def _go_on_from_copy(self):
        old = self.path, self.log
        await self.close()
        for one in old:
            one.unlink(missing_ok=True)
        self.lives += 1
        await self.open()

    # Comparing

    def picture(self):
        """What is in the file."""
        return read_picture(self.reader)

    def check(self):
        """The broker's own check of a store finds nothing."""
        checks = [statement for name, statement in SQL.items() if name.startswith("check_")]
        bounds = {"limit": 9, "call_up": loading.CALLED_UP}
        faults = [row for statement in checks for row in self.reader.execute(statement, bounds)]
        insist(not faults, "the check of a store", faults)

    def compare(self):
        self.seen = found = self.picture()
        self.resolver.numbers = dict(self.reader.execute("SELECT group_id, id FROM job_group"))
        expected = self.model.picture()
        if found != expected:
            wrong = {
                table: difference(found[table], expected[table]) for table in found if found[table] != expected[table]
            }
            raise Violation(f"the store is not as the model: {wrong}")
        for name in self.model.queues:
            told = self.ready.get(name, NEVER)
            if any(event.key is None or not self.model.went_back for event in self.model.ready(name)):
                insist(told <= self.clock.wall, "no waiting event is forgotten: nobody was woken", name)
            insist(told <= self.model.next_due(name), "no waiting event is forgotten: no timer", name)


async def carry_out(run, folder):
    """Carry a run out. Raises Violation, or what the broker raised."""
    with ExitStack() as stack:
        if run["small"]:
            for module, name, bound in SMALL:
                stack.enter_context(mock.patch.object(module, name, bound))
        world = World(folder, small=run["small"])
        await world.begin()
        try:
            for turn in run["turns"]:
                await world.turn(turn)
            await world.reopen()
            world.compare()
            world.check()
            if run["drain"]:
                await drain(world)
        finally:
            with suppress(Exception):
                await world.close()


def _calm(*do, step=0):
    return {"step": step, "fate": "well", "at": 0, "do": list(do)}


async def drain(world):
    """What was pushed can be brought to an end: nothing is stuck in a line, a backoff, a group or a cancel."""
    model = world.model
    for position in range(len(model.groups)):
        await world.turn(_calm(["seal", {"group": position, "only_if_idle": False}]))
    for name in QUEUES:
        await world.turn(_calm(["pause", {"queue": name, "paused": False}]))
    held = 1
    for _ in range(DRAIN_TURNS):
        waiting = [event for event in model.events.values() if event.state == "PENDING"]
        waits = [event.due - world.clock.wall for event in waiting if event.due > world.clock.wall]
        step = 0 if held else min(waits, default=0)
        claims = [[queue, [100]] for queue in QUEUES]
        await world.turn(_calm(["claim", {"claims": claims, "lease": 60_000}], step=step))
        held = sum(event.state == "LEASED" for event in model.events.values())
        live = [[["live", position], "success", None, False] for position in range(held)]
        sweeps = {
            (of, pick)
            for of, owners in (("job", model.jobs), ("group", model.groups))
            for pick, owner in enumerate(owners)
            if any(map(model.doomed, waiting))
        }
        if not waiting and not held:
            break
        await world.turn(
            _calm(
                ["settle", {"settlements": live}], *(["sweep", {"of": of, "pick": pick}] for of, pick in sorted(sweeps))
            )
        )
    states = {event.state for event in model.events.values()}
    insist(states <= {"SUCCEEDED", "FAILED", "CANCELLED"}, "no waiting event is forgotten: the end", model.events)
    insist(all(group.state == "COMPLETE" for group in model.groups.values()), "groups complete", model.groups)
