"""What a power cut leaves: SQLite keeps what it has synced, and it is told to sync with every commit."""

from queue_service.storage.sqlite import SqliteStore

FULL = 2


async def test_every_commit_is_synced(tmp_path, clock):
    store = await SqliteStore.open(tmp_path / "broker.db", clock)
    try:
        for pragma, value in (("synchronous", FULL), ("journal_mode", "wal")):
            assert [row[0] for row in await store._connection.execute_fetchall(f"PRAGMA {pragma}")] == [value]
    finally:
        await store.close()
