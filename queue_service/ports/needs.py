"""What the units of a turn ask for, and what the store found for them."""

from dataclasses import dataclass, field

from queue_service.domain.queues import Key
from queue_service.domain.records import Entry, Event, Group, Job
from queue_service.domain.schedules import Schedule
from queue_service.ports.changes import RememberedCommit
from queue_service.ports.ended import EndedJob, EndedJobs
from queue_service.ports.lines import Line


@dataclass(slots=True)
class Needs:
    """What units want loaded. The jobs and groups of loaded events come along."""

    events: set[int] = field(default_factory=set)
    parents: set[int] = field(default_factory=set)
    """Events among these whose handlers push: the pushes below their roots are wanted."""
    keys: set[str] = field(default_factory=set)
    """Names of concurrency keys. Those of loaded events come along, and with every key its lines."""
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
    schedules_of_queues: set[str] = field(default_factory=set)
    """Queues of which it is wanted whether a schedule pushes to them."""
    schedules: set[str] = field(default_factory=set)
    """Names. The latest job of each comes along, and so do the keys of its events."""
    ended_jobs: set[EndedJobs] = field(default_factory=set)
    dead_letters: set[int] = field(default_factory=set)
    """Times by which dead letters became so; a bounded number is wanted."""


@dataclass(slots=True)
class Loaded:
    """What the store found for the needs."""

    events: dict[int, Event] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    job_ids: dict[bytes, int] = field(default_factory=dict)
    requests: dict[tuple[int, str], int] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    group_ids: dict[bytes, int] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    key_names: dict[str, int] = field(default_factory=dict)
    lines: dict[int, dict[int, Line]] = field(default_factory=dict)
    """Number of a key to its lines by number of their queue."""
    pushes_below: dict[bytes, int] = field(default_factory=dict)
    """Root job id to the number of jobs pushed below it."""
    entries: dict[str, Entry] = field(default_factory=dict)
    commits: dict[str, RememberedCommit] = field(default_factory=dict)
    claimed: dict[str, list[Event]] = field(default_factory=dict)
    next_due: dict[str, int | None] = field(default_factory=dict)
    """Queue name to the due time after now, where fewer events were ready than wanted."""
    pending: dict[bytes, list[Event]] = field(default_factory=dict)
    """Job id or group id to pending events."""
    schedule_of_queue: dict[str, str] = field(default_factory=dict)
    """Queue name to the name of a schedule that pushes to it."""
    schedules: dict[str, Schedule] = field(default_factory=dict)
    schedules_kept: int = 0
    """How many there are in all, where any was asked for."""
    ended_jobs: dict[EndedJobs, list[EndedJob]] = field(default_factory=dict)
    dead_letters: dict[int, list[Event]] = field(default_factory=dict)
