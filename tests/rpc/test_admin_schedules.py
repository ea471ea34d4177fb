"""Schedules over the wire: put, read, listed, run, deleted, and fired by the broker itself."""

import pytest

from longshore.v1 import queue_admin_service_pb2 as pb, queue_service_pb2

KIB = 1024
MINIMAL = {"name": "nightly", "cron": "0 3 * * *", "queue": "q", "events": [{"payload": {"json": "1"}}]}
FULL = {
    "name": "nightly",
    "cron": "0 */15 2 * * MON-FRI",
    "time_zone": "Europe/Berlin",
    "queue": "q",
    "events": [
        {
            "payload": {"json": '{"kind": "daily"}'},
            "delay": {"seconds": 3},
            "priority": 7,
            "concurrency": {"key": "k", "limit": 2},
            "attributes": {"own": "1"},
            "retry_policy": {"max_attempts": 2, "multiplier": 1.5, "max_age": {"seconds": 60}, "jitter": "JITTER_NONE"},
            "expire_after": {"seconds": 3_600},
        },
        {"payload": {"data": b"\0\xff"}, "not_before_time": {"seconds": 1_700_000_000, "nanos": 500_000_000}},
    ],
    "overlap": "OVERLAP_POLICY_ALLOW",
    "missed_fire": "MISSED_FIRE_POLICY_RUN_ONCE",
}


@pytest.fixture
def put(admin):
    async def put(**values):
        request = pb.PutScheduleRequest(schedule={**MINIMAL, **values})
        return (await admin.PutSchedule(request)).schedule

    return put


@pytest.fixture
def get(admin):
    async def get(name="nightly"):
        return (await admin.GetSchedule(pb.GetScheduleRequest(name=name))).schedule

    return get


@pytest.fixture
def faults(admin, refused):
    """What is told of a faulty schedule: description by field."""

    async def faults(**values):
        refusal = await refused(admin.PutSchedule(pb.PutScheduleRequest(schedule={**MINIMAL, **values})))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
        return {one.field: one.description for one in refusal.details["BadRequest"].field_violations}

    return faults


async def test_everything_comes_back_as_it_was_put(put, get, clock):
    answer = await put(**FULL)
    assert await get() == answer
    expected = pb.Schedule(**FULL)
    for field in ("next_fire_time", "create_time", "update_time"):
        getattr(expected, field).CopyFrom(getattr(answer, field))
    assert answer == expected
    assert answer.next_fire_time.seconds % 900 == 0
    assert 0 <= clock.now() - answer.create_time.ToMilliseconds() < 20_000


async def test_what_is_not_said(put):
    answer = await put()
    assert (answer.time_zone, answer.overlap, answer.missed_fire) == ("UTC", 1, 1)
    assert (answer.paused, answer.skipped) == (False, 0)
    assert [answer.HasField(field) for field in ("last_fire_time", "last_job_id")] == [False, False]
    assert not (await put(paused=True)).HasField("next_fire_time")


async def test_what_was_read_may_be_put_back(put, get, admin):
    await put(**FULL)
    before = await get()
    after = (await admin.PutSchedule(pb.PutScheduleRequest(schedule=before))).schedule
    after.update_time.CopyFrom(before.update_time)
    assert after == before


async def test_all_faults_are_told_at_once(admin, refused):
    refusal = await refused(admin.PutSchedule(pb.PutScheduleRequest()))
    assert sorted(refusal.fields) == ["schedule.cron", "schedule.events", "schedule.name", "schedule.queue"]
    schedule = {
        "name": "a/b",
        "cron": "60 24 * * *",
        "time_zone": "Europe/Berln",
        "queue": "",
        "events": [{"payload": {"json": "{"}, "priority": 10}],
        "overlap": 7,
        "missed_fire": 7,
    }
    refusal = await refused(admin.PutSchedule(pb.PutScheduleRequest(schedule=schedule)))
    assert sorted(refusal.fields) == [
        "schedule.cron",
        "schedule.cron",
        "schedule.events[0].payload.json",
        "schedule.events[0].priority",
        "schedule.missed_fire",
        "schedule.name",
        "schedule.overlap",
        "schedule.queue",
        "schedule.time_zone",
    ]


