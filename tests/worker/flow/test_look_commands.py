"""The commands that look at an import before and after it runs, as people and programs see them."""

import asyncio
import json
import sys

import pytest

COMMAND = "from longshore.cli.main import main; main()"


@pytest.fixture
def longshore(world):
    """Run a command against the world's worker; gives exit code and output."""

    async def run(*words):
        address = ("--address", world.imports._channel.address)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", COMMAND, "import", *words, *address, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    return run


async def test_check(world, longshore):
    code, output = await longshore("check", "places")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == ["ok", "ok", "ok"]
    world.source.tables["countries"] = [{"cde": "NO", "name": "Norge"}]
    code, output = await longshore("check", "places", "--output", "json")
    assert code == 1
    assert [each["ok"] for each in json.loads(output)] == [True, False, True]


async def test_preview(world, longshore):
    world.source.tables["countries"][1]["name"] = ""
    code, output = await longshore("preview", "places", "--resource", "countries", "--records", "3")
    assert code == 0
    assert f"3 records of {world.source.url}countries, pagination json_link" in output
    first = output.partition("record 1")[0]
    assert '"code": "NO"' in first
    assert "| Country:" in first
    assert '|   "Code": "NO",' in first
    assert "fails:" in output.partition("record 1")[2].partition("record 2")[0]
    assert "exactly as it would be sent:\n{" in output
    assert "There is more" in output
    code, output = await longshore("preview", "places", "--resource", "countries", "--output", "json")
    found = json.loads(output)
    assert found["records"][0]["objects"] == [{"object_type": "Country", "values": {"Code": "NO", "Name": "Land 'NO'"}}]
    assert json.loads(found["chunks"][0])["data"]["Country"][0] == {"Code": "NO", "Name": "Land 'NO'"}


async def test_quarantine(world, longshore, config_text):
    world.source.tables["regions"][2] |= {"people": "few", "name": None}
    run = await world.run()
    code, output = await longshore("quarantine", "list", run.import_id)
    assert code == 0
    assert output.splitlines()[1].split()[:5] == ["regions", "0", "2", "DE-1", "2"]
    code, output = await longshore("quarantine", "show", run.import_id)
    assert output.startswith("regions page 0, position 2: DE-1")
    assert output.count("reason") == 2
    assert '"people": "few"' in output
    world.configure(config_text.replace("{{ from: people, type: integer }}", "people"))
    code, output = await longshore("quarantine", "retry", run.import_id)
    assert output.count("now fails") == 1
    code, output = await longshore("quarantine", "retry", run.import_id, "--output", "json")
    assert json.loads(output)["retried"]["reasons"] == ["attribute 'Name' of 'Region': 'name' is empty"]


async def test_schema():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, "import", "schema", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(output)["title"] == "A Longshore import"
