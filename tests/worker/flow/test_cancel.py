"""Cancelling: at any moment up to the point of no return, and it leaves no execution behind."""

import asyncio

import pytest
from starlette.responses import Response

import longshore
from longshore import ImportState


async def check_cancelled(world, import_id):
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED
    assert [each["state"] for each in await world.executions() if each["state"] not in {"CANCELLED", "DONE"}] == []
    assert not (await world.imports.start("places")).already_active


async def test_before_any_worker_took_it(world):
    await world.rest()
    await world.work(serve_only=True)
    started = await world.imports.start("places")
    cancelled = await world.imports.cancel(started.run.import_id)
    assert cancelled.state is ImportState.CANCELLING
    await world.rest()
    await world.work()
    await check_cancelled(world, started.run.import_id)


async def test_while_the_execution_is_being_created(world, monkeypatch):
    """The answer comes when the step was told to stop: the execution is recorded, and cancelled, all the same."""
    asked, told, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(longshore.Event, "mark_cancelled", lambda _event: told.set())

    def hold(method, path):
        if method != "POST" or not path.endswith("/executions"):
            return None
        asked.set()
        return go_on

    world.calls.hold = hold
    started = await world.imports.start("places")
    await asked.wait()
    await world.imports.cancel(started.run.import_id)
    await told.wait()
    go_on.set()
    await check_cancelled(world, started.run.import_id)
    assert (await world.executions())[0]["state"] == "CANCELLED"


async def test_while_it_waits_for_assets(world):
    await world.run()
    links = await world.open_execution()
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.state is ImportState.WAITING_FOR_ASSETS)
    await world.imports.cancel(started.run.import_id)
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED
    assert (await world.executions())[-1]["state"] == "INGESTING"
    await world.cancel_execution(links)


async def test_while_pages_are_read(world):
    world.source.tables["regions"] *= 50
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.progress.chunks_submitted > 0)
    await world.imports.cancel(started.run.import_id)
    again = await world.imports.cancel(started.run.import_id)
    assert again.state in {ImportState.CANCELLING, ImportState.CANCELLED}
    await check_cancelled(world, started.run.import_id)


async def test_past_the_point_of_no_return(world):
    await world.faults(processing_seconds=1)
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.state is ImportState.PROCESSING)
    with pytest.raises(longshore.WrongState, match="PROCESSING"):
        await world.imports.cancel(started.run.import_id)
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED


async def test_what_has_ended_stays_as_it_is(world):
    run = await world.run()
    assert (await world.imports.cancel(run.import_id)) == run


async def cancel_while_reading(world):
    """Cancel an import whose source makes it wait; its id."""
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if first else None
    import_id = (await world.imports.start("places")).run.import_id
    await world.until(import_id, lambda run: run.progress.chunks_submitted > 0)
    await world.imports.cancel(import_id)
    blocked.set()
    return import_id


async def test_an_execution_that_cannot_be_cancelled_at_once_is_cancelled_later(world):
    failures = [Response(status_code=500)] * 10
    world.calls.instead = lambda method, path: failures.pop() if method == "DELETE" and failures else None
    await check_cancelled(world, await cancel_while_reading(world))
    assert failures == []
    assert (await world.executions())[0]["state"] == "CANCELLED"


async def test_a_run_ends_even_where_its_execution_can_never_be_cancelled(world):
    world.calls.instead = lambda method, path: Response(status_code=403) if method == "DELETE" else None
    import_id = await cancel_while_reading(world)
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED


async def test_a_destination_that_refuses_the_end_of_a_whole_set(world):
    def instead(method, path):
        return (
            Response(status_code=403)
            if method == "GET" and path.endswith("/status") and "/executions/" in path
            else None
        )

    world.calls.instead = instead
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "DESTINATION_ERROR")
    assert [(each["state"], each["completions"]) for each in await world.executions()] == [("CANCELLED", 0)]
