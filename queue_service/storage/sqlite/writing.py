"""Writes the changes of a turn: one statement for each kind of change, whatever their number."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from queue_service.domain.retention import PRUNED_AT_ONCE
from queue_service.domain.states import EventState
from queue_service.ports import Workset
from queue_service.ports.changes import Changes
from queue_service.storage.sqlite.connection import Call, Connection
from queue_service.storage.sqlite.parameters import (
    Blobs,
    changed_event_row,
    changed_group_row,
    changed_job_row,
    commit_row,
    encode,
    entry_row,
    key_row,
    leased_event_row,
    new_event_row,
    new_group_row,
    new_job_row,
    queue_row,
    result_row,
)
from queue_service.storage.sqlite.rows import Row
from queue_service.storage.sqlite.schedules import schedule_row

Record = TypeVar("Record")


async def write_changes(connection: Connection, work: Workset) -> int:
    """Write and commit them in one transaction. Returns about how many bytes went in."""
    changes = work.changes
    new_jobs = {job.id for job in changes.new_jobs}
    new_groups = {group.id for group in changes.new_groups}
    calls = _Calls()
    _add_pruned(calls, changes)
    _add_queues(calls, changes)
    _add_keys(calls, changes)
    calls.add_records("insert_groups", changes.new_groups, new_group_row)
    calls.add_records("insert_jobs", changes.new_jobs, new_job_row)
    calls.add_records("insert_events", changes.new_events, new_event_row)
    if changes.called_up:
        calls.add("call_up_events", ids=encode(changes.called_up))
    calls.add_records(
        "add_pushes_below",
        list(changes.pushes_below.items()),
        lambda counted, blobs: (blobs.add(counted[0]), counted[1], work.now),
    )
    calls.add_records("insert_results", list(changes.results.items()), result_row)
    leased = [event for event in changes.events.values() if event.state is EventState.LEASED]
    calls.add_rows("lease_events", [leased_event_row(event) for event in leased])
    if len(leased) < len(changes.events):
        others = [event for event in changes.events.values() if event.state is not EventState.LEASED]
        calls.add_rows("update_events", [changed_event_row(event) for event in others])
    if changes.removed_events:
        calls.add("delete_events", ids=encode(changes.removed_events))
    calls.add_rows("update_jobs", [changed_job_row(job) for job in changes.jobs.values() if job.id not in new_jobs])
    calls.add_rows(
        "update_groups", [changed_group_row(group) for group in changes.groups.values() if group.id not in new_groups]
    )
    if changes.entries:
        written = [entry for entry in changes.entries.values() if entry is not None]
        calls.add_records("upsert_entries", written, entry_row)
        deleted = [key for key, entry in changes.entries.items() if entry is None]
        if deleted:
            calls.add("delete_entries", keys=encode(deleted))
        calls.add("update_next_version", next_version=work.next_version)
    calls.add_records("insert_commits", changes.commits, commit_row)
    _add_schedules(calls, changes)
    await connection.run(calls.made, commit=True)
    return calls.bytes


def _add_pruned(calls: "_Calls", changes: Changes) -> None:
    """What goes first: ids that it had may be used again by what comes."""
    for kind, before in changes.expired.items():
        calls.add(f"drop_{kind}", before=before, limit=PRUNED_AT_ONCE)
    if changes.removed_jobs:
        gone = encode(changes.removed_jobs.items())
        calls.add("delete_results", rows=gone)
        calls.add("delete_jobs", rows=gone)
    if changes.removed_groups:
        calls.add("delete_groups", ids=encode(changes.removed_groups))


def _add_queues(calls: "_Calls", changes: Changes) -> None:
    used = [queue for queue in changes.queues.values() if queue.is_used]
    calls.add_rows("upsert_queues", [queue_row(queue) for queue in used])
    gone = changes.queues.keys() - {queue.id for queue in used}
    if gone:
        calls.add("delete_queues", ids=encode(gone))


def _add_keys(calls: "_Calls", changes: Changes) -> None:
    used = [key for key in changes.keys.values() if key.is_used]
    calls.add_rows("upsert_keys", [key_row(key) for key in used])
    gone = changes.keys.keys() - {key.id for key in used}
    if gone:
        calls.add("delete_keys", ids=encode(gone))


def _add_schedules(calls: "_Calls", changes: Changes) -> None:
    put = [schedule for schedule in changes.schedules.values() if schedule is not None]
    calls.add_records("upsert_schedules", put, schedule_row)
    deleted = [name for name, schedule in changes.schedules.items() if schedule is None]
    if deleted:
        calls.add("delete_schedules", names=encode(deleted))


class _Calls:
    """The statements that have something to write, and about how much."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.bytes = 0

    def add_records(self, statement: str, records: Collection[Record], row_of: Callable[[Record, Blobs], Row]) -> None:
        """A statement over records that hold bytes."""
        if records:
            blobs = Blobs()
            rows = encode([row_of(record, blobs) for record in records])
            self.add(statement, rows=rows, blobs=blobs.join())

    def add_rows(self, statement: str, rows: list[Row]) -> None:
        """A statement over rows without bytes."""
        if rows:
            self.add(statement, rows=encode(rows))

    def add(self, statement: str, **parameters: Any) -> None:
        """A statement."""
        self.bytes += sum(len(value) for value in parameters.values() if isinstance(value, (str, bytes)))
        self.made.append(Call(statement, parameters))
