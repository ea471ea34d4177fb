"""The commands: a worker that says where it serves and stops when told, and the check of configuration files."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

import longshore
from import_worker.__main__ import validate, worker
from longshore import ImportState

FAULTY = "version: 1\nkind: import\nname: places\nsauce: {}\n"


@pytest.fixture
def process(world):
    """The worker as a process of its own, for the world's broker and folder, and the first line that it prints."""
    environment = {**os.environ, "ASSETS_TOKEN": "a token of the tests", "LONGSHORE_IMPORTS": str(world.folder)}
    command = [sys.executable, "-m", "import_worker", "--address", "127.0.0.1:0", "--broker", world.broker]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        yield running, running.stdout.readline()
        running.kill()


async def test_a_worker_serves_works_and_stops(world, process):
    running, ready = process
    await world.rest()
    assert ready.startswith("Import worker on 127.0.0.1:")
    assert world.broker in ready
    async with longshore.connect_imports(ready.split()[3]) as world.imports:
        run = await world.run()
        assert run.state is ImportState.SUCCEEDED
        await world.check_equal()
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


async def test_a_worker_that_stops_lets_go_of_watchers(world):
    await world.faults(processing_seconds=60)
    started = await world.imports.start("places")
    await world.until(started.run.import_id, lambda run: run.state is ImportState.PROCESSING)
    async with longshore.connect_imports(world.imports._channel.address, timeout=0.5) as watcher:
        changes = watcher.watch(started.run.import_id)
        assert (await anext(changes)).state is ImportState.PROCESSING
        await world.rest()
        with pytest.raises(longshore.Unavailable):
            await anext(changes)


def test_an_address_that_is_taken(process):
    _, ready = process
    result = CliRunner().invoke(worker, ["--address", ready.split()[3]])
    assert result.exit_code == 1
    assert "--address" in result.output


def test_valid_and_faulty_files(tmp_path, monkeypatch, world):
    monkeypatch.setenv("ASSETS_TOKEN", "x")
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text(FAULTY)
    good = CliRunner().invoke(validate, [str(world.folder / "places.yaml")])
    assert (good.exit_code, good.output) == (0, f"{world.folder / 'places.yaml'}: import places is valid\n")
    bad = CliRunner().invoke(validate, [str(world.folder / "places.yaml"), str(faulty)])
    assert bad.exit_code == 1
    assert f"{faulty}:4: sauce: unknown key; did you mean 'source'?" in bad.output


def test_secrets_need_not_be_at_hand_for_a_check(monkeypatch, world):
    monkeypatch.delenv("ASSETS_TOKEN", raising=False)
    file = str(world.folder / "places.yaml")
    assert CliRunner().invoke(validate, [file]).exit_code == 1
    assert CliRunner().invoke(validate, ["--no-secrets", file]).exit_code == 0
