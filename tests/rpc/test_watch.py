"""Watches over the wire: messages, ends and errors, and what they cost."""

import asyncio

import grpc
import pytest

from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc
from queue_service.app import App
from queue_service.settings import Settings

JOB = "01890a5d-ac96-774b-bcce-b302099a8057"
BOUND = 20.0


class Watch:
    """The client's end of a watch."""

    def __init__(self, call):
        self.call = call

    async def read(self):
        """The next job or group; None at the end."""
        response = await asyncio.wait_for(self.call.read(), BOUND)
        if response is grpc.aio.EOF:
            assert await self.call.code() == grpc.StatusCode.OK
            return None
        return response.job if isinstance(response, pb.WatchJobResponse) else response.group

    async def rest(self):
        """All that follows."""
        found = []
        while (told := await self.read()) is not None:
            found.append(told)
        return found


@pytest.fixture
async def watch_job(queue):
    """Watches jobs; the watches are broken off at the end."""
    opened = []

    def watch(job_id):
        opened.append(Watch(queue.WatchJob(pb.WatchJobRequest(job_id=job_id))))
        return opened[-1]

    yield watch
    for one in opened:
        one.call.cancel()


@pytest.fixture
def watch_group(queue):
    return lambda group_id: Watch(queue.WatchGroup(pb.WatchGroupRequest(group_id=group_id)))


@pytest.fixture
def reads(app):
    """The statements that were read outside the writer's turns."""
    made, read = [], app._store._reader.rows

    async def recorded(statement, **parameters):
        made.append(statement)
        return await read(statement, **parameters)

    app._store._reader.rows = recorded
    return made


def rest_is_over(board):
    """End the board's rest, which the test made endless."""
    board._rest.cancel()
    board._rested()


async def test_a_job_is_told_at_once_after_changes_and_at_its_end(push, lease, ack, watch_job):
    job_id = (await push(texts=["1", "2"])).job_id
    watch = watch_job(job_id)
    job = await watch.read()
    assert (job.job_id, job.queue, job.stats.in_progress) == (job_id, "q", 2)
    first, second = await lease(count=2)
    await ack(first)
    assert (await watch.read()).stats.success == 1
    await ack(second, failure={"reason": "GONE"})
    (last,) = await watch.rest()
    assert (last.stats.success, last.stats.failed, last.stats.state) == (1, 1, pb.JOB_STATE_FAILED)
    assert last.stats.HasField("finish_time")
    assert await watch_job(job_id).rest() == [last]


async def test_many_commits_are_few_messages_with_the_last_state(app, push, lease, ack, watch_job, monkeypatch):
    monkeypatch.setattr("queue_service.broker.watches.PACE_SECONDS", 100 * BOUND)
    watch = watch_job((await push(texts=["1"] * 100)).job_id)
    await watch.read()
    first, *others = await lease(count=99)
    await ack(first)
    assert (await watch.read()).stats.success == 1
    for delivery in others:
        await ack(delivery)
    rest_is_over(app._watches._jobs)
    assert (await watch.read()).stats.success == 99
    (last,) = await lease()
    await ack(last)
    rest_is_over(app._watches._jobs)
    assert [job.stats.success for job in await watch.rest()] == [100]


async def test_a_group_is_told_until_it_is_complete(queue, push, lease, ack, watch_group):
    group_id = (await queue.CreateGroup(pb.CreateGroupRequest(on_complete={"queue": "done", "events": [
        {"payload": {"json": "1"}}
    ]}))).group.group_id  # fmt: skip
    watch = watch_group(group_id)
    assert (await watch.read()).state == pb.GROUP_STATE_OPEN
    await push(group_id=group_id)
    assert (await watch.read()).in_progress == 1
    await queue.SealGroup(pb.SealGroupRequest(group_id=group_id))
    assert (await watch.read()).state == pb.GROUP_STATE_SEALED
    (delivery,) = await lease()
    await ack(delivery)
    (last,) = await watch.rest()
    assert (last.state, last.result, last.success) == (pb.GROUP_STATE_COMPLETE, pb.GROUP_RESULT_SUCCEEDED, 1)
    assert last.on_complete_job_id


