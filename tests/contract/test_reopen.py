"""Contract of a store: what a restart finds, and which files are refused."""

import sqlite3

import pytest

from queue_service.domain.errors import BrokerError
from queue_service.domain.outcomes import Failure, Retry
from queue_service.storage.sqlite import SqliteStore, StoreRefused


async def test_everything(bench):
    """Jobs, events in every state, groups, entries and leases are there after a restart as they were."""
    group = await bench.group(then="after")
    pushed = await bench.push(count=5, group_id=group)
    leases = [one.key for one in await bench.claim(count=4)]
    await bench.settle(leases[0])
    await bench.settle(leases[1], Failure(reason="BAD"))
    await bench.settle(leases[2], Retry(after=5))
    await bench.set("k", b"v", expire_after=50)
    before = [await bench.counts(pushed.job_id), await bench.get("k"), await bench.store.get_group(group)]
    leased = await bench.store.leased_events()
    incarnation = bench.store.incarnation
    await bench.reopen()
    assert [await bench.counts(pushed.job_id), await bench.get("k"), await bench.store.get_group(group)] == before
    assert await bench.store.leased_events() == leased
    assert bench.store.incarnation == incarnation
    assert (await bench.settle(leases[3])).status.name == "OK"
    bench.clock.step(5)
    assert sorted(one.key.attempt for one in await bench.claim(count=9)) == [1, 2]


async def test_numbers(bench):
    """An event's number is never used again, though its row is gone and the store was closed: leases stay unique."""
    seen = set()
    for _ in range(3):
        await bench.push(count=3)
        for delivered in await bench.claim(count=9):
            assert delivered.key.event not in seen
            seen.add(delivered.key.event)
            await bench.settle(delivered.key)
        await bench.reopen()
    assert len(seen) == 9


async def test_counts_after_every_step(bench):
    """success + in_progress + failed + cancelled = events, as the reader sees it after each step and restart."""
    pushed = await bench.push(count=4)
    expected = [(0, 4, 0, 0)]
    for outcome, counts in [(None, (1, 3, 0, 0)), (Failure(), (1, 2, 1, 0)), (Retry(after=99), (1, 2, 1, 0))]:
        await bench.settle(await bench.lease(), outcome)
        assert await bench.counts(pushed.job_id) == counts
        expected.append(counts)
        await bench.reopen()
        assert await bench.counts(pushed.job_id) == counts
    await bench.cancel_job(pushed.job_id)
    assert await bench.counts(pushed.job_id) == (1, 0, 1, 2)


class TestSqliteFiles:
    """Which files a store on SQLite takes."""

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "broker.db"

    @pytest.fixture
    async def made(self, path, clock):
        """A store that was made, used, and closed."""
        store = await SqliteStore.open(path, clock)
        await store.close()
        return path

    async def test_second_broker(self, path, clock):
        """A second broker on the same file is refused and told so; the first is not disturbed."""
        first = await SqliteStore.open(path, clock)
        with pytest.raises(StoreRefused, match="in use by another broker"):
            await SqliteStore.open(path, clock)
        await first.close()
        await (await SqliteStore.open(path, clock)).close()

    async def test_second_broker_by_another_name(self, path, clock):
        """A link to a file that is in use is refused as the file itself."""
        link = path.with_name("link.db")
        link.symlink_to(path)
        first = await SqliteStore.open(path, clock)
        with pytest.raises(StoreRefused, match="in use by another broker"):
            await SqliteStore.open(link, clock)
        await first.close()

    async def test_a_folder(self, path, clock):
        """What cannot be opened as a file is refused, not a fault."""
        path.mkdir()
        with pytest.raises(StoreRefused, match=r"cannot be opened \(unable to open database file\)"):
            await SqliteStore.open(path, clock)

    async def test_no_folder(self, tmp_path, clock):
        """A file in a folder that is not there is refused with the system's reason."""
        with pytest.raises(StoreRefused, match="No such file or directory"):
            await SqliteStore.open(tmp_path / "nowhere" / "broker.db", clock)

    async def test_text_file(self, path, clock):
        """A file that is no database is refused and left as it is."""
        path.write_text("not a database " * 100)
        with pytest.raises(StoreRefused, match="not a Longshore store"):
            await SqliteStore.open(path, clock)
        assert path.read_text() == "not a database " * 100

    async def test_foreign_database(self, path, clock):
        """A database of another program is refused and left as it is."""
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (id)")
        connection.close()
        before = path.read_bytes()
        with pytest.raises(StoreRefused, match="of another program"):
            await SqliteStore.open(path, clock)
        assert path.read_bytes() == before

    async def test_newer_schema(self, made, clock):
        """A file of a newer schema is refused, naming both versions."""
        connection = sqlite3.connect(made)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        with pytest.raises(StoreRefused, match=r"schema version 99, this broker knows \d+"):
            await SqliteStore.open(made, clock)

    async def test_missing_table(self, made, clock):
        """A file whose tables are damaged is refused."""
        connection = sqlite3.connect(made)
        connection.execute("DROP TABLE queue")
        connection.close()
        with pytest.raises(StoreRefused, match=str(made)):
            await SqliteStore.open(made, clock)

    @pytest.mark.parametrize("where", [0, 100, 8_192, 12_288])
    async def test_overwritten_page(self, made, clock, where):
        """A file with an overwritten page is refused at the start or when the page is read, never believed."""
        with made.open("r+b") as file:
            file.seek(where)
            file.write(b"\xff" * 3_000)
        with pytest.raises((StoreRefused, BrokerError), match=r"damaged|of another program"):
            await self._use(made, clock)

    @staticmethod
    async def _use(path, clock):
        store = await SqliteStore.open(path, clock)
        try:
            await store.leased_events()
            await store.get_jobs([bytes(16)])
        finally:
            await store.close()

    async def test_a_refused_file_is_free_again(self, path, clock):
        """A file that was refused is not kept in use."""
        path.write_text("not a database " * 100)
        with pytest.raises(StoreRefused):
            await SqliteStore.open(path, clock)
        path.unlink()
        await (await SqliteStore.open(path, clock)).close()
