"""Extending and telling progress from inside a handler."""

import asyncio
from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import longshore
from longshore.v1 import event_pb2, queue_service_pb2


@pytest.fixture
def handle_one(consuming, fake, delivery):
    """Run a function of the event as the handler of one delivery, with long leases, and answer what it returns."""

    async def run(handler, **options):
        result = asyncio.get_running_loop().create_future()

        async def handle(event):
            try:
                result.set_result(await handler(event))
            except (ValueError, longshore.LongshoreError) as error:
                result.set_exception(error)

        consuming(handle, **{"lease_duration": 3600, **options})
        (await fake.streams.get()).send(delivery("lease"))
        return await result

    return run


async def test_progress_is_sent_at_once_and_the_latest_word_of_a_moment_together(handle_one, fake):
    async def handle(event):
        await event.progress(0.25, "page 1")
        first = await fake.arrivals["ExtendLeases"].get()
        await event.progress(0.5, "page 2")
        await event.progress(text="page 3")
        return first, await fake.arrivals["ExtendLeases"].get()

    first, second = await handle_one(handle)
    assert [(item.lease_id, item.progress.fraction, item.progress.text) for item in first.extensions] == [
        ("lease", 0.25, "page 1")
    ]
    [item] = second.extensions
    assert (item.progress.HasField("fraction"), item.progress.text) == (False, "page 3")
    assert item.duration.ToTimedelta() == timedelta(hours=1)


async def test_a_round_takes_progress_along_and_repeats_nothing(handle_one, fake):
    async def handle(event):
        await event.progress(1, "done")
        return [(await fake.arrivals["ExtendLeases"].get()).extensions[0] for _ in range(2)]

    first, second = await handle_one(handle, lease_duration=1)
    assert first.progress.text == "done"
    assert not second.HasField("progress")


async def test_progress_that_could_not_be_sent_goes_with_the_next_round(handle_one, fake):
    async def lose_first(request, context):
        if len(fake.requests["ExtendLeases"]) == 1:
            await context.abort(grpc.StatusCode.INTERNAL, "lost")
        return await fake.defaults["ExtendLeases"](request, context)

    async def handle(event):
        await event.progress(0.1, "kept")
        return [(await fake.arrivals["ExtendLeases"].get()).extensions[0].progress.text for _ in range(2)]

    fake.answers["ExtendLeases"] = lose_first
    assert await handle_one(handle, lease_duration=1) == ["kept", "kept"]


@pytest.mark.parametrize("fraction", [-0.1, 1.01, float("nan")])
async def test_a_fraction_out_of_bounds_is_refused_where_it_is_told(handle_one, fraction):
    with pytest.raises(ValueError, match="0 to 1"):
        await handle_one(lambda event: event.progress(fraction))


async def test_telling_lets_others_run_so_that_a_busy_handler_can_be_stopped(consuming, fake, delivery):
    started, rounds = asyncio.Event(), 0

    async def handle(event):
        nonlocal rounds
        started.set()
        while True:
            rounds += 1
            await event.progress(0.5)

    consuming(handle)
    stream = await fake.streams.get()
    stream.send(delivery("lease"))
    await started.wait()
    stream.send(cancellations=["lease"])
    assert (await fake.acks.get()).release.reason == "CANCELLED"
    assert rounds
    # However often it was told: at once, and then at most once a second.
    assert len(fake.requests["ExtendLeases"]) <= 3


async def test_a_handler_may_move_the_end_of_its_lease(handle_one, fake):
    async def handle(event):
        await event.extend(timedelta(minutes=30))
        return fake.requests["ExtendLeases"]

    [request] = await handle_one(handle, lease_duration=60)
    assert [(item.lease_id, item.duration.seconds) for item in request.extensions] == [("lease", 1800)]


async def test_extending_a_lost_lease_says_so(handle_one, fake):
    async def lose(request, context):
        return queue_service_pb2.ExtendLeasesResponse(
            results=[queue_service_pb2.ExtendResult(lease_id="lease", lost=True)]
        )

    fake.answers["ExtendLeases"] = lose
    with pytest.raises(longshore.LeaseLost, match="lost"):
        await handle_one(lambda event: event.extend(60))


async def test_extending_beyond_the_bounds_is_refused_and_loses_nothing(handle_one, fake):
    async def refuse(request, context):
        error = event_pb2.ItemError(code=3, reason="ERROR_REASON_INVALID_REQUEST", message="at most 12 h")
        return queue_service_pb2.ExtendLeasesResponse(
            results=[queue_service_pb2.ExtendResult(lease_id="lease", error=error)]
        )

    async def handle(event):
        with pytest.raises(longshore.InvalidRequest, match="at most 12 h"):
            await event.extend(100_000)
        return event.cancelled

    fake.answers["ExtendLeases"] = refuse
    assert await handle_one(handle) is False


async def test_what_has_ended_tells_nothing(consuming, fake, delivery):
    events = asyncio.Queue()

    async def handle(event):
        events.put_nowait(event)

    consuming(handle, lease_duration=3600)
    stream = await fake.streams.get()
    stream.send(delivery("lease", run_end_time=Timestamp(seconds=9)))
    await fake.acks.get()
    await (await events.get()).progress(0.5)
    stream.end()
    await fake.streams.get()
    assert not fake.requests["ExtendLeases"]
