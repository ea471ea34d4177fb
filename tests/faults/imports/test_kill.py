"""kill -9 of the worker, of the broker, and of both, at moments that a seed chooses: the import ends by itself, exact.

A moment is a step of the import: a call to the source or to Assets, before it goes out or after it took effect. Each
seed is an import with processes of its own; the imports of a kind run side by side. Leases of a killed worker end after
10 s, and none ends in the first 30 s of a broker, so killing both takes the longest.
"""

import asyncio
import os
import random
from dataclasses import dataclass

import pytest
from starlette.responses import Response

from import_worker.sandbox.wire import NoAnswer

SEEDS = int(os.environ.get("LONGSHORE_FAULT_SEEDS", "3"))
FAILED_ONCE: dict[str, tuple[int, ...]] = {"worker": (), "broker": (), "both": ()}
"""Seeds that found something. They stay for ever."""

VICTIMS = {"worker": ("worker",), "broker": ("broker",), "both": ("broker", "worker")}
KILLS = {"worker": 3, "broker": 5, "both": 2}
STEPS = 110
"""About as many steps as an undisturbed import has."""
NEVER = {"start"}
"""Between an execution's start and its record a kill leaves an orphan; that is told in test_orphan.py."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When to kill.

    Attributes:
        step: how many calls began or were answered before.
        reaches: whether a call that was about to go out still does, like one that was on its way.
    """

    step: int
    reaches: bool


class Killer:
    """Kills and restarts processes of an import at chosen moments."""

    def __init__(self, iso, kind, seed):
        chance = random.Random(f"{kind} {seed}")
        steps = sorted(chance.sample(range(STEPS), KILLS[kind]))
        self._moments = [Moment(step=step, reaches=chance.random() < 0.5) for step in steps]
        self._victims = [getattr(iso.stage, name) for name in VICTIMS[kind]]
        self._step = 0
        self._restarts = []
        self.log = []
        mark = iso.source.after
        for front in (iso.source, iso.assets):
            front.before = self._before

        async def marked(call):
            answer = await mark(call)
            await self._moment(call, "answered")
            return answer

        iso.source.after = marked
        iso.assets.after = self._after

    async def _before(self, call) -> Response | None:
        moment = await self._moment(call, "sent")
        return None if moment is None or moment.reaches else NoAnswer()

    async def _after(self, call) -> Response | None:
        await self._moment(call, "answered")
        return None

    async def _moment(self, call, side) -> Moment | None:
        """Count a step. At a chosen one, kill, and go on when the victims are dead; they come back by themselves."""
        if call.kind in NEVER or not all(restart.done() for restart in self._restarts):
            return None
        self._step += 1
        if not self._moments or self._step <= self._moments[0].step:
            return None
        moment = self._moments.pop(0)
        self.log.append(f"{call.kind} {call.number} {side}" + (", lost" if not moment.reaches else ""))
        dead = asyncio.Event()
        self._restarts.append(asyncio.create_task(self._restart(dead)))
        await dead.wait()
        return moment

    async def _restart(self, dead):
        await asyncio.gather(*(victim.kill() for victim in self._victims))
        dead.set()
        for victim in self._victims:
            await victim.start()

    async def finish(self):
        """Every kill took place, and every victim is back."""
        await asyncio.gather(*self._restarts)
        assert self._moments == []


async def survive(make_iso, kind, seed):
    iso = await make_iso()
    killer = Killer(iso, kind, seed)
    try:
        run = await asyncio.wait_for(iso.stage.run("iso"), 200)
        await killer.finish()
        await iso.check_exact(run)
    except Exception as error:
        raise AssertionError(f"{kind}, seed {seed}, killed at: {'; '.join(killer.log)}") from error


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", list(VICTIMS))
async def test_an_import_survives_kills(make_iso, kind):
    seeds = [*FAILED_ONCE[kind], *range(SEEDS)]
    ended = await asyncio.gather(*(survive(make_iso, kind, seed) for seed in seeds), return_exceptions=True)
    failed = [each for each in ended if isinstance(each, BaseException)]
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(seeds)} imports", failed)


async def test_an_execution_that_expires_while_the_worker_is_dead(make_iso):
    """The next one receives the whole set from page one."""
    iso = await make_iso()
    mark = iso.source.after

    async def kill_once(call):
        answer = await mark(call)
        if call.number == 9:
            await iso.stage.worker.kill()
            await iso.stage.faults(idle_expiry_seconds=0)
            assert [each["state"] for each in await iso.stage.executions()] == ["CANCELLED"]
            await iso.stage.faults(idle_expiry_seconds=None)
            await iso.stage.worker.start()
        return answer

    iso.source.after = kill_once
    run = await iso.stage.run("iso")
    await iso.check_exact(run, executions=2)
    assert run.run_number == 2
