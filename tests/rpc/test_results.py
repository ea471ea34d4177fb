"""What GetJob shows of a job's events, over the wire."""

import pytest

from longshore.v1 import queue_service_pb2 as pb


@pytest.fixture
def shown(queue):
    """The job as GetJob shows it."""

    async def shown(job_id):
        return (await queue.GetJob(pb.GetJobRequest(job_id=job_id))).job

    return shown


async def test_progress_is_shown_until_the_delivery_ends(queue, push, lease, ack, shown):
    job_id = (await push(texts=["1", "2", "3"])).job_id
    deliveries = await lease(count=3)
    extensions = [
        {"lease_id": deliveries[0].lease_id, "progress": {"fraction": 0.25, "text": "ö" * 600}},
        {"lease_id": deliveries[2].lease_id, "progress": {"text": "begun"}},
    ]
    answer = await queue.ExtendLeases(pb.ExtendLeasesRequest(extensions=extensions))
    assert not any(result.HasField("error") or result.lost for result in answer.results)
    first, last = (await shown(job_id)).progress
    assert (first.event_id, last.event_id) == (f"{job_id}.0", f"{job_id}.2")
    assert (first.progress.fraction, first.progress.text) == (0.25, "ö" * 512)
    assert (last.progress.HasField("fraction"), last.progress.text) == (False, "begun")
    assert first.HasField("update_time")
    await ack(deliveries[0])
    assert [one.event_id for one in (await shown(job_id)).progress] == [f"{job_id}.2"]


async def test_faulty_progress_is_refused_and_the_others_are_extended(queue, push, lease, shown):
    job_id = (await push(texts=["1", "2"])).job_id
    extensions = [
        {"lease_id": delivery.lease_id, "progress": {"fraction": fraction}}
        for delivery, fraction in zip(await lease(count=2), (1.5, 1.0), strict=True)
    ]
    answer = await queue.ExtendLeases(pb.ExtendLeasesRequest(extensions=extensions))
    (violation,) = answer.results[0].error.violations
    assert violation.field == "extensions[0].progress.fraction"
    assert [one.event_id for one in (await shown(job_id)).progress] == [f"{job_id}.1"]


async def test_results_stay_with_the_job(push, lease, ack, shown, queue):
    job_id = (await push(texts=["1", "2"])).job_id
    first, second = await lease(count=2)
    await ack(second, success={"result": {"json": '{"rows": 7}'}})
    request = pb.CommitRequest(
        acknowledgements=[{"lease_id": first.lease_id, "success": {"result": {"data": b"\x00\xff"}}}]
    )
    await queue.Commit(request)
    results = (await shown(job_id)).results
    assert [(one.event_id, one.result.WhichOneof("kind")) for one in results] == [
        (f"{job_id}.0", "data"),
        (f"{job_id}.1", "json"),
    ]
    assert (results[0].result.data, results[1].result.json) == (b"\x00\xff", '{"rows": 7}')
    cancelled = (await queue.CancelJob(pb.CancelJobRequest(job_id=job_id))).job
    assert list(cancelled.results) == list(results)


async def test_a_result_that_is_too_large_is_refused(push, lease, ack, shown):
    job_id = (await push()).job_id
    (delivery,) = await lease()
    result = await ack(delivery, success={"result": {"data": b"x" * 4097}})
    assert result.status == pb.ACK_STATUS_INVALID
    assert [violation.field for violation in result.error.violations] == ["acknowledgements[0].success.result.data"]
    assert (await ack(delivery, success={"result": {"data": b"x" * 4096}})).status == pb.ACK_STATUS_OK
    assert len((await shown(job_id)).results[0].result.data) == 4096


async def test_pushes_of_handlers_are_counted_below_their_root(push, lease, shown):
    root = (await push()).job_id
    (delivery,) = await lease()
    child = (await push("child", parent_lease_id=delivery.lease_id)).job_id
    job = await shown(child)
    assert (job.lineage.root_job_id, job.lineage.depth, job.pushes_below_root) == (root, 1, 1)
    assert (await shown(root)).pushes_below_root == 1
