"""Copies and checks of the store: in a thread of their own, one at a time, broken off when nobody waits."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from queue_service.domain.errors import DiskFull, Fault, InvalidRequest, Unavailable, WrongState
from queue_service.ports import Clock
from queue_service.ports.safekeeping import Backup, StoreFacts
from queue_service.storage.sqlite.backup import write_copy
from queue_service.storage.sqlite.check import faults_of
from queue_service.storage.sqlite.disk import Disk
from queue_service.storage.sqlite.failures import failure_of
from queue_service.storage.sqlite.opening import SCHEMA_VERSION
from queue_service.storage.sqlite.stopping import Stop

T = TypeVar("T")

RESERVED = ("-wal", "-shm", "-journal", "-lock")
"""Ends of the names of files that belong to a store: SQLite would take a copy for a part of it."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class SafekeepingOfFile:
    """Looks after one file.

    Args:
        backup_folder: where copies may stand, beside the file's own folder.
        low_water_bytes: to be left free on the disk of a copy.
    """

    def __init__(self, path: Path, clock: Clock, *, backup_folder: Path | None, low_water_bytes: int) -> None:
        self._path = Path(os.path.realpath(path))  # SQLite puts the log beside the file itself, not beside a link to it
        self._clock = clock
        self._backup_folder = backup_folder
        self._low_water_bytes = low_water_bytes
        self._working = asyncio.Lock()
        self._stop: Stop | None = None
        self._closed = False

    async def close(self) -> None:
        """Break off what is under way, and begin nothing more."""
        self._closed = True
        if self._stop is not None:
            self._stop.ask()
        async with self._working:
            return

    async def backup(self, file: str) -> Backup:
        """Write a copy."""
        return await self._work(lambda stop: self._backup(file, stop))

    async def check(self) -> list[str]:
        """Read all of it."""
        return await self._work(lambda stop: faults_of(self._path, stop))

    async def facts(self) -> StoreFacts:
        """What it is."""
        return self._facts()

    async def _work(self, work: Callable[[Stop], T]) -> T:
        if self._closed:
            raise Unavailable("the broker is stopping")
        if self._working.locked():
            raise WrongState("store", str(self._path), "is being copied or checked: try again when that has ended")
        async with self._working:
            self._stop = stop = Stop()
            working = asyncio.ensure_future(asyncio.to_thread(work, stop))
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                stop.ask()
                await asyncio.wait([working])
                raise
            except sqlite3.Error as error:
                stop.check()
                raise failure_of(error) from error

    def _facts(self) -> StoreFacts:
        log = self._path.with_name(f"{self._path.name}-wal")
        size = sum(file.stat().st_size for file in (self._path, log) if file.exists())
        return StoreFacts(f"SQLite {sqlite3.sqlite_version}", size, SCHEMA_VERSION)

    def _backup(self, file: str, stop: Stop) -> Backup:
        target = self._target(file)
        if os.path.lexists(target):
            raise WrongState("file", str(target), "is there already: name another one")
        disk = Disk(target, self._clock, low_water_bytes=self._low_water_bytes)

        def take_room(size: int) -> None:
            if not disk.has_room(size):
                raise DiskFull(f"the disk of {target.parent} has no room for a copy of {size:,} bytes: free some space")

        try:
            return Backup(str(target), write_copy(self._path, target, take_room=take_room, stop=stop))
        except FileExistsError as error:
            text = "is left of a backup that was broken off: remove it, or name another file"
            raise WrongState("file", str(error.filename), text) from error
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise DiskFull(f"the disk of {target.parent} became full: nothing is left of the copy") from error
            raise _refused(f"{target} cannot be written: {error.strerror}") from error

    def _target(self, file: str) -> Path:
        """The absolute path of a copy, without links.

        Raises:
            InvalidRequest: it may not stand there.
        """
        asked = Path(file)
        if asked.name in {"", ".."} or asked.name.endswith(RESERVED):
            raise _refused(f"must be the name of a file that does not end with {', '.join(RESERVED)}, is {file!r}")
        allowed = [self._path.parent, *([self._backup_folder.resolve()] if self._backup_folder else [])]
        folder = Path(os.path.realpath(asked.parent))  # resolve() raises at links in a circle
        if folder not in allowed:
            raise _refused(f"must stand in {' or '.join(map(str, allowed))}, not in {folder}")
        return folder / asked.name


def _refused(description: str) -> InvalidRequest:
    return InvalidRequest([Fault(field="file", description=description)])
