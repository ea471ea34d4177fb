"""What passes is survived, what stays ends the run with a reason, and the set is exact or nothing is completed."""

from dataclasses import replace

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from longshore import ImportState


async def check_succeeded(world, run, number=1):
    assert (run.state, run.run_number, run.failure) == (ImportState.SUCCEEDED, number, None)
    await world.check_equal()
    assert [each["completions"] for each in await world.executions()][-1] == 1


async def check_failed(world, run, reason):
    assert (run.state, run.failure.reason) == (ImportState.FAILED, reason)
    assert [(each["state"], each["completions"]) for each in await world.executions()] == [("CANCELLED", 0)]
    # The destination is free again.
    await world.faults(body_limit=None)
    assert not (await world.imports.start("places")).already_active


@pytest.mark.parametrize(
    "switches",
    [
        {"error_every": 2},
        {"rate_limit_every": 2},
        {"rate_limit_every": 3, "retry_after": 1},
        {"lose_answer_every": 2},
        {"lose_answer_every": 2, "client_ids": "deduplicated"},
        {"lose_answer_every": 3, "client_ids": "refused"},
        {"fail_status_every": 2},
        {"max_objects_per_chunk": 1},
        {"stall_every": 3, "stall_seconds": 0.05},
    ],
    ids=str,
)
async def test_faults_of_the_destination_that_pass(world, switches):
    await world.faults(**switches)
    await check_succeeded(world, await world.run())


async def test_an_execution_that_vanishes_is_begun_anew_from_page_one(world):
    await world.faults(vanish_execution_after=3)
    run = await world.run()
    await check_succeeded(world, run, number=2)
    assert run.progress.objects_submitted == 20
    assert run.progress.pages_read == 6


async def test_an_execution_that_vanishes_as_it_is_completed(world):
    await world.faults(vanish_execution_after=10)  # as many chunks as there are
    await check_succeeded(world, await world.run(), number=2)


async def test_executions_that_vanish_again_and_again(world):
    async def vanish(method, path):
        if method == "POST" and path.endswith("/executions"):
            await world.faults(vanish_execution_after=1)

    world.calls.before = vanish
    run = await world.run()
    assert (run.state, run.run_number, run.failure.reason) == (ImportState.FAILED, 6, "EXECUTION_LOST")


async def test_an_execution_that_is_cancelled_in_assets_while_it_is_processed(world):
    await world.faults(processing_seconds=60)
    import_id = (await world.imports.start("places")).run.import_id
    await world.until(import_id, lambda run: run.state is ImportState.PROCESSING)
    await world.cancel_execution((await world.client.kv.get(f"imp:{import_id}:run"))["execution"])
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "EXECUTION_CANCELLED")


async def test_processing_that_takes_for_ever(world):
    await world.faults(processing_seconds=60)
    await world.rest()
    await world.work(pace=replace(world.pace, patience=0.0))
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "PROCESSING_TIMEOUT")


async def test_throttling_that_takes_for_ever(world):
    await world.rest()
    await world.work(pace=replace(world.pace, patience=0.0))
    world.source.instead = lambda resource, first: Response(status_code=429, headers={"Retry-After": "600"})
    world.configure(resume_window="0")
    run = await world.run()
    await check_failed(world, run, "THROTTLED")


async def test_an_object_that_is_too_large_is_named(world):
    world.source.tables["countries"][3]["name"] = "x" * 2000
    await world.faults(body_limit=1500)
    run = await world.run()
    assert "the Country FR" in run.failure.message
    await check_failed(world, run, "CHUNK_TOO_LARGE")


def once(answer):
    """Each page is answered like this the first time."""
    seen = set()

    def instead(resource, first):
        if (resource, first) in seen:
            return None
        seen.add((resource, first))
        return answer

    return instead


@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=500),
        Response(status_code=429, headers={"Retry-After": "1"}),
        Response('{"rows": [{"code": "N', media_type="application/json"),
    ],
    ids=["500", "429", "cut"],
)
async def test_faults_of_the_source_that_pass(world, answer):
    world.source.instead = once(answer)
    await check_succeeded(world, await world.run())


async def test_waiting_for_the_source_is_shown(world):
    throttled = once(Response(status_code=429, headers={"Retry-After": "2"}))
    world.source.instead = lambda resource, first: throttled(resource, first) if first == 4 else None
    started = await world.imports.start("places")
    run = await world.until(started.run.import_id, lambda run: run.throttled_until is not None)
    assert run.state is ImportState.READING
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.throttled_until is None
    await check_succeeded(world, run)


async def test_a_source_that_stays_away(world):
    world.configure(resume_window="0")
    world.source.instead = lambda resource, first: Response(status_code=500) if first else None
    run = await world.run()
    assert "3 attempts" in run.failure.message
    assert "500" in run.failure.message
    await check_failed(world, run, "SOURCE_UNAVAILABLE")


async def test_a_source_that_answers_html(world):
    world.source.instead = lambda resource, first: HTMLResponse("<h1>Sign in</h1>") if first else None
    run = await world.run()
    assert "HTML" in run.failure.message
    await check_failed(world, run, "SOURCE_ERROR")


async def test_pages_that_run_in_a_circle(world):
    url = f"{world.source.url}regions?first=0"
    rows = world.source.tables["regions"][:2]
    world.source.instead = lambda resource, first: JSONResponse({"rows": rows, "next": url})
    run = await world.run()
    assert "circle" in run.failure.message
    await check_failed(world, run, "SOURCE_ERROR")


async def test_a_mapping_that_names_what_no_record_has(world):
    for row in world.source.tables["regions"]:
        del row["people"]
    run = await world.run()
    assert "'People'" in run.failure.message
    await check_failed(world, run, "MAPPING_ERROR")


async def test_rows_that_move_between_pages_while_a_page_is_retried(world):
    fail = once(Response(status_code=500))

    def instead(resource, first):
        answer = fail(resource, first)
        if answer is not None and first:
            # What the failed attempt would have read is not what the next one reads.
            rows = world.source.tables[resource]
            rows[first:] = reversed(rows[first:])
        return answer

    world.source.instead = instead
    await check_succeeded(world, await world.run())
