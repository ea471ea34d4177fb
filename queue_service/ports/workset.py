"""The unit of work of one turn of the writer: what its units asked for, what they changed, what to tell afterwards.

The store loads what is needed, the units change it here in memory, the store writes the changes in one transaction.
So the rules are plain synchronous code, the same over every store, and a unit that is refused leaves no trace.
"""

from dataclasses import dataclass, field

from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import SettleStatus
from queue_service.domain.records import Entry, Event, Group, Job
from queue_service.domain.states import EventState


@dataclass(slots=True)
class Needs:
    """What units want loaded. The jobs and groups of loaded events come along."""

    events: set[int] = field(default_factory=set)
    jobs: set[bytes] = field(default_factory=set)
    requests: set[tuple[str, str]] = field(default_factory=set)
    """Queue name and request_id of jobs."""
    groups: set[bytes] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    commits: set[str] = field(default_factory=set)
    """request_ids of commits."""
    claims: dict[str, int] = field(default_factory=dict)
    """Queue name to the number of ready events that are wanted, in ready order."""
    pending_of_jobs: set[bytes] = field(default_factory=set)
    """Jobs of which a bounded number of pending events is wanted."""
    pending_of_groups: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The answer to one settle."""

    status: SettleStatus
    state: EventState | None = None
    due_time: int | None = None
    clamped: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RememberedCommit:
    """A commit that was carried out: its fingerprint and its encoded answer."""

    request_id: str
    fingerprint: bytes
    answer: bytes
    expire_time: int


@dataclass(slots=True)
class Loaded:
    """What the store found for the needs."""

    events: dict[int, Event] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    job_ids: dict[bytes, int] = field(default_factory=dict)
    requests: dict[tuple[int, str], int] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    group_ids: dict[bytes, int] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    commits: dict[str, RememberedCommit] = field(default_factory=dict)
    claimed: dict[str, list[Event]] = field(default_factory=dict)
    next_due: dict[str, int | None] = field(default_factory=dict)
    """Queue name to the due time after now, where fewer events were ready than wanted."""
    pending: dict[bytes, list[Event]] = field(default_factory=dict)
    """Job id or group id to pending events."""


@dataclass(slots=True)
class Changes:
    """What is to be written."""

    queues: dict[str, int] = field(default_factory=dict)
    new_groups: list[Group] = field(default_factory=list)
    new_jobs: list[Job] = field(default_factory=list)
    new_events: list[Event] = field(default_factory=list)
    events: dict[int, Event] = field(default_factory=dict)
    removed_events: set[int] = field(default_factory=set)
    jobs: dict[int, Job] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    entries: dict[str, Entry | None] = field(default_factory=dict)
    """Key to the new entry; None deletes."""
    commits: list[RememberedCommit] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.new_events
            or self.events
            or self.removed_events
            or self.jobs
            or self.entries
            or self.new_groups
            or self.groups
            or self.commits
        )


@dataclass(slots=True)
class Notices:
    """What the process is told once the changes are durable."""

    ready: dict[str, int] = field(default_factory=dict)
    """Queue name to the earliest due time of what became pending."""
    settled: list[tuple[LeaseKey, Settled]] = field(default_factory=list)
    extended: list[tuple[LeaseKey, int]] = field(default_factory=list)
    """Leases and the milliseconds that they have from now."""
    cancelled_jobs: dict[int, bytes] = field(default_factory=dict)
    cancelled_groups: dict[int, bytes] = field(default_factory=dict)
    """Number and id of what was cancelled just now."""


class Workset:
    """What a turn's units see and change.

    Attributes:
        now: the one instant of the turn, milliseconds since the epoch.
        loaded: what the store found; units change its records in place and say so with the methods below.
        changes: what is to be written.
        notices: what to tell when it is.
    """

    def __init__(
        self, *, now: int, loaded: Loaded, queues: dict[str, int], next_event: int, next_group: int, next_version: int
    ) -> None:
        self.now = now
        self.loaded = loaded
        self.changes = Changes()
        self.notices = Notices()
        self.next_event = next_event
        self.next_group = next_group
        self.next_version = next_version
        self._queues = queues
        self._queue_names: dict[int, str] = {}
        self._touched_groups: set[int] = set()

    def queue(self, name: str) -> int:
        """The number of a queue; a new queue is made."""
        number = self._queues.get(name) or self.changes.queues.get(name)
        if number is None:
            number = len(self._queues) + len(self.changes.queues) + 1
            self.changes.queues[name] = number
        return number

    def queue_name(self, number: int) -> str:
        """The name of a queue."""
        if number not in self._queue_names:
            self._queue_names = {known: name for name, known in (self._queues | self.changes.queues).items()}
        return self._queue_names[number]

    def job(self, job_id: bytes) -> Job | None:
        """A job by its id."""
        number = self.loaded.job_ids.get(job_id)
        return None if number is None else self.loaded.jobs[number]

    def job_of_request(self, queue: str, request_id: str) -> Job | None:
        """A job by its request_id."""
        number = self.loaded.requests.get((self._queues.get(queue) or self.changes.queues.get(queue, 0), request_id))
        return None if number is None else self.loaded.jobs[number]

    def group(self, group_id: bytes) -> Group | None:
        """A group by its id."""
        number = self.loaded.group_ids.get(group_id)
        return None if number is None else self.loaded.groups[number]

    def entry(self, key: str) -> Entry | None:
        """An entry that has not expired."""
        entry = self.changes.entries[key] if key in self.changes.entries else self.loaded.entries.get(key)
        return entry if entry is not None and entry.is_live(self.now) else None

    def leased(self, key: LeaseKey) -> Event | None:
        """The event of a lease that holds."""
        event = self.loaded.events.get(key.event)
        if event is None or event.state is not EventState.LEASED or event.attempt != key.attempt:
            return None
        return event

    def is_cancelled(self, job: Job) -> bool:
        """Whether the job or its group was cancelled."""
        if job.cancel_time is not None:
            return True
        return job.group is not None and self.loaded.groups[job.group].cancel_time is not None

    def add_job(self, job: Job, events: list[Event]) -> None:
        """Take in a new job with its events."""
        self.changes.new_jobs.append(job)
        self.changes.new_events.extend(events)
        self.loaded.jobs[job.id] = job
        self.loaded.job_ids[job.job_id] = job.id
        if job.request_id is not None:
            self.loaded.requests[job.queue, job.request_id] = job.id
        self.next_event += len(events)
        self.tell_ready(job.queue, min(event.due_time for event in events))

    def add_group(self, group: Group) -> None:
        """Take in a new group."""
        self.changes.new_groups.append(group)
        self.loaded.groups[group.id] = group
        self.loaded.group_ids[group.group_id] = group.id
        self.next_group += 1

    def change_event(self, event: Event) -> None:
        """Note that an event changed."""
        self.changes.events[event.id] = event

    def remove_event(self, event: Event) -> None:
        """Note that an event's row goes."""
        self.changes.events.pop(event.id, None)
        self.changes.removed_events.add(event.id)

    def change_job(self, job: Job) -> None:
        """Note that a job changed."""
        self.changes.jobs[job.id] = job

    def change_group(self, group: Group) -> None:
        """Note that a group changed: it may be complete now."""
        self.changes.groups[group.id] = group
        self._touched_groups.add(group.id)

    def write_entry(self, key: str, entry: Entry | None) -> None:
        """Note an entry's new content. None deletes it."""
        self.changes.entries[key] = entry

    def remember_commit(self, commit: RememberedCommit) -> None:
        """Keep the answer to a commit."""
        self.changes.commits.append(commit)
        self.loaded.commits[commit.request_id] = commit

    def take_version(self) -> int:
        """The next entry version of the store."""
        version = self.next_version
        self.next_version += 1
        return version

    def tell_ready(self, queue: int, due_time: int) -> None:
        """Tell streams that something of a queue is, or will be, ready."""
        name = self.queue_name(queue)
        known = self.notices.ready.get(name)
        self.notices.ready[name] = due_time if known is None else min(known, due_time)

    def take_touched_groups(self) -> list[Group]:
        """The groups that changed since the last call."""
        touched = [self.loaded.groups[number] for number in self._touched_groups]
        self._touched_groups.clear()
        return touched
