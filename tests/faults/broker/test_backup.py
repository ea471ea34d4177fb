"""Copies of a store that is in use: whole, of one instant, stores of their own; or nothing at all."""

import asyncio
import errno
import os
from contextlib import asynccontextmanager

import grpc
import pytest

from longshore.v1 import (
    queue_admin_service_pb2 as admin_pb,
    queue_admin_service_pb2_grpc as admin_grpc,
    queue_service_pb2 as pb,
    queue_service_pb2_grpc,
)
from queue_service.app import App
from queue_service.broker.push import NewJob, Push
from queue_service.broker.terms import Terms
from queue_service.domain.errors import DataLoss, DiskFull, InvalidRequest, Unavailable, WrongState
from queue_service.domain.records import NewEvent, Payload
from queue_service.settings import Settings
from queue_service.storage.sqlite import SqliteStore, backup as module
from queue_service.storage.sqlite.disk import Disk

TERMS = Terms(chance=lambda: 0.5)
MIB = 1_048_576


def push(number, size=10):
    event = NewEvent(payload=Payload(bytes(size), is_json=False))
    return Push([NewJob(queue="q", events=(event,), fingerprint=b"", job_id=number.to_bytes(16))], terms=TERMS)


@pytest.fixture
async def store(tmp_path, clock):
    """A store of some megabytes, so that a copy takes several steps."""
    store = await SqliteStore.open(tmp_path / "broker.db", clock, backup_folder=tmp_path / "backups")
    (tmp_path / "backups").mkdir()
    for number in range(1, 16):
        await store.write(push(number, MIB))
    yield store
    await store.close()


@pytest.fixture
def backup(store, tmp_path):
    """Copies to a file of the store's folder."""
    return lambda name="copy.db": store.safekeeping.backup(str(tmp_path / name))


@pytest.fixture
def files(tmp_path):
    """Names of files beside those of the store itself."""
    return lambda: sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("broker.db"))