EVENT = MINIMAL["events"][0]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("cron", "* * *", "five fields"),
        ("cron", "0 0 31 2 *", "never fires"),
        ("cron", "0 " * 200, "may have 256 bytes, has 400"),
        ("cron", "* * * *\0*", "may not have the character NUL"),
        ("time_zone", "europe/berlin", "did you mean 'Europe/Berlin'?"),
        ("time_zone", "../../etc/passwd", "must be an IANA name"),
        ("time_zone", "x" * 100_000, "must be an IANA name"),
        ("time_zone", "Europe", "must be an IANA name"),
        ("time_zone", "right/UTC", "must be an IANA name"),
        ("events", [EVENT] * 101, "must be 1 to 100, is 101"),
        ("events", [{"payload": {"data": b"x" * 120 * KIB}}] * 2, "may have 245,760 bytes in all, have 245,77"),
    ],
)
async def test_one_fault(faults, field, value, told):
    found = await faults(**{field: value})
    assert list(found) == [f"schedule.{field}"]
    assert told in found[f"schedule.{field}"]


async def test_events_have_room_for_what_they_are_told(faults, put, admin, lease):
    attributes = {f"a{number}": "" for number in range(63)}
    found = await faults(events=[{**EVENT, "attributes": attributes}])
    assert found == {"schedule.events[0].attributes": "must be 0 to 62, is 63"}
    del attributes["a0"]
    await put(events=[{**EVENT, "attributes": attributes}] * 100)
    await admin.RunSchedule(pb.RunScheduleRequest(name="nightly"))
    assert len((await lease())[0].attributes) == 64


async def test_the_broker_fires_it(put, get, lease, queue):
    await put(cron="* * * * * *", overlap="OVERLAP_POLICY_ALLOW")
    (delivery,) = await lease(wait={"seconds": 20})
    schedule = await get()
    assert schedule.last_fire_time.seconds >= delivery.push_time.seconds
    told = dict(delivery.attributes)
    assert told["longshore.schedule"] == "nightly"
    assert told["longshore.fire_time"].endswith("Z")
    job = (await queue.GetJob(queue_service_pb2.GetJobRequest(job_id=delivery.job_id))).job
    assert job.lineage.root_job_id == delivery.job_id
    assert (job.queue, job.stats.in_progress) == ("q", 1)


async def test_run(put, get, admin, lease, refused):
    await put(paused=True)
    job_id = (await admin.RunSchedule(pb.RunScheduleRequest(name="nightly"))).job_id
    (delivery,) = await lease()
    assert (delivery.job_id, (await get()).last_job_id) == (job_id, job_id)
    await admin.UpdateQueue(pb.UpdateQueueRequest(queue="q", settings={"max_pending": 1}))
    await admin.RunSchedule(pb.RunScheduleRequest(name="nightly"))
    refusal = await refused(admin.RunSchedule(pb.RunScheduleRequest(name="nightly")))
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")


async def test_delete(put, get, admin, refused):
    await put()
    assert (await admin.DeleteSchedule(pb.DeleteScheduleRequest(name="nightly"))).deleted
    assert not (await admin.DeleteSchedule(pb.DeleteScheduleRequest(name="nightly"))).deleted
    for call in (get(), admin.RunSchedule(pb.RunScheduleRequest(name="nightly"))):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "SCHEDULE_NOT_FOUND")
        resource = refusal.details["ResourceInfo"]
        assert (resource.resource_type, resource.resource_name) == ("schedule", "nightly")


@pytest.mark.parametrize("method", ["GetSchedule", "RunSchedule", "DeleteSchedule"])
async def test_a_name_that_is_none(admin, refused, method):
    call = getattr(admin, method)(getattr(pb, f"{method}Request")(name="a/b"))
    assert (await refused(call)).fields == ["name"]


async def test_pages(put, admin, refused):
    names = [f"s{number}" for number in range(5)]
    for name in reversed(names):
        await put(name=name)
    found, token = [], ""
    for expected in (2, 2, 1):
        page = await admin.ListSchedules(pb.ListSchedulesRequest(page_size=2, page_token=token))
        assert len(page.schedules) == expected
        found += [schedule.name for schedule in page.schedules]
        token = page.next_page_token
    assert (found, token) == (names, "")
    refusal = await refused(admin.ListSchedules(pb.ListSchedulesRequest(page_size=-1, page_token="?")))
    assert sorted(refusal.fields) == ["page_size", "page_token"]


async def test_a_page_fits_into_a_response(put, admin):
    """Payloads may be as large as they may be, and of the kind that grows most on its way."""
    for number in range(16):
        payload = {"data": b"\xff" * 239 * KIB} if number % 2 else {"json": f'"{"ä" * 119 * KIB}"'}
        await put(name=f"s{number:02}", events=[{"payload": payload}])
    found, token, pages = [], "", 0
    while token or not pages:
        page = await admin.ListSchedules(pb.ListSchedulesRequest(page_token=token))
        assert page.ByteSize() <= 3_500 * KIB
        found += [schedule.name for schedule in page.schedules]
        token, pages = page.next_page_token, pages + 1
    assert found == [f"s{number:02}" for number in range(16)]
    assert pages > 1
