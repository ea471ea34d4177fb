"""The store over the wire: copies, checks, facts."""

import pytest

import longshore
from longshore.v1 import queue_admin_service_pb2 as pb, queue_service_pb2
from queue_service.app import App
from queue_service.settings import Settings
from queue_service.storage.sqlite.disk import Disk


@pytest.fixture
async def app(tmp_path, clock):
    """A broker with a folder for backups."""
    (tmp_path / "backups").mkdir()
    settings = Settings(address="127.0.0.1:0", database=tmp_path / "broker.db", backup_folder=tmp_path / "backups")
    app = await App.start(settings, clock=clock)
    yield app
    await app.stop()


async def test_backup(admin, push, tmp_path):
    await push()
    copied = await admin.BackupStore(pb.BackupStoreRequest(file=str(tmp_path / "backups" / ".." / "copy.db")))
    assert copied == pb.BackupStoreResponse(
        file=str(tmp_path / "copy.db"), size_bytes=(tmp_path / "copy.db").stat().st_size
    )


@pytest.mark.parametrize("file", ["", "x" * 5_000, "a\0b", "/nowhere/copy.db", "x-wal"])
async def test_a_path_that_is_not_allowed(admin, refused, file):
    refusal = await refused(admin.BackupStore(pb.BackupStoreRequest(file=file)))
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", "INVALID_REQUEST", ["file"])


async def test_a_file_that_is_there(admin, refused, tmp_path):
    file = str(tmp_path / "broker.db")
    refusal = await refused(admin.BackupStore(pb.BackupStoreRequest(file=file)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    (violation,) = refusal.details["PreconditionFailure"].violations
    assert (violation.type, violation.subject) == ("FILE", file)


async def test_no_room(admin, refused, tmp_path, monkeypatch):
    monkeypatch.setattr(Disk, "has_room", lambda *_: False)
    refusal = await refused(admin.BackupStore(pb.BackupStoreRequest(file=str(tmp_path / "copy.db"))))
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "DISK_FULL")
    assert str(tmp_path) in refusal.text


async def test_check(admin, app, push):
    await push()
    assert await admin.CheckStore(pb.CheckStoreRequest()) == pb.CheckStoreResponse()
    connection = app._store._connection
    await connection.execute_fetchall("UPDATE queue SET pending = 7")
    await connection.commit()
    (fault,) = (await admin.CheckStore(pb.CheckStoreRequest())).faults
    assert fault.description.startswith("queue q: it counts 7 pending")


async def test_info(admin, app, clock, push, stream, lease):
    before = clock.now()
    info = await admin.GetServerInfo(pb.GetServerInfoRequest())
    assert (info.version, info.streams, info.leases) == (longshore.__version__, 0, 0)
    assert info.start_time.ToMilliseconds() <= before
    assert info.store_incarnation == app._store.incarnation
    assert info.store_kind.startswith("SQLite 3.")
    assert (info.store_size_bytes > 50_000, info.schema_version > 0) == (True, True)
    await push(texts=("1", "2", "3"))
    events = await stream("other", "q", max_in_flight=2)
    await events.deliveries(2)
    await lease("q")
    info = await admin.GetServerInfo(pb.GetServerInfoRequest())
    assert (info.streams, info.leases) == (1, 3)


async def test_settings(admin, tmp_path):
    info = await admin.GetServerInfo(pb.GetServerInfoRequest())
    settings = {setting.name: setting.value for setting in info.settings}
    assert list(settings) == sorted(settings)
    assert (settings["database"], settings["limits.payload_bytes"]) == (str(tmp_path / "broker.db"), "1MiB")


async def test_requests_that_wait_are_not_streams(admin, queue, app, until):
    request = queue_service_pb2.LeaseEventsRequest(subscriptions=[{"queue": "q"}], wait={"seconds": 20})
    waiting = queue.LeaseEvents(request)
    await until(lambda: app._broker._dispatcher._subscribers)
    assert (await admin.GetServerInfo(pb.GetServerInfoRequest())).streams == 0
    waiting.cancel()
