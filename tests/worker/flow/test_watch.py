"""Watching: what another worker does arrives by the group's news, and a quiet import is hardly looked at."""

import asyncio

from import_worker.flow import watch as watching
from longshore import ImportState


async def elsewhere(world, monkeypatch, quiet):
    """The import is carried out by one worker and watched at another; its id."""
    monkeypatch.setattr(watching, "QUIET_SECONDS", quiet)
    await world.work(serve_only=True)
    return (await world.imports.start("places")).run.import_id


async def test_progress_made_by_another_worker_arrives_without_looking(world, monkeypatch):
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if resource == "regions" and first == 12 else None
    import_id = await elsewhere(world, monkeypatch, quiet=3600.0)
    run = await world.until(import_id, lambda run: run.progress.pages_read == 5)
    assert run.state is ImportState.READING
    blocked.set()
    monkeypatch.setattr(watching, "QUIET_SECONDS", 0.1)
    assert (await world.until(import_id, lambda run: run.state.terminal)).state is ImportState.SUCCEEDED


async def test_the_end_of_an_import_is_seen_although_its_group_ended_before(world, monkeypatch):
    await world.faults(processing_seconds=0.3)
    import_id = await elsewhere(world, monkeypatch, quiet=0.1)
    assert (await world.until(import_id, lambda run: run.state.terminal)).state is ImportState.SUCCEEDED


async def test_each_number_of_a_run_is_followed(world, monkeypatch):
    await world.faults(vanish_execution_after=3)
    import_id = await elsewhere(world, monkeypatch, quiet=0.1)
    await world.until(import_id, lambda run: run.run_number == 2 and run.progress.pages_read > 0)
    assert (await world.until(import_id, lambda run: run.state.terminal)).state is ImportState.SUCCEEDED


async def test_many_news_are_looked_at_once(world, monkeypatch):
    """Whatever happens, there is a gap between two looks: the group has more changes than the watcher looks."""
    looks = []

    async def counted(flow, import_id):
        looks.append(import_id)
        return await view(flow, import_id)

    view = watching.view
    monkeypatch.setattr(watching, "view", counted)
    world.configure(max_objects=1)
    run = await world.run()
    assert run.progress.chunks == 20
    assert len(looks) < 20
