"""What completing is expected to do stands on the import before it is done, and is what is done then."""

from starlette.responses import Response

from import_worker.runs import census_log
from longshore import ExpectedEffects, ImportState


def effects(created, updated, missing):
    return ExpectedEffects(created=created, updated=updated, missing=missing, estimated=False)


def expected(run):
    """The expected effects by object type."""
    return {counts.object_type: counts.expected for counts in run.progress.object_types}


async def good(world, **options):
    run = await world.run(**options)
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    return run


def change(world):
    """Two regions are new, two have other attributes, one country less with nobody in it."""
    rows = world.source.tables["regions"]
    rows += [{**rows[0], "code": "NO-8", "parent": None}, {**rows[0], "code": "NO-9", "parent": None}]
    rows[3]["people"] = 7
    rows[4]["name"] = "Other"
    world.source.tables["countries"].append({"code": "XX", "name": "Nobody"})


async def test_the_first_run_has_nothing_to_be_compared_with(world):
    assert expected(await good(world)) == {"Region": None, "Country": None}


async def test_what_is_expected_is_what_assets_does(world):
    await good(world)
    change(world)
    assert expected(await good(world)) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}
    world.source.tables["countries"].pop()
    world.source.tables["regions"][3]["people"] = 8
    run = await good(world)
    assert expected(run) == {"Region": effects(0, 1, 0), "Country": effects(0, 0, 1)}
    by_type = {counts.object_type: counts for counts in run.progress.object_types}
    assert (by_type["Region"].updated, by_type["Country"].removed) == (1, 1)


async def test_the_order_of_records_and_the_sizes_of_pages_make_no_difference(world):
    await good(world)
    for rows in world.source.tables.values():
        rows.reverse()
    world.source.size = 3
    assert expected(await good(world)) == {"Region": effects(0, 0, 0), "Country": effects(0, 0, 0)}


async def test_it_stands_there_before_the_point_of_no_return_takes_effect(world):
    await good(world)
    change(world)
    world.calls.instead = lambda method, path: (
        Response(status_code=500) if method == "GET" and path.endswith("/status") else None
    )
    started = await world.imports.start("places")
    run = await world.until(started.run.import_id, lambda run: run.state is ImportState.COMPLETING)
    assert expected(run) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}
    assert [each["completions"] for each in await world.executions()] == [1, 0]


async def test_a_run_that_was_not_good_is_not_compared_with(world):
    await good(world)
    change(world)
    world.source.tables["regions"][0]["country"] = "nowhere"
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED_WITH_ERRORS
    assert expected(run) == {"Region": effects(2, 3, 0), "Country": effects(1, 0, 0)}
    world.source.tables["regions"][0]["country"] = "NO"
    assert expected(await good(world)) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}


async def test_a_rehearsal_is_neither_compared_nor_compared_with(world):
    await good(world)
    change(world)
    rehearsal = await world.imports.start("places", rehearse=True)
    run = await world.until(rehearsal.run.import_id, lambda run: run.state.terminal)
    assert expected(run) == {"Region": None, "Country": None}
    assert expected(await good(world)) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}


async def test_pages_of_a_run_that_began_anew_count_once(world):
    await good(world)
    change(world)
    await world.faults(vanish_execution_after=3)
    run = await good(world)
    assert run.run_number == 2
    assert expected(run) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}


async def test_logs_of_many_segments_are_put_together_and_go_with_the_run(world, monkeypatch):
    monkeypatch.setattr(census_log, "SEGMENT_BYTES", 40)
    await good(world)
    change(world)
    run = await good(world)
    assert expected(run) == {"Region": effects(2, 2, 0), "Country": effects(1, 0, 0)}
    assert [entry.key async for entry in world.client.kv.list(f"imp:{run.import_id}:seen:")] == []
