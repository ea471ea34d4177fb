"""Every error that the broker can send, with its code, reason and details."""

import pytest

from longshore.v1 import error_reason_pb2, kv_service_pb2, queue_service_pb2 as pb
from queue_service.domain.errors import DataLoss
from queue_service.rpc.errors import TABLE

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
SENT_BY_THE_WORKER = {"IMPORT_NOT_FOUND", "CONFIG_INVALID"}


@pytest.fixture
def told(refused):
    """Awaits a refusal with this code and reason."""

    async def told(call, code, reason):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (code, reason)
        assert refusal.details["ErrorInfo"].domain == "longshore"
        assert refusal.status.message == refusal.text != ""
        return refusal

    return told


def entry(**values):
    return kv_service_pb2.SetEntryRequest(**{"key": "k", "payload": {"json": "1"}, **values})


async def test_invalid_request(queue, told):
    call = queue.Push(pb.PushRequest(queue="!", events=[{"payload": {"json": "?"}}]))
    refusal = await told(call, "INVALID_ARGUMENT", "INVALID_REQUEST")
    assert refusal.fields == ["queue", "events[0].payload.json"]


async def test_invalid_request_of_the_largest_kind_arrives_every_time(queue, told):
    """Trailers have a soft limit above which the core drops them by chance."""
    request = pb.GetJobStatsRequest(job_ids=["\U0001f600" * 200] * 1_000)
    for _ in range(30):
        refusal = await told(queue.GetJobStats(request), "INVALID_ARGUMENT", "INVALID_REQUEST")
        assert refusal.details["BadRequest"].field_violations[-1].description.startswith("and ")


@pytest.mark.parametrize("size", [4 * 1024 * 1024 + 100, 8 * 1024 * 1024 - 100])
async def test_request_too_large(queue, told, size):
    call = queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"data": b"x" * size}}]))
    refusal = await told(call, "INVALID_ARGUMENT", "REQUEST_TOO_LARGE")
    assert int(refusal.metadata["size_bytes"]) > size
    assert refusal.metadata["limit_bytes"] == str(4 * 1024 * 1024)


@pytest.mark.parametrize(
    ("method", "request_", "kind", "reason"),
    [
        ("GetJob", pb.GetJobRequest(job_id=ID), "job", "JOB_NOT_FOUND"),
        ("CancelJob", pb.CancelJobRequest(job_id=ID), "job", "JOB_NOT_FOUND"),
        ("GetGroup", pb.GetGroupRequest(group_id=ID), "group", "GROUP_NOT_FOUND"),
        ("SealGroup", pb.SealGroupRequest(group_id=ID), "group", "GROUP_NOT_FOUND"),
        ("CancelGroup", pb.CancelGroupRequest(group_id=ID), "group", "GROUP_NOT_FOUND"),
        (
            "Push",
            pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}], group_id=ID),
            "group",
            "GROUP_NOT_FOUND",
        ),
    ],
)
async def test_not_found(queue, told, method, request_, kind, reason):
    refusal = await told(getattr(queue, method)(request_), "NOT_FOUND", reason)
    resource = refusal.details["ResourceInfo"]
    assert (resource.resource_type, resource.resource_name) == (kind, ID)


async def test_entry_not_found(kv, told):
    refusal = await told(kv.GetEntry(kv_service_pb2.GetEntryRequest(key="k")), "NOT_FOUND", "ENTRY_NOT_FOUND")
    assert refusal.details["ResourceInfo"].resource_name == "k"


async def test_id_reused(queue, push, told):
    await push(job_id=ID)
    refusal = await told(push(job_id=ID, texts=["2"]), "ALREADY_EXISTS", "ID_REUSED")
    assert refusal.metadata == {"field": "job_id", "existing_id": ID}


async def test_id_reused_by_name(push, told):
    job_id = (await push(request_id="r")).job_id
    refusal = await told(push(request_id="r", texts=["2"]), "ALREADY_EXISTS", "ID_REUSED")
    assert refusal.metadata == {"field": "request_id", "existing_id": job_id}


async def test_another_spelling_of_a_group_is_no_other_content(queue, push):
    group_id = (await queue.CreateGroup(pb.CreateGroupRequest())).group.group_id
    await push(job_id=ID, group_id=group_id)
    assert (await push(job_id=ID, group_id=group_id.upper())).deduplicated


async def test_entry_exists(kv, told):
    version = (await kv.SetEntry(entry())).version
    refusal = await told(kv.SetEntry(entry(if_absent=True)), "ALREADY_EXISTS", "ENTRY_EXISTS")
    assert refusal.metadata == {"key": "k", "current_version": str(version)}


