"""`longshore push`: what goes on the wire, from arguments, standard input and JSON Lines, and how faults are told."""

import json
import subprocess
import sys

import grpc
import pytest

from longshore.cli import bulk
from longshore.cli.lines import MAX_LINE
from longshore.v1 import error_reason_pb2, event_pb2, queue_service_pb2

GROUP = "00000000-0000-7000-8000-000000000001"
JOB = "00000000-0000-7000-8000-000000000002"


def pushes(script):
    return [push for request in script.requests["BatchPush"] for push in request.pushes]


def bodies(script):
    return [[event.payload.json for event in push.events] for push in pushes(script)]


def refusing(script, refuse):
    """Answer pushes, and an ItemError where `refuse` of a push answers one."""

    def answer(request, context):
        response = script._batch_push(request, context)
        for push, result in zip(request.pushes, response.results, strict=True):
            if (error := refuse(push)) is not None:
                result.error.CopyFrom(error)
        return response

    script.answers["BatchPush"] = answer


def invalid(*violations):
    return event_pb2.ItemError(
        code=grpc.StatusCode.INVALID_ARGUMENT.value[0],
        reason=error_reason_pb2.ERROR_REASON_INVALID_REQUEST,
        message="the request is faulty",
        violations=[event_pb2.FieldViolation(field=field, description=text) for field, text in violations],
    )


def test_several_bodies_make_one_job_and_travel_byte_for_byte(longshore_command, script):
    digits = "9" * 5_000
    result = longshore_command("push", "work", '{"n": 0.10000000000000000000001, "n": 2}', '"ü"', digits)
    [push] = pushes(script)
    assert result.exit_code == 0
    assert result.stdout == f"{push.job_id}\n"
    assert bodies(script) == [['{"n": 0.10000000000000000000001, "n": 2}', '"ü"', digits]]


def test_every_option_of_an_event_is_sent(longshore_command, script):
    result = longshore_command(
        *("push", "work", "1", "--delay", "1.5m", "--priority", "0", "--key", "customer-7", "--limit", "2"),
        *("--attribute", "a=1", "--attribute", "b=x=y", "--expire-after", "2d", "--max-attempts", "3"),
        *("--max-age", "1h", "--max-lease-losses", "4", "--initial-backoff", "250ms", "--multiplier", "1.5"),
        *("--max-backoff", "60", "--jitter", "none", "--group", GROUP, "--seal", "--job-id", JOB),
        *("--request-id", "order-7", "--output", "json"),
    )
    assert json.loads(result.stdout) == {"job_id": JOB, "events": 1, "deduplicated": False}
    [push] = pushes(script)
    assert (push.job_id, push.request_id, push.group_id, push.seal_group) == (JOB, "order-7", GROUP, True)
    [event] = push.events
    assert (event.delay.seconds, event.HasField("priority"), event.priority) == (90, True, 0)
    assert (event.concurrency.key, event.concurrency.limit) == ("customer-7", 2)
    assert dict(event.attributes) == {"a": "1", "b": "x=y"}
    assert event.expire_after.seconds == 172_800
    policy = event.retry_policy
    assert (policy.max_attempts, policy.max_age.seconds, policy.max_lease_losses) == (3, 3600, 4)
    assert (policy.initial_backoff.nanos, policy.multiplier, policy.max_backoff.seconds) == (250_000_000, 1.5, 60)
    assert policy.jitter == event_pb2.JITTER_NONE


def test_what_is_not_said_is_not_sent(longshore_command, script):
    longshore_command("push", "work", "1")
    longshore_command("push", "work", "1", "--at", "2030-01-31T08:00:00+01:00")
    first, second = (push.events[0] for push in pushes(script))
    assert first == event_pb2.EventSpec(payload=event_pb2.Payload(json="1"))
    assert second.not_before_time.seconds == 1_896_073_200


