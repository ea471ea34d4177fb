"""Limits of a source in whole runs: shared through the broker, waited for by the queue, and rules that empty a page."""

import asyncio

import pytest
from starlette.responses import JSONResponse, Response

import longshore
from import_worker.ports import Note
from import_worker.runs.board import KvBoard
from longshore import ImportState


@pytest.fixture
async def boards(broker):
    """The boards of two workers."""
    async with longshore.connect(broker) as one, longshore.connect(broker) as other:
        yield KvBoard(one), KvBoard(other)


async def test_a_note_is_written_over_what_was_read_and_nothing_else(boards):
    one, other = boards
    nothing = await one.read("source:x:budget")
    assert nothing == Note(value=None, version=0)
    first = await one.write("source:x:budget", {"n": 1}, over=nothing, life=60)
    assert await other.read("source:x:budget") == first
    assert await other.write("source:x:budget", {"n": 2}, over=nothing, life=60) is None
    second = await other.write("source:x:budget", {"n": 2}, over=first, life=60)
    assert await one.write("source:x:budget", {"n": 3}, over=first, life=60) is None
    assert await one.read("source:x:budget") == second


async def test_of_many_that_write_at_once_one_wins(boards):
    nothing = await boards[0].read("k")
    written = await asyncio.gather(*(boards[n % 2].write("k", n, over=nothing, life=60) for n in range(20)))
    (winner,) = [note for note in written if note is not None]
    assert await boards[0].read("k") == winner


def change(world, *changes):
    """Change the world's file: each is a text of it, and what stands there instead."""
    path = world.folder / "places.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


async def test_an_exhausted_budget_is_waited_for_by_the_queue_and_the_set_is_whole(world):
    """Two workers, four requests a second, nine pages."""
    await world.work()
    change(world, ("resources:\n", "  rate_limit: { requests: 4/s }\nresources:\n"))
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_a_pause_on_a_good_answer_is_kept_and_shown(world):
    pages = iter(range(100))

    def once(_resource, _first):
        if next(pages):
            return None
        return JSONResponse({"rows": world.source.tables["regions"], "next": None}, headers={"Backoff": "1"})

    world.source.instead = lambda resource, first: once(resource, first) if resource == "regions" else None
    started = await world.imports.start("places")
    paused = await world.until(started.run.import_id, lambda run: run.throttled_until or run.state.terminal)
    assert not paused.state.terminal
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


@pytest.mark.parametrize("policy", ["remove", "ignore"])
async def test_a_page_that_a_rule_emptied_counts_as_not_whole_unless_missing_objects_are_ignored(world, policy):
    world.source.instead = lambda resource, _first: Response(status_code=404) if resource == "countries" else None
    for row in world.source.tables["regions"]:
        row["country"] = None
    rule = "  error_rules: [ { when: { status: [404], page: first }, action: empty } ]\n"
    change(
        world,
        ("resources:\n", f"{rule}resources:\n"),
        ("name: Country\n", "name: Country\n      allow_empty: true\n"),
        ("  start_wait:", f"  missing_objects: {{ policy: {policy} }}\n  start_wait:"),
    )
    run = await world.run()
    if policy == "ignore":
        assert run.state is ImportState.SUCCEEDED
    else:
        assert (run.state, run.failure.reason) == (ImportState.FAILED, "NOT_WHOLE")
        assert "an error rule took answers for empty pages of countries" in run.failure.message
