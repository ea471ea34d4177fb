"""Checks of requests: each bound, with its path, all faults at once."""

import json

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2, queue_service_pb2 as pb
from queue_service.domain.errors import InvalidRequest
from queue_service.domain.ids import LeaseKey
from queue_service.domain.limits import Limits
from queue_service.rpc.checks import MAX_FAULTS, NO_LEASE, Checks
from queue_service.rpc.requests import Requests

NOW = 1_800_000_000_000
DAY = 86_400
LEASE = "0123abcd-7-1"
UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def checks():
    return Checks()


@pytest.fixture
def requests():
    return Requests(Limits(), "0123abcd")


def fields(checks):
    return [fault.field for fault in checks.faults]


def push(**values):
    return pb.PushRequest(**{"queue": "q", "events": [{"payload": {"json": "1"}}], **values})


def event(**values):
    return push(events=[{"payload": {"json": "1"}, **values}])


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (push(queue=""), "queue"),
        (push(queue="-begins-with-a-dash"), "queue"),
        (push(queue="a b"), "queue"),
        (push(queue="ä"), "queue"),
        (push(queue="q\n"), "queue"),
        (push(queue="q" * 129), "queue"),
        (push(events=[]), "events"),
        (push(events=[{"payload": {"json": "1"}}] * 1_001), "events"),
        (push(events=[{}]), "events[0].payload"),
        (push(events=[{"payload": {}}]), "events[0].payload"),
        (push(events=[{"payload": {"json": ""}}]), "events[0].payload.json"),
        (push(events=[{"payload": {"json": "{"}}]), "events[0].payload.json"),
        (push(events=[{"payload": {"json": "NaN"}}]), "events[0].payload.json"),
        (push(events=[{"payload": {"json": "[" * 100_000}}]), "events[0].payload.json"),
        (push(events=[{"payload": {"data": b"x" * (1024 * 1024 + 1)}}]), "events[0].payload.data"),
        (push(job_id="no uuid"), "job_id"),
        (push(job_id=""), "job_id"),
        (push(job_id="01890a5d-ac96-874b-bcce-b302099a8057"), "job_id"),
        (push(request_id=""), "request_id"),
        (push(request_id="r" * 129), "request_id"),
        (push(request_id="ä" * 65), "request_id"),
        (push(request_id="a\0b"), "request_id"),
        (push(group_id="x"), "group_id"),
        (push(seal_group=True), "seal_group"),
        (push(parent_lease_id="x"), "parent_lease_id"),
        (event(delay=Duration(seconds=-1)), "events[0].delay"),
        (event(delay=Duration(nanos=-1_000_000)), "events[0].delay"),
        (event(delay=Duration(seconds=366 * DAY, nanos=1)), "events[0].delay"),
        (event(delay=Duration(seconds=1, nanos=-1)), "events[0].delay"),
        (event(not_before_time=Timestamp(seconds=NOW // 1000 + 366 * DAY, nanos=1)), "events[0].not_before_time"),
        (event(not_before_time=Timestamp(nanos=-1)), "events[0].not_before_time"),
        (event(not_before_time=Timestamp(seconds=253_402_300_800)), "events[0].not_before_time"),
        (event(attributes={f"k{n}": "v" for n in range(65)}), "events[0].attributes"),
        (event(attributes={"": "v"}), "events[0].attributes"),
        (event(attributes={"k" * 129: "v"}), "events[0].attributes"),
        (event(attributes={"k": "v" * 1_025}), "events[0].attributes['k']"),
    ],
)
def test_each_fault_of_a_push_is_named_by_its_path(checks, requests, message, path):
    requests.push(checks, "", message, NOW)
    assert fields(checks) == [path]
    requests.push(other := Checks(), "pushes[3].", message, NOW)
    assert fields(other) == [f"pushes[3].{path}"]


@pytest.mark.parametrize(
    "message",
    [
        push(queue="_a.B-9"),
        push(queue="q" * 128),
        push(events=[{"payload": {"data": b""}}] * 1_000),
        push(events=[{"payload": {"data": b"x" * 1024 * 1024}}]),
        push(events=[{"payload": {"json": "9" * 10_000}}]),
        push(events=[{"payload": {"json": ' "\\u0000" '}}]),
        push(job_id=UUID.upper()),
        push(request_id="ä" * 64),
        push(group_id=UUID, seal_group=True),
        push(parent_lease_id=LEASE, seal_group=True),
        event(delay=Duration(seconds=366 * DAY)),
        event(not_before_time=Timestamp(seconds=NOW // 1000 + 366 * DAY)),
        event(not_before_time=Timestamp(seconds=-62_135_596_800)),
        event(attributes={"k" * 126 + f"{n}": "v" * 1_024 for n in range(64)}),
    ],
)
def test_what_is_within_the_bounds_passes(checks, requests, message):
    requests.push(checks, "", message, NOW)
    assert checks.faults == []


def test_all_faults_are_told_at_once(checks, requests):
    message = push(queue="!", job_id="x", events=[{}, {"payload": {"json": "?"}, "delay": Duration(seconds=-1)}])
    requests.push(checks, "", message, NOW)
    with pytest.raises(InvalidRequest, match=r"queue: .* \(and 4 more\)") as raised:
        checks.done()
    assert [fault.field for fault in raised.value.faults] == [
        "queue",
        "events[0].payload",
        "events[1].payload.json",
        "events[1].delay",
        "job_id",
    ]


def test_only_as_many_events_are_looked_at_as_a_push_may_have(checks, requests):
    """4 MiB hold two million empty events: to look at them all would keep everybody else waiting for a minute."""
    job = requests.push(checks, "", push(events=[{}] * 3_000), NOW)
    assert (len(job.events), fields(checks)[0]) == (1_000, "events")
    group = requests.on_complete(checks, pb.OnComplete(queue="q", events=[{}] * 3_000), NOW)
    assert len(group.events) == 100
    assert len(requests.subscriptions(checks, [pb.Subscription()] * 3_000)) == 100
    with pytest.raises(InvalidRequest) as caught:
        requests.commit(pb.CommitRequest(pushes=[{}] * 3_000), NOW)
    assert [fault.field for fault in caught.value.faults] == ["pushes"]


def test_the_noted_faults_are_bounded(checks, requests):
    requests.push(checks, "", push(events=[{}] * 1_000), NOW)
    assert len(checks.faults) == MAX_FAULTS


@pytest.mark.parametrize(
    ("duration", "millis"),
    [(Duration(), 0), (Duration(nanos=1), 1), (Duration(nanos=1_000), 1), (Duration(seconds=2, nanos=500_000), 2_001)],
)
def test_spans_are_rounded_up_to_milliseconds(checks, duration, millis):
    assert checks.span("x", duration, lowest=0, highest=10_000) == millis
    assert checks.faults == []


def test_a_span_that_is_just_too_long_is_not_shown_as_its_bound(checks):
    checks.span("delay", Duration(seconds=366 * DAY, nanos=1_000_000), lowest=0, highest=366 * DAY * 1_000)
    assert checks.faults[0].description == "must be 0 s to 366 days, is 31,622,400.001 s"


def test_instants_are_rounded_up_to_milliseconds(checks):
    assert checks.instant("x", Timestamp(seconds=5, nanos=1), latest=10_000) == 5_001
    assert checks.instant("x", Timestamp(seconds=-5, nanos=999_999_999), latest=10_000) == -4_000
    assert checks.faults == []


def test_a_lease_of_another_store_is_lost_and_not_faulty(checks):
    assert checks.lease("x", "ffffffff-7-1", "0123abcd") == NO_LEASE
    assert checks.lease("x", LEASE, "0123abcd") == LeaseKey(7, 1)
    assert checks.faults == []
    checks.lease("x", "7-1", "0123abcd")
    assert fields(checks) == ["x"]


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"success": {}, "lease_id": ""}, "lease_id"),
        ({"success": {}, "lease_id": "0123abcd-07-1"}, "lease_id"),
        ({}, "outcome"),
        ({"retry": {"after": Duration(seconds=-1)}}, "retry.after"),
        ({"retry": {"reason": "r" * 129}}, "retry.reason"),
        ({"retry": {"data": {}}}, "retry.data"),
        ({"retry": {"data": {"json": "?"}}}, "retry.data.json"),
        ({"retry": {"data": {"data": b"x" * (16 * 1024 + 1)}}}, "retry.data.data"),
        ({"failure": {"reason": "r" * 129}}, "failure.reason"),
        ({"release": {"after": Duration(seconds=366 * DAY + 1)}}, "release.after"),
        ({"release": {"reason": "r" * 129}}, "release.reason"),
        ({"release": {"data": {"data": b"x" * (16 * 1024 + 1)}}}, "release.data.data"),
    ],
)
def test_each_fault_of_an_acknowledgement_is_named(checks, requests, values, path):
    requests.settlement(checks, "", pb.Acknowledgement(**{"lease_id": LEASE, **values}))
    assert fields(checks) == [path]