def test_a_body_comes_from_standard_input(longshore_command, script):
    assert longshore_command("push", "work", stdin='{"a":\n 1}\n').exit_code == 0
    assert bodies(script) == [['{"a":\n 1}\n']]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["work", "{no"], "is no JSON"),
        (["work", "NaN"], "JSON has no NaN"),
        (["work", "[" * 100_000], "nested too deeply"),
        (["work", "1", "--delay", "soon"], "no amount with a unit"),
        (["work", "1", "--at", "tomorrow"], "no instant"),
        (["work", "1", "--at", "2030-01-31T08:00:00"], "no time zone"),
        (["work", "1", "--attribute", "novalue"], "no KEY=VALUE"),
        (["work", "1", "--delay", "1", "--at", "2030-01-31T08:00:00Z"], "not both"),
        (["work", "1", "--key", "k"], "--key and --limit go together"),
        (["work", "1", "--seal"], "--seal needs --group"),
        (["work", "1", "--jsonl", "-"], "--jsonl takes neither"),
        (["work", "--jsonl", "-", "--job-id", JOB], "--jsonl takes neither"),
        (["work", "--jsonl", "/no/such/file"], "No such file"),
        (["work"], "Standard input is no JSON"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_sent(longshore_command, script, arguments, message):
    result = longshore_command("push", *arguments, stdin="{no")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert not script.requests


def test_each_line_is_a_job_and_they_go_together(longshore_command, script, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text("\ufeff" + "".join(f'{{"n":{n}}}\r\n\n' for n in range(5_000)) + "5000")
    result = longshore_command("push", "work", "--jsonl", str(file), "--output", "json")
    summary = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert (summary["queue"], summary["events"], summary["jobs"], summary["faults"]) == ("work", 5_001, 5_001, [])
    assert sorted(bodies(script)) == sorted([["5000"], *([f'{{"n":{n}}}'] for n in range(5_000))])
    assert len({push.job_id for push in pushes(script)}) == 5_001
    assert len(script.requests["BatchPush"]) < 50


def test_lines_make_jobs_of_many_events(longshore_command, script):
    lines = "\n".join(map(str, range(25)))
    options = ("--events-per-job", "10", "--request-id", "day-1", "--priority", "9")
    result = longshore_command("push", "work", "--jsonl", "-", *options, stdin=lines)
    assert "25 events pushed in 3 jobs" in result.stdout
    assert [len(push.events) for push in pushes(script)] == [10, 10, 5]
    assert [push.request_id for push in pushes(script)] == ["day-1.1", "day-1.11", "day-1.21"]
    assert {event.priority for push in pushes(script) for event in push.events} == {9}


def test_the_group_is_sealed_after_all_lines(longshore_command, script):
    script.answers["SealGroup"] = queue_service_pb2.SealGroupResponse()
    result = longshore_command("push", "work", "--jsonl", "-", "--group", GROUP, "--seal", stdin="1\n2\n")
    assert result.exit_code == 0
    assert [(push.group_id, push.seal_group) for push in pushes(script)] == [(GROUP, False)] * 2
    assert [request.group_id for request in script.requests["SealGroup"]] == [GROUP]


def test_faulty_lines_are_told_by_number_and_the_others_are_pushed(longshore_command, script):
    refusing(
        script,
        lambda push: (
            invalid(("events[0].payload", "has too many bytes")) if push.events[0].payload.json == "4" else None
        ),
    )
    lines = b"1\n{no\n\xff\n4\n" + b"5" * (MAX_LINE + 9) + b"\nNaN\n7"
    result = longshore_command("push", "work", "--jsonl", "-", "--output", "json", stdin=lines)
    summary = json.loads(result.stdout)
    assert result.exit_code == 1
    assert summary["events"] == 2
    assert sorted(bodies(script)) == [["1"], ["4"], ["7"]]
    faults = {fault["line"]: fault["message"] for fault in summary["faults"]}
    assert sorted(faults) == [2, 3, 4, 5, 6]
    assert "Expecting" in faults[2]
    assert "utf-8" in faults[3]
    assert faults[4] == "payload: has too many bytes"
    assert "longer than" in faults[5]
    assert "NaN" in faults[6]
    assert "line 4: payload: has too many bytes" in result.stderr


def test_a_job_of_many_lines_is_refused_as_one_and_names_the_line(longshore_command, script):
    refusing(
        script,
        lambda push: (
            invalid(("events[1].payload", "has too many bytes")) if push.events[0].payload.json == "1" else None
        ),
    )
    result = longshore_command("push", "work", "--jsonl", "-", "--events-per-job", "3", stdin="1\n\n2\n3\n4\n")
    assert result.exit_code == 1
    assert "lines 1 to 4: line 3: payload: has too many bytes" in result.stderr
    assert "1 event pushed in 1 job" in result.stdout
    assert "4 lines not pushed" in result.stdout


def test_a_file_that_was_pushed_in_part_is_pushed_again(longshore_command, script):
    def answer(request, context):
        response = script._batch_push(request, context)
        for push, result in zip(request.pushes, response.results, strict=True):
            if push.request_id == "day-1.1":
                result.push.deduplicated = True
            elif push.request_id == "day-1.2":
                result.error.CopyFrom(
                    event_pb2.ItemError(code=6, reason=error_reason_pb2.ERROR_REASON_ID_REUSED, message="reused")
                )
        return response

    script.answers["BatchPush"] = answer
    result = longshore_command("push", "work", "--jsonl", "-", "--request-id", "day-1", stdin="1\n2\n3\n")
    assert result.exit_code == 1
    assert "2 events pushed in 2 jobs" in result.stdout
    assert "jobs that were there before: 1" in result.stdout
    assert "line 2: was pushed before with the request id day-1.2" in result.stderr


def test_reading_stops_at_too_many_faults(longshore_command, script):
    options = ("--max-faults", "3", "--events-per-job", "10")
    result = longshore_command("push", "work", "--jsonl", "-", *options, stdin="1\n2\n" + "{no\n" * 50 + "3\n")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 3
    # What was read before them is pushed: no line is left out untold.
    assert bodies(script) == [["1", "2"]]
    assert "2 events pushed in 1 job" in result.stdout


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (invalid(("queue", "is no name")), 1, "queue: is no name"),
        (event_pb2.ItemError(code=8, reason=error_reason_pb2.ERROR_REASON_QUEUE_FULL, message="it is full"), 1, "full"),
    ],
)
def test_what_is_not_the_fault_of_a_line_stops_the_push_and_says_how_far_it_came(
    longshore_command, script, error, code, message
):
    refusing(script, lambda push: error if push.events[0].payload.json == "3" else None)
    result = longshore_command("push", "work", "--jsonl", "-", "--output", "json", stdin="1\n2\n3\n")
    assert result.exit_code == code
    assert message in result.stderr
    assert json.loads(result.stdout)["events"] <= 2


