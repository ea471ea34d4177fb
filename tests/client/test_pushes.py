"""Pushing: what goes on the wire, together and safely."""

import asyncio
import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.rpc import error_details_pb2

import longshore
from longshore import coalescer
from longshore.policies import retry_policy
from longshore.v1 import error_reason_pb2, event_pb2, queue_service_pb2


async def test_a_push_carries_everything_that_was_asked(client, fake):
    moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    group = client.group("00000000-0000-7000-8000-000000000001")
    job = await client.queue("work").push(
        {"a": [1, "ü"]}, not_before=moment, attributes={"k": "v"}, group=group, seal_group=True, request_id="r-1"
    )
    [push] = fake.requests["BatchPush"][0].pushes
    assert push.queue == "work"
    assert push.events[0].payload.json == '{"a":[1,"ü"]}'
    assert push.events[0].not_before_time.ToDatetime(UTC) == moment
    assert dict(push.events[0].attributes) == {"k": "v"}
    assert (push.group_id, push.seal_group, push.request_id) == (group.group_id, True, "r-1")
    assert job.job_id == push.job_id
    assert uuid.UUID(job.job_id).version == 7


async def test_an_event_carries_its_own_rules(client, fake):
    policy = longshore.RetryPolicy(
        max_attempts=3,
        max_age=timedelta(hours=2),
        max_lease_losses=4,
        initial_backoff=0.5,
        multiplier=1.5,
        max_backoff=60,
        jitter=longshore.Jitter.NONE,
    )
    options = {
        "priority": 0,
        "concurrency": longshore.Concurrency("customer-7", 2),
        "retry_policy": policy,
        "expire_after": 90,
    }
    await client.queue("work").push(1, **options)
    await client.queue("work").push_many([longshore.NewEvent(1, **options)])
    async with client.commit() as tx:
        tx.push("work", 1, **options)
    pushed = [push.events[0] for request in fake.requests["BatchPush"] for push in request.pushes]
    pushed.append(fake.requests["Commit"][0].pushes[0].events[0])
    assert len(pushed) == 3
    for event in pushed:
        assert (event.HasField("priority"), event.priority) == (True, 0)
        assert (event.concurrency.key, event.concurrency.limit) == ("customer-7", 2)
        assert event.expire_after.seconds == 90
        assert retry_policy(event.retry_policy) == dataclasses.replace(policy, max_age=7200)


async def test_what_is_not_said_is_left_to_the_queue(client, fake):
    await client.queue("work").push(1)
    await client.queue("work").push(1, retry_policy=longshore.RetryPolicy(max_backoff=9))
    first, second = (push.events[0] for request in fake.requests["BatchPush"] for push in request.pushes)
    fields = ("priority", "concurrency", "retry_policy", "expire_after")
    assert [first.HasField(field) for field in fields] == [False] * 4
    assert retry_policy(second.retry_policy) == longshore.RetryPolicy(max_backoff=9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retry_policy": longshore.RetryPolicy(max_age=-1)}, "max_age"),
        ({"retry_policy": longshore.RetryPolicy(jitter="SOME")}, "SOME"),
        ({"expire_after": float("nan")}, "expire_after"),
    ],
)
async def test_rules_that_cannot_be_written_are_refused_here(client, fake, options, message):
    with pytest.raises(ValueError, match=message):
        await client.queue("work").push(1, **options)
    assert not fake.requests["BatchPush"]


async def test_bytes_travel_as_data_and_spans_in_milliseconds(client, fake):
    queue = client.queue("work")
    await queue.push_many([longshore.NewEvent(b"\x00\xff", delay=0.25), longshore.NewEvent(None, timedelta(days=2))])
    [push] = fake.requests["BatchPush"][0].pushes
    assert push.events[0].payload.data == b"\x00\xff"
    assert push.events[0].delay.ToTimedelta() == timedelta(milliseconds=250)
    assert push.events[1].payload.json == "null"
    assert push.events[1].delay.ToTimedelta() == timedelta(days=2)


