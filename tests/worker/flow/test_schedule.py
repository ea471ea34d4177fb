"""Schedules: the files say when imports start, the broker says when it is time, and overlaps are ours."""

import asyncio
import logging

import pytest

import longshore
from import_worker.catalogue import Catalogue
from import_worker.flow.schedule import Timetable
from longshore import ImportState, JobState
from longshore.admin import EventFilter, EventState

NIGHTLY = '{ cron: "0 2 * * *", timezone: Europe/Berlin }'


def schedule(world, text):
    """Give the import's file a schedule. None: none."""
    world.configure()
    if text is not None:
        path = world.folder / "places.yaml"
        path.write_text(f"schedule: {text}\n" + path.read_text())


@pytest.fixture
def timetable(world):
    return Timetable(world.client, Catalogue(folder=world.folder, env={}))


async def listed(world):
    return {each.name: each async for each in world.client.admin.schedules.list()}


async def put(world, timetable, overlap):
    schedule(world, f'{{ cron: "0 2 1 1 *", overlap: {overlap} }}')
    await timetable.keep_in_step()


async def fire(world):
    """The time of the schedule has come; its job."""
    return await world.client.admin.schedules.run("import.places")


async def runs(world):
    return [run async for run in world.imports.list("places")]


@pytest.fixture
async def reading(world):
    """An import that reads and waits for its source, and what lets it go on."""
    blocked = asyncio.Event()
    world.source.hold = lambda resource, first: blocked if first else None
    started = await world.imports.start("places")
    yield await world.until(started.run.import_id, lambda run: run.state is ImportState.READING), blocked
    blocked.set()


async def test_the_brokers_schedules_follow_the_files(world, timetable):
    schedule(world, NIGHTLY)
    await timetable.keep_in_step()
    (put,) = (await listed(world)).values()
    assert (put.name, put.cron, put.time_zone) == ("import.places", "0 2 * * *", "Europe/Berlin")
    await timetable.keep_in_step()
    assert (await listed(world))["import.places"] == put  # nothing was put again
    schedule(world, '{ cron: "0 3 * * *", timezone: Europe/Berlin }')
    await timetable.keep_in_step()
    assert (await listed(world))["import.places"].cron == "0 3 * * *"
    schedule(world, None)
    await timetable.keep_in_step()
    assert await listed(world) == {}


async def test_what_an_operator_paused_stays_paused(world, timetable):
    schedule(world, NIGHTLY)
    await timetable.keep_in_step()
    await world.client.admin.schedules.pause("import.places")
    schedule(world, '{ cron: "0 3 * * *" }')
    await timetable.keep_in_step()
    found = (await listed(world))["import.places"]
    assert (found.cron, found.paused) == ("0 3 * * *", True)


async def test_a_file_that_is_gone_counts_only_for_who_has_seen_it(world, timetable):
    schedule(world, NIGHTLY)
    await timetable.keep_in_step()
    (world.folder / "places.yaml").unlink()
    await Timetable(world.client, Catalogue(folder=world.folder, env={})).keep_in_step()
    assert set(await listed(world)) == {"import.places"}
    await timetable.keep_in_step()
    assert await listed(world) == {}


async def test_a_faulty_file_leaves_its_schedule_and_others_as_they_are(world, timetable):
    schedule(world, NIGHTLY)
    await world.client.admin.schedules.put("import.mine", "0 1 * * *", "other", [longshore.NewEvent(1)])
    await timetable.keep_in_step()
    path = world.folder / "places.yaml"
    path.write_text(path.read_text() + "\nsauce: {}\n")
    await timetable.keep_in_step()
    assert set(await listed(world)) == {"import.mine", "import.places"}


async def test_a_cron_expression_that_the_broker_refuses_is_logged(world, timetable, caplog):
    schedule(world, '{ cron: "61 2 * * *" }')
    await timetable.keep_in_step()
    assert await listed(world) == {}
    assert "the schedule of import places is not valid" in caplog.text


