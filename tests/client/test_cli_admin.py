"""`longshore queues`, `events`, `dead`, `schedules`, `admin`, `kv` and `completion`."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import click
import grpc
import pytest
from click.testing import CliRunner
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.cli import running
from longshore.cli.main import main
from longshore.v1 import event_pb2, kv_service_pb2, queue_admin_service_pb2 as pb, queue_service_pb2

THEN = Timestamp(seconds=1_900_000_000)
MOMENT = "2030-03-17 17:46:40 UTC"


def queue(name="work", **fields):
    return pb.Queue(name=name, create_time=THEN, **fields)


def rows(result):
    return [line.split() for line in result.stdout.splitlines()]


def test_queues_are_listed_in_aligned_columns_over_all_pages(longshore_command, script):
    script.answers["ListQueues"] = [
        pb.ListQueuesResponse(
            queues=[
                queue("a", pending=12_345, paused=True),
                *(queue(f"queue-{number:03}") for number in range(150)),
            ],
            next_page_token="2",
        ),
        pb.ListQueuesResponse(queues=[queue("z", failed=2, paused=True)]),
    ]
    result = longshore_command("queues", "list", "a")
    assert rows(result)[0] == ["QUEUE", "STATE", "PENDING", "LEASED", "DEAD", "PUSHED", "SUCCEEDED"]
    assert rows(result)[1] == ["a", "paused", "12,345", "0", "0", "0", "0"]
    assert rows(result)[-1] == ["z", "paused", "0", "0", "2", "0", "0"]
    assert len({len(line) for line in result.stdout.splitlines()}) == 1
    assert [request.prefix for request in script.requests["ListQueues"]] == ["a", "a"]
    script.requests["ListQueues"].clear()
    result = longshore_command("queues", "list", "--output", "json")
    assert [json.loads(line)["name"] for line in result.stdout.splitlines()][-1] == "z"
    assert len(result.stdout.splitlines()) == 152


def test_an_empty_list_is_its_heading_and_no_json(longshore_command, script):
    script.answers["ListQueues"] = pb.ListQueuesResponse()
    assert len(longshore_command("queues", "list").stdout.splitlines()) == 1
    assert longshore_command("queues", "list", "--output", "json").stdout == ""


def test_a_queue_is_shown_with_what_holds_and_what_was_set(longshore_command, script):
    script.answers["GetQueue"] = pb.GetQueueResponse(
        queue=queue(
            pending=3,
            oldest_ready_time=THEN,
            totals=pb.QueueTotals(pushed=1_000),
            settings=pb.QueueSettings(
                retry_policy=event_pb2.RetryPolicy(max_attempts=3), max_run_time=Duration(seconds=90)
            ),
            effective_retry_policy=event_pb2.RetryPolicy(
                max_attempts=3, max_lease_losses=5, max_age=Duration(seconds=86_400)
            ),
        )
    )
    shown = longshore_command("queues", "show", "work").stdout
    assert "work: open  pending 3  leased 0  dead 0" in shown
    found = {tuple(line.split(None, 2)[:2]): line for line in shown.splitlines()}
    assert MOMENT in found["oldest", "ready"]
    assert "3 (set here)" in found["max", "attempts"]
    assert found["max", "lease"].endswith("5")
    assert found["max", "age"].endswith("1d")
    assert found["max", "run"].endswith("90s")
    assert "pushed 1,000" in shown
    assert json.loads(longshore_command("queues", "show", "work", "--output", "json").stdout)["pending"] == 3


def test_settings_are_set_and_reset(longshore_command, script):
    script.answers["UpdateQueue"] = pb.UpdateQueueResponse(queue=queue())
    result = longshore_command(
        *("queues", "set", "work", "--max-attempts", "3", "--max-backoff", "1m", "--max-run-time", "2h"),
        *("--no-keep-succeeded", "--reset", "max-pending", "--reset", "jitter", "--create"),
    )
    assert result.exit_code == 0, result.stderr
    [request] = script.requests["UpdateQueue"]
    assert (request.queue, request.allow_missing) == ("work", True)
    assert set(request.update_mask.paths) == {
        "retry_policy.max_attempts",
        "retry_policy.max_backoff",
        "max_run_time",
        "keep_succeeded",
        "max_pending",
        "retry_policy.jitter",
    }
    assert request.settings.retry_policy == event_pb2.RetryPolicy(max_attempts=3, max_backoff=Duration(seconds=60))
    assert longshore_command("queues", "set", "work").exit_code == 2
    assert longshore_command("queues", "set", "work", "--max-attempts", "0").exit_code == 2


def test_a_queue_is_paused_and_resumed(longshore_command, script):
    script.answers["PauseQueue"] = pb.PauseQueueResponse(queue=queue(paused=True))
    script.answers["ResumeQueue"] = pb.ResumeQueueResponse(queue=queue())
    assert longshore_command("queues", "pause", "work").stdout.startswith("work: paused")
    assert json.loads(longshore_command("queues", "resume", "work", "--output", "json").stdout)["paused"] is False
    assert script.requests["PauseQueue"][0].queue == script.requests["ResumeQueue"][0].queue == "work"


DESTRUCTIVE = {
    ("queues", "purge", "work"): ("PurgeQueue", pb.PurgeQueueResponse(queue=queue(purging=True))),
    ("queues", "delete", "work"): ("DeleteQueue", pb.DeleteQueueResponse()),
    ("dead", "delete", "--queue", "work"): ("DeleteEvents", pb.DeleteEventsResponse(deleted=7)),
    ("schedules", "delete", "nightly"): ("DeleteSchedule", pb.DeleteScheduleResponse(deleted=True)),
}


@pytest.mark.parametrize("command", DESTRUCTIVE)
def test_what_destroys_needs_a_yes(longshore_command, terminal, script, command):
    method, answer = DESTRUCTIVE[command]
    script.answers[method] = answer
    result = longshore_command(*command)
    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    code, shown = terminal(*command, answer="n\n")
    assert (code, "[y/N]" in shown) == (1, True)
    assert not script.requests[method]
    assert terminal(*command, answer="y\n")[0] == 0
    result = longshore_command(*command, "--yes", "--output", "json")
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert len(script.requests[method]) == 2


def event(**fields):
    return pb.StoredEvent(event_id="j.1", job_id="j", queue="work", due_time=THEN, push_time=THEN, **fields)


def test_events_are_listed_and_shown(longshore_command, script):
    script.answers["ListEvents"] = pb.ListEventsResponse(
        events=[event(state=event_pb2.EVENT_STATE_PENDING, priority=5, waiting_for_key=True)]
    )
    result = longshore_command("events", "list", "--queue", "work", "--job", "j", "--state", "pending", "--full")
    assert "PENDING (waits for its key)" in result.stdout
    request = script.requests["ListEvents"][0]
    assert request.filter == pb.EventFilter(queue="work", job_id="j", state=event_pb2.EVENT_STATE_PENDING)
    assert request.view == pb.EVENT_VIEW_BASIC
    longshore_command("events", "list", "--full", "--output", "json")
    assert script.requests["ListEvents"][1].view == pb.EVENT_VIEW_FULL


@pytest.mark.parametrize("command", ["events", "dead"])
def test_an_event_is_shown_with_its_attempts(longshore_command, script, command):
    script.answers["GetEvent"] = pb.GetEventResponse(
        event=event(
            state=event_pb2.EVENT_STATE_FAILED,
            attempt=2,
            failures=1,
            reason="BROKEN",
            payload=event_pb2.Payload(json='{"a":1}'),
            data=event_pb2.Payload(data=b"\xff"),
            attributes={"k": "v"},
            concurrency=event_pb2.Concurrency(key="customer-7", limit=2),
            retry_policy=event_pb2.RetryPolicy(max_attempts=2),
            progress=queue_service_pb2.Progress(fraction=0.25, text="page 3"),
            attempts=[
                pb.Attempt(
                    attempt=1,
                    outcome=pb.ATTEMPT_OUTCOME_RETRY,
                    reason="LATER",
                    message="not yet\nagain",
                    delivery_time=THEN,
                    end_time=THEN,
                )
            ],
        )
    )
    shown = longshore_command(command, "show", "j.1").stdout
    for text in (
        "j.1: FAILED",
        "2, 1 failure, 0 leases lost",
        "BROKEN",
        '{"a": 1}',
        '{"hex": "ff"}',
        "customer-7, limit 2",
        '{"max_attempts": 2}',
        "25% page 3",
        f"attempt 1        {MOMENT}  RETRY  LATER  not yet\n                   again",
    ):
        assert text in shown
    assert json.loads(longshore_command(command, "show", "j.1", "--output", "json").stdout)["attempts"][0] == {
        "attempt": 1,
        "outcome": "RETRY",
        "reason": "LATER",
        "message": "not yet\nagain",
        "delivery_time": "2030-03-17T17:46:40+00:00",
        "end_time": "2030-03-17T17:46:40+00:00",
    }


def test_pending_events_are_changed(longshore_command, script):
    script.answers["UpdateEvents"] = pb.UpdateEventsResponse(updated=1_200)
    result = longshore_command("events", "update", "--queue", "work", "--delay", "0", "--priority", "9")
    assert result.stdout == "1,200 events changed\n"
    assert longshore_command("events", "update", "j.1", "--at", "2030-01-31T08:00:00Z").exit_code == 0
    first, second = script.requests["UpdateEvents"]
    assert abs(first.due_time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=5)
    assert first.priority == 9
    assert [event.event_id for event in second.filter.event_ids] == ["j.1"]
    assert not second.HasField("priority")
    for wrong in (["j.1"], ["--priority", "9"], ["j.1", "--at", "2030-01-31T08:00:00Z", "--delay", "1"]):
        assert longshore_command("events", "update", *wrong).exit_code == 2
    assert len(script.requests["UpdateEvents"]) == 2


def test_dead_letters_are_listed(longshore_command, script):
    script.answers["ListEvents"] = pb.ListEventsResponse(
        events=[
            event(state=event_pb2.EVENT_STATE_FAILED, finish_time=THEN, reason="BROKEN", message="line\nbreak \x1b[2J")
        ]
    )
    times = ("--after", "2030-01-01T00:00:00Z", "--before", "2030-01-02T00:00:00Z")
    result = longshore_command("dead", "list", "--reason", "BROKEN", *times)
    assert result.stdout.splitlines()[1].endswith("BROKEN  line break \\x1b[2J")
    [request] = script.requests["ListEvents"]
    assert request.filter.state == event_pb2.EVENT_STATE_FAILED
    assert request.filter.reason == "BROKEN"
    assert request.filter.finished_before.seconds - request.filter.finished_after.seconds == 86_400


def test_dead_letters_are_redriven_at_a_rate(longshore_command, script):
    script.answers["RedriveEvents"] = pb.RedriveEventsResponse(redriven=1_000, skipped=2, last_due_time=THEN)
    result = longshore_command("dead", "redrive", "--queue", "work", "--rate", "2.5")
    assert result.stdout == (
        f"1,000 dead letters put back; 2 stay, because their job or group was cancelled; the last is due at {MOMENT}\n"
    )
    result = longshore_command("dead", "redrive", "j.1", "j.2", "--output", "json")
    assert json.loads(result.stdout) == {
        "redriven": 1000,
        "skipped": 2,
        "last_due_time": "2030-03-17T17:46:40+00:00",
    }
    first, second = script.requests["RedriveEvents"]
    assert (first.filter.queue, first.events_per_second) == ("work", 2.5)
    assert [event.event_id for event in second.filter.event_ids] == ["j.1", "j.2"]
    result = longshore_command("dead", "redrive", "--reason", "BROKEN")
    assert (result.exit_code, "Name the events" in result.stderr) == (2, True)


def schedule(**fields):
    return pb.Schedule(
        name="nightly",
        cron="0 3 * * *",
        queue="work",
        events=[event_pb2.EventSpec(payload=event_pb2.Payload(json='{"a":1}'))],
        create_time=THEN,
        update_time=THEN,
        next_fire_time=THEN,
        **fields,
    )


def test_a_schedule_is_put_listed_shown_paused_and_run(longshore_command, script):
    script.answers["PutSchedule"] = pb.PutScheduleResponse(schedule=schedule(paused=True))
    script.answers["ListSchedules"] = pb.ListSchedulesResponse(schedules=[schedule()])
    script.answers["GetSchedule"] = pb.GetScheduleResponse(schedule=schedule(skipped=3))
    script.answers["RunSchedule"] = pb.RunScheduleResponse(job_id="j")
    result = longshore_command(
        *("schedules", "put", "nightly", "0 3 * * *", "work", '{"a":1}', "2", "--time-zone", "Europe/Berlin"),
        *("--overlap", "allow", "--missed-fire", "run_once", "--paused", "--priority", "9"),
    )
    assert result.exit_code == 0, result.stderr
    assert "nightly: paused" in result.stdout
    put = script.requests["PutSchedule"][0].schedule
    assert (put.cron, put.time_zone, put.queue, put.paused) == ("0 3 * * *", "Europe/Berlin", "work", True)
    assert [event.payload.json for event in put.events] == ['{"a":1}', "2"]
    assert (put.overlap, put.missed_fire) == (pb.OVERLAP_POLICY_ALLOW, pb.MISSED_FIRE_POLICY_RUN_ONCE)
    assert put.events[1].priority == 9

    assert rows(longshore_command("schedules", "list"))[1][:1] == ["nightly"]
    shown = longshore_command("schedules", "show", "nightly").stdout
    assert MOMENT in shown
    assert 'event 0      {"body": {"a": 1}}\n' in shown
    assert json.loads(longshore_command("schedules", "show", "nightly", "--output", "json").stdout)["skipped"] == 3
    assert longshore_command("schedules", "pause", "nightly").exit_code == 0
    assert longshore_command("schedules", "resume", "nightly").exit_code == 0
    assert [request.schedule.paused for request in script.requests["PutSchedule"][1:]] == [True, False]
    assert longshore_command("schedules", "run", "nightly").stdout == "j\n"


def test_deleting_a_schedule_that_is_not_there_is_fine(longshore_command, script):
    script.answers["DeleteSchedule"] = pb.DeleteScheduleResponse()
    result = longshore_command("schedules", "delete", "nightly", "--yes")
    assert (result.exit_code, result.stdout) == (0, "nightly: there was none\n")


def test_the_store_is_copied_and_described(longshore_command, script):
    script.answers["BackupStore"] = pb.BackupStoreResponse(file="/data/copy.db", size_bytes=4_096)
    script.answers["GetServerInfo"] = pb.GetServerInfoResponse(
        version="0.1.0",
        start_time=THEN,
        store_kind="SQLite 3.46.1",
        store_size_bytes=1_000_000,
        settings=[pb.Setting(name="low_water_mark", value="64 MiB")],
    )
    assert longshore_command("admin", "backup", "copy.db").stdout == "/data/copy.db: 4,096 bytes\n"
    assert script.requests["BackupStore"][0].file == "copy.db"
    shown = longshore_command("admin", "info").stdout
    for text in ("Longshore 0.1.0", "SQLite 3.46.1", "1,000,000 bytes", "low_water_mark", "64 MiB"):
        assert text in shown
    assert json.loads(longshore_command("admin", "info", "--output", "json").stdout)["settings"] == {
        "low_water_mark": "64 MiB"
    }


def test_a_check_that_finds_faults_ends_with_1(longshore_command, script):
    script.answers["CheckStore"] = pb.CheckStoreResponse()
    result = longshore_command("admin", "check")
    assert (result.exit_code, result.stdout) == (0, "The store is whole.\n")
    script.answers["CheckStore"] = pb.CheckStoreResponse(faults=[pb.StoreFault(description="page 7 is torn")])
    result = longshore_command("admin", "check")
    assert (result.exit_code, result.stdout) == (1, "page 7 is torn\n")
    result = longshore_command("admin", "check", "--output", "json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"faults": ["page 7 is torn"]})


def test_entries_are_read_written_listed_and_deleted(longshore_command, script):
    entry = kv_service_pb2.Entry(
        key="a", payload=event_pb2.Payload(json='{"n": 1}'), version=7, create_time=THEN, update_time=THEN
    )
    script.answers["GetEntry"] = kv_service_pb2.GetEntryResponse(entry=entry)
    script.answers["SetEntry"] = kv_service_pb2.SetEntryResponse(version=8)
    script.answers["DeleteEntry"] = kv_service_pb2.DeleteEntryResponse()
    script.answers["ListEntries"] = kv_service_pb2.ListEntriesResponse(entries=[entry])
    script.answers["Commit"] = queue_service_pb2.CommitResponse(
        entry_writes=[queue_service_pb2.EntryWriteResult(key="a", version=9)]
    )
    assert longshore_command("kv", "get", "a").stdout == '{"n": 1}\n'
    assert json.loads(longshore_command("kv", "get", "a", "--output", "json").stdout)["version"] == 7
    assert longshore_command("kv", "set", "a", "0.10", "--expire-after", "2m").stdout == "8\n"
    [write] = script.requests["SetEntry"]
    assert (write.payload.json, write.expire_after.seconds) == ("0.10", 120)
    for condition, check in (
        (["--if-absent"], {"absent": True}),
        (["--if-version", "7"], {"version": 7}),
    ):
        result = longshore_command("kv", "set", "a", "1", *condition, "--output", "json")
        assert json.loads(result.stdout) == {"key": "a", "version": 9}
        assert script.requests["Commit"][-1].entry_checks[0] == queue_service_pb2.EntryCheck(key="a", **check)
    assert longshore_command("kv", "set", "a", "1", "--if-absent", "--if-version", "7").exit_code == 2
    assert longshore_command("kv", "list", "a").stdout == "a\n"
    assert script.requests["ListEntries"][0].keys_only
    assert json.loads(longshore_command("kv", "list", "--output", "json").stdout)["value"] == {"n": 1}
    assert longshore_command("kv", "delete", "a").stdout == ""
    assert json.loads(longshore_command("kv", "delete", "a", "--output", "json").stdout) == {"key": "a"}
    longshore_command("kv", "delete", "a", "--if-version", "7")
    assert script.requests["Commit"][-1].entry_writes[0].HasField("delete")


def test_an_entry_that_is_not_there_is_an_error(longshore_command, script):
    script.answers["GetEntry"] = script.refuse(grpc.StatusCode.NOT_FOUND, "ERROR_REASON_ENTRY_NOT_FOUND")
    result = longshore_command("kv", "get", "a", "--output", "json")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: No entry 'a'\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell):
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_LONGSHORE_COMPLETE" in result.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=result.stdout, text=True, check=True)


def test_completion_offers_commands_without_loading_services(monkeypatch):
    monkeypatch.setattr("importlib.metadata.EntryPoint.load", lambda self: pytest.fail(f"{self.name} was loaded"))
    environment = {"_LONGSHORE_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, "COMP_WORDS": "longshore s"}.items():
            patch.setenv(name, value)
        result = CliRunner().invoke(main, [], prog_name="longshore", complete_var="_LONGSHORE_COMPLETE")
    offered = {line.partition(",")[2] for line in result.stdout.splitlines()}
    assert offered == {"sandbox", "schedules", "serve", "stats"}


def commands(group, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_each_command_but_completion_prints_json_when_asked():
    without = {path for path, command in commands(main) if not any(p.name == "output" for p in command.params)}
    assert without == {("completion",)}


def test_each_command_of_the_queue_service_says_what_to_do_when_it_is_not_there(monkeypatch):
    monkeypatch.setattr(running, "PATIENCE", 0.01)
    for path, command in commands(main):
        if path[0] in ("import", "completion"):
            continue
        arguments = ["1" for param in command.params if isinstance(param, click.Argument) and param.required]
        options = {
            ("queues", "set"): ["--create"],
            ("events", "update"): ["j.1", "--priority", "1"],
            ("dead", "redrive"): ["j.1"],
            ("dead", "delete"): ["j.1"],
            ("push",): ["1"],
        }.get(path, [])
        yes = ["--yes"] if any(param.name == "yes" for param in command.params) else []
        result = CliRunner().invoke(main, [*path, *arguments, *options, *yes, "--address", "127.0.0.1:1"])
        assert result.exit_code == 5, (path, result.stderr)
        assert "127.0.0.1:1 is not reachable" in result.stderr
        assert "longshore serve" in result.stderr
        assert "LONGSHORE_ADDRESS" in result.stderr
