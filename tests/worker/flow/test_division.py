"""Lanes, partitions, children of records and increments: the same set arrives, however its reading is divided."""

import pytest
from starlette.responses import Response

from import_worker.flow import emit
from longshore import ImportMode, ImportState

WHOLE = "{{ name: regions, path: regions, data_selector: rows }}"
OFFSET = "pagination: {{ type: offset, limit: 2 }}"
PARTS = 'partition: {{ param: country, values: ["NO", "004", "DE", "FR", "SE", "none"] }}'
OF_LAND = "parent: {{ resource: countries, field: code, as: land }}"
LAND = "countries/{{land}}/regions"
TOTAL = "pagination: {{ type: offset, limit: 2, total_path: count }}"


@pytest.fixture
def divided(config_text):
    """The import with other words for its regions: `divided("lanes: 3")`."""

    def divided(words, path="regions"):
        instead = f'{{{{ name: regions, path: "{path}", data_selector: rows, {words} }}}}'
        assert WHOLE in config_text
        return config_text.replace(WHOLE, instead)

    return divided


@pytest.fixture
def kept(world, divided):
    """The same for a destination that keeps what is missing."""

    async def kept(words):
        await world.faults(keep_missing=True)
        return divided(words).replace("assets:\n", "assets:\n  missing_objects: {{ policy: ignore }}\n")

    return kept


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (f"lanes: 4, {OFFSET}", "regions"),
        (f"lanes: 4, {TOTAL}", "regions"),
        (f"lanes: 40, {OFFSET}", "regions"),
        (PARTS, "regions"),
        (f"lanes: 2, {PARTS}, {OFFSET}", "regions"),
        (OF_LAND, LAND),
        (f'params: {{{{ country: "{{{{land}}}}" }}}}, {OF_LAND}', "regions"),
    ],
)
async def test_the_same_set_arrives(world, divided, words, path):
    world.configure(divided(words, path))
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    counts = {each.object_type: each.objects for each in run.progress.object_types}
    assert counts == {"Region": 15, "Country": 5}
    assert run.progress.records_read == 20
    assert run.progress.objects_submitted == 20
    await world.check_equal()


async def test_several_workers_share_lanes_and_chains(world, divided):
    world.source.tables["countries"] += [{"code": f"c{number}", "name": f"Land {number}"} for number in range(60)]
    world.source.tables["regions"] += [
        {"code": f"c{number}-1", "name": "one", "people": 1, "country": f"c{number}", "parent": None}
        for number in range(60)
    ]
    world.configure(divided(OF_LAND, LAND))
    await world.work()
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_children_take_over_fields_of_their_parent(world, divided):
    words = "parent: {{ resource: countries, field: code, as: land, include: {{ name: name }} }}"
    world.configure(divided(words, LAND))
    await world.run()
    names = {row["code"]: row["name"] for row in world.source.tables["countries"]}
    for row in world.source.tables["regions"]:
        row["name"] = names[row["country"]]
    await world.check_equal()


async def test_chunks_make_room_for_the_chains_of_their_page(world, divided, monkeypatch):
    monkeypatch.setattr(emit, "MAX_COMMIT_EVENTS", 4)  # a chunk and four chains are one too many
    world.configure(divided(OF_LAND, LAND))
    assert (await world.run()).state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_more_chains_than_begin_in_one_step_fail_the_run(world, divided, monkeypatch):
    monkeypatch.setattr(emit, "MAX_COMMIT_EVENTS", 3)
    world.configure(divided(OF_LAND, LAND))
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_ERROR")
    assert "ask for smaller pages" in run.failure.message


async def test_more_parents_than_allowed_fail_the_run(world, divided):
    words = "parent: {{ resource: countries, field: code, as: land, max_parents: 4 }}"
    world.configure(divided(words, LAND))
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_ERROR")
    assert "max_parents = 4" in run.failure.message


async def test_a_parent_without_a_key_fails_the_run(world, divided):
    world.configure(divided("parent: {{ resource: countries, field: nothing, as: land }}", LAND))
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "SOURCE_ERROR")
    assert "record 0" in run.failure.message
    assert "'nothing'" in run.failure.message


async def test_a_key_cannot_leave_its_place_in_the_path(world, divided):
    world.source.tables["countries"][0]["code"] = "../countries"
    world.source.tables["regions"] = [row for row in world.source.tables["regions"] if row["country"] != "NO"]
    world.configure(divided(OF_LAND, LAND))
    run = await world.run()
    assert run.state is ImportState.FAILED  # no such path, rather than another list
    assert "404" in run.failure.message