def test_a_message_that_is_too_long_is_cut_at_a_whole_character(checks, requests):
    ack = pb.Acknowledgement(lease_id=LEASE, retry={"message": "a" + "ä" * 1_000})
    settlement = requests.settlement(checks, "", ack)
    assert checks.faults == []
    assert settlement.outcome.message == "a" + "ä" * 511


@pytest.mark.parametrize(
    ("values", "paths"),
    [
        ({"request_id": ""}, ["request_id"]),
        ({"acknowledgements": [{"lease_id": LEASE, "success": {}}] * 2}, ["acknowledgements[1].lease_id"]),
        ({"entry_checks": [{"key": "k", "absent": True}] * 2}, ["entry_checks[1].key"]),
        ({"entry_checks": [{"key": "k", "absent": False}]}, ["entry_checks[0].absent"]),
        ({"entry_checks": [{"key": "k", "version": 0}]}, ["entry_checks[0].version"]),
        ({"entry_checks": [{"key": "k"}]}, ["entry_checks[0].condition"]),
        ({"entry_writes": [{"key": "k", "delete": {}}] * 2}, ["entry_writes[1].key"]),
        ({"entry_writes": [{"key": "k"}]}, ["entry_writes[0].operation"]),
        ({"entry_writes": [{"key": "k", "set": {}}]}, ["entry_writes[0].set.payload"]),
        (
            {"entry_writes": [{"key": " ", "set": {"payload": {"json": "1"}, "expire_after": Duration()}}]},
            ["entry_writes[0].key", "entry_writes[0].set.expire_after"],
        ),
        ({"pushes": [push(job_id=UUID), push(job_id=UUID.upper())]}, ["pushes[1].job_id"]),
        ({"pushes": [push(request_id="r"), push(request_id="r")]}, ["pushes[1].request_id"]),
        ({"pushes": [push(), push(events=[{"payload": {"json": "?"}}])]}, ["pushes[1].events[0].payload.json"]),
        ({"pushes": [push(events=[{"payload": {"json": "1"}}] * 600)] * 2}, ["acknowledgements and pushes[].events"]),
        ({"entry_writes": [{"key": "k", "delete": {}}] * 101}, ["entry_checks and entry_writes"]),
    ],
)
def test_each_fault_of_a_commit_is_named(requests, values, paths):
    with pytest.raises(InvalidRequest) as raised:
        requests.commit(pb.CommitRequest(**values), NOW)
    assert [fault.field for fault in raised.value.faults] == paths


