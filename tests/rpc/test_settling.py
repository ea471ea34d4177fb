"""Ack and ExtendLeases over the wire."""

import pytest

from longshore.v1 import event_pb2, queue_admin_service_pb2 as admin_pb, queue_service_pb2 as pb


async def test_every_outcome_tells_the_new_state(queue, push, lease):
    await push(texts=["1"] * 4)
    ids = [delivery.lease_id for delivery in await lease(count=4)]
    outcomes = [
        {"success": {}},
        {"retry": {"after": {"seconds": 5}}},
        {"failure": {"reason": "BAD"}},
        {"release": {"after": {"seconds": 7}}},
    ]
    acks = [{"lease_id": lease_id, **outcome} for lease_id, outcome in zip(ids, outcomes, strict=True)]
    results = (await queue.Ack(pb.AckRequest(acknowledgements=acks))).results
    assert [result.lease_id for result in results] == ids
    assert {result.status for result in results} == {pb.ACK_STATUS_OK}
    assert [event_pb2.EventState.Name(result.event_state)[12:] for result in results] == [
        "SUCCEEDED",
        "PENDING",
        "FAILED",
        "PENDING",
    ]
    assert [result.HasField("next_due_time") for result in results] == [False, True, False, True]


async def test_a_repeated_ack_is_answered_as_the_first_time(queue, push, lease, ack):
    await push()
    (delivery,) = await lease()
    first = await ack(delivery, retry={"after": {"seconds": 5}})
    assert await ack(delivery, retry={"after": {"seconds": 5}}) == first


async def test_an_ack_after_the_lease_ran_out_is_lost(app, clock, push, lease, ack):
    await push()
    (delivery,) = await lease()
    clock.step(61)
    app._broker._leases.run_out()
    await app._broker.finish()
    result = await ack(delivery)
    assert (result.status, result.event_state) == (pb.ACK_STATUS_LEASE_LOST, event_pb2.EVENT_STATE_UNSPECIFIED)
    clock.step(2)
    (again,) = await lease(wait={"seconds": 20})
    assert (again.attempt, again.retry_context.reason, again.retry_context.retry_count) == (2, "LEASE_LOST", 0)


async def test_a_wait_that_is_too_long_is_clamped_and_told(push, lease, ack):
    await push()
    (delivery,) = await lease()
    result = await ack(delivery, retry={"after": {"seconds": 86_400}})
    assert result.after_clamped


async def test_each_faulty_ack_is_told_alone(queue, push, lease):
    await push(texts=["1", "2"])
    first, second = [delivery.lease_id for delivery in await lease(count=2)]
    acks = [
        {"lease_id": "no lease", "success": {}},
        {"lease_id": first, "success": {}},
        {"lease_id": first, "success": {}},
        {"lease_id": second},
        {"lease_id": "ffffffff-1-1", "success": {}},
    ]
    results = (await queue.Ack(pb.AckRequest(acknowledgements=acks))).results
    invalid = pb.ACK_STATUS_INVALID
    assert [r.status for r in results] == [invalid, pb.ACK_STATUS_OK, invalid, invalid, pb.ACK_STATUS_LEASE_LOST]
    assert [violation.field for result in results for violation in result.error.violations] == [
        "acknowledgements[0].lease_id",
        "acknowledgements[2].lease_id",
        "acknowledgements[3].outcome",
    ]


async def test_the_next_attempt_is_told_what_was(push, lease, ack):
    await push(texts=['{"n": 1}'])
    (first,) = await lease()
    await ack(first, retry={"after": {}, "reason": "BUSY", "message": "later", "data": {"json": "[2]"}})
    (second,) = await lease()
    context = second.retry_context
    assert (context.retry_count, context.reason, context.message, context.data.json) == (1, "BUSY", "later", "[2]")
    assert context.first_push_time == second.push_time == first.push_time
    assert second.lease_id != first.lease_id
    await ack(second, release={"reason": "WAIT", "data": {"data": b"3"}})
    context = (await lease())[0].retry_context
    assert (context.retry_count, context.reason, context.data.data) == (1, "WAIT", b"3")


async def test_a_delivery_ends_with_its_run_time_however_often_it_is_extended(app, clock, admin, queue, push, lease):
    settings = {"max_run_time": {"seconds": 90}, "retry_policy": {"initial_backoff": {}}}
    await admin.UpdateQueue(admin_pb.UpdateQueueRequest(queue="q", settings=settings, allow_missing=True))
    await push()
    (delivery,) = await lease()
    request = pb.ExtendLeasesRequest(extensions=[{"lease_id": delivery.lease_id, "duration": {"seconds": 60}}])
    for seconds in (40, 40):
        clock.step(seconds)
        (extended,) = (await queue.ExtendLeases(request)).results
        assert not extended.lost
    assert extended.lease_expire_time == delivery.run_end_time
    clock.step(10)
    app._broker._leases.run_out()
    (again,) = await lease(wait={"seconds": 20})
    assert (again.attempt, again.retry_context.reason) == (2, "LEASE_LOST")
    assert again.run_end_time.seconds >= delivery.run_end_time.seconds + 90
    assert (await queue.ExtendLeases(request)).results[0].lost


async def test_leases_are_extended_lost_or_asked_to_give_up(queue, push, lease, ack):
    job_id = (await push(texts=["1", "2"])).job_id
    kept, settled = await lease(count=2)
    await ack(settled)
    await queue.CancelJob(pb.CancelJobRequest(job_id=job_id))
    extensions = [
        {"lease_id": kept.lease_id, "duration": {"seconds": 600}},
        {"lease_id": settled.lease_id},
        {"lease_id": "no lease"},
        {"lease_id": kept.lease_id, "duration": {"nanos": 1}},
    ]
    results = (await queue.ExtendLeases(pb.ExtendLeasesRequest(extensions=extensions))).results
    assert [result.lost for result in results] == [False, True, False, False]
    assert results[0].cancel_requested
    assert results[0].lease_expire_time.ToMilliseconds() > kept.lease_expire_time.ToMilliseconds() + 500_000
    assert [violation.field for result in results for violation in result.error.violations] == [
        "extensions[2].lease_id",
        "extensions[3].duration",
    ]


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("Ack", pb.AckRequest(), "acknowledgements"),
        ("Ack", pb.AckRequest(acknowledgements=[{}] * 1_001), "acknowledgements"),
        ("ExtendLeases", pb.ExtendLeasesRequest(), "extensions"),
        ("BatchPush", pb.BatchPushRequest(), "pushes"),
        ("BatchPush", pb.BatchPushRequest(pushes=[{"events": [{}] * 501}] * 2), "pushes[].events"),
        ("GetJobStats", pb.GetJobStatsRequest(), "job_ids"),
        ("GetJob", pb.GetJobRequest(), "job_id"),
        ("GetGroup", pb.GetGroupRequest(group_id="x"), "group_id"),
        ("CreateGroup", pb.CreateGroupRequest(group_id=""), "group_id"),
        ("LeaseEvents", pb.LeaseEventsRequest(), "subscriptions"),
        ("LeaseEvents", pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], max_events=1_001), "max_events"),
        ("LeaseEvents", pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], wait={"seconds": 61}), "wait"),
    ],
)
async def test_the_bounds_of_requests(queue, refused, method, request_, field):
    refusal = await refused(getattr(queue, method)(request_))
    assert (refusal.reason, refusal.fields) == ("INVALID_REQUEST", [field])
