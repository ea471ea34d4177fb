"""The command line against the real broker, as processes: what operators type, from the push to the end."""

import asyncio
import json
import os
import sys

import pytest

import longshore


@pytest.fixture
def command(broker):
    """Run the command line, and answer its exit code, its standard output and its standard error."""

    async def run(*arguments, stdin=b""):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from longshore.cli.main import main; main()",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LONGSHORE_ADDRESS": broker},
        )
        output, errors = await process.communicate(stdin)
        return process.returncode, output.decode(), errors.decode()

    return run


@pytest.fixture
def output(command):
    """Run a command that ends well, and answer what it printed."""

    async def run(*arguments, stdin=b""):
        code, printed, errors = await command(*arguments, stdin=stdin)
        assert code == 0, errors
        return printed

    return run


@pytest.fixture
async def client(broker):
    async with longshore.connect(broker, timeout=20) as client:
        yield client


async def test_a_job_is_pushed_followed_and_counted(client, output):
    job_id = (await output("push", "work", '{"n": 1}', "2", "--priority", "9")).strip()
    watching = asyncio.create_task(output("watch", job_id, "--output", "json"))

    async def handle(event):
        return longshore.Success(event.body)

    consuming = asyncio.create_task(client.queue("work").consume(handle))
    lines = [json.loads(line) for line in (await watching).splitlines()]
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    assert [left["result"] for left in lines[-1]["results"]] == [{"n": 1}, 2]
    stats = json.loads(await output("stats", job_id, "--output", "json"))
    assert (stats["state"], stats["success"]) == ("SUCCEEDED", 2)
    assert "2 of" not in await output("jobs", "show", job_id)


async def test_a_file_is_pushed_with_its_faults_told_and_again_without_doubles(client, command):
    lines = b"".join(b'{"n":%d}\n' % number for number in range(2_500))
    too_large = b'"' + b"x" * (1024 * 1024) + b'"\n'
    faulty = lines + b"{no\n" + too_large
    code, printed, errors = await command(
        "push", "work", "--jsonl", "-", "--request-id", "day-1", "--output", "json", stdin=faulty
    )
    summary = json.loads(printed)
    assert (code, summary["events"], [fault["line"] for fault in summary["faults"]]) == (1, 2_500, [2_501, 2_502])
    assert "line 2502: payload" in errors
    code, printed, _ = await command(
        "push", "work", "--jsonl", "-", "--request-id", "day-1", "--output", "json", stdin=lines
    )
    summary = json.loads(printed)
    assert (code, summary["jobs"], summary["deduplicated"]) == (0, 2_500, 2_500)


async def test_a_group_is_created_filled_cancelled_and_seen_to_its_end(command, output):
    group_id = (await output("groups", "create", "--on-complete", "done", "--body", "1")).strip()
    await output("push", "work", "1", "--group", group_id)
    cancelled = json.loads(await output("cancel", "--group", group_id, "--output", "json"))
    assert cancelled["state"] in ("SEALED", "COMPLETE")
    code, printed, _ = await command("watch", "--group", group_id)
    assert (code, "COMPLETE (CANCELLED)" in printed) == (4, True)


async def test_entries_are_written_on_conditions(command, output):
    version = json.loads(await output("kv", "set", "a", '{"n": 1.50}', "--if-absent", "--output", "json"))["version"]
    assert json.loads(await output("kv", "get", "a")) == {"n": 1.5}
    code, printed, errors = await command("kv", "set", "a", "2", "--if-absent")
    assert (code, printed) == (1, "")
    assert errors.startswith("Error: ENTRY_EXISTS")
    await output("kv", "set", "a", "3", "--if-version", str(version), "--expire-after", "1h")
    code, _, errors = await command("kv", "delete", "a", "--if-version", str(version))
    assert (code, "VERSION_MISMATCH" in errors) == (1, True)
    await output("kv", "delete", "a")
    assert await output("kv", "list") == ""


async def test_a_refusal_names_every_field(command):
    code, printed, errors = await command("push", "no/name", "1", "--attribute", "k=" + "x" * 2_000)
    assert (code, printed) == (1, "")
    assert "queue: " in errors
    assert "attributes" in errors
