"""Writes the changes of a turn: one statement for each kind of change, whatever their number."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import aiosqlite

from queue_service.ports import Workset
from queue_service.storage.sqlite.rows import (
    Blobs,
    Row,
    changed_event_row,
    changed_group_row,
    changed_job_row,
    commit_row,
    encode,
    entry_row,
    new_event_row,
    new_group_row,
    new_job_row,
)
from queue_service.storage.sqlite.statements import SQL

Record = TypeVar("Record")


async def write_changes(connection: aiosqlite.Connection, work: Workset) -> int:
    """Write them into the open transaction, or the one that this opens. Returns about how many bytes went in."""
    changes = work.changes
    new_jobs = {job.id for job in changes.new_jobs}
    new_groups = {group.id for group in changes.new_groups}
    writer = _Writer(connection)
    await writer.rows("insert_queues", [(number, name) for name, number in changes.queues.items()])
    await writer.records("insert_groups", changes.new_groups, new_group_row)
    await writer.records("insert_jobs", changes.new_jobs, new_job_row)
    await writer.records("insert_events", changes.new_events, new_event_row)
    await writer.rows("update_events", [changed_event_row(event) for event in changes.events.values()])
    if changes.removed_events:
        await writer.run("delete_events", ids=encode(changes.removed_events))
    await writer.rows("update_jobs", [changed_job_row(job) for job in changes.jobs.values() if job.id not in new_jobs])
    await writer.rows(
        "update_groups", [changed_group_row(group) for group in changes.groups.values() if group.id not in new_groups]
    )
    if changes.entries:
        written = [entry for entry in changes.entries.values() if entry is not None]
        await writer.records("upsert_entries", written, entry_row)
        deleted = [key for key, entry in changes.entries.items() if entry is None]
        if deleted:
            await writer.run("delete_entries", keys=encode(deleted))
        await writer.run("update_next_version", next_version=work.next_version)
    await writer.records("insert_commits", changes.commits, commit_row)
    return writer.bytes


class _Writer:
    """Runs statements that have rows, and counts bytes."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.bytes = 0

    async def records(
        self, statement: str, records: Collection[Record], row_of: Callable[[Record, Blobs], Row]
    ) -> None:
        """Run a statement over records that hold bytes."""
        if records:
            blobs = Blobs()
            rows = encode([row_of(record, blobs) for record in records])
            await self.run(statement, rows=rows, blobs=blobs.join())

    async def rows(self, statement: str, rows: list[Row]) -> None:
        """Run a statement over rows without bytes."""
        if rows:
            await self.run(statement, rows=encode(rows))

    async def run(self, statement: str, **parameters: Any) -> None:
        """Run a statement."""
        self.bytes += sum(len(value) for value in parameters.values() if isinstance(value, (str, bytes)))
        await self._connection.execute_fetchall(SQL[statement], parameters)
