"""LeaseEvents and StreamEvents over the wire."""

import asyncio

import grpc
import pytest

from longshore.v1 import queue_service_pb2 as pb
from queue_service.domain.limits import BROKEN_STREAM_LEASE


async def test_lease_events_answers_at_once_when_nothing_is_ready(lease):
    assert await lease() == []


async def test_lease_events_waits_for_the_first_event(push, lease):
    waiting = asyncio.ensure_future(lease("a", "b", wait={"seconds": 20}))
    await push("b", texts=["1", "2"])
    assert len(await waiting) == 1


async def test_lease_events_takes_no_more_than_asked(push, lease):
    await push(texts=["1"] * 5)
    assert len(await lease(count=3)) == 3
    assert len(await lease(count=3)) == 2


async def test_lease_events_takes_all_that_is_asked_at_once(push, lease):
    await push(texts=["1"] * 1_000)
    assert len(await lease(count=1_000)) == 1_000


async def test_lease_events_looks_even_under_a_short_deadline(queue, push):
    """A deadline below the margin of the answer leaves time to look."""
    await push(texts=["1"] * 50)
    request = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}])

    async def leased():
        try:
            return list((await queue.LeaseEvents(request, timeout=0.09)).deliveries)
        except grpc.aio.AioRpcError:  # a machine that is busy for so long
            return []

    for _ in range(50):
        if found := await leased():
            break
    assert found


async def test_lease_events_answers_before_the_deadline_of_the_call(queue):
    request = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], wait={"seconds": 60})
    answer = await queue.LeaseEvents(request, timeout=0.5)
    assert list(answer.deliveries) == []


async def test_who_gives_up_waiting_takes_nothing_along(app, queue, push, lease, until):
    request = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], wait={"seconds": 60})
    call = queue.LeaseEvents(request)
    subscribers = app._broker._dispatcher._subscribers
    waiting = asyncio.ensure_future(call.wait_for_connection())
    await until(lambda: subscribers)
    call.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await until(lambda: not subscribers)
    await push()
    (delivery,) = await lease()
    assert delivery.attempt == 1


async def test_a_push_whose_caller_gives_up_is_done_or_not_done(queue, push, lease):
    for _ in range(20):
        call = queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}] * 3))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    await push(texts=["9"])
    deliveries = await lease(count=100)
    by_job = {}
    for delivery in deliveries:
        by_job.setdefault(delivery.job_id, []).append(delivery)
    assert sorted({len(events) for events in by_job.values()} | {1}) in ([1], [1, 3])
    request = pb.GetJobStatsRequest(job_ids=list(by_job))
    stats = (await queue.GetJobStats(request)).stats
    assert [one.in_progress for one in stats] == [len(events) for events in by_job.values()]


async def test_a_stream_delivers_what_is_there_and_what_comes(push, stream, ack):
    await push(texts=["1"])
    events = await stream(worker_id="tester", lease_duration={"seconds": 5})
    (first,) = await events.deliveries(1)
    assert 0 < first.lease_expire_time.ToMilliseconds() - first.push_time.ToMilliseconds() < 10_000
    await ack(first)
    await push(texts=["2"])
    (second,) = await events.deliveries(1)
    assert (second.payload.json, second.queue) == ("2", "q")


async def test_a_stream_on_an_unknown_queue_waits_and_then_delivers(push, stream):
    events = await stream("not-yet")
    await push("not-yet")
    assert len(await events.deliveries(1)) == 1


async def test_live_leases_never_exceed_the_credits_whoever_settles(push, stream, ack, queue, lease):
    await push(texts=["1"] * 10)
    events = await stream(max_in_flight=3)
    held = await events.deliveries(3)
    rest = await lease(count=100)
    assert len(rest) == 7  # the stream has taken no more
    await push(texts=["2"] * 5)
    for expected in range(1, 4):
        await ack(held.pop())  # by a unary call of someone
        (delivery,) = await events.deliveries(1)
        assert delivery.payload.json == "2"
        assert len(await lease(count=1, wait={})) == (1 if expected <= 2 else 0)


async def test_a_lost_lease_frees_its_credit(app, clock, push, stream):
    await push(texts=["1"])
    events = await stream(max_in_flight=1)
    (first,) = await events.deliveries(1)
    clock.step(61)
    app._broker._leases.run_out()
    await app._broker.finish()
    clock.step(2)
    app._broker._dispatcher._beat()
    (again,) = await events.deliveries(1)
    assert (again.event_id, again.attempt) == (first.event_id, 2)


async def test_queues_of_a_stream_are_served_in_turn(push, stream, ack):
    for name in ("a", "b", "c"):
        await push(name, texts=["1"] * 4)
    events = await stream("a", "b", "c", max_in_flight=1)
    order = []
    for _ in range(9):
        (delivery,) = await events.deliveries(1)
        order.append(delivery.queue)
        await ack(delivery)
    assert [order[start : start + 3] for start in (0, 3, 6)] == [order[:3]] * 3
    assert set(order[:3]) == {"a", "b", "c"}


async def test_streams_of_one_queue_share_its_events(push, stream):
    streams = [await stream(max_in_flight=10) for _ in range(2)]
    await push(texts=["1"] * 10)
    for events in streams:
        assert len(await events.deliveries(5)) == 5


