"""Reads what the units of a turn need: events first, then their jobs, then their groups."""

from collections.abc import Iterable
from typing import Any

import aiosqlite

from queue_service.domain.limits import SWEEP_EVENTS
from queue_service.ports.workset import Loaded, Needs
from queue_service.storage.sqlite.rows import (
    Blobs,
    Row,
    add_content,
    commit_of,
    encode,
    entry_of,
    event_of,
    group_of,
    job_of,
)
from queue_service.storage.sqlite.statements import SQL


class Loader:
    """Loads a turn's needs over the writer's connection."""

    def __init__(self, connection: aiosqlite.Connection, *, claim_bytes: int) -> None:
        self._connection = connection
        self._claim_bytes = claim_bytes

    async def load(self, needs: Needs, queues: dict[str, int], now: int) -> Loaded:
        """Everything that the needs name and that is there."""
        loaded = Loaded()
        if needs.events:
            rows = await self._all("load_events", ids=encode(needs.events))
            loaded.events = {row[0]: event_of(row) for row in rows}
        if needs.entries:
            rows = await self._all("load_entries", keys=encode(needs.entries))
            loaded.entries = {row[0]: entry_of(row) for row in rows}
        if needs.commits:
            rows = await self._all("load_commits", ids=encode(needs.commits))
            loaded.commits = {row[0]: commit_of(row) for row in rows}
        for name, wanted in needs.claims.items():
            await self._claim(loaded, name, queues.get(name), wanted, now)
        await self._pending(loaded, "pending_of_job", needs.pending_of_jobs)
        await self._pending(loaded, "pending_of_group", needs.pending_of_groups)
        await self._jobs(loaded, needs, queues)
        await self._groups(loaded, needs)
        return loaded

    async def _claim(self, loaded: Loaded, name: str, queue: int | None, wanted: int, now: int) -> None:
        rows = (
            []
            if queue is None
            else await self._all("claim_events", queue=queue, now=now, limit=wanted, max_bytes=self._claim_bytes)
        )
        # An event that another unit of this turn needs too, such as a late settle, is one record.
        loaded.claimed[name] = [add_content(loaded.events.setdefault(row[0], event_of(row)), row) for row in rows]
        taken = sum(len(row[13]) + len(row[12] or "") + len(row[10] or "") + 512 for row in rows)
        if len(rows) < wanted and taken < self._claim_bytes / 2:
            due = [] if queue is None else await self._all("next_due_time", queue=queue, now=now)
            loaded.next_due[name] = due[0][0] if due else None

    async def _pending(self, loaded: Loaded, statement: str, owners: Iterable[bytes]) -> None:
        for owner in owners:
            rows = await self._all(statement, owner=owner, limit=SWEEP_EVENTS)
            loaded.pending[owner] = [loaded.events.setdefault(row[0], event_of(row)) for row in rows]

    async def _jobs(self, loaded: Loaded, needs: Needs, queues: dict[str, int]) -> None:
        rows: list[Row] = []
        numbers = {event.job for event in loaded.events.values()}
        if numbers:
            rows += await self._all("load_jobs", ids=encode(numbers))
        wanted = needs.jobs | needs.pending_of_jobs
        if wanted:
            rows += await self._all("load_jobs_by_id", **_blob_list(wanted))
        requests = [(queues[queue], request_id) for queue, request_id in needs.requests if queue in queues]
        if requests:
            rows += await self._all("load_jobs_by_request", rows=encode(requests))
        for row in rows:
            job = loaded.jobs.setdefault(row[0], job_of(row))
            loaded.job_ids[job.job_id] = job.id
            if job.request_id is not None:
                loaded.requests[job.queue, job.request_id] = job.id

    async def _groups(self, loaded: Loaded, needs: Needs) -> None:
        rows: list[Row] = []
        numbers = {job.group for job in loaded.jobs.values() if job.group is not None}
        if numbers:
            rows += await self._all("load_groups", ids=encode(numbers))
        wanted = needs.groups | needs.pending_of_groups
        if wanted:
            rows += await self._all("load_groups_by_id", **_blob_list(wanted))
        for row in rows:
            group = loaded.groups.setdefault(row[0], group_of(row))
            loaded.group_ids[group.group_id] = group.id

    async def _all(self, statement: str, **parameters: Any) -> list[Row]:
        return list(await self._connection.execute_fetchall(SQL[statement], parameters))


def _blob_list(values: Iterable[bytes]) -> dict[str, Any]:
    blobs = Blobs()
    return {"offsets": encode([blobs.add(value) for value in values]), "blobs": blobs.join()}
