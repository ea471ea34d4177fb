"""Suspending: what passes is waited for in the open execution; resuming goes on in it, exactly."""

import asyncio

import pytest
from starlette.responses import Response

import longshore
from import_worker.flow.events import READ, SUBMIT
from import_worker.flow.suspend import stay_suspended
from longshore import ImportState
from longshore.admin import EventFilter, EventState


async def suspend(world):
    """An import that is suspended, because its source stays away behind the first page of regions."""
    world.source.instead = lambda resource, first: (
        Response(status_code=500) if resource == "regions" and first else None
    )
    import_id = (await world.imports.start("places")).run.import_id
    return await world.until(import_id, lambda run: run.state is ImportState.SUSPENDED)


def mend(world):
    world.source.instead = lambda resource, first: None


async def pending(world, queue):
    return [each async for each in world.client.admin.events.list(EventFilter(queue=queue, state=EventState.PENDING))]


async def ended(world, import_id):
    return await world.until(import_id, lambda run: run.state.terminal)


async def check_succeeded(world, run, executions):
    assert (run.state, run.failure, run.suspended_until) == (ImportState.SUCCEEDED, None, None)
    assert [each["state"] for each in await world.executions()] == executions
    await world.check_equal()


async def test_a_resumed_run_goes_on_in_its_execution(world):
    run = await suspend(world)
    assert (run.failure.reason, run.end_time) == ("SOURCE_UNAVAILABLE", None)
    assert 3590 < (run.suspended_until - run.update_time).total_seconds() < 3610
    mend(world)
    requests = world.source.requests.count(("regions", 0))
    resumed = await world.imports.resume(run.import_id)
    assert (resumed.state, resumed.failure, resumed.run_number) == (ImportState.READING, None, 1)
    await check_succeeded(world, await ended(world, run.import_id), ["DONE"])
    assert world.source.requests.count(("regions", 0)) == requests  # not from page one


async def test_what_other_resources_have_read_is_not_read_again(world):
    """One resource stays away when the other has come to its end."""
    through = asyncio.Event()
    away = {("countries", world.source.size)}
    world.source.hold = lambda *page: through if page in away else None
    world.source.instead = lambda *page: Response(status_code=500) if page in away else None
    started = (await world.imports.start("places")).run
    regions = len(world.source.tables["regions"])
    await world.until(started.import_id, lambda run: run.progress.records_read == regions + world.source.size)
    through.set()
    await world.until(started.import_id, lambda run: run.state is ImportState.SUSPENDED)
    mend(world)
    await world.imports.resume(started.import_id)
    await check_succeeded(world, await ended(world, started.import_id), ["DONE"])
    read = [first for resource, first in world.source.requests if resource == "regions"]
    assert read == list(range(0, regions, world.source.size))


async def test_every_step_that_comes_up_meanwhile_waits(world, monkeypatch):
    """A submit fails for good while reads are under way: all of them wait, and all go on."""
    stayed = {READ: asyncio.Event(), SUBMIT: asyncio.Event()}

    async def stay(flow, event, kept):
        await stay_suspended(flow, event, kept)
        stayed[event.queue].set()

    monkeypatch.setattr("import_worker.flow.conduct.stay_suspended", stay)
    monkeypatch.setattr("import_worker.flow.suspend.stay_suspended", stay)
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if first else None
    world.calls.instead = lambda method, path: Response(status_code=500) if path.endswith("/data") else None
    import_id = (await world.imports.start("places")).run.import_id
    await world.until(import_id, lambda run: run.state is ImportState.SUSPENDED)
    blocked.set()
    for each in stayed.values():
        await each.wait()
    waiting = [*await pending(world, READ), *await pending(world, SUBMIT)]
    assert {each.reason for each in waiting if each.reason.startswith("SUSPENDED")} == {f"SUSPENDED {import_id}"}
    world.calls.instead = lambda method, path: None
    await world.imports.resume(import_id)
    await check_succeeded(world, await ended(world, import_id), ["DONE"])


async def test_a_run_that_nobody_resumes_fails_after_the_window(world):
    world.configure(resume_window="500ms")
    run = await suspend(world)
    mend(world)
    run = await ended(world, run.import_id)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_UNAVAILABLE")
    assert "not resumed in time" in run.failure.message
    assert [(each["state"], each["completions"]) for each in await world.executions()] == [("CANCELLED", 0)]


