"""The command line against the real broker: what operators type, from the push to the end."""

import asyncio
import json
import os
import sys

import pytest

import longshore

SHELL = """
import json, sys
from click.testing import CliRunner
from longshore.cli.main import main
for line in sys.stdin:
    arguments, text = json.loads(line)
    result = CliRunner().invoke(main, arguments, input=text)
    print(json.dumps([result.exit_code, result.stdout, result.stderr]), flush=True)
"""
"""Runs one command after the other; starting Python for each would take longer than the commands."""


@pytest.fixture
async def command(broker):
    """Run the command line in a process of its own, and answer its exit code, standard output and standard error."""
    shell = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SHELL,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LONGSHORE_ADDRESS": broker},
        limit=16 * 1024 * 1024,
    )

    async def run(*arguments, stdin=""):
        shell.stdin.write(json.dumps([arguments, stdin]).encode() + b"\n")
        await shell.stdin.drain()
        return json.loads(await shell.stdout.readline())

    yield run
    shell.stdin.close()
    await shell.wait()


@pytest.fixture
def output(command):
    """Run a command that ends well, and answer what it printed."""

    async def run(*arguments, stdin=""):
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
    lines = "".join(f'{{"n":{number}}}\n' for number in range(2_500))
    too_large = '"' + "x" * (1024 * 1024) + '"\n'
    faulty = lines + "{no\n" + too_large
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


async def test_a_queue_is_set_paused_resumed_purged_and_forgotten(command, output):
    await output("push", "work", "1", "2", "3")
    set_ = json.loads(
        await output("queues", "set", "work", "--max-attempts", "3", "--max-backoff", "1m", "--output", "json")
    )
    assert set_["effective_retry_policy"]["max_attempts"] == 3
    assert set_["settings"]["retry_policy"]["max_backoff"] == 60
    reset = json.loads(await output("queues", "set", "work", "--reset", "max-attempts", "--output", "json"))
    assert reset["settings"]["retry_policy"]["max_attempts"] is None
    assert "paused" in await output("queues", "pause", "work")
    shown = json.loads(await output("queues", "show", "work", "--output", "json"))
    assert (shown["paused"], shown["pending"]) == (True, 3)
    await output("queues", "resume", "work")
    code, _, errors = await command("queues", "delete", "work", "--yes")
    assert (code, errors.startswith("Error: WRONG_STATE")) == (1, True)
    await output("queues", "purge", "work", "--yes")
    while json.loads(await output("queues", "show", "work", "--output", "json"))["purging"]:
        pass
    await output("queues", "delete", "work", "--yes")
    assert await output("queues", "list", "--output", "json") == ""
    code, _, errors = await command("queues", "show", "work")
    assert (code, errors.startswith("Error: QUEUE_NOT_FOUND")) == (1, True)


async def test_jobs_are_listed_by_state(output):
    job_id = (await output("push", "work", "1")).strip()
    listed = [json.loads(line) for line in (await output("jobs", "list", "--output", "json")).splitlines()]
    assert [job["job_id"] for job in listed] == [job_id]
    assert await output("jobs", "list", "--state", "failed", "--output", "json") == ""


async def test_dead_letters_are_found_redriven_and_deleted(client, output):
    done = asyncio.Queue()

    async def handle(event):
        done.put_nowait(event.event_id)
        raise longshore.Fail("BROKEN", "for good")

    job_id = (await output("push", "work", '{"a": 1}', "2")).strip()
    consuming = asyncio.create_task(client.queue("work").consume(handle))
    await client.job(job_id).wait(60)
    listed = [json.loads(line) for line in (await output("dead", "list", "--output", "json")).splitlines()]
    assert [event["reason"] for event in listed] == ["BROKEN", "BROKEN"]
    shown = json.loads(await output("dead", "show", f"{job_id}.0", "--output", "json"))
    assert (shown["body"], shown["attempts"][0]["outcome"]) == ({"a": 1}, "FAILURE")
    assert "1 dead letter put back" in await output("dead", "redrive", f"{job_id}.0")
    await client.job(job_id).wait(60)
    assert "2 dead letters deleted" in await output("dead", "delete", "--queue", "work", "--reason", "BROKEN", "--yes")
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    assert done.qsize() == 3
    assert json.loads(await output("stats", job_id, "--output", "json"))["failed"] == 2


async def test_pending_events_are_changed(output):
    await output("push", "work", "1", "--delay", "1h")
    assert (
        await output("events", "update", "--queue", "work", "--delay", "2h", "--priority", "9") == "1 event changed\n"
    )
    [line] = (await output("events", "list", "--state", "pending", "--output", "json")).splitlines()
    assert json.loads(line)["priority"] == 9


async def test_a_schedule_is_put_run_paused_and_deleted(command, output):
    put = ("schedules", "put", "nightly", "0 3 * * *", "work", '{"a": 1}', "--time-zone", "Europe/Berlin")
    first = json.loads(await output(*put, "--output", "json"))
    assert first["next_fire_time"] is not None
    job_id = (await output("schedules", "run", "nightly")).strip()
    assert json.loads(await output("jobs", "show", job_id, "--output", "json"))["queue"] == "work"
    assert json.loads(await output("schedules", "pause", "nightly", "--output", "json"))["next_fire_time"] is None
    resumed = json.loads(await output("schedules", "resume", "nightly", "--output", "json"))
    assert resumed["next_fire_time"] == first["next_fire_time"]
    assert resumed["events"] == first["events"]
    await output("schedules", "delete", "nightly", "--yes")
    code, _, errors = await command("schedules", "show", "nightly")
    assert (code, errors.startswith("Error: SCHEDULE_NOT_FOUND")) == (1, True)
    code, _, errors = await command("schedules", "put", "bad", "0 3 * *", "work", "1", "--time-zone", "Mars/Base")
    assert (code, "schedule.cron" in errors, "schedule.time_zone" in errors) == (1, True, True)


async def test_the_store_is_described_checked_and_copied(output, command, tmp_path):
    await output("push", "work", "1")
    info = json.loads(await output("admin", "info", "--output", "json"))
    assert info["store_kind"].startswith("SQLite")
    assert info["settings"]
    assert json.loads(await output("admin", "check", "--output", "json")) == {"faults": []}
    copy = tmp_path / "copy.db"
    done = json.loads(await output("admin", "backup", str(copy), "--output", "json"))
    assert (done["file"], done["size_bytes"]) == (str(copy), copy.stat().st_size)
    code, _, errors = await command("admin", "backup", str(copy))
    assert code == 1
    assert str(copy) in errors
