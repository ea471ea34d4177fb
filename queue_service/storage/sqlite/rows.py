"""Rows to records and back. Bytes travel in one BLOB beside the JSON text of the rows."""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

from queue_service.domain.records import Context, Entry, Event, Group, Job, NewEvent, OnComplete, Payload
from queue_service.domain.states import EventState, GroupState
from queue_service.ports.workset import RememberedCommit

Row = Sequence[Any]

_EVENT_STATES = {state.value: state for state in EventState}  # a look-up costs a fifth of EventState(number)


class Blobs:
    """Bytes of many rows as one parameter. Offsets count from 1, as substr() does."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._next = 1

    def add(self, data: bytes) -> int:
        """Append data and tell its offset."""
        offset = self._next
        self._parts.append(data)
        self._next += len(data)
        return offset

    def join(self) -> bytes:
        """All of it, never empty: substr() of an empty BLOB is NULL, so empty payloads need a byte behind them."""
        return b"".join((*self._parts, b"\0"))


def encode(rows: Iterable[Any]) -> str:
    """Rows as the JSON text of a parameter."""
    return json.dumps(list(rows), separators=(",", ":"))


def event_of(row: Row) -> Event:
    """An event without its payload."""
    return Event(
        id=row[0],
        job=row[1],
        queue=row[2],
        state=_EVENT_STATES[row[3]],
        due_time=row[4],
        lease_expire_time=row[5],
        attempt=row[6],
        failures=row[7],
        lease_losses=row[8],
        first_delivery_time=row[9],
        context=None if row[10] is None else _context_of(row[10]),
    )


def add_content(event: Event, row: Row) -> Event:
    """The event with what a delivery needs: payload and attributes."""
    event.payload = Payload(row[13], bool(row[11]))
    if row[12] is not None:
        event.attributes = json.loads(row[12])
    return event


def job_of(row: Row) -> Job:
    """A job."""
    return Job(
        id=row[0],
        job_id=row[1],
        queue=row[2],
        group=row[3],
        request_id=row[4],
        fingerprint=row[5],
        events=row[6],
        success=row[7],
        failed=row[8],
        cancelled=row[9],
        root=row[10] or row[1],
        depth=row[11],
        push_time=row[12],
        finish_time=row[13],
        cancel_time=row[14],
    )


def group_of(row: Row) -> Group:
    """A group."""
    return Group(
        id=row[0],
        group_id=row[1],
        state=GroupState(row[2]),
        on_complete=None if row[3] is None else _on_complete_of(row[3]),
        fingerprint=row[4],
        jobs=row[5],
        events=row[6],
        success=row[7],
        failed=row[8],
        cancelled=row[9],
        create_time=row[10],
        last_push_time=row[11],
        complete_time=row[12],
        cancel_time=row[13],
    )


def entry_of(row: Row) -> Entry:
    """An entry; without its payload if the row has none."""
    return Entry(
        key=row[0],
        payload=None if row[1] is None else Payload(row[1], bool(row[2])),
        version=row[3],
        create_time=row[4],
        update_time=row[5],
        expire_time=row[6],
    )


def commit_of(row: Row) -> RememberedCommit:
    """A remembered commit."""
    return RememberedCommit(request_id=row[0], fingerprint=row[1], answer=row[2], expire_time=row[3])


def new_group_row(group: Group, blobs: Blobs) -> Row:
    """For insert_groups."""
    return (
        group.id,
        group.state,
        group.jobs,
        group.events,
        group.success,
        group.failed,
        group.cancelled,
        group.create_time,
        group.last_push_time,
        group.complete_time,
        group.cancel_time,
        None if group.on_complete is None else _on_complete_text(group.on_complete),
        blobs.add(group.group_id),
        blobs.add(group.fingerprint),
        len(group.fingerprint),
    )


def new_job_row(job: Job, blobs: Blobs) -> Row:
    """For insert_jobs."""
    return (
        job.id,
        job.queue,
        job.group,
        job.request_id,
        job.events,
        job.success,
        job.failed,
        job.cancelled,
        job.depth,
        job.push_time,
        job.finish_time,
        job.cancel_time,
        blobs.add(job.job_id),
        blobs.add(job.fingerprint),
        len(job.fingerprint),
        None if job.root == job.job_id else blobs.add(job.root),
    )


def new_event_row(event: Event, blobs: Blobs) -> Row:
    """For insert_events."""
    payload = event.payload or Payload(b"", is_json=False)
    return (
        event.id,
        event.job,
        event.queue,
        event.due_time,
        int(payload.is_json),
        json.dumps(event.attributes, separators=(",", ":")) if event.attributes else None,
        blobs.add(payload.data),
        len(payload.data),
    )


def changed_event_row(event: Event) -> Row:
    """For update_events."""
    return (
        event.id,
        event.state,
        event.due_time,
        event.lease_expire_time,
        event.attempt,
        event.failures,
        event.lease_losses,
        event.first_delivery_time,
        None if event.context is None else _context_text(event.context),
    )


def changed_job_row(job: Job) -> Row:
    """For update_jobs."""
    return (job.id, job.success, job.failed, job.cancelled, job.finish_time, job.cancel_time)


def changed_group_row(group: Group) -> Row:
    """For update_groups."""
    return (
        group.id,
        group.state,
        group.jobs,
        group.events,
        group.success,
        group.failed,
        group.cancelled,
        group.last_push_time,
        group.complete_time,
        group.cancel_time,
    )


def entry_row(entry: Entry, blobs: Blobs) -> Row:
    """For upsert_entries."""
    payload = entry.payload or Payload(b"", is_json=False)
    return (
        entry.key,
        entry.version,
        entry.create_time,
        entry.update_time,
        entry.expire_time,
        int(payload.is_json),
        blobs.add(payload.data),
        len(payload.data),
    )


def commit_row(commit: RememberedCommit, blobs: Blobs) -> Row:
    """For insert_commits."""
    return (
        commit.request_id,
        commit.expire_time,
        blobs.add(commit.fingerprint),
        len(commit.fingerprint),
        blobs.add(commit.answer),
        len(commit.answer),
    )


def _payload_pair(payload: Payload) -> list[Any]:
    return [payload.is_json, payload.data.decode() if payload.is_json else base64.b64encode(payload.data).decode()]


def _payload_of(pair: list[Any]) -> Payload:
    is_json, text = pair
    return Payload(text.encode() if is_json else base64.b64decode(text), is_json)


def _context_text(context: Context) -> str:
    data = None if context.data is None else _payload_pair(context.data)
    return json.dumps([context.reason, context.message, data], separators=(",", ":"))


def _context_of(text: str) -> Context:
    reason, message, data = json.loads(text)
    return Context(reason=reason, message=message, data=None if data is None else _payload_of(data))


def _on_complete_text(on_complete: OnComplete) -> str:
    events = [
        [_payload_pair(event.payload), event.delay, event.not_before_time, event.attributes]
        for event in on_complete.events
    ]
    return json.dumps([on_complete.queue, events], separators=(",", ":"))


def _on_complete_of(text: str) -> OnComplete:
    queue, events = json.loads(text)
    return OnComplete(
        queue=queue,
        events=tuple(
            NewEvent(payload=_payload_of(payload), delay=delay, not_before_time=due, attributes=attributes)
            for payload, delay, due, attributes in events
        ),
    )
