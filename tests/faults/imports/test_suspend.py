"""kill -9 around a suspension, a resume and a rehearsal: nothing is lost, and nothing is completed too soon."""

import asyncio
import time

import pytest

import longshore
from longshore import ImportState


async def nothing(_call):
    return None


class At:
    """Holds the import at a call of a kind until it is told to go on."""

    def __init__(self, iso, kind, skipped):
        self.reached = asyncio.Event()
        self.goes_on = asyncio.Event()
        self._kind, self._left = kind, skipped + 1
        iso.source.before = iso.assets.before = self._hold

    async def _hold(self, call):
        self._left -= call.kind == self._kind
        if call.kind == self._kind and self._left == 0:
            self.reached.set()
            await self.goes_on.wait()


async def suspended(iso):
    """An import that another step has suspended while a page was on its way; its id."""
    pause = At(iso, "subdivisions", 5)
    import_id = (await iso.stage.imports.start("iso")).run.import_id
    await asyncio.wait_for(pause.reached.wait(), 30)
    key = f"imp:{import_id}:run"
    failure = {"reason": "SOURCE_UNAVAILABLE", "message": "the source is away"}
    async with longshore.connect(iso.stage.broker.address) as client:
        run = await client.kv.get(key)
        changed = {"state": "SUSPENDED", "suspended_until": time.time() + 3600, "failure": failure}
        await client.kv.set(key, run | changed)
    iso.source.before = iso.assets.before = nothing
    pause.goes_on.set()
    return import_id


async def killed_while_suspended(make_iso):
    iso = await make_iso()
    import_id = await suspended(iso)
    await iso.stage.worker.kill()
    await iso.stage.worker.start()
    await iso.stage.imports.resume(import_id)
    await iso.check_exact(await iso.stage.until(import_id, lambda run: run.state.terminal))


async def killed_after_the_resume(make_iso):
    iso = await make_iso()
    import_id = await suspended(iso)
    resumed = await iso.stage.imports.resume(import_id)
    assert resumed.state is ImportState.READING
    await iso.stage.worker.kill()
    await iso.stage.worker.start()
    await iso.check_exact(await iso.stage.until(import_id, lambda run: run.state.terminal))


async def killed_broker_while_suspended(make_iso):
    iso = await make_iso()
    import_id = await suspended(iso)
    await iso.stage.broker.kill()
    await iso.stage.broker.start()
    assert (await iso.stage.imports.get(import_id)).state is ImportState.SUSPENDED
    await iso.stage.imports.resume(import_id)
    await iso.check_exact(await iso.stage.until(import_id, lambda run: run.state.terminal))


@pytest.mark.timeout(200)
async def test_nothing_of_a_suspended_run_is_lost(make_iso):
    await asyncio.gather(
        killed_while_suspended(make_iso), killed_after_the_resume(make_iso), killed_broker_while_suspended(make_iso)
    )


@pytest.mark.timeout(200)
@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_worker_killed_while_it_ends_a_rehearsal_completes_nothing(make_iso, side):
    iso = await make_iso()
    worker = [iso.stage.worker]

    async def kill(call):
        if call.kind == "cancel" and worker:
            victim = worker.pop()
            await victim.kill()
            await victim.start()

    setattr(iso.assets, side, kill)
    run = await iso.stage.run("iso", rehearse=True)
    assert (run.state, run.failure, worker) == (ImportState.SUCCEEDED, None, [])
    assert [(each["state"], each["completions"]) for each in await iso.stage.executions()] == [("CANCELLED", 0)]
    assert await iso.stage.objects() == {"Country": [], "Subdivision": []}
