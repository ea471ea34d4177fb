"""Steps that end at any boundary of the flow: the import comes to its end by itself, and is exact.

A boundary is the moment before or after something outside a step takes effect: a call of the broker, of the source, of
the destination. A step that ends there leaves what a killed worker would leave, and its event comes again. Seeds choose
the boundaries; LONGSHORE_BOUNDARY_SEEDS sets how many for each mode of the sandbox. Both HTTP sides fail meanwhile.
"""

import contextvars
import os
import random
from functools import partial
from typing import Any

import pytest
from starlette.responses import JSONResponse

import longshore
from import_worker import app
from import_worker.flow.dispatch import handle
from longshore import ImportState
from longshore.channel import Channel

SEEDS = int(os.environ.get("LONGSHORE_BOUNDARY_SEEDS", "8"))
KILLS = 12
FAILED_ONCE: dict[str, tuple[int, ...]] = {"ignored": (), "deduplicated": (), "refused": ()}
"""Seeds that found something. They stay for ever."""

_in_step: contextvars.ContextVar[bool] = contextvars.ContextVar("in_step", default=False)


class Killed(Exception):
    """The worker of the step is dead."""


class Fate:
    """Which boundaries end their step."""

    def __init__(self) -> None:
        self.seen = 0
        self.chosen: set[int] = set()
        self.log: list[str] = []
        self.immune = False

    def choose(self, seed: str, among: int) -> None:
        self.seen, self.log, self.immune = 0, [], False
        self.chosen = set(random.Random(seed).sample(range(among), KILLS))

    def passes(self, where: str) -> None:
        """A boundary."""
        self.seen += 1
        if self.seen in self.chosen and not self.immune:
            self.log.append(where)
            raise Killed(where)

    async def over(self, name: str, work: Any) -> Any:
        """Something takes effect, between two boundaries."""
        self.passes(f"before {name}")
        answer = await work()
        # Between an execution's start and its record a death leaves an orphan, which ends otherwise: see test_starting.
        self.immune = name == "start" or (self.immune and name != "Commit")
        self.passes(f"after {name}")
        return answer


class Bounded:
    """A source or a destination of which every call is between two boundaries."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "close" or not callable(found):
            return found
        return lambda *arguments: self._fate.over(name, lambda: found(*arguments))


@pytest.fixture
async def fate(monkeypatch, world) -> Fate:
    """The boundaries of the world's workers."""
    fate, build, call = Fate(), app.build_bench, Channel.call

    def bounded(config, outside, **options):
        bench = build(config, outside, **options)
        object.__setattr__(bench, "source", Bounded(bench.source, fate))
        object.__setattr__(bench, "destination", Bounded(bench.destination, fate))
        return bench

    async def mortal(flow, event):
        token = _in_step.set(True)
        try:
            await handle(flow, event)
        except Killed:
            if not event.settled:
                raise longshore.Release(after=0.0, reason="KILLED") from None
        finally:
            _in_step.reset(token)

    async def called(self, method, request, **options):
        work = partial(call, self, method, request, **options)
        if not _in_step.get() or "Heartbeat" in type(request).__name__:
            return await work()
        name = type(request).__name__.removesuffix("Request")
        return await fate.over(name, work)

    await world.rest()
    monkeypatch.setattr(app, "build_bench", bounded)
    monkeypatch.setattr(app, "handle", mortal)
    monkeypatch.setattr(Channel, "call", called)
    await world.work()
    return fate


def change(world, number):
    """Another set than before: something new, something gone, something else."""
    tables = world.source.tables
    tables["countries"].append({"code": f"c{number}", "name": f"Land {number}"})
    gone = tables["regions"].pop(0)
    for row in tables["regions"]:
        row["parent"] = None if row["parent"] == gone["code"] else row["parent"]
    tables["regions"][number % len(tables["regions"])]["people"] += 1
    new = {"code": f"n{number}", "name": "New", "people": 0, "country": f"c{number}", "parent": None}
    tables["regions"].append(new)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client_ids", ["ignored", "deduplicated", "refused"])
async def test_an_import_is_exact_wherever_its_steps_end(world, fate, client_ids):
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    among, asked = fate.seen, 0
    assert among > 100

    def fails(_resource, _first):
        nonlocal asked
        asked += 1
        return JSONResponse({}, 503) if asked % 7 == 0 else None

    world.source.instead = fails
    await world.faults(client_ids=client_ids, error_every=9, lose_answer_every=11, rate_limit_every=13)
    for number, seed in enumerate([*FAILED_ONCE[client_ids], *range(SEEDS)]):
        change(world, number)
        fate.choose(f"{client_ids} {seed}", among)
        before = len(await world.executions())
        run = await world.run()
        told = f"{client_ids}, seed {seed}, ended at: {', '.join(fate.log)}"
        assert (run.state, run.failure) == (ImportState.SUCCEEDED, None), told
        assert len(fate.log) >= KILLS // 2, told
        await world.check_equal()
        new = (await world.executions())[before:]
        assert [each["completions"] for each in new if each["state"] == "DONE"] == [1], told
        assert all(each["completions"] == 0 for each in new if each["state"] != "DONE"), told
        assert [each["completions_refused"] for each in new] == [0] * len(new), told
