"""The operator's facade: each call says on the wire what was asked, and answers plain values."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

import longshore
from longshore import admin
from longshore.v1 import event_pb2, queue_admin_service_pb2 as pb, queue_service_pb2

MOMENT = datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)
THEN = Timestamp(seconds=1_900_000_000)


@pytest.fixture
def answer(fake):
    """Answer a method with messages, one for each call; the last stays. Answers the list of requests."""

    def script(method, *responses):
        left = itertools.chain(responses, itertools.repeat(responses[-1]))

        async def next_answer(request, context):
            return next(left)

        fake.answers[method] = next_answer
        return fake.requests[method]

    return script


def queue(name="work", **fields):
    return pb.Queue(name=name, create_time=THEN, **fields)


async def test_a_queue_is_shown_with_settings_policy_and_totals(client, answer):
    policy = event_pb2.RetryPolicy(max_attempts=5, max_age=Duration(seconds=86400), jitter=event_pb2.JITTER_FULL)
    names = [field.name for field in pb.QueueTotals.DESCRIPTOR.fields]
    requests = answer(
        "GetQueue",
        pb.GetQueueResponse(
            queue=queue(
                paused=True,
                pending=3,
                leased=2,
                failed=1,
                oldest_ready_time=THEN,
                settings=pb.QueueSettings(max_run_time=Duration(seconds=90), keep_succeeded=True),
                effective_retry_policy=policy,
                totals=pb.QueueTotals(**{name: number for number, name in enumerate(names)}),
            )
        ),
    )
    info = await client.admin.queues.get("work")
    assert requests[0].queue == "work"
    assert (info.name, info.paused, info.purging, info.create_time) == ("work", True, False, MOMENT)
    assert (info.pending, info.leased, info.failed) == (3, 2, 1)
    assert (info.oldest_ready_time, info.next_due_time) == (MOMENT, None)
    assert info.settings == admin.QueueSettings(max_run_time=90, keep_succeeded=True)
    assert info.effective_retry_policy == longshore.RetryPolicy(
        max_attempts=5, max_age=86400, jitter=longshore.Jitter.FULL
    )
    assert [getattr(info.totals, name) for name in names] == list(range(9))


async def test_settings_are_changed_one_by_one(client, answer):
    requests = answer("UpdateQueue", pb.UpdateQueueResponse(queue=queue()))
    settings = admin.QueueSettings(
        retry_policy=longshore.RetryPolicy(max_attempts=3, max_backoff=timedelta(minutes=1)),
        max_run_time=60,
        keep_succeeded=False,
    )
    assert (await client.admin.queues.set("work", settings, reset=["max_pending"], create=True)).name == "work"
    await client.admin.queues.set("work", create=True)
    first, second = requests
    assert (first.queue, first.allow_missing) == ("work", True)
    assert sorted(first.update_mask.paths) == [
        "keep_succeeded",
        "max_pending",
        "max_run_time",
        "retry_policy.max_attempts",
        "retry_policy.max_backoff",
    ]
    assert first.settings.retry_policy == event_pb2.RetryPolicy(max_attempts=3, max_backoff=Duration(seconds=60))
    assert first.settings.max_run_time.seconds == 60
    assert not first.settings.HasField("max_pending")
    assert not second.HasField("update_mask")
    assert second.settings == pb.QueueSettings()


async def test_pause_resume_purge_and_delete_name_the_queue(client, answer):
    queues = client.admin.queues
    asked = {
        "PauseQueue": (queues.pause, pb.PauseQueueResponse(queue=queue(paused=True))),
        "ResumeQueue": (queues.resume, pb.ResumeQueueResponse(queue=queue())),
        "PurgeQueue": (queues.purge, pb.PurgeQueueResponse(queue=queue(purging=True))),
        "DeleteQueue": (queues.delete, pb.DeleteQueueResponse()),
    }
    answers = {}
    for method, (call, response) in asked.items():
        requests = answer(method, response)
        answers[method] = await call("work")
        assert [request.queue for request in requests] == ["work"]
    assert answers["PauseQueue"].paused
    assert not answers["ResumeQueue"].paused
    assert answers["PurgeQueue"].purging
    assert answers["DeleteQueue"] is None


async def test_lists_go_on_over_pages_also_empty_ones(client, answer):
    requests = answer(
        "ListQueues",
        pb.ListQueuesResponse(queues=[queue("a"), queue("b")], next_page_token="2"),
        pb.ListQueuesResponse(next_page_token="3"),
        pb.ListQueuesResponse(queues=[queue("c")]),
    )
    assert [info.name async for info in client.admin.queues.list("p")] == ["a", "b", "c"]
    assert [(request.prefix, request.page_token) for request in requests] == [("p", ""), ("p", "2"), ("p", "3")]


async def test_jobs_are_listed_by_queue_group_and_state(client, answer):
    job = queue_service_pb2.Job(job_id="j", queue="work", stats=queue_service_pb2.JobStats(failed=2, push_time=THEN))
    requests = answer("ListJobs", pb.ListJobsResponse(jobs=[job]))
    jobs = [info async for info in client.admin.jobs.list(queue="work", group_id="g", state=longshore.JobState.FAILED)]
    assert [(info.job_id, info.stats.failed) for info in jobs] == [("j", 2)]
    assert [info.job_id async for info in client.admin.jobs.list()] == ["j"]
    assert (requests[0].queue, requests[0].group_id, requests[0].state) == (
        "work",
        "g",
        queue_service_pb2.JOB_STATE_FAILED,
    )
    assert requests[1] == pb.ListJobsRequest()


async def test_a_filter_says_all_that_was_chosen(client, answer):
    requests = answer("ListEvents", pb.ListEventsResponse())
    chosen = admin.EventFilter(
        queue="work",
        job_id="j",
        state=admin.EventState.FAILED,
        event_ids=("j.0", "j.7"),
        reason="LEASE_LOST",
        finished_after=MOMENT,
        finished_before=MOMENT + timedelta(seconds=1),
    )
    assert [event async for event in client.admin.events.list(chosen, full=True)] == []
    assert [event async for event in client.admin.events.list()] == []
    first, second = requests
    assert first.filter == pb.EventFilter(
        queue="work",
        job_id="j",
        state=event_pb2.EVENT_STATE_FAILED,
        event_ids=[pb.EventId(event_id="j.0"), pb.EventId(event_id="j.7")],
        reason="LEASE_LOST",
        finished_after=THEN,
        finished_before=Timestamp(seconds=1_900_000_001),
    )
    assert (first.view, second.view) == (pb.EVENT_VIEW_FULL, pb.EVENT_VIEW_BASIC)
    assert second.filter == pb.EventFilter()
    with pytest.raises(ValueError, match="finished_after must have a time zone"):
        client.admin.events.list(admin.EventFilter(finished_after=MOMENT.replace(tzinfo=None)))


async def test_an_event_is_shown_with_all_that_is_kept(client, answer):
    stored = pb.StoredEvent(
        event_id="j.1",
        job_id="j",
        queue="work",
        state=event_pb2.EVENT_STATE_FAILED,
        priority=9,
        due_time=THEN,
        push_time=THEN,
        finish_time=THEN,
        attempt=6,
        failures=5,
        lease_losses=1,
        reason="BROKEN",
        message="for good",
        payload=event_pb2.Payload(json='{"a":1}'),
        data=event_pb2.Payload(data=b"\x00"),
        attributes={"k": "v"},
        concurrency=event_pb2.Concurrency(key="c", limit=2),
        waiting_for_key=True,
        retry_policy=event_pb2.RetryPolicy(max_attempts=6),
        progress=queue_service_pb2.Progress(fraction=0.5, text="half"),
        attempts=[
            pb.Attempt(
                attempt=6,
                outcome=pb.ATTEMPT_OUTCOME_LEASE_LOST,
                reason="LEASE_LOST",
                delivery_time=THEN,
                end_time=THEN,
            )
        ],
    )
    requests = answer("GetEvent", pb.GetEventResponse(event=stored))
    event = await client.admin.events.get("j.1")
    assert requests[0].event_id == "j.1"
    assert event == admin.StoredEvent(
        event_id="j.1",
        job_id="j",
        queue="work",
        state=admin.EventState.FAILED,
        priority=9,
        due_time=MOMENT,
        push_time=MOMENT,
        expire_time=None,
        attempt=6,
        failures=5,
        lease_losses=1,
        first_delivery_time=None,
        lease_expire_time=None,
        finish_time=MOMENT,
        reason="BROKEN",
        message="for good",
        concurrency=longshore.Concurrency("c", 2),
        waiting_for_key=True,
        retry_policy=longshore.RetryPolicy(max_attempts=6),
        progress=0.5,
        progress_text="half",
        body={"a": 1},
        attributes={"k": "v"},
        data=b"\x00",
        attempts=(
            admin.Attempt(
                attempt=6,
                outcome=admin.AttemptOutcome.LEASE_LOST,
                reason="LEASE_LOST",
                message="",
                delivery_time=MOMENT,
                end_time=MOMENT,
            ),
        ),
    )


async def test_dead_letters_are_redriven_and_deleted_and_pending_events_changed(client, answer):
    chosen = admin.EventFilter(queue="work")
    events = client.admin.events
    redrives = answer("RedriveEvents", pb.RedriveEventsResponse(redriven=5, skipped=1, last_due_time=THEN))
    assert await events.redrive(chosen, rate=2.5) == admin.Redriven(redriven=5, skipped=1, last_due_time=MOMENT)
    await events.redrive(chosen)
    assert [request.events_per_second for request in redrives] == [2.5, 0]
    assert [request.HasField("events_per_second") for request in redrives] == [True, False]
    deletes = answer("DeleteEvents", pb.DeleteEventsResponse(deleted=4))
    assert await events.delete(chosen) == 4
    updates = answer("UpdateEvents", pb.UpdateEventsResponse(updated=3))
    assert await events.update(chosen, due=MOMENT, priority=0) == 3
    await events.update(chosen)
    assert (updates[0].due_time, updates[0].HasField("priority"), updates[0].priority) == (THEN, True, 0)
    assert (updates[1].HasField("due_time"), updates[1].HasField("priority")) == (False, False)
    assert {request.filter.queue for request in [*redrives, *deletes, *updates]} == {"work"}


def schedule(**fields):
    return pb.Schedule(
        name="nightly",
        cron="0 3 * * *",
        queue="work",
        events=[longshore.NewEvent({"a": 1}, delay=2.5, priority=0).spec()],
        create_time=THEN,
        update_time=THEN,
        **fields,
    )


async def test_a_schedule_is_put_and_shown(client, answer):
    requests = answer(
        "PutSchedule",
        pb.PutScheduleResponse(
            schedule=schedule(
                next_fire_time=THEN,
                last_job_id="j",
                skipped=2,
                missed_fire=pb.MISSED_FIRE_POLICY_RUN_ONCE,
                overlap=pb.OVERLAP_POLICY_ALLOW,
            )
        ),
    )
    events = [longshore.NewEvent({"a": 1}, delay=2.5, priority=0)]
    info = await client.admin.schedules.put(
        "nightly",
        "0 3 * * *",
        "work",
        events,
        time_zone="Europe/Berlin",
        paused=True,
        overlap=admin.OverlapPolicy.ALLOW,
        missed_fire=admin.MissedFirePolicy.RUN_ONCE,
    )
    put = requests[0].schedule
    assert (put.name, put.cron, put.queue, put.time_zone, put.paused) == (
        "nightly",
        "0 3 * * *",
        "work",
        "Europe/Berlin",
        True,
    )
    assert (put.overlap, put.missed_fire) == (pb.OVERLAP_POLICY_ALLOW, pb.MISSED_FIRE_POLICY_RUN_ONCE)
    assert put.events[0] == events[0].spec()
    assert info == admin.ScheduleInfo(
        name="nightly",
        cron="0 3 * * *",
        time_zone="UTC",
        queue="work",
        events=tuple(events),
        paused=False,
        overlap=admin.OverlapPolicy.ALLOW,
        missed_fire=admin.MissedFirePolicy.RUN_ONCE,
        next_fire_time=MOMENT,
        last_fire_time=None,
        last_job_id="j",
        skipped=2,
        create_time=MOMENT,
        update_time=MOMENT,
    )


async def test_pausing_a_schedule_keeps_all_else(client, answer):
    answer("GetSchedule", pb.GetScheduleResponse(schedule=schedule(time_zone="Asia/Tokyo")))
    requests = answer("PutSchedule", pb.PutScheduleResponse(schedule=schedule(paused=True)))
    assert (await client.admin.schedules.pause("nightly")).paused
    await client.admin.schedules.resume("nightly")
    assert [request.schedule.paused for request in requests] == [True, False]
    assert requests[0].schedule == schedule(time_zone="Asia/Tokyo", paused=True)


async def test_schedules_are_listed_shown_run_and_deleted(client, answer):
    schedules = client.admin.schedules
    answer("ListSchedules", pb.ListSchedulesResponse(schedules=[schedule()]))
    assert [info.name async for info in schedules.list()] == ["nightly"]
    answer("GetSchedule", pb.GetScheduleResponse(schedule=schedule()))
    assert (await schedules.get("nightly")).overlap == admin.OverlapPolicy.SKIP
    runs = answer("RunSchedule", pb.RunScheduleResponse(job_id="j"))
    assert (await schedules.run("nightly")).job_id == "j"
    deletes = answer("DeleteSchedule", pb.DeleteScheduleResponse(deleted=True))
    assert await schedules.delete("nightly") is True
    assert runs[0].name == deletes[0].name == "nightly"


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("RunSchedule", lambda client: client.admin.schedules.run("nightly")),
        ("BackupStore", lambda client: client.admin.store.backup("copy.db")),
    ],
)
async def test_what_must_not_happen_twice_is_not_asked_again(client, fake, method, call):
    async def lose(request, context):
        await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")

    fake.answers[method] = lose
    with pytest.raises(longshore.Unavailable):
        await call(client)
    assert len(fake.requests[method]) == 1


async def test_the_store_is_copied_checked_and_described(client, answer):
    store = client.admin.store
    requests = answer("BackupStore", pb.BackupStoreResponse(file="/data/copy.db", size_bytes=4096))
    assert await store.backup("copy.db") == admin.Backup(file="/data/copy.db", size_bytes=4096)
    assert requests[0].file == "copy.db"
    answer("CheckStore", pb.CheckStoreResponse(faults=[pb.StoreFault(description="page 7 is torn")]))
    assert await store.check() == ("page 7 is torn",)
    answer(
        "GetServerInfo",
        pb.GetServerInfoResponse(
            version="0.1.0",
            start_time=THEN,
            store_incarnation="i",
            store_kind="SQLite 3.46.1",
            store_size_bytes=1,
            schema_version=2,
            streams=3,
            leases=4,
            settings=[pb.Setting(name="address", value="127.0.0.1:0")],
        ),
    )
    assert await store.info() == admin.ServerInfo(
        version="0.1.0",
        start_time=MOMENT,
        store_incarnation="i",
        store_kind="SQLite 3.46.1",
        store_size_bytes=1,
        schema_version=2,
        streams=3,
        leases=4,
        settings={"address": "127.0.0.1:0"},
    )


async def test_long_work_outlives_the_timeout_of_a_call(fake):
    async def slow(request, context):
        fake.left = context.time_remaining()
        return pb.CheckStoreResponse()

    fake.answers["CheckStore"] = slow
    async with longshore.connect(fake.address, timeout=1) as client:
        await asyncio.wait_for(client.admin.store.check(), 20)
    assert fake.left > 3000
