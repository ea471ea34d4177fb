"""`longshore stats`, `watch`, `cancel`, `jobs` and `groups`."""

import json
import signal
import subprocess
import sys
import threading

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2, queue_admin_service_pb2, queue_service_pb2 as pb

JOB = "00000000-0000-7000-8000-000000000002"
GROUP = "00000000-0000-7000-8000-000000000001"
THEN = Timestamp(seconds=1_900_000_000)


def stats(state="IN_PROGRESS", **counts):
    return pb.JobStats(job_id=JOB, state=f"JOB_STATE_{state}", push_time=THEN, **counts)


def job(state="IN_PROGRESS", *, progress=(), results=(), **counts):
    return pb.Job(
        job_id=JOB,
        queue="work",
        request_id="order-7",
        lineage=event_pb2.Lineage(root_job_id="root", depth=2),
        stats=stats(state, **counts),
        progress=[
            pb.EventProgress(event_id=f"{JOB}.0", progress=pb.Progress(fraction=share, text=text), update_time=THEN)
            for share, text in progress
        ],
        results=[
            pb.EventResult(event_id=f"{JOB}.{number}", result=event_pb2.Payload(json=text))
            for number, text in enumerate(results)
        ],
    )


def group(state="OPEN", result="UNSPECIFIED", **fields):
    return pb.Group(
        group_id=GROUP,
        state=f"GROUP_STATE_{state}",
        result=f"GROUP_RESULT_{result}",
        create_time=THEN,
        **fields,
    )


def test_stats_prints_a_line_for_each_job_and_names_those_that_are_not_known(longshore_command, script):
    script.answers["GetJobStats"] = pb.GetJobStatsResponse(stats=[stats(success=2, in_progress=1)])
    result = longshore_command("stats", JOB)
    assert result.exit_code == 0
    assert result.stdout == f"{JOB}  IN_PROGRESS  success 2  in progress 1  failed 0  cancelled 0\n"
    result = longshore_command("stats", JOB, "other", "--output", "json")
    assert (result.exit_code, "other" in result.stderr) == (1, True)
    [line] = result.stdout.splitlines()
    assert json.loads(line) == {
        "job_id": JOB,
        "success": 2,
        "in_progress": 1,
        "failed": 0,
        "cancelled": 0,
        "state": "IN_PROGRESS",
        "push_time": "2030-03-17T17:46:40+00:00",
        "finish_time": None,
    }


@pytest.mark.parametrize(("state", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("CANCELLED", 4)])
def test_a_job_is_followed_to_its_end_with_progress_and_results(longshore_command, script, state, code):
    changes = [
        job(in_progress=1, progress=[(0.4, "page 12")]),
        job(in_progress=1, progress=[(0.4, "page 12")]),
        job(state, success=1, results=['{"rows": 3}']),
    ]
    script.answers["WatchJob"] = [pb.WatchJobResponse(job=change) for change in changes]
    script.answers["GetJob"] = pb.GetJobResponse(job=changes[0])
    result = longshore_command("watch", JOB)
    assert result.exit_code == code
    assert result.stdout.splitlines() == [
        f"{JOB}: IN_PROGRESS  success 0  in progress 1  failed 0  cancelled 0  [40% page 12]",
        f"{JOB}: {state}  success 1  in progress 0  failed 0  cancelled 0",
        f'{JOB}.0: {{"rows": 3}}',
    ]
    assert [request.job_id for request in script.requests["WatchJob"]] == [JOB]
    result = longshore_command("watch", JOB, "--output", "json")
    assert result.exit_code == code
    assert [json.loads(line)["stats"]["state"] for line in result.stdout.splitlines()] == ["IN_PROGRESS", state]


@pytest.mark.parametrize(("end", "code"), [("SUCCEEDED", 0), ("HAS_FAILURES", 3), ("CANCELLED", 4)])
def test_a_group_is_followed_until_it_is_complete(longshore_command, script, end, code):
    changes = [group(jobs=2, in_progress=5), group("COMPLETE", end, jobs=2, success=5)]
    script.answers["WatchGroup"] = [pb.WatchGroupResponse(group=change) for change in changes]
    script.answers["GetGroup"] = pb.GetGroupResponse(group=changes[0])
    result = longshore_command("watch", "--group", GROUP)
    assert result.exit_code == code
    assert result.stdout.splitlines() == [
        f"{GROUP}: OPEN  2 jobs  success 0  in progress 5  failed 0  cancelled 0",
        f"{GROUP}: COMPLETE ({end})  2 jobs  success 5  in progress 0  failed 0  cancelled 0",
    ]
    assert script.requests["WatchGroup"][0].group_id == GROUP


def test_on_a_terminal_a_watch_rewrites_one_line(terminal, script):
    script.answers["WatchJob"] = [
        pb.WatchJobResponse(job=job(in_progress=2)),
        pb.WatchJobResponse(job=job("SUCCEEDED", success=2)),
    ]
    script.answers["GetJob"] = pb.GetJobResponse(job=job(in_progress=2))
    code, shown = terminal("watch", JOB)
    assert code == 0
    assert shown.count("\r\x1b[2K") == 2
    assert shown.count("\n") == 1
    assert shown.endswith("success 2  in progress 0  failed 0  cancelled 0\r\n")


