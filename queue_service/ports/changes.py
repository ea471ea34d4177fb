"""What a turn of the writer changes, and what the process is told once it is durable."""

from collections import Counter
from dataclasses import dataclass, field

from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import Outcome, SettleStatus
from queue_service.domain.queues import Key, Queue
from queue_service.domain.records import Entry, Event, Group, Job, Payload
from queue_service.domain.retention import Expiring
from queue_service.domain.schedules import Schedule
from queue_service.domain.states import EventState


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The answer to one settle. said: the kind of outcome that it answers; None: any."""

    status: SettleStatus
    state: EventState | None = None
    due_time: int | None = None
    clamped: bool = False
    said: type[Outcome] | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class RememberedCommit:
    """A commit that was carried out: its fingerprint and its encoded answer."""

    request_id: str
    fingerprint: bytes
    answer: bytes
    expire_time: int


@dataclass(slots=True)
class Changes:
    """What is to be written."""

    queues: dict[int, Queue] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    called_up: set[int] = field(default_factory=set)
    """Events that moved from LINE to HEAD and are not in events."""
    pushes_below: Counter[bytes] = field(default_factory=Counter)
    """Root job id to the number of jobs pushed below it just now."""
    results: dict[int, Payload] = field(default_factory=dict)
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
    schedules: dict[str, Schedule | None] = field(default_factory=dict)
    """Name to the schedule as it is now; None deletes."""
    removed_jobs: dict[int, int] = field(default_factory=dict)
    """Number of a job to the number of its events: its row goes, and what its events left."""
    removed_groups: set[int] = field(default_factory=set)
    expired: dict[Expiring, int] = field(default_factory=dict)
    """Kind of rows to the latest of their times: a bounded number of the oldest goes."""

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
            or self.queues
            or self.schedules
            or self.removed_groups
            or self.expired
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
    purged: dict[int, int] = field(default_factory=dict)
    """Number of a queue to the event below which all were cancelled just now."""
    paused: dict[str, bool] = field(default_factory=dict)
    """Name of a queue to whether it is paused."""
    progressed: set[int] = field(default_factory=set)
    """Jobs of events whose progress was told or is over."""
    expiring: int | None = None
    """The earliest time at which something that was pushed expires."""
