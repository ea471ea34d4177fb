"""Events and dead letters over the wire: lists, single ones, redrive, delete, update."""

import asyncio

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2, queue_admin_service_pb2 as pb, queue_service_pb2

JOB = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER = "01890a5d-ac96-774b-bcce-b302099a8058"
INVALID = ("INVALID_ARGUMENT", "INVALID_REQUEST")
FAILED = "EVENT_STATE_FAILED"


def seconds(timestamp):
    return timestamp.seconds + timestamp.nanos / 1e9


def absent(message, *fields):
    return not any(message.HasField(field) for field in fields)


@pytest.fixture
def listed(admin):
    """Every event of a list, page by page."""

    async def listed(view=0, page_size=0, **chosen):
        request = pb.ListEventsRequest(filter=chosen, view=view, page_size=page_size)
        found = []
        while True:
            page = await admin.ListEvents(request)
            found += page.events
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    return listed


@pytest.fixture
def get(admin):
    async def get(event_id, view=0):
        return (await admin.GetEvent(pb.GetEventRequest(event_id=event_id, view=view))).event

    return get


@pytest.fixture
def fail(push, lease, ack):
    """Push a job whose events fail. Answers its id."""

    async def fail(name="q", *, texts=("1",), reason="BAD", **values):
        job_id = (await push(name, texts=texts, **values)).job_id
        for delivery in await lease(name, count=len(texts)):
            await ack(delivery, failure={"reason": reason, "message": "never"})
        return job_id

    return fail


@pytest.fixture
def stats(queue):
    async def stats(job_id):
        (found,) = (await queue.GetJobStats(queue_service_pb2.GetJobStatsRequest(job_ids=[job_id]))).stats
        return found.success, found.in_progress, found.failed, found.cancelled

    return stats


async def test_an_event_with_everything(queue, lease, ack, get, listed):
    spec = {
        "payload": {"json": '{"ö": 1}'},
        "attributes": {"traceparent": "t"},
        "priority": 7,
        "concurrency": {"key": "k", "limit": 3},
        "retry_policy": {"max_attempts": 9, "max_age": {"seconds": 60}, "jitter": "JITTER_NONE"},
        "expire_after": {"seconds": 60},
    }
    await queue.Push(queue_service_pb2.PushRequest(queue="q", job_id=JOB, events=[spec]))
    (delivery,) = await lease()
    left = {"data": b"\x00left"}
    retry = {"after": {"seconds": 50}, "reason": "BUSY", "message": "later", "data": left}
    assert (await ack(delivery, retry=retry)).event_state == event_pb2.EVENT_STATE_PENDING
    event = await get(f"{JOB}.0")
    assert (event.event_id, event.job_id, event.queue) == (f"{JOB}.0", JOB, "q")
    assert (event.state, event.priority, event.attempt) == (event_pb2.EVENT_STATE_PENDING, 7, 1)
    assert (event.failures, event.lease_losses, event.reason, event.message) == (1, 0, "BUSY", "later")
    assert (event.payload.json, dict(event.attributes), event.data.data) == (
        '{"ö": 1}',
        {"traceparent": "t"},
        b"\x00left",
    )
    assert (event.concurrency.key, event.concurrency.limit, event.waiting_for_key) == ("k", 3, False)
    assert event.retry_policy == event_pb2.RetryPolicy(**spec["retry_policy"])
    assert seconds(event.expire_time) == pytest.approx(seconds(event.push_time) + 60)
    assert 49 < seconds(event.due_time) - seconds(event.push_time) < 60
    assert event.HasField("first_delivery_time")
    assert absent(event, "finish_time", "lease_expire_time", "progress")
    (attempt,) = event.attempts
    assert (attempt.attempt, attempt.outcome) == (1, pb.ATTEMPT_OUTCOME_RETRY)
    assert (attempt.reason, attempt.message) == ("BUSY", "later")
    assert attempt.HasField("delivery_time")
    assert seconds(attempt.end_time) >= seconds(attempt.delivery_time)
    basic = await get(f"{JOB}.0", pb.EVENT_VIEW_BASIC)
    assert (basic.reason, basic.message, basic.concurrency.key) == ("BUSY", "later", "k")
    assert absent(basic, "payload", "data")
    assert (dict(basic.attributes), list(basic.attempts)) == ({}, [])
    assert await listed() == [basic]
    assert await listed(view="EVENT_VIEW_FULL") == [event]


