"""Reads what the units of a turn need: events first, then their jobs and keys, then groups, lines and lineages."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from queue_service.domain.limits import CALLED_UP, SWEEP_EVENTS
from queue_service.domain.records import NewEvent
from queue_service.domain.retention import PRUNED_AT_ONCE
from queue_service.domain.states import Place
from queue_service.ports.ended import EndedJobs
from queue_service.ports.needs import Loaded, Needs
from queue_service.ports.queues import Queues
from queue_service.storage.sqlite.connection import Call, Connection
from queue_service.storage.sqlite.kept import Kept
from queue_service.storage.sqlite.parameters import blob_list, encode
from queue_service.storage.sqlite.rows import (
    Row,
    add_content,
    commit_of,
    content_bytes,
    ended_job_of,
    entry_of,
    event_of,
    group_of,
    job_of,
    key_of,
    line_of,
)
from queue_service.storage.sqlite.schedules import schedule_of

Take = Callable[[list[Row]], None]

FOREVER = 2**63 - 1


class Loader:
    """Loads a turn's needs over the writer's connection, in few waits whatever their number."""

    def __init__(self, connection: Connection, kept: Kept, *, claim_bytes: int) -> None:
        self._connection = connection
        self._kept = kept
        self._claim_bytes = claim_bytes

    async def load(self, needs: Needs, queues: Queues, now: int) -> Loaded:
        """Everything that the needs name and that is there."""
        turn = _Turn(needs, queues, now, self._claim_bytes, self._kept)
        for stage in (turn.named, turn.owners_of_events, turn.owners_of_jobs, turn.keys_of_groups, turn.lines):
            asked = list(stage())
            if asked:
                answers = await self._connection.run([call for call, _ in asked])
                for (_, take), rows in zip(asked, answers, strict=True):
                    take(rows)
        return turn.loaded


class _Turn:
    """What one turn asks, stage by stage, and what becomes of the answers."""

    def __init__(self, needs: Needs, queues: Queues, now: int, claim_bytes: int, kept: Kept) -> None:
        self.loaded = Loaded()
        self._needs = needs
        self._queues = queues
        self._now = now
        self._claim_bytes = claim_bytes
        self._kept = kept
        self._lined: set[int] = set()

    def named(self) -> Iterator[tuple[Call, Take]]:
        """What the needs name by themselves."""
        needs = self._needs
        kept = self._kept.events
        self.loaded.events = {number: kept[number] for number in needs.events if number in kept}
        if len(self.loaded.events) < len(needs.events):
            unknown = needs.events - self.loaded.events.keys()
            yield Call("load_events", {"ids": encode(unknown)}), self._take_events
        if needs.keys:
            yield Call("load_keys_by_name", {"names": encode(needs.keys)}), self._take_keys
        if needs.groups or needs.pending_of_groups:
            yield Call("load_groups_by_id", blob_list(needs.groups | needs.pending_of_groups)), self._take_groups
        if needs.entries:
            yield Call("load_entries", {"keys": encode(needs.entries)}), self._take_entries
        if needs.commits:
            yield Call("load_commits", {"ids": encode(needs.commits)}), self._take_commits
        if needs.schedules:
            yield Call("load_schedules", {"names": encode(needs.schedules)}), self._take_schedules
            yield Call("count_schedules", {}), self._take_schedules_kept
        for name, wanted in needs.claims.items():
            yield from self._claim(name, wanted)
        for name in needs.schedules_of_queues:
            yield Call("schedule_of_queue", {"queue": name}), partial(self._take_schedule, name)
        yield from self._pending()
        yield from self._jobs()
        yield from self._ended()

    def _ended(self) -> Iterator[tuple[Call, Take]]:
        limits = {"limit": PRUNED_AT_ONCE, "max_events": 2 * PRUNED_AT_ONCE}
        for wanted in self._needs.ended_jobs:
            before = FOREVER if wanted.before is None else wanted.before
            parameters = {**wanted.after._asdict(), "before": before, **limits}
            yield Call("ended_jobs", parameters), partial(self._take_ended_jobs, wanted)
        for before in self._needs.dead_letters:
            parameters = {"before": before, "limit": PRUNED_AT_ONCE}
            yield Call("old_dead_letters", parameters), partial(self._take_dead_letters, before)

    def _pending(self) -> Iterator[tuple[Call, Take]]:
        for statement, owners in (
            ("pending_of_job", self._needs.pending_of_jobs),
            ("pending_of_group", self._needs.pending_of_groups),
        ):
            for owner in owners:
                yield Call(statement, {"owner": owner, "limit": SWEEP_EVENTS}), partial(self._take_pending, owner)

    def _jobs(self) -> Iterator[tuple[Call, Take]]:
        needs = self._needs
        if needs.jobs or needs.pending_of_jobs:
            yield Call("load_jobs_by_id", blob_list(needs.jobs | needs.pending_of_jobs)), self._take_jobs
        requests = [(known.id, text) for name, text in needs.requests if (known := self._queues.named(name))]
        if requests:
            yield Call("load_jobs_by_request", {"rows": encode(requests)}), self._take_jobs

    def owners_of_events(self) -> Iterator[tuple[Call, Take]]:
        """The jobs and keys of the events and schedules that were found."""
        events = self.loaded.events.values()
        jobs = {event.job for event in events} - self.loaded.jobs.keys()
        for number in jobs & self._kept.jobs.keys():
            self.loaded.jobs[number] = self._kept.jobs[number]
            jobs.remove(number)
        if jobs:
            yield Call("load_jobs", {"ids": encode(jobs)}), self._take_jobs
        keys = {event.key for event in events} | self._keys_of_ended()
        keys -= self.loaded.keys.keys() | {None}
        if keys:
            yield Call("load_keys", {"ids": encode(keys)}), self._take_keys
        yield from self._of_schedules()

    def _keys_of_ended(self) -> set[int | None]:
        return {event.key for jobs in self.loaded.ended_jobs.values() for job in jobs for event in job.kept}

    def _of_schedules(self) -> Iterator[tuple[Call, Take]]:
        schedules = self.loaded.schedules.values()
        jobs = {schedule.last_job_id for schedule in schedules if schedule.last_job_id is not None}
        if jobs:
            yield Call("load_jobs_by_id", blob_list(jobs)), self._take_jobs
        yield from self._keys_of(event for schedule in schedules for event in schedule.spec.events)

    def _keys_of(self, specs: Iterable[NewEvent]) -> Iterator[tuple[Call, Take]]:
        names = {spec.concurrency.key for spec in specs if spec.concurrency is not None} - self.loaded.key_names.keys()
        if names:
            yield Call("load_keys_by_name", {"names": encode(names)}), self._take_keys

    def owners_of_jobs(self) -> Iterator[tuple[Call, Take]]:
        """The groups of the jobs that were found, the pushes below the roots of parents, and the lines of keys."""
        loaded = self.loaded
        groups = {job.group for job in loaded.jobs.values() if job.group is not None} - loaded.groups.keys()
        if groups:
            yield Call("load_groups", {"ids": encode(groups)}), self._take_groups
        roots = {loaded.jobs[loaded.events[event].job].root for event in self._needs.parents & loaded.events.keys()}
        if roots:
            yield Call("load_pushes_below", blob_list(roots)), self._take_pushes_below
        yield from self.lines()

    def keys_of_groups(self) -> Iterator[tuple[Call, Take]]:
        """The keys of the jobs that complete the groups that were found."""
        jobs = [group.on_complete for group in self.loaded.groups.values() if group.on_complete is not None]
        yield from self._keys_of(event for job in jobs for event in job.events)

    def lines(self) -> Iterator[tuple[Call, Take]]:
        """The lines of the keys that were found since the last time."""
        keys = self.loaded.keys.keys() - self._lined
        if keys:
            self._lined |= keys
            yield from self._lines(keys)

    def _lines(self, keys: set[int]) -> Iterator[tuple[Call, Take]]:
        # What was loaded from a line may leave it in this turn: as many more are read, so that enough remain.
        waiting = Counter(event.key for event in self.loaded.events.values() if event.place is Place.LINE)
        lengths: dict[int, list[int]] = {}
        for key in keys:
            more = (1 << waiting[key].bit_length()) - 1  # few lengths, so that there are few calls
            lengths.setdefault(CALLED_UP + more, []).append(key)
        for length, alike in lengths.items():
            yield Call("load_lines", {"keys": encode(alike), "limit": length}), partial(self._take_lines, length)

    def _claim(self, name: str, wanted: int) -> Iterator[tuple[Call, Take]]:
        self.loaded.claimed[name] = []
        self.loaded.next_due[name] = None
        queue = self._queues.named(name)
        if queue is not None and queue.lanes:
            span = {"queue": queue.id, "lanes": encode(queue.priorities), "now": self._now}
            claim = Call("claim_events", {**span, "limit": wanted, "max_bytes": self._claim_bytes})
            yield Call("next_due_time", span), partial(self._take_next_due, name)
            yield claim, partial(self._take_claimed, name, wanted)

    def _take_events(self, rows: list[Row]) -> None:
        self.loaded.events.update((row[0], event_of(row)) for row in rows)

    def _take_keys(self, rows: list[Row]) -> None:
        for row in rows:
            key = self.loaded.keys.setdefault(row[0], key_of(row))
            self.loaded.key_names[key.name] = key.id

    def _take_lines(self, length: int, rows: list[Row]) -> None:
        for row in rows:
            self.loaded.lines.setdefault(row[0], {})[row[1]] = line_of(row, limit=length)

    def _take_pushes_below(self, rows: list[Row]) -> None:
        self.loaded.pushes_below.update((row[0], row[1]) for row in rows)

    def _take_next_due(self, name: str, rows: list[Row]) -> None:
        self.loaded.next_due[name] = rows[0][0] if rows else None

    def _take_claimed(self, name: str, wanted: int, rows: list[Row]) -> None:
        # An event that another unit of this turn needs too, such as a late settle, is one record.
        events = self.loaded.events
        self.loaded.claimed[name] = [add_content(events.setdefault(row[0], event_of(row)), row) for row in rows]
        taken = sum(content_bytes(row) for row in rows)
        if len(rows) >= wanted or taken >= self._claim_bytes / 2:
            del self.loaded.next_due[name]  # others may be ready

    def _take_pending(self, owner: bytes, rows: list[Row]) -> None:
        self.loaded.pending[owner] = [self.loaded.events.setdefault(row[0], event_of(row)) for row in rows]

    def _take_schedule(self, queue: str, rows: list[Row]) -> None:
        self.loaded.schedule_of_queue.update((queue, row[0]) for row in rows)

    def _take_ended_jobs(self, wanted: EndedJobs, rows: list[Row]) -> None:
        self.loaded.ended_jobs[wanted] = [ended_job_of(row) for row in rows]

    def _take_dead_letters(self, before: int, rows: list[Row]) -> None:
        self.loaded.dead_letters[before] = [self.loaded.events.setdefault(row[0], event_of(row)) for row in rows]

    def _take_jobs(self, rows: list[Row]) -> None:
        loaded = self.loaded
        for row in rows:
            job = loaded.jobs.get(row[0]) or self._kept.jobs.get(row[0]) or job_of(row)
            loaded.jobs[job.id] = job
            loaded.job_ids[job.job_id] = job.id
            if job.request_id is not None:
                loaded.requests[job.queue, job.request_id] = job.id

    def _take_groups(self, rows: list[Row]) -> None:
        for row in rows:
            group = self.loaded.groups.setdefault(row[0], group_of(row))
            self.loaded.group_ids[group.group_id] = group.id

    def _take_entries(self, rows: list[Row]) -> None:
        self.loaded.entries = {row[0]: entry_of(row) for row in rows}

    def _take_schedules(self, rows: list[Row]) -> None:
        self.loaded.schedules = {row[0]: schedule_of(row) for row in rows}

    def _take_schedules_kept(self, rows: list[Row]) -> None:
        self.loaded.schedules_kept = rows[0][0]

    def _take_commits(self, rows: list[Row]) -> None:
        self.loaded.commits = {row[0]: commit_of(row) for row in rows}