async def test_throttling_for_longer_than_the_patience_suspends(world):
    world.source.instead = lambda resource, first: Response(status_code=429, headers={"Retry-After": "600"})
    await world.rest()
    await world.work(pace=world.impatient)
    import_id = (await world.imports.start("places")).run.import_id
    run = await world.until(import_id, lambda run: run.state is ImportState.SUSPENDED)
    assert (run.failure.reason, run.throttled_until) == ("THROTTLED", None)


async def test_a_suspended_run_can_be_cancelled(world):
    run = await suspend(world)
    await world.imports.cancel(run.import_id)
    run = await ended(world, run.import_id)
    assert run.state is ImportState.CANCELLED
    assert [each["state"] for each in await world.executions()] == ["CANCELLED"]
    assert await pending(world, READ) == []


async def test_a_run_is_suspended_and_resumed_again_and_again(world):
    run = await suspend(world)
    for _ in range(2):
        await world.imports.resume(run.import_id)
        run = await world.until(run.import_id, lambda run: run.state is ImportState.SUSPENDED)
    mend(world)
    await world.imports.resume(run.import_id)
    await check_succeeded(world, await ended(world, run.import_id), ["DONE"])


async def test_resuming_where_the_execution_is_gone_begins_anew_from_page_one(world):
    run = await suspend(world)
    await world.cancel_execution((await world.client.kv.get(f"imp:{run.import_id}:run"))["execution"])
    mend(world)
    await world.imports.resume(run.import_id)
    run = await ended(world, run.import_id)
    assert run.run_number == 2
    await check_succeeded(world, run, ["CANCELLED", "DONE"])


async def test_resuming_a_run_that_goes_on_changes_nothing(world):
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if first else None
    import_id = (await world.imports.start("places")).run.import_id
    reading = await world.until(import_id, lambda run: run.state is ImportState.READING)
    resumed = await world.imports.resume(import_id)
    assert (resumed.import_id, resumed.state, resumed.update_time) == (import_id, reading.state, reading.update_time)
    blocked.set()
    await check_succeeded(world, await ended(world, import_id), ["DONE"])


async def test_resuming_a_run_that_ended_starts_a_new_one(world):
    run = await suspend(world)
    await world.imports.cancel(run.import_id)
    await ended(world, run.import_id)
    mend(world)
    resumed = await world.imports.resume(run.import_id)
    assert resumed.import_id != run.import_id
    assert (resumed.name, resumed.run_number) == ("places", 1)
    await check_succeeded(world, await ended(world, resumed.import_id), ["CANCELLED", "DONE"])


async def test_a_resume_that_was_interrupted_is_carried_on(world):
    """A worker died between the new state and waking the steps: the sweep of another one wakes them."""
    run = await suspend(world)
    mend(world)
    await world.rest()
    key = f"imp:{run.import_id}:run"
    await world.client.kv.set(key, await world.client.kv.get(key) | {"state": "READING", "failure": None})
    await world.work()
    await check_succeeded(world, await ended(world, run.import_id), ["DONE"])


async def test_waiting_steps_that_an_operator_removed_end_the_run(world):
    run = await suspend(world)
    for queue in (READ, SUBMIT):
        await world.client.admin.queues.purge(queue)
    run = await ended(world, run.import_id)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_UNAVAILABLE")
    assert [each["state"] for each in await world.executions()] == ["CANCELLED"]


async def test_resuming_what_does_not_exist(world):
    with pytest.raises(longshore.ImportNotFound):
        await world.imports.resume(longshore.new_id())


@pytest.mark.parametrize("lost", ["SUSPENDED", "READING"])
async def test_a_commit_whose_answer_is_lost_took_place_once(world, monkeypatch, lost):
    """Of the suspension, and of the resume, which the client asks for again by itself."""
    send = longshore.Transaction._send
    answers = []

    async def send_and_lose(tx):
        await send(tx)
        written = [write.set.payload.json for write in tx._request.entry_writes if write.key.endswith(":run")]
        if not answers and any(f'"state":"{lost}"' in text for text in written):
            answers.append(written)
            raise longshore.Unavailable("the answer is lost")

    if lost == "SUSPENDED":
        monkeypatch.setattr(longshore.Transaction, "_send", send_and_lose)
    run = await suspend(world)
    mend(world)
    monkeypatch.setattr(longshore.Transaction, "_send", send_and_lose)
    resumed = await world.imports.resume(run.import_id)
    assert (resumed.state, len(answers)) == (ImportState.READING, 1)
    await check_succeeded(world, await ended(world, run.import_id), ["DONE"])
