"""Commits, entries, jobs and groups: one call each, safe to ask again."""

import asyncio

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import longshore
from longshore.v1 import event_pb2, kv_service_pb2, queue_service_pb2


@pytest.fixture
def committing(consuming, fake, delivery):
    """Handle one event by a function of (event, tx) inside its commit, and answer what the commit sent."""

    async def commit(step):
        ended = asyncio.get_running_loop().create_future()

        async def handle(event):
            try:
                async with event.commit() as tx:
                    step(event, tx)
                ended.set_result(tx)
            except BaseException as error:
                ended.set_exception(error)
                raise

        consuming(handle)
        stream = await fake.streams.get()
        stream.send(delivery("lease"))
        return await ended

    return commit


async def test_a_commit_carries_all_parts_and_ends_the_event(committing, fake):
    def step(event, tx):
        tx.check("a", absent=True)
        tx.check("b", version=3)
        child = tx.push("next", {"page": 2}, delay=1, group=None)
        assert child.job_id
        tx.push_many("bulk", [longshore.NewEvent(1), longshore.NewEvent(b"2")], request_id="r")
        tx.set("a", [1], expire_after=60)
        tx.delete("c")

    tx = await committing(step)
    [request] = fake.requests["Commit"]
    assert request.request_id
    assert [(check.key, check.WhichOneof("condition")) for check in request.entry_checks] == [
        ("a", "absent"),
        ("b", "version"),
    ]
    assert [push.parent_lease_id for push in request.pushes] == ["lease", "lease"]
    assert request.pushes[0].events[0].delay.seconds == 1
    assert [ack.lease_id for ack in request.acknowledgements] == ["lease"]
    assert request.acknowledgements[0].HasField("success")
    assert request.entry_writes[0].set.payload.json == "[1]"
    assert request.entry_writes[0].set.expire_after.seconds == 60
    assert request.entry_writes[1].HasField("delete")
    assert tx.result.versions == {"a": 7, "c": 0}
    assert [job.job_id for job in tx.result.jobs] == [push.job_id for push in request.pushes]
    # The commit was the settle.
    assert not fake.requests["Ack"]


@pytest.mark.parametrize(
    ("say", "outcome"),
    [
        (lambda tx: tx.retry(after=5, reason="R", data=[1]), "retry"),
        (lambda tx: tx.fail("F"), "failure"),
        (lambda tx: tx.release(after=9), "release"),
        (lambda tx: (tx.fail("F"), tx.success({"n": 1})), "success"),
    ],
)
async def test_a_commit_may_end_the_event_otherwise(committing, fake, say, outcome):
    await committing(lambda _, tx: say(tx))
    [ack] = fake.requests["Commit"][0].acknowledgements
    assert ack.WhichOneof("outcome") == outcome
    assert ack.success.result.json == ('{"n":1}' if outcome == "success" else "")


async def test_an_exception_in_the_block_sends_nothing_and_is_the_handlers(committing, fake):
    def step(event, tx):
        tx.set("a", 1)
        raise longshore.Release(reason="WAITING")

    with pytest.raises(longshore.Release):
        await committing(step)
    assert (await fake.acks.get()).release.reason == "WAITING"
    assert not fake.requests["Commit"]


async def test_a_refused_commit_leaves_the_event_to_be_settled(committing, fake, fail_call):
    async def refuse(request, context):
        await fail_call(context, grpc.StatusCode.ABORTED, "ERROR_REASON_VERSION_MISMATCH", current_version="9")

    fake.answers["Commit"] = refuse
    with pytest.raises(longshore.VersionMismatch) as caught:
        await committing(lambda _, tx: tx.check("k", version=1))
    assert caught.value.current_version == 9
    assert (await fake.acks.get()).retry.reason == "VersionMismatch"


async def test_a_commit_whose_answer_is_lost_is_asked_for_again_with_one_request_id(client, fake):
    async def lose_first(request, context):
        if len(fake.requests["Commit"]) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return await fake.defaults["Commit"](request, context)

    fake.answers["Commit"] = lose_first
    async with client.commit() as tx:
        tx.set("k", 1)
    first, second = fake.requests["Commit"]
    assert first == second
    assert first.request_id
    assert not first.acknowledgements
    assert tx.result.versions == {"k": 7}


async def test_misuse_of_a_commit_is_said(client):
    tx = client.commit(request_id="mine")
    with pytest.raises(RuntimeError, match="when its block has ended"):
        _ = tx.result
    with pytest.raises(RuntimeError, match="ends no event"):
        tx.retry()
    for wrong in ({}, {"absent": True, "version": 1}):
        with pytest.raises(ValueError, match="either absent"):
            tx.check("k", **wrong)


