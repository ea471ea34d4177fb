"""A user cancels, at several moments: the execution is cancelled, no object is touched, and the next run succeeds."""

import asyncio

import pytest

from longshore import ImportState, WrongState


async def nothing(_call):
    return None


MOMENTS = (("info", 0), ("start", 0), ("countries", 0), ("subdivisions", 6), ("chunk", 0), ("chunk", 25))
"""The kind of call at which the user cancels, and how many of its kind came before."""


class Pause:
    """Holds the import at a call of a kind until it is told to go on."""

    def __init__(self, iso, kind, skipped):
        self.reached = asyncio.Event()
        self.goes_on = asyncio.Event()
        self._kind, self._left = kind, skipped + 1
        for front in (iso.source, iso.assets):
            front.before = self._before

    async def _before(self, call):
        if call.kind == self._kind:
            self._left -= 1
            if self._left == 0:
                self.reached.set()
                await self.goes_on.wait()


@pytest.mark.parametrize("moments", [MOMENTS[:4], MOMENTS[4:]], ids=["early", "late"])
async def test_cancel(make_iso, moments):
    iso = await make_iso()
    stage = iso.stage
    await iso.check_exact(await stage.run("iso"))
    before = await stage.objects()
    for kind, skipped in moments:
        pause = Pause(iso, kind, skipped)
        following = asyncio.create_task(stage.command("import", "run", "iso"))
        await asyncio.wait_for(pause.reached.wait(), 30)
        latest = [run async for run in stage.imports.list()][-1]
        cancelled = await stage.command("import", "cancel", latest.import_id)
        assert (cancelled.code, cancelled.err) == (0, "")
        pause.goes_on.set()
        said = await following
        assert (said.code, said.err) == (4, ""), (kind, skipped)
        ended = await stage.imports.get(latest.import_id)
        assert (ended.state, ended.failure) == (ImportState.CANCELLED, None)
        assert await stage.objects() == before
    states = [(each["state"], each["completions"]) for each in await stage.executions()]
    opened = [moment for moment in moments if moment[0] != "info"]
    assert states == [("DONE", 1), *[("CANCELLED", 0)] * len(opened)]
    run = await stage.run("iso")
    assert run.state == "SUCCEEDED"
    assert {each["key"] for each in (await stage.objects())["Country"]} == {each["key"] for each in before["Country"]}


async def test_it_is_too_late_when_assets_has_been_told(make_iso):
    iso = await make_iso()
    pause = Pause(iso, "complete", 0)
    following = asyncio.create_task(iso.stage.command("import", "run", "iso"))
    await asyncio.wait_for(pause.reached.wait(), 30)
    latest = [run async for run in iso.stage.imports.list()][-1]
    said = await iso.stage.command("import", "cancel", latest.import_id)
    assert said.code == 1
    assert "past its point of no return" in said.err
    with pytest.raises(WrongState):
        await iso.stage.imports.cancel(latest.import_id)
    pause.goes_on.set()
    assert (await following).code == 0
    await iso.check_exact(await iso.stage.imports.get(latest.import_id))


async def test_a_worker_killed_while_it_cancels(make_iso):
    async def check(side):
        iso = await make_iso()
        worker = [iso.stage.worker]

        async def kill(call):
            if call.kind == "cancel" and worker:
                victim = worker.pop()
                await victim.kill()
                await victim.start()

        pause = Pause(iso, "chunk", 10)
        started = await iso.stage.imports.start("iso")
        await asyncio.wait_for(pause.reached.wait(), 30)
        iso.assets.before = iso.source.before = nothing
        setattr(iso.assets, side, kill)
        await iso.stage.imports.cancel(started.run.import_id)
        pause.goes_on.set()
        run = await iso.stage.until(started.run.import_id, lambda run: run.state.terminal)
        assert run.state == "CANCELLED"
        assert worker == []
        assert [each["state"] for each in await iso.stage.executions()] == ["CANCELLED"]
        assert await iso.stage.objects() == {"Country": [], "Subdivision": []}
        assert (await iso.stage.run("iso")).state == "SUCCEEDED"

    await asyncio.gather(check("before"), check("after"))