def test_a_broker_that_goes_away_stops_the_push(longshore_command, script):
    def leave(request, context):
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    script.answers["BatchPush"] = leave
    result = longshore_command("push", "work", "--jsonl", "-", stdin="1\n2\n")
    assert result.exit_code == 5
    assert "longshore serve" in result.stderr
    assert "0 events pushed" in result.stdout


def test_no_more_is_under_way_than_there_is_room_for(longshore_command, script, monkeypatch):
    monkeypatch.setattr(bulk, "_MAX_EVENTS", 7)
    monkeypatch.setattr(bulk, "_MAX_BYTES", 30)
    lines = "\n".join(["1"] * 50 + ['"a line that alone is longer than all the room there is"'] * 2)
    result = longshore_command("push", "work", "--jsonl", "-", stdin=lines)
    assert "52 events pushed in 52 jobs" in result.stdout
    assert max(len(request.pushes) for request in script.requests["BatchPush"]) <= 7


def test_lines_of_a_pipe_are_pushed_as_they_come(script):
    process = subprocess.Popen(
        [sys.executable, "-c", "from longshore.cli.main import main; main()", "push", "work", "--jsonl", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"LONGSHORE_ADDRESS": script.address, "PYTHONPATH": ":".join(sys.path)},
    )
    process.stdin.write(b"1\n2")
    process.stdin.flush()
    while not script.requests["BatchPush"]:
        assert process.poll() is None
    assert bodies(script) == [["1"]]
    output, _ = process.communicate(b"2\n3\n", timeout=30)
    assert process.returncode == 0
    assert sorted(bodies(script)[1:]) == [["22"], ["3"]]
    assert b"3 events pushed" in output


def test_a_terminal_shows_progress_on_standard_error(terminal, script, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text("1\n2\n")
    code, shown = terminal("push", "work", "--jsonl", str(file))
    assert code == 0
    assert "0%  0 events pushed" in shown
    assert shown.rstrip().rpartition("\x1b[2K")[2].startswith("2 events pushed")