async def test_a_leased_event_shows_lease_and_progress(queue, push, lease, get):
    await push(job_id=JOB)
    (delivery,) = await lease()
    extension = {"lease_id": delivery.lease_id, "progress": {"fraction": 0.5, "text": "half"}}
    await queue.ExtendLeases(queue_service_pb2.ExtendLeasesRequest(extensions=[extension]))
    event = await get(f"{JOB}.0")
    assert (event.state, event.progress.fraction, event.progress.text) == (event_pb2.EVENT_STATE_LEASED, 0.5, "half")
    assert event.HasField("lease_expire_time")
    assert absent(event, "retry_policy", "concurrency")


async def test_lists(admin, push, fail, listed):
    await fail("a", texts=["1", "2"], reason="X", job_id=JOB)
    await fail("b", reason="Y")
    await push("a", job_id=OTHER)
    assert [event.event_id for event in await listed(queue="a")] == [f"{JOB}.0", f"{JOB}.1", f"{OTHER}.0"]
    assert len(await listed(page_size=1)) == 4
    assert [event.queue for event in await listed(state=FAILED)] == ["a", "a", "b"]
    assert [event.queue for event in await listed(reason="Y")] == ["b"]
    assert len(await listed(job_id=JOB, page_size=1)) == 2
    chosen = [{"event_id": f"{OTHER}.0"}, {"event_id": f"{JOB}.1"}, {"event_id": f"{JOB}.9"}]
    assert [event.event_id for event in await listed(event_ids=chosen)] == [f"{JOB}.1", f"{OTHER}.0"]
    first, _, third = await listed(state=FAILED)
    between = await listed(finished_after=first.finish_time, finished_before=third.finish_time)
    assert first in between
    assert third not in between
    assert await listed(finished_after=Timestamp(seconds=2**35)) == []


async def test_pages_of_large_events_are_bounded(push, listed, admin):
    for _ in range(6):
        await push(texts=[f'"{"x" * 900_000}"'])
    page = await admin.ListEvents(pb.ListEventsRequest(view="EVENT_VIEW_FULL"))
    assert 1 <= len(page.events) <= 3
    assert page.ByteSize() < 3_600_000
    found = await listed(view="EVENT_VIEW_FULL")
    assert [len(event.payload.json) for event in found] == [900_002] * 6


async def test_a_page_token_belongs_to_its_list(admin, push, refused):
    await push(texts=["1", "2", "3"])
    token = (await admin.ListEvents(pb.ListEventsRequest(page_size=1))).next_page_token
    for request in (
        pb.ListEventsRequest(page_token="garbage"),
        pb.ListEventsRequest(page_token=token, filter={"queue": "q"}),
        pb.ListEventsRequest(page_token=token, view="EVENT_VIEW_FULL"),
    ):
        error = await refused(admin.ListEvents(request))
        assert ((error.code, error.reason), error.fields) == (INVALID, ["page_token"])
    assert len((await admin.ListEvents(pb.ListEventsRequest(page_token=token, page_size=9))).events) == 2


async def test_redrive(admin, fail, lease, ack, get, stats):
    job_id = await fail(texts=["1", "2"])
    answer = await admin.RedriveEvents(pb.RedriveEventsRequest(filter={"queue": "q"}, events_per_second=0.01))
    assert (answer.redriven, answer.skipped) == (2, 0)
    assert await stats(job_id) == (0, 2, 0, 0)
    second = await get(f"{job_id}.1")
    assert second.due_time == answer.last_due_time
    assert absent(second, "finish_time", "first_delivery_time")
    (delivery,) = await lease(count=9)
    assert (delivery.attempt, delivery.retry_context.retry_count, delivery.retry_context.reason) == (2, 0, "BAD")
    await ack(delivery)
    assert await stats(job_id) == (1, 1, 0, 0)
    again = await admin.RedriveEvents(pb.RedriveEventsRequest(filter={"queue": "q"}))
    assert (again.redriven, again.HasField("last_due_time")) == (0, False)


async def test_a_redrive_reaches_open_streams(admin, fail, stream):
    job_id = await fail()
    opened = await stream()
    await admin.RedriveEvents(pb.RedriveEventsRequest(filter={"job_id": job_id}))
    (delivery,) = await opened.deliveries(1)
    assert (delivery.job_id, delivery.attempt) == (job_id, 2)


async def test_dead_letters_of_cancelled_jobs_are_skipped(admin, queue, push, lease, ack):
    job_id = (await push(texts=["1", "2"])).job_id
    first, _ = await lease(count=2)
    await ack(first, failure={})
    await queue.CancelJob(queue_service_pb2.CancelJobRequest(job_id=job_id))
    answer = await admin.RedriveEvents(pb.RedriveEventsRequest(filter={"queue": "q"}))
    assert (answer.redriven, answer.skipped) == (0, 1)


