"""A worker that hangs longer than its leases, wakes up, and goes on as if nothing had happened: it changes nothing."""

import asyncio
import signal

import pytest

STEPS = ("start", "chunk", "complete", "status")
"""The calls that the worker was about to make when it hung. Another worker makes them meanwhile, and ends the run."""


async def hang(make_iso, kind):
    iso = await make_iso()
    stage, sleeper = iso.stage, iso.stage.worker
    hangs, wakes, woke = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def before(call):
        if call.kind == kind and not hangs.is_set():
            sleeper.send(signal.SIGSTOP)
            hangs.set()
            await wakes.wait()

    async def after(call):
        if wakes.is_set():
            woke.set()

    iso.assets.before, iso.assets.after = before, after
    started = await stage.imports.start("iso")
    await asyncio.wait_for(hangs.wait(), 30)
    other = await stage.add_worker()
    async for run in stage.imports_of(other).watch(started.run.import_id):
        last = run
    await iso.check_exact(last)
    objects = await stage.objects()

    wakes.set()
    await woke.wait()
    sleeper.send(signal.SIGCONT)
    again = await stage.run("iso")  # asked of the one that woke up
    assert (again.state, again.failure, again.run_number) == ("SUCCEEDED", None, 1)
    assert await stage.imports.get(last.import_id) == last
    first, *late, second = await stage.executions()
    assert (first["state"], first["completions"], second["state"]) == ("DONE", 1, "DONE")
    assert [each["state"] for each in late] == (["CANCELLED"] if kind == "start" else [])
    assert {each["key"] for each in objects["Country"]} == {each["key"] for each in (await stage.objects())["Country"]}


@pytest.mark.timeout(200)
async def test_a_worker_that_hangs(make_iso):
    ended = await asyncio.gather(*(hang(make_iso, kind) for kind in STEPS), return_exceptions=True)
    failed = [
        AssertionError(f"at {kind}: {each!r}")
        for kind, each in zip(STEPS, ended, strict=True)
        if isinstance(each, BaseException)
    ]
    if failed:
        raise ExceptionGroup("imports", failed)
