"""Records to parameters of statements. Bytes travel in one BLOB beside the JSON text of the rows."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from queue_service.domain.queues import Key, Queue, QueueSettings
from queue_service.domain.records import Entry, Event, Group, Job, Payload
from queue_service.ports.changes import RememberedCommit
from queue_service.storage.sqlite.rows import QUEUE_NUMBERS, Row
from queue_service.storage.sqlite.texts import context_text, on_complete_text, text_of


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


def queue_row(queue: Queue) -> Row:
    """For upsert_queues."""
    settings = queue.settings
    return (
        queue.id,
        queue.name,
        queue.create_time,
        int(queue.paused),
        int(queue.deleted),
        None if settings == QueueSettings() else text_of({**asdict(settings), "policy": settings.policy.given()}),
        *(getattr(queue, name) for name in QUEUE_NUMBERS),
    )


def key_row(key: Key) -> Row:
    """For upsert_keys."""
    return (key.id, key.name, key.limit, key.pending, key.leased, key.kept)


def result_row(result: tuple[int, Payload], blobs: Blobs) -> Row:
    """For insert_results."""
    event, payload = result
    return (event, int(payload.is_json), blobs.add(payload.data), len(payload.data))


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
        None if group.on_complete is None else on_complete_text(group.on_complete),
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
        None if event.policy is None else text_of(event.policy.given()),
        int(payload.is_json),
        text_of(event.attributes) if event.attributes else None,
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
        None if event.context is None else context_text(event.context),
        text_of(event.history) if event.history else None,
        None if event.progress is None else text_of(event.progress),
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
        None if event.progress is None else text_of(event.progress),
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