@pytest.mark.parametrize(
    ("body", "options", "message"),
    [
        ({1, 2}, {}, "JSON value"),
        (float("nan"), {}, "JSON value"),
        ("\ud800", {}, "JSON value"),
        (1, {"delay": -1}, "delay must be zero or more"),
        (1, {"delay": float("inf")}, "delay must be zero or more"),
        (1, {"not_before": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001  naive on purpose
        (1, {"not_before": datetime(2030, 1, 1, tzinfo=UTC), "delay": 1}, "not both"),
    ],
)
async def test_what_cannot_be_written_is_refused_here(client, fake, body, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        await client.queue("work").push(body, **options)
    with pytest.raises(ValueError, match="at least one event"):
        await client.queue("work").push_many([])
    assert not fake.requests["BatchPush"]


async def test_pushes_of_one_moment_go_together_and_later_ones_in_the_next_calls(client, fake):
    gate = asyncio.Event()

    async def slow(request, context):
        await gate.wait()
        return await fake.defaults["BatchPush"](request, context)

    fake.answers["BatchPush"] = slow
    queue = client.queue("work")
    async with asyncio.TaskGroup() as group:
        for wave in range(5):
            for number in range(100):
                group.create_task(queue.push([wave, number]))
            if wave < 2:
                await fake.arrivals["BatchPush"].get()
            else:
                await asyncio.sleep(0)
        gate.set()
    sizes = [len(request.pushes) for request in fake.requests["BatchPush"]]
    assert sizes == [100, 100, 300]


async def test_who_pushes_again_at_once_is_not_forgotten(client, fake, monkeypatch):
    """The next push may come in the very turn of the loop in which the last call ends."""
    monkeypatch.setattr(coalescer, "MAX_CALLS", 1)
    for number in range(3):
        await client.queue("work").push(number)
    assert len(fake.requests["BatchPush"]) == 3


async def test_a_call_is_bounded_in_events_and_in_bytes(client, fake):
    queue = client.queue("work")
    await asyncio.gather(*(queue.push("x" * 1_000_000) for _ in range(5)))
    await asyncio.gather(*(queue.push_many([longshore.NewEvent(1)] * 600) for _ in range(3)))
    requests = fake.requests["BatchPush"]
    assert sum(len(request.pushes) for request in requests) == 8
    assert all(request.ByteSize() <= 3_670_016 for request in requests)
    assert all(sum(len(push.events) for push in request.pushes) <= 1_000 for request in requests)


async def test_one_refused_push_leaves_its_companions_alone(client, fake):
    async def answer(request, context):
        response = await fake.defaults["BatchPush"](request, context)
        for push, result in zip(request.pushes, response.results, strict=True):
            if push.queue == "bad":
                result.error.CopyFrom(
                    event_pb2.ItemError(
                        code=9, reason=error_reason_pb2.ERROR_REASON_GROUP_SEALED, message="sealed", metadata={"g": "1"}
                    )
                )
        return response

    fake.answers["BatchPush"] = answer
    good, bad = await asyncio.gather(client.queue("good").push(1), client.queue("bad").push(1), return_exceptions=True)
    assert isinstance(good, longshore.Job)
    assert isinstance(bad, longshore.GroupSealed)
    assert (bad.code, bad.metadata, bad.message) == ("FAILED_PRECONDITION", {"g": "1"}, "sealed")
    assert len(fake.requests["BatchPush"]) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_job_id(client, fake):
    answered = []

    async def lose_first(request, context):
        answered.append(request)
        if len(answered) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "connection lost")
        return await fake.defaults["BatchPush"](request, context)

    fake.answers["BatchPush"] = lose_first
    job = await client.queue("work").push({"n": 1})
    assert [request.pushes[0].job_id for request in answered] == [job.job_id, job.job_id]


async def test_a_busy_item_is_sent_again_and_its_companions_are_not(client, fake):
    async def busy_first(request, context):
        response = await fake.defaults["BatchPush"](request, context)
        if len(fake.requests["BatchPush"]) == 1:
            busy = event_pb2.ItemError(code=14, reason=error_reason_pb2.ERROR_REASON_UNAVAILABLE, message="busy")
            response.results[0].error.CopyFrom(busy)
        return response

    fake.answers["BatchPush"] = busy_first
    first, _ = await asyncio.gather(client.queue("a").push(1), client.queue("b").push(1))
    assert [[push.queue for push in request.pushes] for request in fake.requests["BatchPush"]] == [["a", "b"], ["a"]]
    assert first.job_id == fake.requests["BatchPush"][1].pushes[0].job_id


async def test_pushes_survive_a_restart_of_the_service(client, fake):
    await client.queue("work").push(1)
    await fake.stop()
    push = asyncio.ensure_future(client.queue("work").push(2))
    await asyncio.sleep(0)
    await fake.start()
    assert (await push).job_id == fake.requests["BatchPush"][-1].pushes[0].job_id


async def test_without_an_answer_a_push_ends_with_its_deadline(fake):
    async def stall(request, context):
        await asyncio.Event().wait()

    fake.answers["BatchPush"] = stall
    async with longshore.connect(fake.address, timeout=0.2) as client:
        with pytest.raises(longshore.DeadlineExceeded):
            await client.queue("work").push(1)


async def test_an_absent_service_is_unavailable(fake):
    await fake.stop()
    async with longshore.connect(fake.address, patience=0.1) as client:
        with pytest.raises(longshore.Unavailable):
            await client.queue("work").push(1)
        with pytest.raises(longshore.Unavailable):
            await client.kv.get("key")
    await fake.start()


async def test_a_cancelled_push_that_was_not_sent_is_not_sent(client, fake):
    push = asyncio.ensure_future(client.queue("work").push("never"))
    await asyncio.sleep(0)
    push.cancel()
    with pytest.raises(asyncio.CancelledError):
        await push
    await client.queue("work").push("sent")
    bodies = [json.loads(p.events[0].payload.json) for r in fake.requests["BatchPush"] for p in r.pushes]
    assert bodies == ["sent"]


async def test_closing_the_client_ends_what_waits_with_an_error(fake):
    async def stall(request, context):
        await asyncio.Event().wait()

    fake.answers["BatchPush"] = fake.answers["GetEntry"] = stall
    client = longshore.connect(fake.address)
    waiting = [asyncio.ensure_future(client.queue("work").push(1)), asyncio.ensure_future(client.kv.get("k"))]
    await fake.arrivals["BatchPush"].get()
    await fake.arrivals["GetEntry"].get()
    await client.close()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, longshore.LongshoreError)
        assert error.code == "CANCELLED"
    with pytest.raises(longshore.LongshoreError, match="closed"):
        await client.queue("work").push(2)
    with pytest.raises(longshore.LongshoreError, match="closed"):
        await client.kv.get("k")


async def test_an_answer_of_the_wrong_length_is_an_error_and_no_mixup(client, fake):
    async def short(request, context):
        return queue_service_pb2.BatchPushResponse()

    fake.answers["BatchPush"] = short
    with pytest.raises(longshore.Internal, match="0 results for 1"):
        await client.queue("work").push(1)


async def test_a_refusal_names_every_fault_and_the_wait(client, fake, fail_call):
    async def refuse(request, context):
        fault = error_details_pb2.BadRequest.FieldViolation(field="pushes[0].queue", description="is not a name")
        await fail_call(
            context,
            grpc.StatusCode.INVALID_ARGUMENT,
            "ERROR_REASON_INVALID_REQUEST",
            error_details_pb2.BadRequest(field_violations=[fault]),
        )

    fake.answers["BatchPush"] = refuse
    with pytest.raises(longshore.InvalidRequest) as caught:
        await client.queue("?").push(1)
    assert caught.value.violations == (longshore.Violation(field="pushes[0].queue", description="is not a name"),)
    assert "pushes[0].queue: is not a name" in str(caught.value)