async def test_what_cannot_be_watched(queue, refused):
    for method, field, kind in (
        (lambda name: queue.WatchJob(pb.WatchJobRequest(job_id=name)), "job_id", "JOB"),
        (lambda name: queue.WatchGroup(pb.WatchGroupRequest(group_id=name)), "group_id", "GROUP"),
    ):
        missing = await refused(method(JOB).read())
        assert (missing.code, missing.reason) == ("NOT_FOUND", f"{kind}_NOT_FOUND")
        assert missing.details["ResourceInfo"].resource_name == JOB
        invalid = await refused(method("?").read())
        assert (invalid.code, invalid.fields) == ("INVALID_ARGUMENT", [field])


async def test_hundreds_of_watchers_cost_nothing_while_nothing_changes_and_all_hear_of_the_end(
    push, lease, ack, watch_job, reads
):
    job_id = (await push()).job_id
    watches = [watch_job(job_id) for _ in range(500)]
    assert {job.stats.in_progress for job in await asyncio.gather(*(watch.read() for watch in watches))} == {1}
    reads.clear()
    await push("other")
    await ack(*await lease("other"))
    assert reads == []
    await ack(*await lease())
    told = await asyncio.gather(*(watch.rest() for watch in watches))
    assert {tuple(job.stats.success for job in jobs) for jobs in told} == {(1,)}
    assert reads == ["get_job_details"]


async def test_a_watch_that_is_broken_off_is_forgotten(app, push, watch_job, until):
    job_id = (await push()).job_id
    watches = [watch_job(job_id) for _ in range(10)]
    for watch in watches:
        await watch.read()
    assert len(app._watches) == 10
    for watch in watches:
        watch.call.cancel()
    await until(lambda: len(app._watches) == 0)
    assert app._watches._jobs._topics == {}


async def test_too_many_watchers_are_told_to_try_again(app, push, watch_job, refused):
    job_id = (await push()).job_id
    app._watches._most = 1
    await watch_job(job_id).read()
    refusal = await refused(watch_job(job_id).call.read())
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "UNAVAILABLE")
    assert "RetryInfo" in refusal.details


async def test_a_stop_ends_watches_before_it_waits_for_workers(tmp_path, monkeypatch, refused):
    monkeypatch.setattr("queue_service.app.SETTLE_SECONDS", 100 * BOUND)  # until the worker has settled
    app = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "stopping.db"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)
        job_id = (await queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}]))).job_id
        stream = queue.StreamEvents(pb.StreamEventsRequest(subscriptions=[{"queue": "q"}]))
        while not (frame := await asyncio.wait_for(stream.read(), BOUND)).deliveries:
            pass
        watch = Watch(queue.WatchJob(pb.WatchJobRequest(job_id=job_id)))
        await watch.read()
        stopping = asyncio.ensure_future(app.stop())
        refusal = await refused(watch.call.read())
        assert (refusal.code, "RetryInfo" in refusal.details) == ("UNAVAILABLE", True)
        again = await refused(queue.WatchJob(pb.WatchJobRequest(job_id=job_id)).read())
        assert again.code == "UNAVAILABLE"
        ack = pb.AckRequest(acknowledgements=[{"lease_id": frame.deliveries[0].lease_id, "success": {}}])
        assert (await queue.Ack(ack)).results[0].status == pb.ACK_STATUS_OK
        await asyncio.wait_for(stopping, BOUND)


async def test_thousands_that_come_back_together_are_all_served(push, watch_job):
    """As after a restart: the core would turn some away by chance, before any code of the broker ran."""
    job_id = (await push()).job_id
    watches = [watch_job(job_id) for _ in range(2_500)]
    told = await asyncio.gather(*(watch.read() for watch in watches))
    assert {job.stats.in_progress for job in told} == {1}