async def test_version_mismatch(kv, told):
    version = (await kv.SetEntry(entry())).version
    refusal = await told(kv.SetEntry(entry(if_version=version + 7)), "ABORTED", "VERSION_MISMATCH")
    assert refusal.metadata == {"key": "k", "current_version": str(version)}
    request = kv_service_pb2.DeleteEntryRequest(key="absent", if_version=1)
    refusal = await told(kv.DeleteEntry(request), "ABORTED", "VERSION_MISMATCH")
    assert refusal.metadata == {"key": "absent", "current_version": "0"}


async def test_lease_lost(queue, push, lease, ack, told):
    await push()
    (delivery,) = await lease()
    await ack(delivery)
    commit = pb.CommitRequest(acknowledgements=[{"lease_id": delivery.lease_id, "success": {}}])
    refusal = await told(queue.Commit(commit), "FAILED_PRECONDITION", "LEASE_LOST")
    assert refusal.details["PreconditionFailure"].violations[0].subject == delivery.lease_id
    await told(push(parent_lease_id=delivery.lease_id), "FAILED_PRECONDITION", "LEASE_LOST")


async def test_group_sealed_and_cancelled(queue, push, told):
    group_id = (await queue.CreateGroup(pb.CreateGroupRequest())).group.group_id
    await push(group_id=group_id, seal_group=True)
    refusal = await told(push(group_id=group_id), "FAILED_PRECONDITION", "GROUP_SEALED")
    assert refusal.metadata == {"group_id": group_id}
    await queue.CancelGroup(pb.CancelGroupRequest(group_id=group_id))
    refusal = await told(push(group_id=group_id), "FAILED_PRECONDITION", "GROUP_CANCELLED")
    assert refusal.details["PreconditionFailure"].violations[0].type == "GROUP"


async def test_unavailable(app, queue, push, told):
    await push()
    await app._broker.drain()
    refusal = await told(push(), "UNAVAILABLE", "UNAVAILABLE")
    assert refusal.details["RetryInfo"].retry_delay.ToMilliseconds() > 0


async def test_disk_full(app, queue, push, told):
    pages = await app._store._connection.execute_fetchall("PRAGMA page_count")
    await app._store._connection.execute_fetchall(f"PRAGMA max_page_count = {next(iter(pages))[0] + 3}")
    large = {"queue": "q", "events": [{"payload": {"data": b"x" * 500_000}}]}
    refusal = await told(queue.Push(pb.PushRequest(**large)), "RESOURCE_EXHAUSTED", "DISK_FULL")
    assert refusal.details["QuotaFailure"].violations[0].subject == "disk"
    assert refusal.details["RetryInfo"].retry_delay.ToMilliseconds() > 0
    await push()  # a small one still fits


async def test_data_loss(app, queue, told, monkeypatch):
    async def damaged(_ids):
        raise DataLoss("database disk image is malformed")

    monkeypatch.setattr(app._store, "get_job_details", damaged)
    refusal = await told(queue.GetJob(pb.GetJobRequest(job_id=ID)), "DATA_LOSS", "DATA_LOSS")
    assert "restore a backup" in refusal.text


async def test_unimplemented(channel, told):
    call = channel.unary_unary("/longshore.v1.QueueService/Nothing")(b"")
    refusal = await told(call, "UNIMPLEMENTED", "UNIMPLEMENTED")
    assert refusal.metadata == {"method": "/longshore.v1.QueueService/Nothing"}


async def test_internal(app, queue, told, monkeypatch, caplog):
    async def broken(_ids):
        raise RuntimeError("secret")

    monkeypatch.setattr(app._store, "get_job_details", broken)
    refusal = await told(queue.GetJob(pb.GetJobRequest(job_id=ID)), "INTERNAL", "INTERNAL")
    assert "secret" not in refusal.text
    assert refusal.metadata["request_id"] in refusal.text
    traces = [record for record in caplog.records if refusal.metadata["request_id"] in record.getMessage()]
    assert len(traces) == 1
    assert traces[0].exc_info is not None


def test_every_reason_of_the_contract_is_sent_by_someone():
    broker = {reason for _, reason, _ in TABLE.values()}
    every_service = {"REQUEST_TOO_LARGE", "UNAVAILABLE", "UNIMPLEMENTED", "INTERNAL"}
    names = [value.name.removeprefix("ERROR_REASON_") for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values]
    assert set(names) - broker - every_service == {"UNSPECIFIED"} | SENT_BY_THE_WORKER
