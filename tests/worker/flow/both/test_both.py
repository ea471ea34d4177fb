"""The flow keeps its promises whatever the destination is."""

import asyncio

from starlette.responses import Response

from longshore import ImportState


async def test_every_attribute_arrives(world, into):
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    await into.check_equal()
    assert await into.ends() == ["DONE"]
    assert run.progress.chunks == run.progress.chunks_submitted
    created = {each.object_type: (each.objects, each.created) for each in run.progress.object_types}
    assert created == {"Region": (15, 15), "Country": (5, 5)}


async def test_the_next_run_brings_what_changed_and_drops_what_is_gone(world, into):
    await world.run()
    world.source.tables["regions"][3]["name"] = "renamed"
    gone = world.source.tables["regions"].pop(0)
    for row in world.source.tables["regions"]:
        row["parent"] = None if row["parent"] == gone["code"] else row["parent"]
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await into.check_equal()


async def test_a_set_that_is_not_whole_is_given_up_and_the_last_one_stays(world, into):
    await world.run()
    before = await into.objects()
    world.source.instead = lambda resource, first: Response(status_code=404) if first else None
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_ERROR")
    assert await into.objects() == before
    assert (await into.ends())[0] == "DONE"
    assert "INGESTING" not in await into.ends()


async def test_an_empty_source_is_never_completed(world, into):
    world.source.tables["countries"] = []
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "EMPTY_SOURCE")
    assert {"DONE", "INGESTING"}.isdisjoint(await into.ends())


async def test_an_execution_that_is_lost_is_begun_anew_from_page_one(world, into):
    lost = asyncio.Event()
    asked = asyncio.Event()

    def hold(resource, first):
        asked.set()
        return None if first == 0 else lost

    world.source.hold = hold
    import_id = (await world.imports.start("places")).run.import_id
    await world.until(import_id, lambda run: run.progress.chunks_submitted > 0)
    await asked.wait()
    await into.vanish()
    lost.set()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert (run.state, run.run_number, run.failure) == (ImportState.SUCCEEDED, 2, None)
    await into.check_equal()


async def test_a_run_that_is_cancelled_leaves_no_open_execution(world, into):
    held, asked = asyncio.Event(), asyncio.Event()

    def hold(_resource, first):
        if first == 0:
            return None
        asked.set()
        return held

    world.source.hold = hold
    import_id = (await world.imports.start("places")).run.import_id
    await asked.wait()
    await world.imports.cancel(import_id)
    held.set()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.CANCELLED
    assert {"DONE", "INGESTING"}.isdisjoint(await into.ends())


async def test_a_page_that_was_read_ahead_for_a_lost_execution_is_no_part_of_the_next(world, into):
    asked = asyncio.Event()
    gates = {4: asyncio.Event(), 8: asyncio.Event()}

    def hold(resource, first):
        if resource == "regions" and first == 4:
            asked.set()
        return gates.get(first) if resource == "regions" else None

    world.source.hold = hold
    import_id = (await world.imports.start("places")).run.import_id
    await asked.wait()
    await world.until(import_id, lambda run: run.progress.chunks_submitted > 0)
    await into.vanish()
    gates[4].set()
    await world.until(import_id, lambda run: run.run_number == 2)
    gates[8].set()
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert (run.state, run.run_number, run.failure) == (ImportState.SUCCEEDED, 2, None)
    await into.check_equal()