async def test_lanes_notice_a_source_that_gives_smaller_pages(world, divided):
    world.configure(divided("lanes: 2, pagination: {{ type: offset, limit: 4 }}"))
    world.source.most = 3
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "NOT_WHOLE")
    assert "smaller pages" in run.failure.message
    assert [each["state"] for each in await world.executions()] == ["CANCELLED"]


async def test_an_incremental_run_reads_what_changed_since_the_last_good_one(world, kept):
    for number, row in enumerate(world.source.tables["regions"]):
        row["updated"] = f"2026-11-{number + 1:02}T00:00:00Z"
    world.configure(await kept("incremental: {{ cursor_path: updated, param: since, lag: 1h }}"))
    first = await world.run()
    assert (first.mode, first.state) == (ImportMode.FULL, ImportState.SUCCEEDED)
    assert not any("since" in query for query in world.source.queries)
    world.source.tables["regions"][3] |= {"updated": "2026-12-01T00:00:00Z", "people": 77}
    second = await world.run()
    assert (second.mode, second.state) == (ImportMode.INCREMENTAL, ImportState.SUCCEEDED)
    asked = {query["since"] for query in world.source.queries if "since" in query}
    assert asked == {"2026-11-14T23:00:00Z"}
    assert {each.object_type: each.objects for each in second.progress.object_types}["Region"] == 2
    await world.check_equal()
    third = await world.run()  # nothing but what lies within the lag
    assert (third.mode, third.state) == (ImportMode.INCREMENTAL, ImportState.SUCCEEDED)
    assert world.source.queries[-1].get("since") in {None, "2026-11-30T23:00:00Z"}


async def good_entries(world):
    """What a good full run leaves for the next one."""
    seen = [entry async for entry in world.client.kv.list("seen:")]
    return seen, [entry async for entry in world.client.kv.list("dest:") if entry.key.endswith(":baseline")]


async def test_an_incremental_run_is_neither_compared_nor_compared_with(world, kept):
    for row in world.source.tables["regions"]:
        row["updated"] = 5
    world.configure(await kept("incremental: {{ cursor_path: updated, param: since }}"))
    await world.run()
    world.source.tables["regions"][0] |= {"updated": 6, "people": 77}
    left = await good_entries(world)
    run = await world.run()
    assert run.mode is ImportMode.INCREMENTAL
    assert [each.expected for each in run.progress.object_types] == [None, None]
    assert await good_entries(world) == left
    run = await world.run(full=True)
    assert {each.object_type: each.expected.updated for each in run.progress.object_types}["Region"] == 1


async def test_a_suspended_run_of_many_chains_loses_none(world, divided):
    """Reads of one chain take turns, and wait in its line while the run is suspended."""
    world.configure(divided(OF_LAND, LAND))
    world.source.instead = lambda resource, first: Response(status_code=500) if resource != "countries" else None
    import_id = (await world.imports.start("places")).run.import_id
    await world.until(import_id, lambda run: run.state is ImportState.SUSPENDED)
    world.source.instead = lambda resource, first: None
    await world.imports.resume(import_id)
    run = await world.until(import_id, lambda run: run.state.terminal)
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    await world.check_equal()


async def test_full_reads_everything_again(world, kept):
    for row in world.source.tables["regions"]:
        row["updated"] = 5
    world.configure(await kept("incremental: {{ cursor_path: updated, param: since }}"))
    await world.run()
    before = len(world.source.queries)
    run = await world.run(full=True)
    assert (run.mode, run.progress.records_read) == (ImportMode.FULL, 20)
    assert not any("since" in query for query in world.source.queries[before:])


async def test_the_mark_stays_where_a_run_failed(world, kept):
    for row in world.source.tables["regions"]:
        row["updated"] = 5
    world.configure(await kept("incremental: {{ cursor_path: updated, param: since }}"))
    await world.run()
    broken = {"code": "x", "updated": 9, "people": "many"}
    world.source.tables["regions"].append(world.source.tables["regions"][0] | broken)
    assert (await world.run()).state is ImportState.FAILED
    before = len(world.source.queries)
    await world.run()
    assert {query["since"] for query in world.source.queries[before:] if "since" in query} == {"5"}