async def test_a_queue_that_is_being_purged_refuses_a_redrive(admin, push, lease, fail, refused):
    await fail()
    await push()
    await lease()
    await admin.PurgeQueue(pb.PurgeQueueRequest(queue="q"))
    error = await refused(admin.RedriveEvents(pb.RedriveEventsRequest(filter={"queue": "q"})))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    assert "PreconditionFailure" in error.details


async def test_delete(admin, fail, stats, get, refused):
    job_id = await fail(texts=["1", "2", "3"])
    chosen = {"event_ids": [{"event_id": f"{job_id}.1"}]}
    assert (await admin.DeleteEvents(pb.DeleteEventsRequest(filter=chosen))).deleted == 1
    error = await refused(get(f"{job_id}.1"))
    assert "its job counts it" in error.text
    assert (await admin.DeleteEvents(pb.DeleteEventsRequest(filter={"queue": "q"}))).deleted == 2
    assert (await admin.DeleteEvents(pb.DeleteEventsRequest(filter={"queue": "q"}))).deleted == 0
    assert await stats(job_id) == (0, 0, 3, 0)


async def test_update(admin, push, lease, stream, get):
    job_id = (await push(texts=["1", "2"])).job_id
    later = Timestamp(seconds=round(seconds((await get(f"{job_id}.0")).due_time)) + 1000)
    request = pb.UpdateEventsRequest(filter={"job_id": job_id}, due_time=later)
    assert (await admin.UpdateEvents(request)).updated == 2
    assert await lease() == []
    opened = await stream()
    chosen = {"event_ids": [{"event_id": f"{job_id}.1"}]}
    request = pb.UpdateEventsRequest(filter=chosen, due_time=Timestamp(), priority=9)
    assert (await admin.UpdateEvents(request)).updated == 1
    (delivery,) = await opened.deliveries(1)
    assert (delivery.event_id, delivery.priority) == (f"{job_id}.1", 9)
    request = pb.UpdateEventsRequest(filter={"queue": "q"}, priority=0)
    assert (await admin.UpdateEvents(request)).updated == 1
    assert (await get(f"{job_id}.0")).priority == 0


async def test_what_is_not_there(admin, push, lease, ack, get, refused):
    job_id = (await push()).job_id
    await ack((await lease())[0])
    for event_id, text in (
        (f"{job_id}.0", "its job counts it"),
        (f"{job_id}.1", "its job has 1 events, counted from 0"),
        (f"{OTHER}.0", "its job is not, or no longer, kept"),
    ):
        error = await refused(get(event_id))
        assert (error.code, error.reason) == ("NOT_FOUND", "EVENT_NOT_FOUND")
        assert text in error.text
        assert error.details["ResourceInfo"].resource_name == event_id
    for call in (
        admin.ListEvents(pb.ListEventsRequest(filter={"queue": "never"})),
        admin.RedriveEvents(pb.RedriveEventsRequest(filter={"queue": "never"})),
        admin.DeleteEvents(pb.DeleteEventsRequest(filter={"queue": "never"})),
        admin.UpdateEvents(pb.UpdateEventsRequest(filter={"queue": "never"}, priority=1)),
    ):
        assert (await refused(call)).reason == "QUEUE_NOT_FOUND"
    for call in (
        admin.ListEvents(pb.ListEventsRequest(filter={"job_id": OTHER})),
        admin.RedriveEvents(pb.RedriveEventsRequest(filter={"job_id": OTHER})),
    ):
        assert (await refused(call)).reason == "JOB_NOT_FOUND"


GARBAGE = {
    "queue": "no queue!",
    "job_id": "no job",
    "state": 77,
    "event_ids": [{"event_id": f"{JOB}.0"}, {"event_id": JOB}, {"event_id": f"{JOB}.-1"}, {}],
    "reason": "r" * 129,
    "finished_after": Timestamp(nanos=-1),
    "finished_before": Timestamp(seconds=2**40),
}
FIELDS = [
    "filter.event_ids[1].event_id",
    "filter.event_ids[2].event_id",
    "filter.event_ids[3].event_id",
    "filter.finished_after",
    "filter.finished_before",
    "filter.job_id",
    "filter.queue",
    "filter.reason",
    "filter.state",
]