@pytest.fixture
async def held_up(monkeypatch):
    """Lets a copy stop before its second step. Answers what is set when it got there."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def rest(stop, _seconds):
        loop.call_soon_threadsafe(arrived.set)
        stop._asked.wait(20)
        stop.check()

    monkeypatch.setattr(module.Stop, "rest", rest)
    return arrived


@asynccontextmanager
async def served(path, clock):
    """A broker on a file: stubs of QueueService and QueueAdminService, and its inside."""
    app = await App.start(Settings(address="127.0.0.1:0", database=path), clock=clock)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        yield queue_service_pb2_grpc.QueueServiceStub(channel), admin_grpc.QueueAdminServiceStub(channel), app
    await app.stop()


async def opened(path, clock):
    """The jobs, and what the full check finds, in a copy."""
    copy = await SqliteStore.open(path, clock)
    try:
        found = await copy.get_jobs([number.to_bytes(16) for number in range(1, 10_000)])
        return len(found), await copy.safekeeping.check(), copy.incarnation
    finally:
        await copy.close()


async def test_while_pushes_go_on(store, backup, files, tmp_path, clock):
    """What was answered before the copy began is in it, and nothing halves: it is of one instant."""
    stop = asyncio.Event()

    async def go_on():
        number = 100
        while not stop.is_set():
            number += 1
            await store.write(push(number, 10_000))
        return number - 100

    pushing = asyncio.create_task(go_on())
    made = await backup()
    stop.set()
    during = await pushing
    assert files() == ["backups", "copy.db"]
    assert (made.file, made.size_bytes) == (str(tmp_path / "copy.db"), (tmp_path / "copy.db").stat().st_size)
    jobs, faults, incarnation = await opened(tmp_path / "copy.db", clock)
    assert 15 <= jobs <= 15 + during
    assert (faults, incarnation == store.incarnation) == ([], False)
    assert await store.safekeeping.check() == []


async def test_a_copy_of_a_copy(store, backup, tmp_path, clock):
    """A copy is used as any other store, and each has a name of its own in lease ids."""
    await backup()
    first = await SqliteStore.open(tmp_path / "copy.db", clock)
    await first.write(push(99))
    await first.safekeeping.backup(str(tmp_path / "again.db"))
    await first.close()
    jobs, faults, incarnation = await opened(tmp_path / "again.db", clock)
    assert (jobs, faults) == (16, [])
    assert len({store.incarnation, first.incarnation, incarnation}) == 3


async def test_old_leases_are_lost(tmp_path, clock):
    """Who holds a lease of the original can do nothing with it in a copy, where its event comes again in time."""
    async with served(tmp_path / "broker.db", clock) as (queue, admin, _):
        await queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}]))
        (held,) = (await queue.LeaseEvents(pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}]))).deliveries
        await admin.BackupStore(admin_pb.BackupStoreRequest(file=str(tmp_path / "copy.db")))
    ack = pb.AckRequest(acknowledgements=[{"lease_id": held.lease_id, "success": {}}])
    async with served(tmp_path / "copy.db", clock) as (queue, admin, app):
        (answer,) = (await queue.Ack(ack)).results
        assert answer.status == pb.ACK_STATUS_LEASE_LOST
        clock.step(61_000)
        app._broker._leases.run_out()
        await app._broker.finish()
        clock.step(1_000)  # its backoff
        request = pb.LeaseEventsRequest(subscriptions=[{"queue": "q"}])
        (again,) = (await queue.LeaseEvents(request)).deliveries
        assert (again.event_id, again.attempt) == (held.event_id, 2)
        assert (await queue.Ack(ack)).results[0].status == pb.ACK_STATUS_LEASE_LOST
        assert not (await admin.CheckStore(admin_pb.CheckStoreRequest())).faults
    async with served(tmp_path / "broker.db", clock) as (queue, _, _):
        assert (await queue.Ack(ack)).results[0].status == pb.ACK_STATUS_OK


class TestRefusals:
    """A copy that may not be made leaves no trace."""

    @pytest.mark.parametrize(
        "name",
        ["", "/", "..", "../copy.db", "nowhere/copy.db", "/tmp/copy.db", "broker.db-journal", "copy.db-wal", "x-lock"],
    )
    async def test_places(self, store, files, tmp_path, monkeypatch, name):
        """Only the store's own folder and the backup folder are places for copies, and no name that SQLite knows."""
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InvalidRequest) as raised:
            await store.safekeeping.backup(name)
        assert [fault.field for fault in raised.value.faults] == ["file"]
        assert files() == ["backups"]

    async def test_links_are_followed(self, store, tmp_path, tmp_path_factory):
        """A link out of a folder is no way around, and one into it is."""
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (tmp_path / "out").symlink_to(elsewhere)
        (elsewhere / "in").symlink_to(tmp_path / "backups")
        (tmp_path / "circle").symlink_to(tmp_path / "circle")
        with pytest.raises(InvalidRequest, match="not in"):
            await store.safekeeping.backup(str(tmp_path / "circle" / "copy.db"))
        with pytest.raises(InvalidRequest, match=f"not in {elsewhere}"):
            await store.safekeeping.backup(str(tmp_path / "out" / "copy.db"))
        made = await store.safekeeping.backup(str(elsewhere / "in" / "copy.db"))
        assert made.file == str(tmp_path / "backups" / "copy.db")

    async def test_relative(self, store, tmp_path, monkeypatch):
        """A path may begin in the broker's working folder; the answer is absolute."""
        monkeypatch.chdir(tmp_path / "backups")
        assert (await store.safekeeping.backup("copy.db")).file == str(tmp_path / "backups" / "copy.db")

    @pytest.mark.parametrize("kind", ["file", "dangling link", "the store"])
    async def test_existing(self, backup, tmp_path, kind):
        """What is there is never written over."""
        taken = tmp_path / ("broker.db" if kind == "the store" else "copy.db")
        if kind == "file":
            taken.write_text("mine")
        elif kind == "dangling link":
            taken.symlink_to(tmp_path / "nothing")
        with pytest.raises(WrongState, match="is there already"):
            await backup(taken.name)
        assert kind != "file" or taken.read_text() == "mine"

    async def test_left_of_another(self, backup, tmp_path):
        """What a broken backup left is not written over, and the text says what to do."""
        (tmp_path / "copy.db.part").write_text("half")
        with pytest.raises(WrongState, match=r"copy\.db\.part is left of a backup.*remove it"):
            await backup()
        assert (tmp_path / "copy.db.part").read_text() == "half"

    async def test_no_room(self, backup, files, monkeypatch):
        """A copy that would leave less than the low-water mark is not begun."""
        asked = []
        monkeypatch.setattr(Disk, "has_room", lambda _, size: asked.append(size))
        with pytest.raises(DiskFull, match="has no room for a copy"):
            await backup()
        assert (files(), asked[0] > 15 * MIB) == (["backups"], True)

    async def test_no_room_left(self, backup, files, monkeypatch):
        """When the disk becomes full on the way, nothing is left of the copy."""
        monkeypatch.setattr(module, "_sync", _fails(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        with pytest.raises(DiskFull, match="became full"):
            await backup()
        assert files() == ["backups"]

    async def test_no_right(self, backup, files, monkeypatch):
        """What the system says is told with the field that is at fault."""
        monkeypatch.setattr(module, "_sync", _fails(OSError(errno.EROFS, os.strerror(errno.EROFS))))
        with pytest.raises(InvalidRequest, match="cannot be written: Read-only file system"):
            await backup()
        assert files() == ["backups"]

    async def test_damaged(self, store, backup, files, tmp_path):
        """A damaged store is not passed on as a good copy."""
        await store._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        with (tmp_path / "broker.db").open("r+b") as file:
            file.seek(-30 * 4096, os.SEEK_END)
            file.write(b"\xff" * 20 * 4096)
        with pytest.raises(DataLoss, match="restore a backup"):
            await backup()
        assert files() == ["backups"]


class TestBrokenOff:
    """Copies and checks that end early."""

    async def test_one_at_a_time(self, store, backup, held_up):
        """While a copy is made there is no other, and no check; facts are there all the same."""
        first = asyncio.create_task(backup())
        await asyncio.wait_for(held_up.wait(), 20)
        with pytest.raises(WrongState, match="is being copied or checked"):
            await backup("other.db")
        with pytest.raises(WrongState, match="is being copied or checked"):
            await store.safekeeping.check()
        assert (await store.safekeeping.facts()).size_bytes > 15 * MIB
        first.cancel()
        await asyncio.wait([first])

    async def test_the_caller_is_gone(self, backup, files, held_up, monkeypatch, tmp_path, clock):
        """A copy whose caller is gone leaves nothing, and the next one can be made."""
        broken = asyncio.create_task(backup())
        await asyncio.wait_for(held_up.wait(), 20)
        broken.cancel()
        with pytest.raises(asyncio.CancelledError):
            await broken
        assert files() == ["backups"]
        monkeypatch.undo()
        await backup()
        assert (await opened(tmp_path / "copy.db", clock))[:2] == (15, [])

    async def test_the_broker_stops(self, tmp_path, clock, held_up, files):
        """A stop does not wait for a copy to end by itself."""
        store = await SqliteStore.open(tmp_path / "other.db", clock)
        for number in range(6):
            await store.write(push(number, MIB))
        broken = asyncio.create_task(store.safekeeping.backup(str(tmp_path / "copy.db")))
        await asyncio.wait_for(held_up.wait(), 20)
        await store.close()
        with pytest.raises(Unavailable, match="broken off"):
            await broken
        with pytest.raises(Unavailable, match="stopping"):
            await store.safekeeping.check()
        assert "copy.db.part" not in files()

    async def test_a_check(self, store, monkeypatch):
        """A check is interrupted within its statement."""
        monkeypatch.setattr("queue_service.storage.sqlite.stopping.STEPS", 10)
        checking = asyncio.create_task(store.safekeeping.check())
        await asyncio.sleep(0)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking
        assert await store.safekeeping.check() == []


def _fails(error):
    def fail(_path):
        raise error

    return fail
