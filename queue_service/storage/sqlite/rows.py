"""Rows to records and back. Bytes travel in one BLOB beside the JSON text of the rows."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from queue_service.domain.records import (
    Attempt,
    Concurrency,
    Context,
    Entry,
    Event,
    Group,
    Job,
    Key,
    Lineage,
    NewEvent,
    OnComplete,
    Payload,
    Progress,
    Queue,
    QueueSettings,
    Rank,
)
from queue_service.domain.retry import PolicyChange
from queue_service.domain.states import EventState, GroupState, Place
from queue_service.ports.ended import EndedJob, KeptEvent, Position
from queue_service.ports.events import StoredEvent
from queue_service.ports.lines import Line
from queue_service.ports.workset import RememberedCommit

Row = Sequence[Any]

_EVENT_STATES = {state.value: state for state in EventState}  # a look-up costs a fifth of EventState(number)
_PLACES = {place.value: place for place in Place}
_QUEUE_NUMBERS = (
    "purge_before",
    "purge_left",
    "lanes",
    "pending",
    "leased",
    "failed",
    "finished_jobs",
    "pushed",
    "delivered",
    "succeeded",
    "dead",
    "cancelled",
    "retried",
    "leases_lost",
    "released",
    "redriven",
)
"""The last columns of a queue, in their order."""


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


def blob_list(values: Iterable[bytes]) -> dict[str, Any]:
    """Bytes as the parameters of a statement: one BLOB, and the offsets of each."""
    blobs = Blobs()
    return {"offsets": encode([blobs.add(value) for value in values]), "blobs": blobs.join()}


def event_of(row: Row) -> Event:
    """An event without its payload."""
    return Event(
        id=row[0],
        job=row[1],
        queue=row[2],
        state=_EVENT_STATES[row[3]],
        place=_PLACES[row[4]],
        priority=row[5],
        due_time=row[6],
        key=row[7],
        lease_expire_time=row[8],
        attempt=row[9],
        failures=row[10],
        lease_losses=row[11],
        first_delivery_time=row[12],
        delivery_time=row[13],
        expire_time=row[14],
        finish_time=row[15],
        policy=None if row[16] is None else PolicyChange.of(json.loads(row[16])),
        context=None if row[17] is None else _context_of(row[17]),
        history=() if row[18] is None else tuple(Attempt(*attempt) for attempt in json.loads(row[18])),
        progress=None if row[19] is None else Progress(*json.loads(row[19])),
    )


def content_bytes(row: Row) -> int:
    """About how much of a frame the event of a whole row takes."""
    return len(row[22]) + len(row[21] or "") + len(row[17] or "") + 512


def add_content(event: Event, row: Row) -> Event:
    """The event with what a delivery needs: payload and attributes."""
    event.payload = Payload(row[22], bool(row[20]))
    if row[21] is not None:
        event.attributes = json.loads(row[21])
    return event


def stored_event_of(row: Row) -> StoredEvent:
    """An event with the names of what it points to."""
    event = event_of(row)
    if row[22] is not None:
        add_content(event, row)
    job_id, push_time, queue, key, limit = row[23:28]
    return StoredEvent(event, queue, job_id, push_time, None if key is None else Concurrency(key, limit))


def queue_of(row: Row) -> Queue:
    """A queue."""
    id_, name, create_time, paused, deleted, settings, *numbers = row
    return Queue(
        id=id_,
        name=name,
        create_time=create_time,
        paused=bool(paused),
        deleted=bool(deleted),
        settings=QueueSettings() if settings is None else _settings_of(json.loads(settings)),
        **dict(zip(_QUEUE_NUMBERS, numbers, strict=True)),
    )


def queue_row(queue: Queue) -> Row:
    """For upsert_queues."""
    settings = queue.settings
    return (
        queue.id,
        queue.name,
        queue.create_time,
        int(queue.paused),
        int(queue.deleted),
        None if settings == QueueSettings() else _text({**asdict(settings), "policy": settings.policy.given()}),
        *(getattr(queue, name) for name in _QUEUE_NUMBERS),
    )


def _settings_of(kept: dict[str, Any]) -> QueueSettings:
    return QueueSettings(**{**kept, "policy": PolicyChange.of(kept["policy"])})


def key_of(row: Row) -> Key:
    """A concurrency key."""
    return Key(id=row[0], name=row[1], limit=row[2], pending=row[3], leased=row[4], kept=row[5])


def key_row(key: Key) -> Row:
    """For upsert_keys."""
    return (key.id, key.name, key.limit, key.pending, key.leased, key.kept)


def line_of(row: Row, *, limit: int) -> Line:
    """The line of a key in a queue, of which at most so many were read."""
    first = [_rank_of(kept) for kept in json.loads(row[4])]
    last_called = None if row[3] is None else _rank_of(json.loads(row[3]))
    return Line(called_up=row[2], last_called=last_called, first=first, more=len(first) >= limit)


def _rank_of(kept: list[int]) -> Rank:
    priority, due_time, event = kept
    return Rank(-priority, due_time, event)


def result_row(result: tuple[int, Payload], blobs: Blobs) -> Row:
    """For insert_results."""
    event, payload = result
    return (event, int(payload.is_json), blobs.add(payload.data), len(payload.data))


def progress_of(text: str) -> dict[int, Progress]:
    """Progress of a job's events, by ordinal."""
    return {ordinal: Progress(*told) for ordinal, told in json.loads(text)}


