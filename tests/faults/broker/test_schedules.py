"""kill -9 of a broker process while a schedule fires every second."""

from contextlib import AsyncExitStack
from datetime import datetime

import grpc

from longshore.v1 import (
    queue_admin_service_pb2 as admin_pb,
    queue_admin_service_pb2_grpc,
    queue_service_pb2 as pb,
    queue_service_pb2_grpc,
)

KILLS = 3
BOUND = 20.0


async def test_each_fire_time_has_one_job_over_kills(service, tmp_path):
    """No second is left out and none has two jobs, whatever the moment of a kill."""
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", str(tmp_path / "broker.db"))
    schedule = {
        "name": "s",
        "cron": "* * * * * *",
        "queue": "q",
        "events": [{"payload": {"json": "1"}}],
        "overlap": "OVERLAP_POLICY_ALLOW",
    }
    fired = []
    for number in range(KILLS + 1):
        async with AsyncExitStack() as stack:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(await broker.start()))
            if not number:
                admin = queue_admin_service_pb2_grpc.QueueAdminServiceStub(channel)
                await admin.PutSchedule(admin_pb.PutScheduleRequest(schedule=schedule))
            fired += await take(queue_service_pb2_grpc.QueueServiceStub(channel))
            await broker.kill()
    times = [datetime.fromisoformat(text).timestamp() for text in fired]
    assert times == [times[0] + second for second in range(len(times))]
    assert len(times) > KILLS


async def take(queue):
    """The fire times of what is ready, after at least one; all of it succeeds."""
    request = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}], max_events=1_000, wait={"seconds": 20})
    deliveries = (await queue.LeaseEvents(request, timeout=2 * BOUND)).deliveries
    acks = [{"lease_id": delivery.lease_id, "success": {}} for delivery in deliveries]
    await queue.Ack(pb.AckRequest(acknowledgements=acks), timeout=BOUND)
    return [delivery.attributes["longshore.fire_time"] for delivery in deliveries]
