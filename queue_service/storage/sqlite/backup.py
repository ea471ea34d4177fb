"""A copy of the store in use, as of one instant: gentle to the writer, a store of its own, checked and synced."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from queue_service.domain.errors import DataLoss
from queue_service.storage.sqlite.check import integrity_faults
from queue_service.storage.sqlite.opening import new_incarnation, reading
from queue_service.storage.sqlite.stopping import Stop

STEP_PAGES = 1_024
"""4 MiB, synced at once: a flood of unsynced pages would make the writer's own syncs wait."""
REST_SECONDS = 0.005

UNFINISHED = ".part"
"""Behind the name of a copy that is being written."""


def write_copy(source: Path, target: Path, *, take_room: Callable[[int], None], stop: Stop) -> int:
    """Copy a store to a file that is not there. Answers its size in bytes.

    Args:
        source: the store.
        target: stands there when the copy is whole.
        take_room: called with the bytes that are needed; raises where there is no room.
        stop: breaks it off.

    Raises:
        OSError, sqlite3.Error: as the system says.
        DataLoss: the copy is damaged, so the store is.
        Unavailable: it was stopped.
    """
    part = target.with_name(f"{target.name}{UNFINISHED}")
    part.open("xb").close()
    with _unless_finished(part):
        with closing(reading(source)) as original:
            original.execute("BEGIN")  # one snapshot, however long it takes
            take_room(_size(original))
            _copy_pages(original, part, stop)
        _make_its_own(part, stop)
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    return target.stat().st_size


@contextmanager
def _unless_finished(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for leftover in (part, part.with_name(f"{part.name}-journal")):
            leftover.unlink(missing_ok=True)
        raise


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page_size)


def _copy_pages(original: sqlite3.Connection, part: Path, stop: Stop) -> None:
    def rest(_status: int, _remaining: int, _total: int) -> None:
        _sync(part)
        stop.rest(REST_SECONDS)

    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        original.backup(copy, pages=STEP_PAGES, progress=rest)


def _make_its_own(part: Path, stop: Stop) -> None:
    """A restored copy must not know the leases of the original: it gets an incarnation of its own."""
    with closing(sqlite3.connect(part, isolation_level=None)) as copy, stop.watch(copy):
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("UPDATE store SET incarnation = ?", (new_incarnation(),))
        for fault in integrity_faults(copy):
            raise DataLoss(f"its copy would have faults too: {fault}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
