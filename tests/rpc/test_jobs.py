"""Jobs and groups over the wire."""

import uuid

import pytest

from longshore.v1 import queue_service_pb2 as pb

JOB = "01890a5d-ac96-774b-bcce-b302099a8057"


def stats(message):
    return message.success, message.in_progress, message.failed, message.cancelled


async def test_a_push_makes_a_job(queue, push, lease):
    pushed = await push(texts=["1", "2"], job_id=JOB, request_id="r")
    assert (pushed.job_id, pushed.deduplicated) == (JOB, False)
    job = (await queue.GetJob(pb.GetJobRequest(job_id=JOB))).job
    assert (job.queue, job.request_id, job.HasField("group_id")) == ("q", "r", False)
    assert (job.lineage.root_job_id, job.lineage.depth) == (JOB, 0)
    assert (stats(job.stats), job.stats.state) == ((0, 2, 0, 0), pb.JOB_STATE_IN_PROGRESS)
    assert (job.HasField("cancel_time"), job.stats.HasField("finish_time")) == (False, False)
    (delivery,) = await lease()
    assert (delivery.event_id, delivery.job_id, delivery.attempt) == (f"{JOB}.0", JOB, 1)
    assert delivery.payload.json == "1"
    assert not delivery.HasField("retry_context")
    assert (await push(texts=["1", "2"], job_id=JOB)).deduplicated


async def test_a_batch_answers_push_by_push(queue):
    good = {"queue": "q", "events": [{"payload": {"json": "1"}}]}
    bad = {"queue": "!", "events": [{}]}
    lost = {**good, "group_id": JOB}
    request = pb.BatchPushRequest(pushes=[good, bad, lost, {**good, "job_id": JOB}])
    results = (await queue.BatchPush(request)).results
    assert [result.WhichOneof("outcome") for result in results] == ["push", "error", "error", "push"]
    assert [violation.field for violation in results[1].error.violations] == ["queue", "events[0].payload"]
    assert (results[1].error.code, results[2].error.code) == (3, 5)
    assert results[3].push.job_id == JOB


async def test_stats_come_in_request_order(queue, push, lease, ack):
    ids = [(await push(name)).job_id for name in ("a", "b", "c")]
    await ack((await lease("a"))[0])
    await ack((await lease("b"))[0], failure={"reason": "BAD"})
    unknown = [str(uuid.uuid4()), str(uuid.uuid4())]
    asked = [unknown[0], ids[2], ids[0], unknown[1], ids[1]]
    answer = await queue.GetJobStats(pb.GetJobStatsRequest(job_ids=asked))
    assert [one.job_id for one in answer.stats] == [ids[2], ids[0], ids[1]]
    assert list(answer.missing_job_ids) == unknown
    assert [(stats(one), one.state, one.HasField("finish_time")) for one in answer.stats] == [
        ((0, 1, 0, 0), pb.JOB_STATE_IN_PROGRESS, False),
        ((1, 0, 0, 0), pb.JOB_STATE_SUCCEEDED, True),
        ((0, 0, 1, 0), pb.JOB_STATE_FAILED, True),
    ]


async def test_a_cancelled_job_says_so(queue, push):
    job_id = (await push()).job_id
    for _ in range(2):
        job = (await queue.CancelJob(pb.CancelJobRequest(job_id=job_id))).job
        assert (stats(job.stats), job.stats.state) == ((0, 0, 0, 1), pb.JOB_STATE_CANCELLED)
        assert job.HasField("cancel_time")


async def test_a_large_cancel_ends_by_itself(queue, push, until):
    job_id = (await push(texts=["1"] * 1_000)).job_id
    await queue.CancelJob(pb.CancelJobRequest(job_id=job_id))
    request = pb.GetJobRequest(job_id=job_id)
    while (await queue.GetJob(request)).job.stats.cancelled < 1_000:
        pass
    assert (await queue.GetJob(request)).job.stats.state == pb.JOB_STATE_CANCELLED