def test_a_request_id_names_a_push_within_its_queue_only(requests):
    step = requests.commit(
        pb.CommitRequest(pushes=[push(queue="a", request_id="r"), push(queue="b", request_id="r")]), NOW
    )
    assert [job.queue for job in step.pushes] == ["a", "b"]


def test_the_fingerprint_is_of_queue_group_and_events_only(requests):
    def fingerprint(**values):
        return requests.push(Checks(), "", push(**values), NOW).fingerprint

    base = fingerprint()
    assert fingerprint(job_id=UUID, request_id="r", parent_lease_id=LEASE) == base
    events = [{"payload": {"json": "1"}}]
    different = [
        fingerprint(queue="other"),
        fingerprint(group_id=UUID),
        fingerprint(events=events * 2),
        fingerprint(events=[{"payload": {"data": b"1"}}]),
        fingerprint(events=[{"payload": {"json": "1"}, "attributes": {"a": "b"}}]),
    ]
    assert len({base, *different}) == 6


@pytest.mark.parametrize(
    ("queues", "paths"),
    [
        ([], ["subscriptions"]),
        (["q"] * 2, ["subscriptions[1].queue"]),
        (["!"], ["subscriptions[0].queue"]),
        ([f"q{n}" for n in range(101)], ["subscriptions"]),
    ],
)
def test_each_fault_of_subscriptions_is_named(checks, requests, queues, paths):
    requests.subscriptions(checks, [pb.Subscription(queue=queue) for queue in queues])
    assert fields(checks) == paths


def test_a_completion_job_has_its_own_bounds(checks, requests):
    requests.on_complete(
        checks,
        pb.OnComplete(
            queue="!",
            events=[
                event_pb2.EventSpec(
                    payload={"json": json.dumps("x" * 2_500)}, attributes={f"k{n}": "" for n in range(60)}
                )
            ]
            * 101,
        ),
        NOW,
    )
    assert fields(checks)[:4] == [
        "on_complete",
        "on_complete.queue",
        "on_complete.events",
        "on_complete.events[0].attributes",
    ]


@pytest.mark.parametrize("key", ["", " ", "   ", "ä", "a\n", "a*", "k" * 501, "a\0b"])
def test_keys_that_are_refused(checks, key):
    checks.key("key", key)
    assert fields(checks) == ["key"]


@pytest.mark.parametrize("key", ["a", " a", "k" * 500, "a:b.c_d-e#f/g 9"])
def test_keys_that_pass(checks, key):
    assert checks.key("key", key) == key
    assert checks.faults == []
