"""Watches of jobs and groups by the client: over broken streams, up to the end, or as long as one cares to wait."""

import asyncio
from datetime import UTC, datetime

import grpc
import pytest

import longshore
from longshore.v1 import queue_service_pb2 as pb

JOB = "00000000-0000-7000-8000-000000000001"
BROKEN = grpc.StatusCode.UNAVAILABLE


def job(state, success=0, **fields):
    stats = pb.JobStats(job_id=JOB, state=f"JOB_STATE_{state}", success=success, in_progress=3 - success)
    return pb.WatchJobResponse(job=pb.Job(job_id=JOB, stats=stats, **fields))


def group(state):
    return pb.WatchGroupResponse(group=pb.Group(group_id=JOB, state=f"GROUP_STATE_{state}"))


@pytest.fixture
def script(fake):
    """Scripts the streams of a method, one after the other: responses, waits, and an error that ends it."""

    def script(method, *streams):
        waiting = list(streams)

        async def answer(_request, context):
            for step in waiting.pop(0):
                if isinstance(step, grpc.StatusCode):
                    await context.abort(step, "scripted")
                elif isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    await context.write(step)

        fake.answers[method] = answer

    return script


async def test_a_watch_goes_on_over_broken_streams_and_tells_nothing_twice(client, script, fake):
    script(
        "WatchJob",
        [job("IN_PROGRESS"), BROKEN],
        [BROKEN],
        [job("IN_PROGRESS"), job("IN_PROGRESS", 1)],
        [job("IN_PROGRESS", 2), job("SUCCEEDED", 3)],
    )
    told = [(info.stats.state, info.stats.success) async for info in client.job(JOB).watch()]
    assert told == [("IN_PROGRESS", 0), ("IN_PROGRESS", 1), ("IN_PROGRESS", 2), ("SUCCEEDED", 3)]
    assert [request.job_id for request in fake.requests["WatchJob"]] == [JOB] * 4


async def test_waiting_answers_the_end(client, script):
    script("WatchJob", [job("IN_PROGRESS"), job("FAILED", 2)])
    script("WatchGroup", [group("OPEN"), BROKEN], [group("SEALED"), group("COMPLETE")])
    info = await client.job(JOB).wait(timeout=20)
    assert (info.stats.state, info.stats.state.terminal) == ("FAILED", True)
    info = await client.group(JOB).wait(timeout=20)
    assert (info.state, info.state.terminal) == ("COMPLETE", True)


async def test_a_group_is_told_state_by_state(client, script):
    script("WatchGroup", [group("OPEN"), group("SEALED"), group("COMPLETE")])
    states = [info.state async for info in client.group(JOB).watch()]
    assert states == ["OPEN", "SEALED", "COMPLETE"]
    assert [state.terminal for state in states] == [False, False, True]


async def test_waiting_ends_in_time_and_leaves_the_stream(client, fake):
    left = asyncio.Event()

    async def answer(_request, context):
        try:
            await context.write(job("IN_PROGRESS"))
            await asyncio.Event().wait()
        finally:
            left.set()

    fake.answers["WatchJob"] = answer
    with pytest.raises(TimeoutError, match=r"within 0\.2 s"):
        await client.job(JOB).wait(timeout=0.2)
    await asyncio.wait_for(left.wait(), 20)


async def test_a_watch_of_nothing_ends_with_its_error(client, fake, fail_call):
    async def answer(_request, context):
        await fail_call(context, grpc.StatusCode.NOT_FOUND, "ERROR_REASON_JOB_NOT_FOUND")

    fake.answers["WatchJob"] = answer
    with pytest.raises(longshore.JobNotFound):
        await client.job(JOB).wait()
    assert len(fake.requests["WatchJob"]) == 1


async def test_a_watch_gives_up_when_the_service_stays_away(fake, script):
    script("WatchJob", *[[BROKEN]] * 100)
    async with longshore.connect(fake.address, timeout=0.2) as client:
        with pytest.raises(longshore.Unavailable):
            await client.job(JOB).wait()


async def test_a_watch_ends_with_the_client(client, script):
    script("WatchJob", [job("IN_PROGRESS"), asyncio.Event()])
    watch = client.job(JOB).watch()
    await anext(watch)
    following = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)  # it reads on
    await client.close()
    with pytest.raises(longshore.LongshoreError, match="closed"):
        await following
    with pytest.raises(longshore.LongshoreError, match="closed"):
        await client.job(JOB).wait()


async def test_a_job_carries_progress_and_results(client, script):
    told = datetime(2026, 1, 2, tzinfo=UTC)
    script(
        "WatchJob",
        [
            job(
                "SUCCEEDED",
                pushes_below_root=7,
                progress=[
                    pb.EventProgress(
                        event_id=f"{JOB}.0", progress=pb.Progress(fraction=0.0, text="begun"), update_time=told
                    ),
                    pb.EventProgress(event_id=f"{JOB}.1", progress=pb.Progress(text="half"), update_time=told),
                ],
                results=[
                    pb.EventResult(event_id=f"{JOB}.2", result={"json": '{"rows": 3}'}),
                    pb.EventResult(event_id=f"{JOB}.3", result={"data": b"raw"}),
                ],
            )
        ],
    )
    info = await client.job(JOB).wait()
    assert info.pushes_below_root == 7
    assert [(told.event_id, told.fraction, told.text) for told in info.progress] == [
        (f"{JOB}.0", 0.0, "begun"),
        (f"{JOB}.1", None, "half"),
    ]
    assert info.progress[0].update_time == told
    assert [(left.event_id, left.result) for left in info.results] == [(f"{JOB}.2", {"rows": 3}), (f"{JOB}.3", b"raw")]
