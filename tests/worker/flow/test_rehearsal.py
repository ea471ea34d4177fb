"""A rehearsal proves token, mapping and limits with a few chunks, and never completes."""

import pytest
from starlette.responses import Response

import longshore
from import_worker.flow.events import FINALIZE
from longshore import ImportMode, ImportState, JobState


async def rehearsed(world, **options):
    started = await world.imports.start("places", rehearse=True, **options)
    return await world.until(started.run.import_id, lambda run: run.state.terminal)


async def test_it_reads_a_page_of_each_resource_sends_a_few_chunks_and_cancels(world):
    world.source.size = 12
    run = await rehearsed(world)
    assert (run.state, run.mode, run.failure) == (ImportState.SUCCEEDED, ImportMode.REHEARSAL, None)
    assert sorted(world.source.requests) == [("countries", 0), ("regions", 0)]
    (execution,) = await world.executions()
    assert (execution["state"], execution["completions"]) == ("CANCELLED", 0)
    assert execution["data_calls"] == run.progress.chunks_submitted == 3 + 2
    assert [entry.key async for entry in world.client.kv.list("dest:")] == []


async def test_it_makes_no_baseline_and_removes_nothing(world):
    await world.run()
    (baseline,) = [entry async for entry in world.client.kv.list("dest:")]
    del world.source.tables["regions"][8:]
    assert (await rehearsed(world)).state is ImportState.SUCCEEDED
    assert await world.client.kv.entry(baseline.key) == baseline
    assert [each["completions"] for each in await world.executions()] == [1, 0]


@pytest.mark.parametrize(("who", "reason"), [("source", "SOURCE_UNAVAILABLE"), ("assets", "DESTINATION_UNAVAILABLE")])
async def test_what_is_away_fails_it_at_once(world, who, reason):
    away = Response(status_code=500)
    if who == "source":
        world.source.instead = lambda resource, first: away
    else:
        world.calls.instead = lambda method, path: away if path.endswith("/data") else None
    run = await rehearsed(world)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, reason)
    assert [each["completions"] for each in await world.executions()] == [0]


async def test_records_that_cannot_be_transformed_fail_it(world):
    world.source.tables["regions"][0]["people"] = "many"
    run = await rehearsed(world)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "QUARANTINED")


async def test_finalizing_one_again_completes_nothing(world):
    run = await rehearsed(world)
    attributes = {"import": run.import_id, "run": "1"}
    job = await world.client.queue(FINALIZE).push({}, attributes=attributes)
    assert (await job.wait()).stats.state is JobState.SUCCEEDED
    assert [each["completions"] for each in await world.executions()] == [0]


async def test_resuming_one_that_failed_rehearses_again(world):
    world.source.instead = lambda resource, first: Response(status_code=403)
    run = await rehearsed(world)
    world.source.instead = lambda resource, first: None
    resumed = await world.imports.resume(run.import_id)
    run = await world.until(resumed.import_id, lambda run: run.state.terminal)
    assert (run.state, run.mode) == (ImportState.SUCCEEDED, longshore.ImportMode.REHEARSAL)