@pytest.mark.parametrize("what", [[JOB], ["--group", GROUP]])
def test_ctrl_c_leaves_what_is_watched_running_and_says_how_to_go_on(script, what):
    def stay(first):
        def answer(request, context):
            yield first
            left = threading.Event()
            context.add_callback(left.set)
            left.wait()

        return answer

    script.answers["GetJob"] = pb.GetJobResponse(job=job(in_progress=1))
    script.answers["GetGroup"] = pb.GetGroupResponse(group=group())
    script.answers["WatchJob"] = stay(pb.WatchJobResponse(job=job(in_progress=1)))
    script.answers["WatchGroup"] = stay(pb.WatchGroupResponse(group=group()))
    command = [sys.executable, "-c", "from longshore.cli.main import main; main()", "watch", *what]
    process = subprocess.Popen(
        [*command, "--address", script.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert what[-1] in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"longshore watch {' '.join(what)}" in errors
    assert f"longshore cancel {' '.join(what)}" in errors


def test_an_unknown_job_is_told(longshore_command, script):
    script.answers["GetJob"] = script.refuse(
        grpc.StatusCode.NOT_FOUND, "ERROR_REASON_JOB_NOT_FOUND", message="no job is named so"
    )
    for command in (["watch", JOB], ["jobs", "show", JOB]):
        result = longshore_command(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "Error: JOB_NOT_FOUND: no job is named so\n"


def test_jobs_and_groups_are_cancelled(longshore_command, script):
    script.answers["CancelJob"] = pb.CancelJobResponse(job=job("CANCELLED", cancelled=3))
    script.answers["CancelGroup"] = pb.CancelGroupResponse(group=group("COMPLETE", "CANCELLED"))
    assert "CANCELLED" in longshore_command("cancel", JOB).stdout
    shown = json.loads(longshore_command("cancel", "--group", GROUP, "--output", "json").stdout)
    assert (shown["group_id"], shown["result"]) == (GROUP, "CANCELLED")
    assert script.requests["CancelJob"][0].job_id == JOB
    assert script.requests["CancelGroup"][0].group_id == GROUP


def test_jobs_are_listed_and_shown(longshore_command, script):
    script.answers["ListJobs"] = queue_admin_service_pb2.ListJobsResponse(jobs=[job(success=1_500)])
    result = longshore_command("jobs", "list", "--queue", "work", "--group", GROUP, "--state", "failed")
    heading, row = result.stdout.splitlines()
    assert heading.split()[:3] == ["JOB", "QUEUE", "STATE"]
    assert row.split()[:4] == [JOB, "work", "IN_PROGRESS", "1,500"]
    request = script.requests["ListJobs"][0]
    assert (request.queue, request.group_id, request.state) == ("work", GROUP, pb.JOB_STATE_FAILED)
    result = longshore_command("jobs", "list", "--output", "json")
    assert [json.loads(line)["job_id"] for line in result.stdout.splitlines()] == [JOB]

    script.answers["GetJob"] = pb.GetJobResponse(job=job(progress=[(0.5, "half")], results=["[1]"]))
    shown = longshore_command("jobs", "show", JOB).stdout
    for text in ("order-7", "root", "50% half", f"result of {JOB}.0", "[1]"):
        assert text in shown
    assert json.loads(longshore_command("jobs", "show", JOB, "--output", "json").stdout)["results"] == [
        {"event_id": f"{JOB}.0", "result": [1]}
    ]


def test_a_group_is_created_shown_and_sealed(longshore_command, script):
    script.answers["CreateGroup"] = pb.CreateGroupResponse()
    script.answers["GetGroup"] = pb.GetGroupResponse(group=group(jobs=2, on_complete_job_id="last"))
    script.answers["SealGroup"] = pb.SealGroupResponse(group=group("SEALED"))
    create = ("groups", "create", "--on-complete", "done", "--body", '{"all": true}', "--priority", "9")
    created = longshore_command(*create).stdout.strip()
    first = script.requests["CreateGroup"][0]
    assert first.group_id == created
    assert (first.on_complete.queue, first.on_complete.events[0].payload.json) == ("done", '{"all": true}')
    assert first.on_complete.events[0].priority == 9
    assert json.loads(longshore_command("groups", "create", "--id", GROUP, "--output", "json").stdout) == {
        "group_id": GROUP
    }
    assert not script.requests["CreateGroup"][1].HasField("on_complete")
    shown = longshore_command("groups", "show", GROUP).stdout
    assert f"{GROUP}: OPEN" in shown
    assert "last" in shown
    assert "SEALED" in longshore_command("groups", "seal", GROUP).stdout
    assert longshore_command("groups", "create", "--body", "1").exit_code == 2
