"""Queues and lists of jobs over the wire, with streams open where it matters."""

import pytest

from longshore.v1 import event_pb2, queue_admin_service_pb2 as pb, queue_service_pb2

NO_QUEUE = ("NOT_FOUND", "QUEUE_NOT_FOUND")
FULL = {
    "retry_policy": {"max_attempts": 2, "max_age": {"seconds": 60}, "jitter": "JITTER_NONE"},
    "max_run_time": {"seconds": 30},
    "max_pending": 5,
    "keep_succeeded": True,
}


@pytest.fixture
def update(admin):
    """Updates a queue, creating it."""

    async def update(name="q", *, paths=(), create=True, **settings):
        request = pb.UpdateQueueRequest(queue=name, settings=settings, allow_missing=create)
        if paths:
            request.update_mask.paths.extend(paths)
        return (await admin.UpdateQueue(request)).queue

    return update


@pytest.fixture
def get(admin):
    async def get(name="q"):
        return (await admin.GetQueue(pb.GetQueueRequest(queue=name))).queue

    return get


@pytest.fixture
def pages(admin):
    """Every item of a list, and how many pages there were."""

    async def pages(method, request, part):
        found, count = [], 0
        while request.page_token or not count:
            page = await getattr(admin, method)(request)
            found += getattr(page, part)
            request.page_token = page.next_page_token
            count += 1
        return found, count

    return pages


async def test_a_queue_with_everything(push, lease, ack, update, get, clock):
    await push(texts=["1"] * 4)
    for outcome in ({"success": {}}, {"failure": {"reason": "BAD"}}, {"retry": {"after": {"seconds": 500}}}):
        (delivery,) = await lease()
        await ack(delivery, **outcome)
    await push(texts=["2", "3"])
    (delivery,) = await lease()
    await update(max_pending=9, max_run_time={"seconds": 90}, retry_policy={"max_attempts": 3})
    shown = await get()
    assert (shown.name, shown.paused, shown.purging) == ("q", False, False)
    assert (shown.pending, shown.leased, shown.failed) == (3, 1, 1)
    totals = shown.totals
    assert (totals.pushed, totals.delivered, totals.succeeded, totals.failed, totals.retried) == (6, 4, 1, 1, 1)
    assert (totals.cancelled, totals.leases_lost, totals.released, totals.redriven) == (0, 0, 0, 0)
    assert abs(shown.oldest_ready_time.ToMilliseconds() - clock.now()) < 60_000
    assert 400_000 < shown.next_due_time.ToMilliseconds() - clock.now() <= 500_000
    assert abs(shown.create_time.ToMilliseconds() - clock.now()) < 60_000
    assert shown.settings == pb.QueueSettings(
        max_pending=9, max_run_time={"seconds": 90}, retry_policy={"max_attempts": 3}
    )
    assert shown.effective_retry_policy == event_pb2.RetryPolicy(
        max_attempts=3,
        max_age={"seconds": 86_400},
        max_lease_losses=5,
        initial_backoff={"seconds": 1},
        multiplier=2,
        max_backoff={"seconds": 900},
        jitter=event_pb2.JITTER_FULL,
    )


async def test_times_are_absent_where_nothing_waits(update, get, admin):
    await update()
    shown = await get()
    assert not shown.HasField("oldest_ready_time")
    assert not shown.HasField("next_due_time")
    assert not shown.settings.HasField("retry_policy")


class TestMasks:
    """Which settings an update changes."""

    @pytest.mark.parametrize(
        ("paths", "given", "expected"),
        [
            ([], {}, FULL),
            ([], {"max_pending": 6, "retry_policy": {"max_attempts": 4}}, {"max_pending": 6, "max_attempts": 4}),
            (["max_pending"], {"max_run_time": {"seconds": 1}}, {"max_pending": None}),
            (["keep_succeeded", "max_run_time"], {}, {"keep_succeeded": False, "max_run_time": None}),
            (["retry_policy.max_age"], {"retry_policy": {"max_attempts": 9}}, {"max_age": None}),
            (["retry_policy"], {"retry_policy": {"multiplier": 3}}, {"retry_policy": {"multiplier": 3}}),
            (["retry_policy"], {}, {"retry_policy": None}),
            (["retry_policy.jitter", "retry_policy.max_attempts"], {}, {"jitter": None, "max_attempts": None}),
            (
                ["*"],
                {"max_pending": 8},
                {"max_run_time": None, "keep_succeeded": False, "retry_policy": None, "max_pending": 8},
            ),
        ],
    )
    async def test_mask(self, update, get, paths, given, expected):
        before = await update(**FULL)
        assert before.settings == pb.QueueSettings(**FULL)
        wanted = pb.QueueSettings(**FULL)
        for name, value in expected.items():
            message = wanted if name in pb.QueueSettings.DESCRIPTOR.fields_by_name else wanted.retry_policy
            message.ClearField(name)
            if value is not None:
                message.MergeFrom(type(message)(**{name: value}))
        answered = await update(paths=paths, create=False, **given)
        assert answered.settings == wanted
        assert (await get()).settings == wanted

    @pytest.mark.parametrize(
        "path",
        ["max_speed", "retry_policy.max", "retry_policy.*", "settings.max_pending", "", "retry_policy.max_age.seconds"],
    )
    async def test_unknown_paths_are_named(self, update, get, refused, path):
        await update(max_pending=3)
        refusal = await refused(update(paths=["max_pending", path], max_pending=4))
        assert (refusal.code, refusal.reason, refusal.fields) == (
            "INVALID_ARGUMENT",
            "INVALID_REQUEST",
            ["update_mask"],
        )
        assert repr(path) in refusal.text
        assert "retry_policy.max_lease_losses" in refusal.text
        assert (await get()).settings.max_pending == 3

    async def test_a_policy_that_contradicts_itself(self, update, refused):
        refusal = await refused(update(retry_policy={"initial_backoff": {"seconds": 901}}))
        assert (refusal.reason, refusal.fields) == ("INVALID_REQUEST", ["settings.retry_policy.initial_backoff"])
        await update(retry_policy={"initial_backoff": {"seconds": 901}, "max_backoff": {"seconds": 901}})

    async def test_a_queue_that_is_not_there(self, update, refused, get):
        refusal = await refused(update(create=False, max_pending=1))
        assert (refusal.code, refusal.reason) == NO_QUEUE
        assert refusal.details["ResourceInfo"].resource_name == "q"
        refusal = await refused(get())
        assert (refusal.code, refusal.reason) == NO_QUEUE


