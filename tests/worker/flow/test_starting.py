"""Starting: one run a destination, one execution a run, and a clear word when there can be none."""

import asyncio

import grpc
import pytest

import longshore
from longshore import ImportState
from longshore.v1 import import_service_pb2 as pb, import_service_pb2_grpc


async def test_a_second_start_answers_the_active_one(world):
    await world.rest()
    await world.work(serve_only=True)
    first = await world.imports.start("places")
    second = await world.imports.start("places")
    assert (first.already_active, second.already_active) == (False, True)
    assert second.run.import_id == first.run.import_id
    assert first.run.state is ImportState.QUEUED


async def test_of_many_starts_at_once_one_wins(world):
    await world.rest()
    await world.work(serve_only=True)
    answers = await asyncio.gather(*(world.imports.start("places") for _ in range(8)))
    assert len({answer.run.import_id for answer in answers}) == 1
    assert [answer.already_active for answer in answers].count(False) == 1


async def test_a_repeated_start_at_once_is_one_start(world):
    answers = await asyncio.gather(*(world.imports.start("places", request_id="r") for _ in range(4)))
    assert len({answer.run.import_id for answer in answers}) == 1
    assert not any(answer.already_active for answer in answers)


async def test_a_request_id_names_one_import_for_ever(world):
    first = await world.run(request_id="nightly-1")
    again = await world.imports.start("places", request_id="nightly-1")
    assert (again.run.import_id, again.run.state, again.already_active) == (
        first.import_id,
        ImportState.SUCCEEDED,
        False,
    )
    other = await world.imports.start("places", request_id="nightly-2")
    assert other.run.import_id != first.import_id


async def test_imports_are_listed_oldest_first_and_by_name(world):
    ids = [(await world.run()).import_id for _ in range(2)]
    assert [run.import_id async for run in world.imports.list()] == ids
    assert [run.import_id async for run in world.imports.list("places")] == ids
    assert [run.import_id async for run in world.imports.list("others")] == []


async def test_a_name_that_no_file_has(world):
    with pytest.raises(longshore.ImportNotFound, match=r"'place'.*imports.*places"):
        await world.imports.start("place")


async def test_a_faulty_file_is_told_with_file_and_line(world):
    world.configure(token="UNSET_TOKEN")
    with pytest.raises(longshore.ConfigInvalid, match=r"places\.yaml:\d+: assets\.token: .*UNSET_TOKEN"):
        await world.imports.start("places")


async def test_a_file_that_the_broker_cannot_keep(world):
    path = world.folder / "places.yaml"
    path.write_text(f"description: {'x' * 250_000}\n{path.read_text()}")
    with pytest.raises(longshore.ConfigInvalid, match="split the import"):
        await world.imports.start("places")
    assert [entry.key async for entry in world.client.kv.list()] == []


async def test_two_files_with_one_name(world):
    (world.folder / "zebra.yaml").write_text((world.folder / "places.yaml").read_text())
    with pytest.raises(
        longshore.ConfigInvalid, match=r"zebra\.yaml:1: name: 'places' is also the name in .*places\.yaml"
    ):
        await world.imports.start("places")


async def test_many_faults_are_told_in_whole_lines(world):
    path = world.folder / "places.yaml"
    path.write_text("".join(f"unknown_key_{number}: 1\n" for number in range(12)) + path.read_text())
    with pytest.raises(longshore.ConfigInvalid) as caught:
        await world.imports.start("places")
    assert all(line.endswith(", window") for line in caught.value.message.splitlines())
    assert all(f"unknown_key_{number}: unknown key" in str(caught.value) for number in range(12))


async def test_a_file_that_is_no_yaml_is_known_by_its_own_name(world):
    (world.folder / "broken.yaml").write_text("{")
    with pytest.raises(longshore.ConfigInvalid, match=r"broken\.yaml:1"):
        await world.imports.start("broken")


