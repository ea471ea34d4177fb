"""Consuming: handlers, settles, leases and streams, while the service misbehaves."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import longshore
from longshore.consumer import ConsumeOptions, Consumer
from longshore.v1 import event_pb2, queue_service_pb2


async def test_how_a_handler_ends_is_how_its_event_is_settled(consuming, fake, delivery, caplog):
    async def handle(event):
        match event.body:
            case "retry":
                raise longshore.Retry(after=1.5, reason="LATER", message="not yet", data={"page": 2})
            case "fail":
                raise longshore.Fail("BROKEN", "for good")
            case "release":
                raise longshore.Release(after=timedelta(days=3), reason="WAITING", data=b"\x01")
            case "defect":
                raise LookupError("no such row")
            case "inner cancel":
                raise asyncio.CancelledError

    consuming(handle)
    stream = await fake.streams.get()
    bodies = ["fine", "retry", "fail", "release", "defect", "inner cancel"]
    stream.send(*(delivery(body, body) for body in bodies))
    acks = {ack.lease_id: ack for ack in [await fake.acks.get() for _ in bodies]}
    assert acks["fine"].HasField("success")
    assert not acks["fine"].success.HasField("result")
    retry = acks["retry"].retry
    assert (retry.after.ToTimedelta(), retry.reason, retry.message) == (timedelta(seconds=1.5), "LATER", "not yet")
    assert retry.data.json == '{"page":2}'
    assert (acks["fail"].failure.reason, acks["fail"].failure.message) == ("BROKEN", "for good")
    assert acks["release"].release.after.ToTimedelta() == timedelta(days=3)
    assert acks["release"].release.data.data == b"\x01"
    assert (acks["defect"].retry.reason, acks["defect"].retry.message) == ("LookupError", "no such row")
    assert not acks["defect"].retry.HasField("after")
    assert acks["inner cancel"].retry.reason == "CancelledError"
    assert [record.levelno for record in caplog.records if "defect" in record.getMessage()] == [logging.ERROR]


async def test_a_handler_may_return_how_it_ended_and_other_values_mean_nothing(consuming, fake, delivery):
    async def handle(event):
        match event.body:
            case "result":
                return longshore.Success({"rows": 3})
            case "raised result":
                raise longshore.Success(b"\x02")
            case "returned retry":
                return longshore.Retry(reason="RETURNED")
        return {"of": "no meaning"}

    consuming(handle)
    bodies = ["result", "raised result", "returned retry", "other value"]
    (await fake.streams.get()).send(*(delivery(body, body) for body in bodies))
    acks = {ack.lease_id: ack for ack in [await fake.acks.get() for _ in bodies]}
    assert acks["result"].success.result.json == '{"rows":3}'
    assert acks["raised result"].success.result.data == b"\x02"
    assert acks["returned retry"].retry.reason == "RETURNED"
    assert acks["other value"].HasField("success")
    assert not acks["other value"].success.HasField("result")


async def test_settles_of_one_moment_go_together(consuming, fake, delivery):
    async def handle(event):
        pass

    consuming(handle, concurrency=50)
    stream = await fake.streams.get()
    stream.send(*(delivery(f"lease-{number}") for number in range(50)))
    for _ in range(50):
        await fake.acks.get()
    assert [len(request.acknowledgements) for request in fake.requests["Ack"]] == [50]


async def test_an_event_shows_what_was_delivered(consuming, fake, delivery):
    seen = asyncio.Queue()

    async def handle(event):
        seen.put_nowait(event)

    consuming(handle)
    pushed = Timestamp(seconds=1_900_000_000)
    stream = await fake.streams.get()
    stream.send(
        delivery(
            "l-1",
            {"k": [1]},
            attempt=3,
            attributes={"traceparent": "t"},
            push_time=pushed,
            group_id="g",
            lineage=event_pb2.Lineage(root_job_id="r", depth=2),
            retry_context=event_pb2.RetryContext(
                retry_count=2,
                reason="R",
                message="m",
                data=event_pb2.Payload(json="[7]"),
                first_push_time=pushed,
                lease_losses=1,
            ),
            priority=7,
            run_end_time=pushed,
        ),
        event_pb2.Delivery(lease_id="l-2", payload=event_pb2.Payload(data=b"raw"), attempt=1),
    )
    first, second = await seen.get(), await seen.get()
    moment = datetime.fromtimestamp(1_900_000_000, UTC)
    assert (first.body, first.json, first.data) == ({"k": [1]}, '{"k": [1]}', None)
    assert (first.attempt, first.attributes["traceparent"], first.group_id) == (3, "t", "g")
    assert (first.push_time, first.lineage) == (moment, longshore.Lineage(root_job_id="r", depth=2))
    assert first.retry_context == longshore.RetryContext(
        retry_count=2, reason="R", message="m", data=[7], first_push_time=moment, lease_losses=1
    )
    assert (first.priority, first.run_end_time, second.run_end_time) == (7, moment, None)
    assert (second.body, second.json, second.data) == (b"raw", None, b"raw")
    assert (second.retry_context, second.retry_count, second.group_id) == (None, 0, None)
    assert longshore.backoff(first, base=3, factor=2) == 12
    assert longshore.backoff(first, base=3, factor=2, maximum=10) == 10
    assert 3 <= longshore.backoff(second, base=3, jitter=5) <= 8


async def test_never_more_handlers_than_asked_and_credits_for_a_few_more(consuming, fake, delivery):
    running, most, started, gate = 0, 0, asyncio.Queue(), asyncio.Event()

    async def handle(event):
        nonlocal running, most
        running += 1
        most = max(most, running)
        started.put_nowait(event)
        await gate.wait()
        running -= 1

    consuming(handle, concurrency=3, prefetch=4)
    stream = await fake.streams.get()
    assert stream.request.max_in_flight == 7
    stream.send(*(delivery(f"lease-{number}") for number in range(7)))
    for _ in range(3):
        await started.get()
    gate.set()
    for _ in range(7):
        await fake.acks.get()
    assert most == 3


async def test_held_leases_are_extended_in_one_call(consuming, fake, delivery):
    done = asyncio.Event()

    async def handle(event):
        await done.wait()

    consuming(handle, concurrency=2, lease_duration=1.0)
    stream = await fake.streams.get()
    stream.send(*(delivery(f"lease-{number}") for number in range(3)))
    extensions = (await fake.arrivals["ExtendLeases"].get()).extensions
    assert [item.lease_id for item in extensions] == ["lease-0", "lease-1", "lease-2"]
    assert {item.duration.ToTimedelta() for item in extensions} == {timedelta(seconds=1)}
    done.set()
    for _ in range(3):
        await fake.acks.get()


@pytest.mark.parametrize("how", ["lost", "cancel_requested", "cancellation"])
async def test_a_handler_that_should_stop_is_cancelled(consuming, fake, delivery, how):
    stopped = asyncio.Queue()
    started = asyncio.Event()

    async def extend(request, context):
        flags = {} if how == "cancellation" else {how: True}
        return queue_service_pb2.ExtendLeasesResponse(
            results=[queue_service_pb2.ExtendResult(lease_id=item.lease_id, **flags) for item in request.extensions]
        )

    async def handle(event):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.put_nowait(event)

    fake.answers["ExtendLeases"] = extend
    consuming(handle, concurrency=1, lease_duration=1.0, grace=0)
    stream = await fake.streams.get()
    stream.send(delivery("lease"))
    await started.wait()
    if how == "cancellation":
        stream.send(cancellations=["lease"])
    event = await stopped.get()
    assert event.cancelled
    stream.send(delivery("next"))
    if how == "lost":
        # Nothing is settled: the lease is another worker's.
        assert (await stopped.get()).lease_id == "next"
        assert fake.acks.empty()
    else:
        ack = await fake.acks.get()
        assert (ack.lease_id, ack.release.reason) == ("lease", "CANCELLED")


async def test_a_cancelled_event_that_waits_is_given_back_unhandled(consuming, fake, delivery):
    handled, gate = [], asyncio.Event()

    async def handle(event):
        handled.append(event.lease_id)
        await gate.wait()

    consuming(handle, concurrency=1)
    stream = await fake.streams.get()
    stream.send(delivery("first"), delivery("second"))
    stream.send(cancellations=["second", "unknown", "first"])
    acks = [await fake.acks.get() for _ in range(2)]
    assert {ack.lease_id: ack.release.reason for ack in acks} == {"first": "CANCELLED", "second": "CANCELLED"}
    assert handled == ["first"]
    gate.set()


@pytest.mark.parametrize("how", ["end", "break", "drain", "restart"])
async def test_handlers_run_on_over_a_new_stream_and_what_waited_is_given_back(consuming, fake, delivery, how):
    gate = asyncio.Event()
    started = asyncio.Event()

    async def handle(event):
        started.set()
        await gate.wait()

    consuming(handle, concurrency=1)
    stream = await fake.streams.get()
    stream.send(delivery("running"), delivery("waiting"))
    await started.wait()
    if how == "end":
        stream.end()
    elif how == "break":
        stream.fail(grpc.StatusCode.UNAVAILABLE)
    elif how == "drain":
        stream.send(notice=queue_service_pb2.STREAM_NOTICE_DRAINING)
    else:
        await fake.stop()
        await fake.start()
    again = await fake.streams.get()
    await stream.left.wait()
    ack = await fake.acks.get()
    assert (ack.lease_id, ack.release.reason) == ("waiting", "STREAM_ENDED")
    again.send(delivery("new"))
    gate.set()
    assert {(await fake.acks.get()).lease_id, (await fake.acks.get()).lease_id} == {"running", "new"}


async def test_running_leases_are_extended_at_once_when_their_stream_breaks(consuming, fake, delivery):
    gate = asyncio.Event()
    started = asyncio.Event()

    async def handle(event):
        started.set()
        await gate.wait()

    consuming(handle, lease_duration=3600)
    stream = await fake.streams.get()
    stream.send(delivery("running"))
    await started.wait()
    stream.end()
    assert [item.lease_id for item in (await fake.arrivals["ExtendLeases"].get()).extensions] == ["running"]
    gate.set()


async def test_a_silent_stream_is_left_for_a_new_one(client, fake, delivery):
    async def handle(event):
        pass

    consumer = Consumer(client._session, ["work"], handle, ConsumeOptions(silence=0.1))
    task = asyncio.ensure_future(consumer.run())
    first = await fake.streams.get()
    await first.left.wait()
    second = await fake.streams.get()
    second.send(delivery("lease"))
    assert (await fake.acks.get()).lease_id == "lease"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_settle_is_sent_again_until_it_is_answered(consuming, fake, delivery):
    async def handle(event):
        pass

    async def lose_twice(request, context):
        if len(fake.requests["Ack"]) < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return await fake.defaults["Ack"](request, context)

    fake.answers["Ack"] = lose_twice
    consuming(handle)
    (await fake.streams.get()).send(delivery("lease"))
    assert (await fake.acks.get()).lease_id == "lease"
    assert len(fake.requests["Ack"]) == 3


async def test_a_refused_settle_becomes_a_retry_once(consuming, fake, delivery):
    async def handle(event):
        raise longshore.Retry(data="x" * 20_000)

    async def refuse(request, context):
        response = await fake.defaults["Ack"](request, context)
        response.results[0].status = queue_service_pb2.ACK_STATUS_INVALID
        response.results[0].error.message = "data is too large"
        return response

    fake.answers["Ack"] = refuse
    consuming(handle)
    stream = await fake.streams.get()
    stream.send(delivery("lease"))
    await fake.acks.get()
    second = (await fake.acks.get()).retry
    assert (second.reason, second.message) == ("INVALID_SETTLE", "data is too large")
    stream.send(delivery("next"))
    assert (await fake.acks.get()).lease_id == "next"


async def test_cancelling_gives_back_finishes_and_flushes(consuming, fake, delivery):
    gate = asyncio.Event()
    started = asyncio.Queue()

    async def handle(event):
        started.put_nowait(event)
        await gate.wait()

    task = consuming(handle, concurrency=2)
    stream = await fake.streams.get()
    stream.send(*(delivery(f"lease-{number}") for number in range(4)))
    await started.get()
    await started.get()
    task.cancel()
    await stream.left.wait()
    assert {(await fake.acks.get()).lease_id, (await fake.acks.get()).lease_id} == {"lease-2", "lease-3"}
    assert not task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    acks = [fake.acks.get_nowait() for _ in range(2)]
    assert {ack.lease_id for ack in acks} == {"lease-0", "lease-1"}
    assert all(ack.HasField("success") for ack in acks)


async def test_a_handler_that_outlives_the_grace_is_cancelled_and_given_back(consuming, fake, delivery):
    started = asyncio.Event()

    async def handle(event):
        started.set()
        await asyncio.Event().wait()

    task = consuming(handle, grace=0)
    (await fake.streams.get()).send(delivery("lease"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert fake.acks.get_nowait().release.reason == "WORKER_STOPPED"


async def test_a_refused_subscription_ends_consuming_with_its_error(consuming, fake, fail_call):
    async def handle(event):
        pass

    task = consuming(handle)
    stream = await fake.streams.get()
    stream.fail(grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(longshore.PermissionDenied):
        await task


async def test_closing_the_client_ends_consuming(client, consuming, fake):
    async def handle(event):
        pass

    task = consuming(handle)
    await fake.streams.get()
    await client.close()
    with pytest.raises(longshore.LongshoreError, match="closed"):
        await task


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"prefetch": -1}, "prefetch"),
        ({"concurrency": 6_000}, "10000"),
        ({"lease_duration": 0.5}, "lease_duration"),
    ],
)
async def test_options_out_of_bounds_are_refused(client, options, message):
    with pytest.raises(ValueError, match=message):
        await client.queue("work").consume(lambda event: asyncio.sleep(0), **options)