async def test_settings_hold_at_once(push, lease, ack, update, refused):
    await update(max_pending=1, retry_policy={"max_attempts": 1})
    await push()
    refusal = await refused(push())
    assert (refusal.code, refusal.reason, refusal.metadata["limit"]) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL", "1")
    (delivery,) = await lease()
    assert (await ack(delivery, retry={})).event_state == event_pb2.EVENT_STATE_FAILED


async def test_pause_and_resume_with_a_stream_open(stream, push, admin, get):
    opened = await stream("q", "other")
    await push()
    (held,) = await opened.deliveries(1)
    assert (await admin.PauseQueue(pb.PauseQueueRequest(queue="q"))).queue.paused
    await push(texts=["2"])
    await push("other")
    (delivery,) = await opened.deliveries(1)
    assert delivery.queue == "other"
    shown = await get()
    assert (shown.paused, shown.pending, shown.leased) == (True, 1, 1)
    assert not (await admin.ResumeQueue(pb.ResumeQueueRequest(queue="q"))).queue.paused
    (delivery,) = await opened.deliveries(1)
    assert (delivery.queue, delivery.payload.json) == ("q", "2")
    assert held.job_id != delivery.job_id


async def test_who_asks_a_paused_queue_gets_nothing(push, lease, admin):
    await push()
    await admin.PauseQueue(pb.PauseQueueRequest(queue="q"))
    assert await lease(wait={}) == []


async def test_purge_with_a_stream_open(stream, push, ack, admin, get, until_purged):
    opened = await stream(max_in_flight=2)
    await push(texts=["1"] * 1_000)
    first, second = await opened.deliveries(2)
    answered = (await admin.PurgeQueue(pb.PurgeQueueRequest(queue="q"))).queue
    assert answered.purging
    told = set()
    while len(told) < 2:
        told |= {one.lease_id for one in (await opened.next("cancellations")).cancellations}
    assert told == {first.lease_id, second.lease_id}
    await push(texts=["3"])
    assert (await ack(first)).event_state == event_pb2.EVENT_STATE_SUCCEEDED
    (delivery,) = await opened.deliveries(1)
    assert delivery.payload.json == "3"
    assert (await ack(second, retry={})).event_state == event_pb2.EVENT_STATE_CANCELLED
    shown = await until_purged()
    assert (shown.pending, shown.leased, shown.totals.cancelled, shown.totals.succeeded) == (0, 1, 999, 1)


@pytest.fixture
def until_purged(get):
    """Waits until a purge has nothing left."""

    async def until_purged():
        while (shown := await get()).purging:
            pass
        return shown

    return until_purged


async def test_a_purge_reaches_its_end_without_workers(push, admin, until_purged):
    await push(texts=["1"] * 1_000)
    await push(texts=["2"])
    await admin.PurgeQueue(pb.PurgeQueueRequest(queue="q"))
    shown = await until_purged()
    assert (shown.pending, shown.totals.cancelled) == (0, 1_001)


async def test_delete(push, lease, ack, admin, get, refused):
    await push()
    refusal = await refused(admin.DeleteQueue(pb.DeleteQueueRequest(queue="q")))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    assert refusal.details["PreconditionFailure"].violations[0].subject == "q"
    assert "pending events: 1" in refusal.text
    (delivery,) = await lease()
    await ack(delivery)
    await admin.DeleteQueue(pb.DeleteQueueRequest(queue="q"))
    assert (await refused(get())).reason == "QUEUE_NOT_FOUND"
    assert not (await admin.ListQueues(pb.ListQueuesRequest())).queues
    await push()
    assert (await get()).totals.pushed == 1


