"""Upkeep of the file, between turns: the log is moved into it, and what it does not need any more is given back."""

import logging
import sqlite3

import aiosqlite

CHECKPOINT_BYTES = 16 * 1024 * 1024
"""Written since the last checkpoint: the log is moved into the file even if it is never quiet."""
QUIET_SECONDS = 1.0
"""Without a turn: the log is moved into the file and cut off."""
SPARE_PART = 4
SPARE_PAGES = 4_096
"""Free pages are left for what comes, up to a quarter of the file or 16 MiB. Beyond, half of that is left."""
PAGE_BYTES = 4_096
PAUSE_SECONDS = 0.02
"""Without a turn, before each step of giving back."""
STEP_PAGES = 64
"""Of one step: a few milliseconds of the writer's time."""
BUSY_MILLISECONDS = 5_000
"""That a turn waits for another program that looks into the file."""

log = logging.getLogger(__name__)


class Upkeep:
    """Looks after the file over the writer's connection. It has nothing to do while nothing is written."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._written = 0
        self._surplus = 0
        """Pages to give back."""

    def wrote(self, size_bytes: int) -> None:
        """A turn added about so much to the log."""
        self._written += size_bytes

    @property
    def patience(self) -> float | None:
        """Seconds without a turn after which there is something to do. None: there is nothing."""
        if self._surplus:
            return PAUSE_SECONDS
        return QUIET_SECONDS if self._written else None

    async def after_turn(self) -> None:
        """Do what cannot wait until it is quiet."""
        if self._written > CHECKPOINT_BYTES:
            await self._checkpoint("PASSIVE")

    async def when_quiet(self) -> None:
        """Take one step."""
        if self._surplus:
            await self._give_back()
            await self.after_turn()
        else:
            await self._checkpoint("TRUNCATE")

    async def finish(self) -> None:
        """Leave the file alone, without a log."""
        await self._checkpoint("TRUNCATE")

    async def _checkpoint(self, mode: str) -> None:
        try:
            # It does not wait for a long read, such as a backup: everyone would wait for it.
            await self._connection.executescript(
                f"PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint({mode}); PRAGMA busy_timeout = {BUSY_MILLISECONDS}"
            )
            await self._measure()
        except sqlite3.Error as error:
            log.warning("could not move the log into the file: %s", error)
        finally:
            self._written = 0

    async def _measure(self) -> None:
        free, pages = [await self._number(name) for name in ("freelist_count", "page_count")]
        spare = max(pages // SPARE_PART, SPARE_PAGES)
        self._surplus = free - spare // 2 if free > spare else 0

    async def _give_back(self) -> None:
        pages = min(self._surplus, STEP_PAGES)
        self._surplus -= pages
        self.wrote(pages * PAGE_BYTES)
        try:
            # A script, as a statement would be left after its first row, which is one page.
            await self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")
        except sqlite3.Error as error:
            self._surplus = 0
            log.warning("could not give free pages back: %s", error)

    async def _number(self, name: str) -> int:
        rows = list(await self._connection.execute_fetchall(f"PRAGMA {name}"))
        return int(rows[0][0])
