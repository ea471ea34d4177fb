"""Steps of the past do nothing, lost ones are found again, and workers come and go."""

import asyncio

import pytest

import longshore
from import_worker.flow.events import FINALIZE, READ, START, SUBMIT
from longshore import ImportState, JobState


@pytest.mark.parametrize("queue", [START, READ, SUBMIT, FINALIZE])
@pytest.mark.parametrize("number", [1, 2])
async def test_a_step_of_the_past_does_nothing(world, queue, number):
    run = await world.run()
    before = [(entry.key, entry.version) async for entry in world.client.kv.list()]
    pages = len(world.source.requests)
    attributes = {
        "import": run.import_id,
        "run": str(number),
        "resource": "regions",
        "lane": "0",
        "page": "0",
        "part": "0",
        "objects": "1",
    }
    job = await world.client.queue(queue).push(b"{}", attributes=attributes)
    assert (await job.wait()).stats.state is JobState.SUCCEEDED
    assert [(entry.key, entry.version) async for entry in world.client.kv.list()] == before
    assert len(world.source.requests) == pages
    assert [each["data_calls"] for each in await world.executions()] == [run.progress.chunks + 1]


async def test_a_page_of_the_past_is_not_read_again(world):
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if resource == "countries" and first else None
    started = await world.imports.start("places")
    import_id = started.run.import_id
    await world.until(import_id, lambda run: run.progress.pages_read == 5)
    requests = world.source.requests.count(("regions", 0))
    attributes = {"import": import_id, "run": "1", "resource": "regions", "lane": "0", "page": "0"}
    job = await world.client.queue(READ).push({}, attributes=attributes)
    assert (await job.wait()).stats.state is JobState.SUCCEEDED
    assert world.source.requests.count(("regions", 0)) == requests
    blocked.set()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_a_lost_finalizer_is_pushed_again(world):
    await world.rest()
    await world.work(serve_only=True)
    started = await world.imports.start("places")
    await world.imports.cancel(started.run.import_id)

    lost = asyncio.Event()

    async def lose(event):
        lost.set()
        raise longshore.Fail("LOST")

    thief = asyncio.create_task(world.client.queue(FINALIZE).consume(lose))
    await lost.wait()
    thief.cancel()
    await asyncio.gather(thief, return_exceptions=True)
    await world.rest()
    await world.work()
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED


async def test_a_step_that_became_a_dead_letter_fails_the_run(world):
    await world.rest()
    await world.work(serve_only=True)
    started = await world.imports.start("places")

    lost = asyncio.Event()

    async def lose(event):
        lost.set()
        raise longshore.Fail("LOST")

    thief = asyncio.create_task(world.client.queue(START).consume(lose))
    await lost.wait()
    thief.cancel()
    await asyncio.gather(thief, return_exceptions=True)
    await world.rest()
    await world.work()
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "STEP_FAILED")


async def test_another_worker_goes_on(world):
    await world.faults(stall_every=1, stall_seconds=0.05)
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.progress.pages_read >= 1)
    await world.rest()
    await world.work()
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_two_workers_share_one_import(world):
    await world.work()
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()
    assert [each["completions"] for each in await world.executions()] == [1]


@pytest.mark.parametrize(("state", "end"), [("PROCESSING", "FAILED"), ("CANCELLING", "CANCELLED")])
async def test_a_run_that_nothing_can_move_gets_a_terminal_record_and_frees_its_destination(world, state, end):
    """The broker forgot its group, because no worker ran for weeks."""
    await world.rest()
    await world.work(serve_only=True)
    import_id = (await world.imports.start("places")).run.import_id
    await world.rest()
    key = f"imp:{import_id}:run"
    lost = {"state": state, "group_id": longshore.new_id(), "number": 2}
    await world.client.kv.set(key, await world.client.kv.get(key) | lost)
    await world.work()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state == end
    assert (run.failure is None) == (end == "CANCELLED")
    if run.failure:
        assert run.failure.reason == "ABANDONED"
        assert "PROCESSING" in run.failure.message
    assert not (await world.imports.start("places")).already_active


async def test_finalizers_that_always_fail_end_the_run(world, monkeypatch):
    monkeypatch.setattr("import_worker.flow.sweep.MAX_FINALIZERS", 0)
    await world.rest()
    await world.work(serve_only=True)
    import_id = (await world.imports.start("places")).run.import_id

    lost = asyncio.Event()

    async def lose(event):
        if event.queue == FINALIZE:
            lost.set()
        raise longshore.Fail("LOST")

    thief = asyncio.create_task(world.client.consume([START, FINALIZE], lose))
    await lost.wait()
    thief.cancel()
    await asyncio.gather(thief, return_exceptions=True)
    await world.rest()
    await world.work()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "ABANDONED")


async def test_a_cancel_that_was_interrupted_is_carried_on(world):
    """A worker died between deciding to cancel and telling the broker, and a chunk would wait for an hour."""
    await world.faults(rate_limit_every=1, retry_after=3600)
    started = await world.imports.start("places")
    import_id = started.run.import_id
    await world.until(import_id, lambda run: run.throttled_until is not None)
    await world.rest()
    key = f"imp:{import_id}:run"
    await world.client.kv.set(key, await world.client.kv.get(key) | {"state": "CANCELLING"})
    await world.work()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED
    assert [each["state"] for each in await world.executions()] == ["CANCELLED"]