async def test_imports_are_listed_page_by_page(world):
    ids = [(await world.run()).import_id for _ in range(3)]
    stub = import_service_pb2_grpc.ImportServiceStub(world.imports._channel.grpc)
    first = await stub.ListImports(pb.ListImportsRequest(page_size=2))
    second = await stub.ListImports(pb.ListImportsRequest(page_size=2, page_token=first.next_page_token))
    assert [[run.import_id for run in page.imports] for page in (first, second)] == [ids[:2], ids[2:]]
    assert second.next_page_token == ""


@pytest.mark.parametrize(
    "listing", [pb.ListImportsRequest(page_size=-1), pb.ListImportsRequest(page_token="?")], ids=["size", "token"]
)
async def test_a_listing_that_makes_no_sense(world, listing):
    stub = import_service_pb2_grpc.ImportServiceStub(world.imports._channel.grpc)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ListImports(listing)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("import_id", ["", "x"])
async def test_an_import_id_that_is_none(world, import_id):
    with pytest.raises(longshore.InvalidRequest, match="import_id"):
        await world.imports.get(import_id)


async def test_an_unknown_import(world):
    unknown = longshore.new_id()
    for ask in (world.imports.get, world.imports.cancel):
        with pytest.raises(longshore.ImportNotFound, match=unknown):
            await ask(unknown)


async def test_a_lost_start_answer_waits_until_the_orphan_expires(world):
    await world.faults(lose_start_answer=1, idle_expiry_seconds=0.3)
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.state is ImportState.READING)
    await world.faults(idle_expiry_seconds=None)  # what comes now may take its time
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert (run.state, run.run_number) == (ImportState.SUCCEEDED, 1)
    await world.check_equal()
    assert [each["state"] for each in await world.executions()] == ["CANCELLED", "DONE"]


async def test_a_lost_start_answer_with_an_orphan_that_stays(world):
    world.configure(start_wait="200ms")
    await world.faults(lose_start_answer=1)
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "ORPHAN_EXECUTION")
    assert "cancel it in Assets or wait for it to expire" in run.failure.message


async def test_another_execution_is_waited_for_and_left_alone(world):
    await world.run()
    links = await world.open_execution()
    started = await world.imports.start("places")
    waiting = await world.until(started.run.import_id, lambda run: run.state is ImportState.WAITING_FOR_ASSETS)
    assert waiting.failure is None
    await world.cancel_execution(links)
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.state is ImportState.SUCCEEDED
    await world.check_equal()


async def test_another_execution_that_does_not_end(world):
    await world.run()
    world.configure(start_wait="200ms")
    await world.open_execution()
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "DESTINATION_BUSY")
    assert (await world.executions())[-1]["state"] == "INGESTING"


async def test_a_disabled_import_source(world):
    await world.faults(disabled=True)
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "DESTINATION_ERROR")
    assert "enable it there" in run.failure.message
    assert await world.executions() == []


async def test_a_token_that_assets_does_not_know_is_named_but_not_shown(world):
    world.configure(token="OLD_TOKEN")
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "DESTINATION_ERROR")
    assert "${env:OLD_TOKEN}" in run.failure.message
    assert "an old token" not in run.failure.message


async def test_an_edit_counts_for_the_next_start_only(world):
    await world.rest()
    await world.work(serve_only=True)
    started = await world.imports.start("places")
    world.configure(max_objects=1)
    await world.rest()
    await world.work()
    run = await world.until(started.run.import_id, lambda run: run.state.terminal)
    assert run.progress.chunks < 20
    assert (await world.run()).progress.chunks == 20


async def test_without_a_broker_callers_are_told(world):
    await world.rest()
    world.broker = "127.0.0.1:1"
    await world.work(serve_only=True)
    imports = world.imports
    async with longshore.connect_imports(imports._channel.address, patience=0) as impatient:
        with pytest.raises(longshore.Unavailable, match="broker"):
            await impatient.start("places")
