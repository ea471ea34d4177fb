"""An import carries everything over: exactly, once, and as often as it is asked to."""

from longshore import ImportState


async def test_every_attribute_arrives(world):
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()
    progress = run.progress
    assert (progress.pages_read, progress.records_read, progress.quarantined) == (6, 20, 0)
    assert progress.chunks == progress.chunks_submitted
    assert progress.objects_submitted == 20
    created = {each.object_type: (each.objects, each.created, each.removed) for each in progress.object_types}
    assert created == {"Region": (15, 15, 0), "Country": (5, 5, 0)}
    (execution,) = await world.executions()
    assert (execution["state"], execution["completions"], execution["completions_refused"]) == ("DONE", 1, 0)


async def test_changes_and_removals_arrive_with_the_next_run(world):
    await world.run()
    del world.source.tables["regions"][0]
    world.source.tables["regions"][0]["people"] = 7
    run = await world.run()
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()
    (regions,) = [each for each in run.progress.object_types if each.object_type == "Region"]
    assert (regions.created, regions.updated, regions.removed) == (0, 1, 1)
