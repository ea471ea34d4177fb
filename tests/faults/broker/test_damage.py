"""Damaged files: refused at the start or told as DATA_LOSS, with what to do; never believed, never written further."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing

import grpc
import pytest

from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc
from queue_service.app import App
from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.broker.push import NewJob, Push
from queue_service.broker.terms import Terms
from queue_service.domain.errors import DataLoss
from queue_service.domain.records import NewEvent, Payload
from queue_service.settings import Settings
from queue_service.storage.sqlite import SqliteStore, StoreRefused
from queue_service.storage.sqlite.opening import SCHEMA_VERSION, _refusal

PAGE = 4_096
TERMS = Terms(chance=lambda: 0.5)
JOBS = 60
IDS = [number.to_bytes(16) for number in range(1, JOBS + 1)]


def push(job_id, size=300):
    event = NewEvent(payload=Payload(bytes(size), is_json=False))
    return Push([NewJob(queue="q", events=(event,), fingerprint=b"", job_id=job_id)], terms=TERMS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "broker.db"


@pytest.fixture
async def made(path, clock):
    """A store with some jobs that was closed."""
    store = await SqliteStore.open(path, clock)
    for job_id in IDS:
        await store.write(push(job_id))
    await store.close()
    return path


@pytest.fixture
async def crashed(path, clock, tmp_path):
    """A store with some jobs whose broker was killed: its log holds most of them, each job a transaction."""
    (tmp_path / "living").mkdir()
    store = await SqliteStore.open(tmp_path / "living" / "broker.db", clock)
    for job_id in IDS:
        await store.write(push(job_id))
    for name in ("broker.db", "broker.db-wal"):
        shutil.copy(tmp_path / "living" / name, tmp_path / name)
    await store.close()
    return path


def log_of(path):
    return path.with_name(f"{path.name}-wal")


def overwrite(path, where, data):
    with path.open("r+b") as file:
        file.seek(where)
        file.write(data)


async def outcome(path, clock):
    """What becomes of a store that is opened, read and written: "refused", "told", or "whole"."""
    try:
        store = await SqliteStore.open(path, clock)
    except StoreRefused:
        return "refused"
    try:
        found = await store.get_jobs(IDS)
        await store.leased_events()
        await store.write(ClaimEvents([Claim(queue="q", takers=(Taker(capacity=99, lease_duration=9),))], terms=TERMS))
        (pushed,) = await store.write(push(b"x" * 16))
        assert pushed.job_id in await store.get_jobs([pushed.job_id])
        faults = await store.safekeeping.check()
    except Exception:  # noqa: BLE001  some damage looks like a fault of ours
        return "told"
    finally:
        await store.close()
    assert faults or set(found) == set(IDS)
    return "told" if faults else "whole"


class TestStart:
    """The file as a start finds it."""

    async def test_header(self, made, clock, tmp_path):
        """Whatever byte of the header is wrong: the store is refused, the check tells, or it does not matter."""
        outcomes = {}
        for where in range(100):
            copy = tmp_path / f"{where}.db"
            shutil.copy(made, copy)
            overwrite(copy, where, bytes([made.read_bytes()[where] ^ 0xFF]))
            outcomes[where] = await outcome(copy, clock)
        kind, page_size, formats, schema, program = range(16), (16, 17), (18, 19), range(60, 64), range(68, 72)
        assert {outcomes[where] for where in (*kind, *page_size, *formats, *schema, *program)} == {"refused"}
        assert {outcomes[where] for where in range(36, 40)} == {"told"}  # the number of free pages

    @pytest.mark.parametrize("damage", ["zeros", "ones", "chance", "another page"])
    async def test_pages(self, made, clock, tmp_path, damage):
        """Whatever page is overwritten: never is anything missing without a word."""
        pages = made.stat().st_size // PAGE
        chance = random.Random(damage)
        outcomes = set()
        for number in range(1, pages):
            content = {
                "zeros": bytes(PAGE),
                "ones": b"\xff" * PAGE,
                "chance": chance.randbytes(PAGE),
                "another page": made.read_bytes()[PAGE * (pages - number) :][:PAGE],
            }[damage]
            copy = tmp_path / f"{number}.db"
            shutil.copy(made, copy)
            overwrite(copy, number * PAGE, content)
            outcomes.add(await outcome(copy, clock))
            copy.unlink()
        assert "refused" in outcomes

    @pytest.mark.parametrize("left", [0, 1, 99, PAGE, 3 * PAGE, 10 * PAGE + 1_000, -PAGE, -1])
    async def test_cut(self, made, clock, left):
        """A file that was cut off is not believed."""
        size = made.stat().st_size
        with made.open("r+b") as file:
            file.truncate(left if left >= 0 else size + left)
        assert await outcome(made, clock) in {"refused", "told"}

    async def test_empty(self, made, clock):
        """An empty file is not taken for a new store: it may have been one."""
        made.write_bytes(b"")
        with pytest.raises(StoreRefused, match=r"is empty.* if it never was one, remove it; restore a backup"):
            await SqliteStore.open(made, clock)
        assert made.read_bytes() == b""

    async def test_older_schema(self, made, clock):
        """A file of an older schema is refused, naming its version."""
        with closing(sqlite3.connect(made)) as connection:
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
        with pytest.raises(StoreRefused, match=rf"schema version {SCHEMA_VERSION - 1} .* begin with a new file"):
            await SqliteStore.open(made, clock)

    async def test_no_right_to_lock(self, made, clock):
        """Where the lock cannot be taken, the text says which file and why."""
        lock = made.with_name("broker.db-lock")
        lock.unlink()
        lock.mkdir()
        with pytest.raises(StoreRefused, match=r"broker\.db-lock: Is a directory"):
            await SqliteStore.open(made, clock)

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            (sqlite3.SQLITE_READONLY_DIRECTORY, "check that this user may read and write it and its folder"),
            (sqlite3.SQLITE_CANTOPEN, "check that this user"),
            (sqlite3.SQLITE_BUSY_RECOVERY, "held by another program"),
            (sqlite3.SQLITE_FULL, "free some space"),
            (sqlite3.SQLITE_IOERR_READ, "check its disk"),
            (sqlite3.SQLITE_CORRUPT_INDEX, "restore a backup"),
            (sqlite3.SQLITE_ERROR, "restore a backup"),
        ],
    )
    def test_what_to_do(self, path, code, told):
        """Each kind of error at the start says what to do."""
        error = sqlite3.OperationalError("it failed")
        error.sqlite_errorcode = code
        text = str(_refusal(path, error))
        assert str(path) in text
        assert "(it failed)" in text
        assert told in text


class TestLog:
    """The log that a killed broker left."""

    async def test_whole(self, crashed, clock):
        """What a crash left is all there."""
        assert log_of(crashed).stat().st_size > 100_000
        assert await outcome(crashed, clock) == "whole"

    @pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9])
    async def test_damaged(self, crashed, clock, part):
        """A log that is damaged in the middle is refused and left as it is: SQLite would drop what stands behind."""
        where = int(log_of(crashed).stat().st_size * part)
        overwrite(log_of(crashed), where, b"\xff" * 100)
        before = [file.read_bytes() for file in (crashed, log_of(crashed))]
        with pytest.raises(StoreRefused, match=r"broker\.db-wal is damaged: .* restore a backup"):
            await SqliteStore.open(crashed, clock)
        assert [file.read_bytes() for file in (crashed, log_of(crashed))] == before

    async def test_behind_a_link(self, crashed, clock, tmp_path):
        """A store that is named by a link is looked at as itself."""
        (tmp_path / "elsewhere").mkdir()
        link = tmp_path / "elsewhere" / "link.db"
        link.symlink_to(crashed)
        overwrite(log_of(crashed), 50_000, b"\xff" * 100)
        with pytest.raises(StoreRefused, match=r"broker\.db-wal is damaged"):
            await SqliteStore.open(link, clock)

    async def test_header(self, crashed, clock):
        """A log whose beginning is damaged is refused."""
        overwrite(log_of(crashed), 0, b"garbage")
        with pytest.raises(StoreRefused, match="does not begin as a log"):
            await SqliteStore.open(crashed, clock)

    async def test_torn(self, crashed, clock):
        """A torn end, as a power cut leaves it, is no damage: nobody was told of it. All before it is there."""
        log = log_of(crashed)
        with log.open("r+b") as file:
            file.truncate(log.stat().st_size - 1_000)
        store = await SqliteStore.open(crashed, clock)
        assert set(await store.get_jobs(IDS)) == set(IDS[:-1])
        await store.write(push(IDS[-1]))
        assert await store.safekeeping.check() == []
        await store.close()
        assert await outcome(crashed, clock) == "whole"

    async def test_never_written(self, made, clock):
        """A log of which nothing reached the disk is no damage."""
        log_of(made).write_bytes(bytes(50_000))
        assert await outcome(made, clock) == "whole"

    async def test_of_another_store(self, crashed, clock, tmp_path):
        """A backup that is put in the place of a store whose log is still there is not mixed with it."""
        other = await SqliteStore.open(tmp_path / "other.db", clock)
        await other.safekeeping.backup(str(tmp_path / "copy.db"))
        await other.close()
        (tmp_path / "copy.db").replace(crashed)
        with pytest.raises(StoreRefused, match=r"broker\.db-wal is of another store .* remove the log"):
            await SqliteStore.open(crashed, clock)
        log_of(crashed).unlink()
        store = await SqliteStore.open(crashed, clock)
        assert await store.get_jobs(IDS) == {}
        await store.close()


class TestRunning:
    """Damage that a running broker meets."""

    @pytest.fixture
    def damage(self, path):
        """Overwrites all pages behind the first few, as a failing disk would."""

        def damage():
            overwrite(path, 60 * PAGE, b"\xff" * (path.stat().st_size - 60 * PAGE))

        return damage

    async def test_nothing_is_written_any_more(self, path, clock, damage):
        """From the turn on that meets the damage every write is refused, also what the damage does not concern."""
        store = await SqliteStore.open(path, clock)
        for job_id in IDS:
            await store.write(push(job_id, 5_000))
        await store._upkeep.finish()
        damage()
        await store._connection.execute_fetchall("PRAGMA shrink_memory")
        claim = ClaimEvents([Claim(queue="q", takers=(Taker(capacity=99, lease_duration=9),))], terms=TERMS)
        with pytest.raises(DataLoss, match="stop the broker and restore a backup"):
            await store.write(claim)
        before = path.read_bytes()
        with pytest.raises(DataLoss, match="stop the broker and restore a backup"):
            await store.write(push(b"x" * 16))
        assert str(await asyncio.wait_for(store.damaged(), 20)).startswith("the store is damaged (")
        await store.close()
        assert path.read_bytes() == before

    async def test_the_broker_ends(self, path, service, damage):
        """Callers are told DATA_LOSS; the process ends by itself, says what to do, and does not pretend success."""
        app = await App.start(Settings(address="127.0.0.1:0", database=path))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
            events = [{"payload": {"data": bytes(5_000)}}] * 60
            await queue_service_pb2_grpc.QueueServiceStub(channel).Push(pb.PushRequest(queue="q", events=events))
        await app.stop()
        damage()
        broker = service("queue_service", "--address", "127.0.0.1:0", "--database", str(path))
        async with grpc.aio.insecure_channel(await broker.start()) as channel:
            queue = queue_service_pb2_grpc.QueueServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await queue.Push(pb.PushRequest(queue="q", events=events), timeout=20)
            assert raised.value.code().name == "DATA_LOSS"
            assert "restore a backup" in raised.value.details()
        assert await broker.ended() == 1
        assert "restore a backup" in broker.lines[-1]