async def test_undelivered_events_of_a_broken_stream_go_back_at_once(app, queue, push, stream, lease, until):
    events = await stream(max_in_flight=100)
    for _ in range(6):
        await queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"data": b"x" * 1_000_000}}] * 3))
    (subscriber,) = app._broker._dispatcher._subscribers["q"]
    dispatcher = app._broker._dispatcher
    await until(lambda: subscriber.frame and not dispatcher._due_queues() and dispatcher._task is None)
    undelivered = {delivered.key.event for delivered in subscriber.frame}
    sent = {key.event for key in subscriber.leases} - undelivered
    events.call.cancel()
    await until(lambda: subscriber.left)
    await app._broker.finish()
    found = {}
    while batch := await lease(count=100):
        found |= {int(delivery.lease_id.split("-")[1], 16): delivery for delivery in batch}
    assert {found[number].retry_context.reason for number in undelivered} == {"UNDELIVERED"}
    assert not sent & set(found)
    assert sent | set(found) == set(range(1, 19))


async def test_leases_of_a_broken_stream_that_were_never_extended_end_soon(app, queue, push, stream, until):
    events = await stream()
    await push(texts=["1", "2"])
    extended, left = await events.deliveries(2)
    extension = {"lease_id": extended.lease_id, "duration": {"seconds": 50}}
    await queue.ExtendLeases(pb.ExtendLeasesRequest(extensions=[extension]))
    leases = app._broker._leases._leases
    events.call.cancel()
    await until(lambda: all(lease.holder is None for lease in leases.values()))
    remaining = {app._broker.lease_id(key): lease.end - app._broker._clock.monotonic() for key, lease in leases.items()}
    assert remaining[left.lease_id] <= BROKEN_STREAM_LEASE / 1000
    assert remaining[extended.lease_id] > 20


@pytest.mark.parametrize("what", ["job", "group"])
async def test_cancellations_come_on_the_stream(queue, push, stream, ack, what):
    group_id = (await queue.CreateGroup(pb.CreateGroupRequest())).group.group_id
    job_id = (await push(texts=["1", "2"], group_id=group_id)).job_id
    await push(texts=["3"])
    events = await stream()
    deliveries = await events.deliveries(3)
    if what == "job":
        await queue.CancelJob(pb.CancelJobRequest(job_id=job_id))
    else:
        await queue.CancelGroup(pb.CancelGroupRequest(group_id=group_id))
    told = (await events.next("cancellations")).cancellations
    assert {(one.lease_id, one.event_id) for one in told} == {
        (delivery.lease_id, delivery.event_id) for delivery in deliveries if delivery.job_id == job_id
    }
    assert (await ack(deliveries[0])).status == pb.ACK_STATUS_OK


async def test_a_cancel_in_the_turn_of_the_claim_comes_on_the_stream(app, queue, push, stream, until):
    job_id = (await push()).job_id
    load, go_on = app._store._loader.load, asyncio.Event()

    async def held(*arguments):
        await go_on.wait()
        return await load(*arguments)

    app._store._loader.load = held
    other = asyncio.ensure_future(push("other"))
    await until(lambda: not app._store._line._others and app._store._wake.is_set())
    events = await stream()
    await until(lambda: len(app._store._line._others) == 1)
    cancelling = asyncio.ensure_future(queue.CancelJob(pb.CancelJobRequest(job_id=job_id)))
    await until(lambda: len(app._store._line._others) == 2)
    go_on.set()
    await asyncio.gather(other, cancelling)
    response = await events.read()
    assert [delivery.job_id for delivery in response.deliveries] == [job_id]
    assert [told.lease_id for told in response.cancellations] == [response.deliveries[0].lease_id]


async def test_an_idle_stream_gets_heartbeats_and_asks_the_store_nothing(app, push, stream, lease, ack):
    await push("used")
    await ack((await lease("used"))[0])
    streams = [await stream("used", "unknown"), await stream("used")]
    await lease("used")  # the claims of the new streams are through
    statements = []
    for connection in (app._store._connection, app._store._reader._connection):
        await connection.set_trace_callback(statements.append)
    for _ in range(3):
        app._broker._dispatcher._beat()  # a tick is due every 8 s
        for events in streams:
            assert (await events.next("notice")).notice == pb.STREAM_NOTICE_HEARTBEAT
    assert statements == []


async def test_a_stream_is_told_before_the_broker_stops(app, push, stream, refused):
    await push()
    events = await stream()
    (delivery,) = await events.deliveries(1)
    assert delivery.attempt == 1
    stopping = asyncio.ensure_future(app._broker.drain())
    response = await events.next("notice")
    while response.notice == pb.STREAM_NOTICE_HEARTBEAT:
        response = await events.next("notice")
    assert response.notice == pb.STREAM_NOTICE_DRAINING
    assert await events.read() is None
    assert await events.call.code() == grpc.StatusCode.OK
    await stopping
    ((lease,),) = [list(app._broker._leases._leases.values())]
    assert lease.end - app._broker._clock.monotonic() > 10  # not cut, as that of a stream that broke would be


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"subscriptions": []}, "subscriptions"),
        ({"max_in_flight": 10_001}, "max_in_flight"),
        ({"max_in_flight": -1}, "max_in_flight"),
        ({"lease_duration": {"seconds": 0}}, "lease_duration"),
        ({"lease_duration": {"seconds": 43_201}}, "lease_duration"),
        ({"worker_id": "w" * 129}, "worker_id"),
    ],
)
async def test_the_bounds_of_a_stream(queue, refused, values, field):
    call = queue.StreamEvents(pb.StreamEventsRequest(**{"subscriptions": [{"queue": "q"}], **values}))
    refusal = await refused(call.read())
    assert (refusal.reason, refusal.fields) == ("INVALID_REQUEST", [field])