async def test_a_group_from_its_creation_to_its_completion_job(queue, push, lease, ack):
    then = {"queue": "after", "events": [{"payload": {"json": '"done"'}, "attributes": {"mine": "kept"}}]}
    request = pb.CreateGroupRequest(group_id=JOB, on_complete=then)
    created = await queue.CreateGroup(request)
    assert (created.group.state, created.deduplicated) == (pb.GROUP_STATE_OPEN, False)
    assert (await queue.CreateGroup(request)).deduplicated
    job_id = (await push(group_id=JOB)).job_id
    assert (await queue.GetJob(pb.GetJobRequest(job_id=job_id))).job.group_id == JOB
    assert (await queue.SealGroup(pb.SealGroupRequest(group_id=JOB))).group.state == pb.GROUP_STATE_SEALED
    (delivery,) = await lease()
    assert delivery.group_id == JOB
    child = await push("q", parent_lease_id=delivery.lease_id)
    await ack(delivery)
    (delivery,) = await lease()
    assert (delivery.job_id, delivery.lineage.root_job_id, delivery.lineage.depth) == (child.job_id, job_id, 1)
    await ack(delivery)
    group = (await queue.GetGroup(pb.GetGroupRequest(group_id=JOB))).group
    assert (group.state, group.result) == (pb.GROUP_STATE_COMPLETE, pb.GROUP_RESULT_SUCCEEDED)
    assert (group.jobs, group.success, group.HasField("complete_time")) == (2, 2, True)
    (told,) = await lease("after", count=9)
    assert told.job_id == group.on_complete_job_id
    assert (told.attributes["mine"], told.attributes["longshore.group_result"]) == ("kept", "SUCCEEDED")


async def test_a_cancelled_group_says_so(queue, push):
    group_id = (await queue.CreateGroup(pb.CreateGroupRequest())).group.group_id
    job_id = (await push(group_id=group_id)).job_id
    group = (await queue.CancelGroup(pb.CancelGroupRequest(group_id=group_id))).group
    assert (group.state, group.result, group.cancelled) == (pb.GROUP_STATE_COMPLETE, pb.GROUP_RESULT_CANCELLED, 1)
    assert not group.HasField("on_complete_job_id")
    assert (await queue.GetJob(pb.GetJobRequest(job_id=job_id))).job.cancel_time == group.cancel_time


async def test_a_commit_over_the_wire(queue, kv, push, lease):
    await push()
    (delivery,) = await lease()
    request = pb.CommitRequest(
        request_id="r",
        acknowledgements=[{"lease_id": delivery.lease_id, "success": {}}],
        pushes=[{"queue": "next", "events": [{"payload": {"json": "2"}}], "parent_lease_id": delivery.lease_id}],
        entry_checks=[{"key": "progress", "absent": True}],
        entry_writes=[{"key": "progress", "set": {"payload": {"json": "1"}}}, {"key": "other", "delete": {}}],
    )
    answer = await queue.Commit(request)
    assert answer.acknowledgements[0].status == pb.ACK_STATUS_OK
    assert [(write.key, write.version > 0) for write in answer.entry_writes] == [("progress", True), ("other", False)]
    again = await queue.Commit(request)
    assert again.deduplicated
    again.deduplicated = False
    assert again == answer
    (delivery,) = await lease("next", count=9)
    assert (delivery.job_id, delivery.lineage.depth) == (answer.pushes[0].job_id, 1)


@pytest.mark.parametrize("delay", [{"seconds": 3_600}, {"nanos": 1}])
async def test_a_delayed_event_waits(clock, queue, push, lease, delay):
    request = pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}, "delay": delay}])
    await queue.Push(request)
    if "seconds" in delay:
        assert await lease() == []
    clock.step(3_600)
    assert len(await lease(wait={"seconds": 20})) == 1