def results_of(text: str) -> dict[int, Payload]:
    """Results of a job's events, by ordinal."""
    return {ordinal: Payload(bytes.fromhex(data), bool(is_json)) for ordinal, is_json, data in json.loads(text)}


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


def ended_job_of(row: Row) -> EndedJob:
    """A finished job for pruning."""
    return EndedJob(
        position=Position(row[0], row[1]),
        queue=row[2],
        events=row[3],
        needed=bool(row[4]),
        kept=() if row[5] is None else tuple(KeptEvent(*kept) for kept in json.loads(row[5])),
    )


def group_of(row: Row) -> Group:
    """A group."""
    return Group(
        id=row[0],
        group_id=row[1],
        state=GroupState(row[2]),
        on_complete=None if row[3] is None else _on_complete_of(row[3]),
        fingerprint=row[4],
        lineage=None if row[5] is None else Lineage(row[5], row[6]),
        jobs=row[7],
        events=row[8],
        success=row[9],
        failed=row[10],
        cancelled=row[11],
        create_time=row[12],
        last_push_time=row[13],
        complete_time=row[14],
        cancel_time=row[15],
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
        0 if group.lineage is None else group.lineage.depth,
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
        None if group.lineage is None else blobs.add(group.lineage.root),
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
        event.state,
        event.place,
        event.priority,
        event.due_time,
        event.key,
        event.expire_time,
        None if event.policy is None else _text(event.policy.given()),
        int(payload.is_json),
        _text(event.attributes) if event.attributes else None,
        blobs.add(payload.data),
        len(payload.data),
    )


def changed_event_row(event: Event) -> Row:
    """For update_events."""
    return (
        event.id,
        event.state,
        event.place,
        event.priority,
        event.due_time,
        event.lease_expire_time,
        event.attempt,
        event.failures,
        event.lease_losses,
        event.first_delivery_time,
        event.delivery_time,
        event.expire_time,
        event.finish_time,
        None if event.context is None else _context_text(event.context),
        _text(event.history) if event.history else None,
        None if event.progress is None else _text(event.progress),
    )


def leased_event_row(event: Event) -> Row:
    """For lease_events."""
    return (
        event.id,
        event.priority,
        event.due_time,
        event.lease_expire_time,
        event.attempt,
        event.first_delivery_time,
        event.delivery_time,
        None if event.progress is None else _text(event.progress),
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
    return _text([context.reason, context.message, data])


def _context_of(text: str) -> Context:
    reason, message, data = json.loads(text)
    return Context(reason=reason, message=message, data=None if data is None else _payload_of(data))


def _on_complete_text(on_complete: OnComplete) -> str:
    return _text([on_complete.queue, [spec_list(spec) for spec in on_complete.events]])


def _on_complete_of(text: str) -> OnComplete:
    queue, specs = json.loads(text)
    return OnComplete(queue=queue, events=tuple(spec_of(spec) for spec in specs))


def spec_list(spec: NewEvent) -> list[Any]:
    """An event to push, as it is kept in JSON."""
    return [
        _payload_pair(spec.payload),
        spec.delay,
        spec.not_before_time,
        spec.attributes,
        spec.priority,
        spec.concurrency,
        None if spec.policy is None else spec.policy.given(),
        spec.expire_after,
    ]


def spec_of(kept: list[Any]) -> NewEvent:
    """An event to push."""
    payload, delay, not_before_time, attributes, priority, concurrency, policy, expire_after = kept
    return NewEvent(
        payload=_payload_of(payload),
        delay=delay,
        not_before_time=not_before_time,
        attributes=attributes,
        priority=priority,
        concurrency=None if concurrency is None else Concurrency(*concurrency),
        policy=None if policy is None else PolicyChange.of(policy),
        expire_after=expire_after,
    )


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
