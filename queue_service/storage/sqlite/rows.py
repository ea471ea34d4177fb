"""Rows to records."""

import json
from collections.abc import Sequence
from typing import Any

from queue_service.domain.queues import Key, Queue, QueueSettings
from queue_service.domain.records import (
    Attempt,
    Concurrency,
    Entry,
    Event,
    Group,
    Job,
    Lineage,
    Payload,
    Progress,
    Rank,
)
from queue_service.domain.retry import PolicyChange
from queue_service.domain.states import EventState, GroupState, Place
from queue_service.ports.changes import RememberedCommit
from queue_service.ports.ended import EndedJob, KeptEvent, Position
from queue_service.ports.events import StoredEvent
from queue_service.ports.lines import Line
from queue_service.storage.sqlite.texts import context_of, on_complete_of, settings_of

Row = Sequence[Any]

_EVENT_STATES = {state.value: state for state in EventState}  # a look-up costs a fifth of EventState(number)
_PLACES = {place.value: place for place in Place}
QUEUE_NUMBERS = (
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
        context=None if row[17] is None else context_of(row[17]),
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
        settings=QueueSettings() if settings is None else settings_of(json.loads(settings)),
        **dict(zip(QUEUE_NUMBERS, numbers, strict=True)),
    )


def key_of(row: Row) -> Key:
    """A concurrency key."""
    return Key(id=row[0], name=row[1], limit=row[2], pending=row[3], leased=row[4], kept=row[5])


def line_of(row: Row, *, limit: int) -> Line:
    """The line of a key in a queue, of which at most so many were read."""
    first = [_rank_of(kept) for kept in json.loads(row[4])]
    last_called = None if row[3] is None else _rank_of(json.loads(row[3]))
    return Line(called_up=row[2], last_called=last_called, first=first, more=len(first) >= limit)


def _rank_of(kept: list[int]) -> Rank:
    priority, due_time, event = kept
    return Rank(-priority, due_time, event)


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
        on_complete=None if row[3] is None else on_complete_of(row[3]),
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
