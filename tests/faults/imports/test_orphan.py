"""An execution whose links were lost, with the answer or with the worker: only Assets can end it, and the run waits."""

import asyncio

from import_worker.sandbox.wire import NoAnswer


def lose_the_answer(iso):
    """The first start takes effect, and its answer gets lost."""
    left = [NoAnswer()]

    async def after(call):
        return left.pop() if call.kind == "start" and left else None

    iso.assets.after = after


def kill_the_worker(iso):
    """The worker is killed between the first start and its record, and comes back."""
    left = [iso.stage.worker]

    async def after(call):
        if call.kind == "start" and left:
            worker = left.pop()
            await worker.kill()
            await worker.start()

    iso.assets.after = after


LOSSES = (lose_the_answer, kill_the_worker)


async def test_the_run_waits_until_assets_ends_the_orphan(make_iso):
    async def check(lose):
        iso = await make_iso("--idle-expiry-seconds", "3")
        lose(iso)
        run = await iso.stage.run("iso")
        await iso.check_exact(run, executions=2)
        assert run.run_number == 1

    await asyncio.gather(*map(check, LOSSES))


async def test_without_an_end_of_the_orphan_the_run_fails_with_the_remedy(make_iso):
    async def check(lose):
        iso = await make_iso()
        iso.configure(start_wait="2s")
        lose(iso)
        said = await iso.stage.command("import", "run", "iso")
        assert said.code == 1
        assert said.err.startswith("ORPHAN_EXECUTION: ")
        assert "cancel it in Assets or wait for it to expire, then start again" in said.err
        assert [each["state"] for each in await iso.stage.executions()] == ["INGESTING"]
        assert iso.assets.calls.count("chunk") == iso.assets.calls.count("complete") == 0

    await asyncio.gather(*map(check, LOSSES))