async def test_two_workers_keep_the_same_schedules(world):
    schedule(world, NIGHTLY)
    both = [Timetable(world.client, Catalogue(folder=world.folder, env={})) for _ in range(2)]
    await asyncio.gather(*(each.keep_in_step() for each in both))
    before = await listed(world)
    await asyncio.gather(*(each.keep_in_step() for each in both))
    assert await listed(world) == before


async def test_its_time_starts_an_import_once(world, timetable):
    await put(world, timetable, "skip")
    assert (await (await fire(world)).wait()).stats.state is JobState.SUCCEEDED
    (run,) = await runs(world)
    run = await world.until(run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED


async def test_skip_leaves_a_line_in_the_log_and_starts_nothing(world, timetable, reading, caplog):
    active, _ = reading
    await put(world, timetable, "skip")
    with caplog.at_level(logging.WARNING):
        assert (await (await fire(world)).wait()).stats.state is JobState.SUCCEEDED
    assert f"a scheduled start is skipped, because run {active.import_id} is READING" in caplog.text
    assert [run.import_id for run in await runs(world)] == [active.import_id]


async def test_queue_starts_it_when_the_active_run_has_ended(world, timetable, reading):
    active, blocked = reading
    await put(world, timetable, "queue")
    job = await fire(world)
    blocked.set()
    assert (await job.wait()).stats.state is JobState.SUCCEEDED
    first, second = await runs(world)
    assert (first.import_id, first.state) == (active.import_id, ImportState.SUCCEEDED)
    assert second.create_time >= first.end_time


async def test_cancel_running_cancels_the_active_run_first(world, timetable, reading):
    active, blocked = reading
    await put(world, timetable, "cancel_running")
    job = await fire(world)
    await world.until(active.import_id, lambda run: run.state is not ImportState.READING)
    blocked.set()
    assert (await job.wait()).stats.state is JobState.SUCCEEDED
    first, second = await runs(world)
    assert first.state is ImportState.CANCELLED
    assert (await world.until(second.import_id, lambda run: run.state.terminal)).state is ImportState.SUCCEEDED


async def test_a_run_past_its_point_of_no_return_is_waited_for(world, timetable):
    await world.faults(processing_seconds=0.5)
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.state is ImportState.PROCESSING)
    await put(world, timetable, "cancel_running")
    assert (await (await fire(world)).wait()).stats.state is JobState.SUCCEEDED
    first, second = await runs(world)
    assert first.state is ImportState.SUCCEEDED
    assert second.create_time >= first.end_time


async def test_an_import_that_cannot_be_started_leaves_a_dead_letter_that_says_why(world, timetable):
    await put(world, timetable, "skip")
    (world.folder / "places.yaml").unlink()
    assert (await (await fire(world)).wait()).stats.state is JobState.FAILED
    dead = EventFilter(queue="import.schedule", state=EventState.FAILED)
    (letter,) = [each async for each in world.client.admin.events.list(dead)]
    assert letter.reason == "IMPORT_NOT_FOUND"
    assert "places" in letter.message


async def test_its_inputs_are_those_of_the_schedule(world, timetable):
    schedule(world, '{ cron: "0 2 1 1 *", inputs: { page: regions } }')
    path = world.folder / "places.yaml"
    text = path.read_text().replace("path: regions", 'path: "${input:page}"')
    path.write_text("inputs: { page: { type: string } }\n" + text)
    await timetable.keep_in_step()
    assert (await (await fire(world)).wait()).stats.state is JobState.SUCCEEDED
    (run,) = await runs(world)
    assert (await world.until(run.import_id, lambda run: run.state.terminal)).state is ImportState.SUCCEEDED
    path.write_text(path.read_text().replace("inputs: { page: regions }", "inputs: {}"))
    await timetable.keep_in_step()
    assert (await (await fire(world)).wait()).stats.state is JobState.FAILED


async def test_an_import_that_is_scheduled_no_more_is_not_started(world, timetable):
    await put(world, timetable, "skip")
    schedule(world, None)
    assert (await (await fire(world)).wait()).stats.state is JobState.SUCCEEDED
    assert await runs(world) == []