@pytest.mark.parametrize(
    ("method", "message", "values", "fields"),
    [
        (
            "ListEvents",
            pb.ListEventsRequest,
            {"page_size": -1, "view": 9, "page_token": "x"},
            ["page_size", "page_token", "view"],
        ),
        ("RedriveEvents", pb.RedriveEventsRequest, {"events_per_second": 0}, ["events_per_second"]),
        ("DeleteEvents", pb.DeleteEventsRequest, {}, []),
        (
            "UpdateEvents",
            pb.UpdateEventsRequest,
            {"due_time": Timestamp(seconds=2**40), "priority": 10},
            ["due_time", "priority"],
        ),
    ],
)
async def test_every_fault_is_told_at_once(admin, refused, method, message, values, fields):
    error = await refused(getattr(admin, method)(message(filter=GARBAGE, **values)))
    assert (error.code, error.reason) == INVALID
    told = set(error.fields)
    assert told >= {*FIELDS, *fields} - {"filter.finished_after", "filter.finished_before"}
    assert sum(field.startswith("filter.finished") for field in error.fields) >= 2


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda admin: admin.GetEvent(pb.GetEventRequest()), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id=JOB)), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id=f"{JOB}.01")), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id=f"{JOB}.9999999999")), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id=f"{JOB}.0\n")), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id="x" * 10**6)), "event_id"),
        (lambda admin: admin.GetEvent(pb.GetEventRequest(event_id=f"{JOB}.0", view=7)), "view"),
        (lambda admin: admin.RedriveEvents(pb.RedriveEventsRequest()), "filter"),
        (lambda admin: admin.RedriveEvents(pb.RedriveEventsRequest(filter={"reason": "X"})), "filter"),
        (lambda admin: admin.DeleteEvents(pb.DeleteEventsRequest(filter={"state": FAILED})), "filter"),
        (lambda admin: admin.UpdateEvents(pb.UpdateEventsRequest(priority=1)), "filter"),
        (lambda admin: admin.UpdateEvents(pb.UpdateEventsRequest(filter={"queue": "q"})), "due_time"),
        (lambda admin: admin.UpdateEvents(pb.UpdateEventsRequest(filter={"queue": "q"}, priority=-1)), "priority"),
        (lambda admin: redrive(admin, events_per_second=0.0009), "events_per_second"),
        (lambda admin: redrive(admin, events_per_second=1_000_001), "events_per_second"),
        (lambda admin: redrive(admin, events_per_second=float("nan")), "events_per_second"),
        (lambda admin: redrive(admin, state="EVENT_STATE_PENDING"), "filter.state"),
        (
            lambda admin: admin.ListEvents(pb.ListEventsRequest(filter={"state": "EVENT_STATE_CANCELLED"})),
            "filter.state",
        ),
        (lambda admin: update(admin, state=FAILED), "filter.state"),
        (lambda admin: update(admin, finished_after=Timestamp()), "filter.finished_after"),
        (lambda admin: admin.ListEvents(pb.ListEventsRequest(filter=too_many())), "filter.event_ids"),
    ],
)
async def test_faults_one_by_one(admin, refused, call, field):
    error = await refused(call(admin))
    assert ((error.code, error.reason), error.fields) == (INVALID, [field])


def redrive(admin, events_per_second=None, **chosen):
    request = pb.RedriveEventsRequest(filter={"queue": "q", **chosen}, events_per_second=events_per_second)
    return admin.RedriveEvents(request)


def update(admin, **chosen):
    return admin.UpdateEvents(pb.UpdateEventsRequest(filter={"queue": "q", **chosen}, priority=1))


def too_many():
    return {"event_ids": [{"event_id": f"{JOB}.{number}"} for number in range(1_001)]}


async def test_a_thousand_events_are_named_at_once(admin, push, listed):
    await push(texts=["1"] * 1_000, job_id=JOB)
    chosen = {"event_ids": [{"event_id": f"{JOB}.{number}"} for number in range(1_000)]}
    assert len(await listed(**chosen, page_size=1_000)) == 1_000
    request = pb.UpdateEventsRequest(filter=chosen, priority=1)
    assert (await admin.UpdateEvents(request)).updated == 1_000


async def test_expiry_without_anyone_who_asks(queue, listed):
    event = {"payload": {"json": "1"}, "expire_after": {"nanos": 1_000_000}}
    await queue.Push(queue_service_pb2.PushRequest(queue="q", job_id=JOB, events=[event, {"payload": {"json": "2"}}]))
    call = queue.WatchJob(queue_service_pb2.WatchJobRequest(job_id=JOB))
    async with asyncio.timeout(20):
        async for response in call:
            if response.job.stats.failed:
                break
    call.cancel()
    (event,) = await listed(state=FAILED)
    assert (event.event_id, event.reason) == (f"{JOB}.0", "EXPIRED")
