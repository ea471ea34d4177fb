"""Rates of the key-value store over the wire, at a clock that stands still."""

import pytest

from longshore.v1 import kv_service_pb2 as kv_pb, queue_service_pb2 as pb
from queue_service.domain.limits import Limits


@pytest.fixture
def clock(stepped_clock):
    return stepped_clock


@pytest.fixture
def limits():
    return Limits(kv_reads_per_second=10, kv_writes_per_second=4)


@pytest.fixture
def put(kv):
    return lambda key="k": kv.SetEntry(kv_pb.SetEntryRequest(key=key, payload={"json": "1"}))


@pytest.fixture
def read(kv):
    return lambda *keys: kv.BatchGetEntries(kv_pb.BatchGetEntriesRequest(keys=keys or ["k"]))


def writes(count):
    return [{"key": f"k{number}", "set": {"payload": {"json": "1"}}} for number in range(count)]


def wait_of(refusal):
    return refusal.details["RetryInfo"].retry_delay.ToMilliseconds()


async def test_a_write_too_many_is_refused_with_the_true_wait(put, kv, refused, clock):
    for _ in range(3):
        await put()
    await kv.DeleteEntry(kv_pb.DeleteEntryRequest(key="k"))
    refusal = await refused(put())
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert refusal.text == "more than 4 KV writes a second: try again in 0.25 s"
    assert [one.subject for one in refusal.details["QuotaFailure"].violations] == ["KV writes"]
    assert wait_of(refusal) == 250
    clock.step(249)
    assert wait_of(await refused(put())) == 1
    clock.step(1)
    await put()


async def test_reads_and_writes_are_counted_apart(put, read, refused):
    for _ in range(4):
        await put()
    await refused(put())
    await read()


async def test_a_read_counts_its_keys_and_a_list_counts_one(kv, read, refused):
    await read(*"abcdefg")
    await kv.ListEntries(kv_pb.ListEntriesRequest())
    assert (await refused(kv.GetEntry(kv_pb.GetEntryRequest(key="k")))).reason == "ENTRY_NOT_FOUND"
    assert wait_of(await refused(read(*"ab"))) == 100
    await read("a")
    for call in (
        read("a"),
        kv.ListEntries(kv_pb.ListEntriesRequest()),
        kv.GetEntry(kv_pb.GetEntryRequest(key="k")),
    ):
        assert (await refused(call)).reason == "RATE_LIMITED"


async def test_operations_of_a_commit_count_as_writes_and_a_refused_commit_does_nothing(queue, kv, put, push, refused):
    checks = [{"key": "x", "absent": True}]
    await queue.Commit(pb.CommitRequest(entry_checks=checks, entry_writes=writes(1)))
    step = pb.CommitRequest(
        pushes=[{"queue": "q", "events": [{"payload": {"json": "1"}}]}], entry_checks=checks, entry_writes=writes(2)
    )
    refusal = await refused(queue.Commit(step))
    assert (refusal.reason, wait_of(refusal)) == ("RATE_LIMITED", 250)
    stored = (await kv.ListEntries(kv_pb.ListEntriesRequest())).entries
    assert [entry.key for entry in stored] == ["k0"]
    await queue.Commit(pb.CommitRequest(entry_writes=writes(2)))  # the refused one used nothing up
    await refused(put())
    await queue.Commit(pb.CommitRequest(pushes=step.pushes))  # none of its operations are the store's


async def test_a_read_larger_than_the_rate_passes_when_nothing_was_read_and_is_paid_for(read, refused, clock):
    keys = [f"k{number}" for number in range(25)]
    await read(*keys)
    assert wait_of(await refused(read("a"))) == 1_600
    clock.step(1_600)
    await read("a")
    assert wait_of(await refused(read(*keys))) == 1_000
    clock.step(1_000)
    await read(*keys)


async def test_a_faulty_request_uses_nothing_up(kv, put, refused):
    for _ in range(5):
        assert (await refused(kv.SetEntry(kv_pb.SetEntryRequest(key="")))).reason == "INVALID_REQUEST"
    for _ in range(4):
        await put()