async def test_pages_of_queues(update, pages, refused, admin):
    names = ["a", "b.1", "b.2", "b.3", "c"]
    for name in reversed(names):
        await update(name, max_pending=1)
    found, count = await pages("ListQueues", pb.ListQueuesRequest(page_size=2), "queues")
    assert ([queue.name for queue in found], count) == (names, 3)
    assert {queue.settings.max_pending for queue in found} == {1}
    found, count = await pages("ListQueues", pb.ListQueuesRequest(prefix="b."), "queues")
    assert ([queue.name for queue in found], count) == (names[1:4], 1)
    token = (await admin.ListQueues(pb.ListQueuesRequest(prefix="b", page_size=1))).next_page_token
    refusal = await refused(admin.ListQueues(pb.ListQueuesRequest(prefix="c", page_token=token)))
    assert refusal.fields == ["page_token"]


async def test_pages_of_jobs(queue, push, lease, ack, pages, refused, admin):
    group_id = (await queue.CreateGroup(queue_service_pb2.CreateGroupRequest())).group.group_id
    jobs = [(await push(name, texts=[str(number)])).job_id for number, name in enumerate("abab")]
    grouped = [(await push("a", group_id=group_id, request_id="mine")).job_id]
    for delivery in await lease("b", count=9):
        await ack(delivery)
    found, count = await pages("ListJobs", pb.ListJobsRequest(page_size=2), "jobs")
    assert ([job.job_id for job in found], count) == ([*grouped, *reversed(jobs)], 3)
    assert (found[0].queue, found[0].request_id, found[0].group_id) == ("a", "mine", group_id)
    assert [job.stats.in_progress for job in found] == [1, 0, 1, 0, 1]
    for wanted, expected in [
        ({"queue": "a"}, [*grouped, jobs[2], jobs[0]]),
        ({"state": "JOB_STATE_SUCCEEDED"}, [jobs[3], jobs[1]]),
        ({"group_id": group_id, "queue": "a"}, grouped),
        ({"group_id": group_id, "state": "JOB_STATE_FAILED"}, []),
    ]:
        found, _ = await pages("ListJobs", pb.ListJobsRequest(page_size=1, **wanted), "jobs")
        assert [job.job_id for job in found] == expected
    token = (await admin.ListJobs(pb.ListJobsRequest(queue="a", page_size=1))).next_page_token
    for other in ({}, {"queue": "b"}, {"queue": "a", "state": 1}, {"queue": "a", "group_id": group_id}):
        refusal = await refused(admin.ListJobs(pb.ListJobsRequest(page_token=token, **other)))
        assert refusal.fields == ["page_token"]


@pytest.mark.parametrize(
    "method", ["GetQueue", "UpdateQueue", "PauseQueue", "ResumeQueue", "PurgeQueue", "DeleteQueue"]
)
async def test_every_method_knows_names(admin, refused, method):
    request = getattr(pb, f"{method}Request")
    refusal = await refused(getattr(admin, method)(request(queue="no such name")))
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", "INVALID_REQUEST", ["queue"])
    refusal = await refused(getattr(admin, method)(request(queue="nowhere")))
    assert (refusal.code, refusal.reason) == NO_QUEUE
    assert refusal.details["ResourceInfo"].resource_name == "nowhere"


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        (
            "ListQueues",
            pb.ListQueuesRequest(prefix="*", page_size=-1, page_token="?"),
            ["prefix", "page_size", "page_token"],
        ),
        ("ListJobs", pb.ListJobsRequest(queue="*", state=77, group_id="x"), ["queue", "state", "group_id"]),
        ("ListJobs", pb.ListJobsRequest(page_size=-1, page_token="AAAAAAAAAAAAMQ=="), ["page_size", "page_token"]),
        (
            "UpdateQueue",
            pb.UpdateQueueRequest(
                queue="",
                settings={
                    "max_pending": 0,
                    "max_run_time": {"nanos": 999_000_000},
                    "retry_policy": {"max_attempts": 0, "multiplier": 11, "max_age": {}},
                },
            ),
            [
                "queue",
                "settings.max_run_time",
                "settings.max_pending",
                "settings.retry_policy.max_age",
                "settings.retry_policy.max_attempts",
                "settings.retry_policy.multiplier",
            ],
        ),
        (
            "UpdateQueue",
            pb.UpdateQueueRequest(
                queue="q",
                settings={"max_pending": 1_000_000_001, "max_run_time": {"seconds": 366 * 86_400 + 1}},
                update_mask={"paths": ["nothing", "never"]},
            ),
            ["settings.max_run_time", "settings.max_pending", "update_mask", "update_mask"],
        ),
    ],
)
async def test_each_fault_is_named(admin, refused, method, request_, fields):
    refusal = await refused(getattr(admin, method)(request_))
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", "INVALID_REQUEST", fields)