async def test_a_condition_survives_a_lost_answer(client, fake):
    """Asked again as a plain set, the condition would meet its own write."""

    async def lose_first(request, context):
        if len(fake.requests["Commit"]) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return await fake.defaults["Commit"](request, context)

    fake.answers["Commit"] = lose_first
    assert await client.kv.set("lock", "me", if_absent=True) == 7
    assert len({request.request_id for request in fake.requests["Commit"]}) == 1
    await client.kv.set("lock", "me", if_version=7, expire_after=2)
    await client.kv.delete("lock", if_version=8)
    checks = [request.entry_checks[0] for request in fake.requests["Commit"]]
    assert [(check.absent, check.version) for check in checks] == [(True, 0), (True, 0), (False, 7), (False, 8)]


async def test_many_entries_are_read_in_bounded_requests_until_all_are_read(client, fake):
    async def answer(request, context):
        fit, unread = request.keys[:70], request.keys[70:]
        present = [key for key in fit if key != "k5"]
        return kv_service_pb2.BatchGetEntriesResponse(
            entries=[kv_service_pb2.Entry(key=key, payload=event_pb2.Payload(json=f'"{key}"')) for key in present],
            missing_keys=[key for key in fit if key == "k5"],
            unread_keys=unread,
        )

    fake.answers["BatchGetEntries"] = answer
    keys = [f"k{number}" for number in range(250)]
    values = await client.kv.get_many([*keys, "k1"])
    assert values == {key: key for key in keys if key != "k5"}
    assert all(len(request.keys) <= 100 for request in fake.requests["BatchGetEntries"])


async def test_entries_are_listed_page_by_page(client, fake):
    async def answer(request, context):
        number = int(request.page_token or "0")
        entry = kv_service_pb2.Entry(key=f"{request.prefix}{number}", version=number)
        return kv_service_pb2.ListEntriesResponse(
            entries=[entry], next_page_token=str(number + 1) if number < 2 else ""
        )

    fake.answers["ListEntries"] = answer
    entries = [entry async for entry in client.kv.list("p:", keys_only=True)]
    assert [entry.key for entry in entries] == ["p:0", "p:1", "p:2"]
    assert entries[0].value is None
    assert all(request.keys_only for request in fake.requests["ListEntries"])


async def test_an_absent_entry_is_the_default(client, fake, fail_call):
    async def absent(request, context):
        await fail_call(context, grpc.StatusCode.NOT_FOUND, "ERROR_REASON_ENTRY_NOT_FOUND")

    fake.answers["GetEntry"] = absent
    assert await client.kv.get("k", 5) == 5
    assert await client.kv.entry("k") is None


async def test_stats_of_many_jobs_leave_out_the_unknown(client, fake):
    async def answer(request, context):
        known = [job_id for job_id in request.job_ids if job_id != "unknown"]
        return queue_service_pb2.GetJobStatsResponse(
            stats=[
                queue_service_pb2.JobStats(
                    job_id=job_id,
                    success=1,
                    failed=1,
                    state=queue_service_pb2.JOB_STATE_FAILED,
                    push_time=Timestamp(seconds=1),
                    finish_time=Timestamp(seconds=2),
                )
                for job_id in known
            ],
        )

    fake.answers["GetJobStats"] = answer
    ids = [f"job-{number}" for number in range(1_500)]
    stats = await client.job_stats([*ids, "unknown"])
    assert list(stats) == ids
    assert [len(request.job_ids) for request in fake.requests["GetJobStats"]] == [1_000, 501]
    assert (stats["job-7"].state, stats["job-7"].success, stats["job-7"].finish_time.timestamp()) == (
        longshore.JobState.FAILED,
        1,
        2.0,
    )
    with pytest.raises(longshore.JobNotFound, match="unknown"):
        await client.job("unknown").stats()


async def test_a_group_is_opened_with_an_id_made_here(client, fake):
    async def create(request, context):
        return queue_service_pb2.CreateGroupResponse(group=queue_service_pb2.Group(group_id=request.group_id))

    async def seal(request, context):
        return queue_service_pb2.SealGroupResponse(
            group=queue_service_pb2.Group(
                group_id=request.group_id,
                state=queue_service_pb2.GROUP_STATE_COMPLETE,
                result=queue_service_pb2.GROUP_RESULT_HAS_FAILURES,
                jobs=3,
            )
        )

    fake.answers.update(CreateGroup=create, SealGroup=seal)
    group = await client.group(on_complete=("done", {"a": 1})).create()
    await client.group(on_complete=("done", longshore.NewEvent(1, delay=2))).create()
    plain, with_event = fake.requests["CreateGroup"]
    assert plain.group_id == group.group_id
    assert (plain.on_complete.queue, plain.on_complete.events[0].payload.json) == ("done", '{"a":1}')
    assert with_event.on_complete.events[0].delay.seconds == 2
    info = await group.seal()
    assert (info.state, info.result, info.jobs) == (
        longshore.GroupState.COMPLETE,
        longshore.GroupResult.HAS_FAILURES,
        3,
    )
    assert (info.complete_time, info.on_complete_job_id) == (None, None)
