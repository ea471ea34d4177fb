"""Quarantine: within the budget a run goes on and keeps what failed with all its reasons; beyond it the run fails."""

import json

import pytest

import longshore
from longshore import ImportState

BUDGET = "missing_objects: {{ policy: ignore }}\n  start_wait:"


def with_budget(text, budget):
    text = text.replace("start_wait:", BUDGET)
    return text.replace("name: places\n", f"name: places\nquarantine: {{{{ max_total: {budget} }}}}\n")


async def quarantined(world, run, **options):
    return [each async for each in world.imports.quarantine(run.import_id, **options)]


async def test_within_the_budget_the_run_succeeds_and_keeps_the_records_with_all_their_reasons(world, config_text):
    world.configure(with_budget(config_text, 2))
    world.source.tables["regions"][4] |= {"people": "many", "name": None}
    world.source.tables["regions"][2]["people"] = "few"
    run = await world.run()
    assert (run.state, run.failure, run.progress.quarantined) == (ImportState.SUCCEEDED, None, 2)
    assert run.progress.records_read == 20
    first, second = await quarantined(world, run)
    assert (first.resource, first.page, first.position, first.identity) == ("regions", 0, 2, "DE-1")
    assert first.url == f"{world.source.url}regions"
    assert (second.page, second.position) == (1, 0)
    assert second.reasons == (
        "attribute 'Name' of 'Region': 'name' is empty",
        "attribute 'People' of 'Region': 'many' is no whole number of 64 bits",
    )
    assert second.record == world.source.tables["regions"][4]
    assert second.retried is None
    del world.source.tables["regions"][4], world.source.tables["regions"][2]
    await world.check_equal()


async def test_beyond_the_budget_the_run_fails_and_says_so(world, config_text):
    world.configure(with_budget(config_text, 1))
    for number in (1, 9):
        world.source.tables["regions"][number]["people"] = "many"
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "QUARANTINED")
    assert "quarantine.max_total allows 1 in all" in run.failure.message
    assert "'many' is no whole number" in run.failure.message
    assert [(each.page, each.position) for each in await quarantined(world, run)] == [(0, 1), (2, 1)]
    assert [each["state"] for each in await world.executions()] == ["CANCELLED"]


async def test_a_retry_shows_what_the_file_as_it_is_now_makes_of_the_records_and_sends_nothing(world, config_text):
    world.source.tables["regions"][0]["people"] = "1.000"
    run = await world.run()
    assert run.failure.reason == "QUARANTINED"
    (still,) = await quarantined(world, run, retry=True)
    assert still.retried.reasons == still.reasons
    before = await world.executions()
    world.configure(config_text.replace("{{ from: people, type: integer }}", "people"))
    (mended,) = await quarantined(world, run, retry=True)
    assert mended.retried.reasons == ()
    assert mended.retried.objects[0].values["People"] == "1.000"
    world.configure(config_text.replace("name: regions, path", "name: areas, path").replace(": regions", ": areas"))
    (gone,) = await quarantined(world, run, retry=True)
    assert gone.retried.reasons == ("the configuration has no resource 'regions' any more",)
    assert await world.executions() == before


async def test_what_is_kept_is_bounded_and_the_count_is_exact(world, config_text):
    world.configure(with_budget(config_text, 1000))
    world.source.size = 200
    world.source.tables["countries"] += [{"code": str(number), "name": None} for number in range(120)]
    world.source.tables["countries"].append({"code": "big", "name": None, "more": "x" * 20_000})
    world.source.tables["countries"].insert(0, {"code": "large", "name": None, "more": "x" * 20_000})
    run = await world.run()
    assert (run.state, run.progress.quarantined) == (ImportState.SUCCEEDED, 122)
    kept = await quarantined(world, run, retry=True)
    assert len(kept) == 50
    assert (kept[0].identity, kept[0].record) == ("large", None)
    assert "was not kept" in kept[0].retried.reasons[0]
    assert [each.position for each in kept] == sorted(each.position for each in kept)


async def test_the_list_of_a_run_that_there_is_not(world):
    with pytest.raises(longshore.ImportNotFound):
        await anext(world.imports.quarantine("00000000-0000-4000-8000-000000000000"))


async def test_a_single_object_that_is_too_large_is_quarantined_within_the_budget(world, config_text):
    world.configure(with_budget(config_text, 1))
    world.source.tables["regions"][3]["name"] = "x" * 5000
    await world.faults(body_limit=3000)
    run = await world.run()
    assert (run.state, run.failure, run.progress.quarantined) == (ImportState.SUCCEEDED, None, 1)
    (refused,) = await quarantined(world, run)
    assert (refused.resource, refused.identity, refused.record) == ("regions", "FR-1", None)
    assert "although it holds nothing but the Region FR-1" in refused.reasons[0]
    region = next(each for each in run.progress.object_types if each.object_type == "Region")
    assert (region.objects, region.created) == (14, 14)


async def test_a_single_object_that_is_too_large_fails_a_run_without_a_budget(world):
    world.source.tables["countries"][3]["name"] = "x" * 5000
    await world.faults(body_limit=3000)
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "CHUNK_TOO_LARGE")
    (refused,) = await quarantined(world, run)
    assert refused.identity == "FR"


async def test_secrets_that_a_source_repeats_are_not_kept(world, config_text):
    secret = "source-s3cret/with=signs"
    world.env["SOURCE_KEY"] = secret
    world.configure(
        config_text.replace(
            "  retry:", '  auth: {{ type: api_key, value: "${{env:SOURCE_KEY}}", param: key }}\n  retry:'
        )
    )
    world.source.tables["regions"][0] |= {"people": f"see ?key={secret}", "self": f"http://x/?key={secret}"}
    run = await world.run()
    assert run.failure.reason == "QUARANTINED"
    (kept,) = await quarantined(world, run)
    assert kept.record["self"] == "http://x/?key=***"
    everything = [json.dumps(entry.value) async for entry in world.client.kv.list("imp")]
    assert secret not in "".join([*everything, run.failure.message, *kept.reasons])
