"""Reads outside the turns of the writer, over a connection of their own: they never wait behind a sync."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from queue_service.domain.ids import LeaseKey
from queue_service.domain.limits import JOB_PARTS, JOB_RESULT_BYTES
from queue_service.domain.queues import Queue
from queue_service.domain.records import Entry, Group
from queue_service.ports.store import EntryPage, JobDetails, JobView, LeasedEvent
from queue_service.storage.sqlite.connection import Connection
from queue_service.storage.sqlite.failures import failure_of
from queue_service.storage.sqlite.parameters import blob_list, encode
from queue_service.storage.sqlite.rows import Row, entry_of, group_of, job_of, progress_of, queue_of, results_of
from queue_service.storage.sqlite.statements import SQL

_JOB_COLUMNS = 15
_VIEW_COLUMNS = 18
_ENTRY_COLUMNS = 7
_PAST_EVERY_KEY = "\x7f"
"""Greater than every character that a key may have."""


class Reader:
    """A connection that only reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close(self) -> None:
        """Close the connection. The last connection of a file must be the writer's."""
        await self._connection.close()

    async def queues(self) -> list[Queue]:
        """Every queue."""
        return [queue_of(row) for row in await self.rows("list_queues")]

    async def jobs(self, job_ids: Sequence[bytes]) -> dict[bytes, JobView]:
        """Jobs by id."""
        return {row[1]: _job_view(row) for row in await self.rows("get_jobs", **blob_list(job_ids))}

    async def job_details(self, job_ids: Sequence[bytes]) -> dict[bytes, JobDetails]:
        """Jobs by id, with what is shown of their events."""
        bounds = {"parts": JOB_PARTS, "result_bytes": JOB_RESULT_BYTES}
        rows = await self.rows("get_job_details", **blob_list(job_ids), **bounds)
        return {
            row[1]: JobDetails(
                _job_view(row),
                pushes_below_root=row[_VIEW_COLUMNS],
                progress=progress_of(row[_VIEW_COLUMNS + 1]),
                results=results_of(row[_VIEW_COLUMNS + 2]),
            )
            for row in rows
        }

    async def groups(self, group_ids: Sequence[bytes]) -> dict[bytes, Group]:
        """Groups by id."""
        rows = await self.rows("load_groups_by_id", **blob_list(group_ids))
        return {row[1]: group_of(row) for row in rows}

    async def entries(self, keys: Sequence[str], now: int) -> dict[str, Entry]:
        """Entries by key."""
        rows = await self.rows("get_entries", keys=encode(keys), now=now)
        return {row[0]: entry_of(row) for row in rows}

    async def entry_page(
        self, *, prefix: str, after: str, limit: int, max_bytes: int, keys_only: bool, now: int
    ) -> EntryPage:
        """Entries in order of their keys, as many as fit into the bytes, at least one if there is one."""
        rows = await self.rows(
            "list_keys" if keys_only else "list_entries",
            prefix=prefix,
            prefix_end=prefix + _PAST_EVERY_KEY,
            after=after,
            limit=limit + 1,  # one more tells whether others follow
            max_bytes=max_bytes,
            now=now,
        )
        found = rows[0][_ENTRY_COLUMNS] if rows and not keys_only else len(rows)
        entries = [entry_of(row) for row in rows[:limit]]
        return EntryPage(entries, more=found > len(entries))

    async def leased_events(self) -> list[LeasedEvent]:
        """Every lease."""
        return [
            LeasedEvent(LeaseKey(row[0], row[1]), queue=row[2], job=row[3], group=row[4], expire_time=row[5])
            for row in await self.rows("leased_events")
        ]

    async def unfinished_cancels(self) -> tuple[list[bytes], list[bytes]]:
        """Jobs and groups that were cancelled and have not ended."""
        jobs = await self.rows("cancelling_jobs")
        groups = await self.rows("cancelling_groups")
        return [row[0] for row in jobs], [row[0] for row in groups]

    async def oldest_open_group(self) -> tuple[bytes, int] | None:
        """The open group with the oldest last push."""
        rows = await self.rows("oldest_open_group")
        return (rows[0][0], rows[0][1]) if rows else None

    async def rows(self, statement: str, **parameters: Any) -> list[Row]:
        """What a named statement finds."""
        # All rows in one step: a cursor left open would keep later reads at the state that it saw.
        try:
            return list(await self._connection.execute_fetchall(SQL[statement], parameters))
        except sqlite3.Error as error:
            raise failure_of(error) from error


def _job_view(row: Row) -> JobView:
    return JobView(job_of(row), *row[_JOB_COLUMNS:_VIEW_COLUMNS])
