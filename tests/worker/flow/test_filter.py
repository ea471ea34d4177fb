"""Filters in a run: what they leave out is counted, and is no quarantine."""

from longshore import ImportState


def filtered_by(text, condition):
    return text.replace("path: countries,", f'path: countries, filter: "{condition}",')


async def test_what_a_filter_leaves_out_is_counted_and_not_quarantined(world, config_text):
    world.configure(filtered_by(config_text, "code != 'XX' && name"))
    extra = [{"code": "XX", "name": 7}, {"code": "YY"}]
    world.source.tables["countries"] = [extra[0], *world.source.tables["countries"], extra[1]]
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    assert (run.progress.records_read, run.progress.quarantined) == (22, 0)
    lane = await world.client.kv.get(f"imp:{run.import_id}:lane:countries:0")
    assert (lane["records"], lane["filtered"], lane["objects"]) == (7, 2, {"Country": 5})
    world.source.tables["countries"] = world.source.tables["countries"][1:-1]
    await world.check_equal()


async def test_keys_are_checked_on_the_first_page_that_the_filter_leaves_something_of(world, config_text):
    world.configure(filtered_by(config_text, "kind == 'b'"))
    first = [{"kind": "a"}] * 4
    world.source.tables["countries"] = [*first, {"kind": "b", "code": "NO", "nmae": "Norge"}]
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "MAPPING_ERROR")
    assert "did you mean 'nmae'?" in run.failure.message


async def test_a_filter_that_leaves_nothing_fails_the_run_and_says_so(world, config_text):
    world.configure(filtered_by(config_text, "cod == 'NO'"))
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "EMPTY_SOURCE")
    assert "no records (5 were left out by a filter) for Country" in run.failure.message
