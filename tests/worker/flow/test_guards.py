"""What is not whole is never completed: the destination would remove what only seems to be missing."""

import json

from longshore import ImportState


async def test_an_empty_first_page(world):
    await world.run()
    world.source.tables["countries"] = []
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "EMPTY_SOURCE")
    assert "Country" in run.failure.message
    assert "allow_empty: true" in run.failure.message
    assert [each["state"] for each in await world.executions()] == ["DONE", "CANCELLED"]


async def test_a_record_that_cannot_be_transformed(world):
    world.source.tables["regions"][9]["people"] = "many"
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "QUARANTINED")
    assert "1 of 4 records" in run.failure.message
    assert "'People'" in run.failure.message
    assert run.progress.quarantined == 1
    (entry,) = [each async for each in world.client.kv.list(f"imp:{run.import_id}:q:")]
    assert entry.key.endswith(":q:regions:2:1")
    assert json.loads(entry.value["record"])["people"] == "many"
    assert entry.value["reasons"]
    assert entry.expire_time is not None


async def test_far_fewer_objects_than_in_the_last_good_run(world):
    assert (await world.run()).state is ImportState.SUCCEEDED
    del world.source.tables["regions"][5:]
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "TOO_FEW_OBJECTS")
    assert "Region has 5 objects and had 15" in run.failure.message
    assert [each["state"] for each in await world.executions()] == ["DONE", "CANCELLED"]


async def test_a_shrink_that_the_user_accepts(world):
    await world.run()
    del world.source.tables["regions"][5:]
    for row in world.source.tables["regions"]:
        row["parent"] = None
    run = await world.run(accept_shrink=True)
    assert (run.state, run.failure, run.accept_shrink) == (ImportState.SUCCEEDED, None, True)
    await world.check_equal()
    again = await world.run()
    assert (again.state, again.accept_shrink) == (ImportState.SUCCEEDED, False)  # it is the baseline now


async def test_accepting_a_shrink_allows_no_empty_type(world):
    await world.run()
    world.source.tables["countries"] = []
    run = await world.run(accept_shrink=True)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "EMPTY_SOURCE")


async def test_types_that_may_be_empty_are_recorded(world):
    path = world.folder / "places.yaml"
    path.write_text(path.read_text().replace("resource: countries", "resource: countries\n      allow_empty: true"))
    run = await world.run()
    assert run.allowed_empty == ("Country",)


async def test_errors_of_assets_are_told_and_make_no_baseline(world):
    world.source.tables["regions"][0]["country"] = "nowhere"
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.SUCCEEDED_WITH_ERRORS, "ASSETS_ERRORS")
    assert "nowhere" in run.failure.message
    assert [entry.key async for entry in world.client.kv.list("dest:")] == []


async def test_what_is_kept_of_an_ended_import_expires(world):
    run = await world.run()
    kept = [entry async for entry in world.client.kv.list(f"imp:{run.import_id}:")]
    assert {entry.key.split(":")[2] for entry in kept} == {"run", "config", "lane"}
    assert all(entry.expire_time is not None for entry in kept)
    (baseline,) = [entry async for entry in world.client.kv.list("dest:")]
    assert baseline.value == {"Region": 15, "Country": 5}
    assert baseline.expire_time is None


async def test_duplicates_in_the_source_become_one_object(world):
    world.source.tables["countries"].append(dict(world.source.tables["countries"][0]))
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    del world.source.tables["countries"][-1]
    await world.check_equal()


async def test_a_page_that_is_larger_than_one_commit(world):
    world.source.size = 200
    world.source.tables["countries"] = [
        {"code": str(number), "name": f"{number} " + "x" * 40_000} for number in range(150)
    ]
    world.source.tables["regions"] = world.source.tables["regions"][:1]
    world.source.tables["regions"][0] |= {"country": "7", "parent": None}
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    assert run.progress.pages_read == 2
    await world.check_equal()


async def test_reading_keeps_within_the_window(world):
    world.configure(window=2, max_objects=2)
    await world.faults(stall_every=1, stall_seconds=0.1)
    started = await world.imports.start("places")
    unsettled = []
    async for run in world.imports.watch(started.run.import_id):
        unsettled.append(run.progress.chunks - run.progress.chunks_submitted)
    assert run.state is ImportState.SUCCEEDED
    # Each of the two lanes may add a page of two chunks when one place is free.
    assert 2 <= max(unsettled) <= 1 + 2 * 2
