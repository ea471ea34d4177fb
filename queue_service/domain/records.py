"""What the store keeps: events, jobs, groups, entries. A turn of the writer changes them in memory, then writes them.

Instants are milliseconds since the epoch, spans are milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from queue_service.domain.limits import DEFAULT_PRIORITY, WEIGHT_BYTES
from queue_service.domain.retry import PolicyChange
from queue_service.domain.states import (
    EventState,
    GroupResult,
    GroupState,
    JobState,
    Place,
    group_result,
    job_state,
)


class Payload(NamedTuple):
    """Carried data. JSON text is kept byte for byte as UTF-8."""

    data: bytes
    is_json: bool

    @property
    def weight(self) -> int:
        """What it adds to a turn of the writer: 1 for a small one."""
        return 1 + len(self.data) // WEIGHT_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the last unsuccessful delivery left behind."""

    reason: str = ""
    message: str = ""
    data: Payload | None = None


class Concurrency(NamedTuple):
    """At most this many events of the key are leased at a time, over all queues."""

    key: str
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to push. It is due after delay, or at not_before_time if that is given."""

    payload: Payload
    delay: int = 0
    not_before_time: int | None = None
    attributes: Mapping[str, str] | None = None
    priority: int = DEFAULT_PRIORITY
    concurrency: Concurrency | None = None
    policy: PolicyChange | None = None
    expire_after: int | None = None

    def due_time(self, now: int) -> int:
        """When it may first be delivered."""
        return now + self.delay if self.not_before_time is None else max(now, self.not_before_time)


class Attempt(NamedTuple):
    """A delivery that ended without success. outcome is the name of what ended it."""

    attempt: int
    outcome: str
    reason: str
    message: str
    delivery_time: int
    end_time: int


class Progress(NamedTuple):
    """How far the work on an event is. fraction is 0 to 1, None where it is not known."""

    fraction: float | None
    text: str
    update_time: int


@dataclass(kw_only=True, slots=True)
class Event:
    """One event. payload and attributes are there only when it was loaded for delivery.

    Attributes:
        key: number of its concurrency key.
        place: where it stands while it is pending.
        first_delivery_time: since its push or redrive: the retry window counts from here.
        delivery_time: of the last delivery.
        history: the last attempts that did not succeed, the earliest first.
        finish_time: when it ended; only rows of what is kept have it.
    """

    id: int
    job: int
    queue: int
    state: EventState
    place: Place = Place.READY
    priority: int
    due_time: int
    key: int | None = None
    lease_expire_time: int | None = None
    attempt: int = 0
    failures: int = 0
    lease_losses: int = 0
    first_delivery_time: int | None = None
    delivery_time: int | None = None
    expire_time: int | None = None
    finish_time: int | None = None
    policy: PolicyChange | None = None
    context: Context | None = None
    history: tuple[Attempt, ...] = ()
    progress: Progress | None = None
    payload: Payload | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def rank(self) -> "Rank":
        """Its place in the ready order: the lowest goes first."""
        return Rank(-self.priority, self.due_time, self.id)


class Rank(NamedTuple):
    """The ready order: priority, then due time, then push order."""

    falling_priority: int
    due_time: int
    event: int


class Lineage(NamedTuple):
    """The place of a job below a root."""

    root: bytes
    depth: int


@dataclass(kw_only=True, slots=True)
class Job:
    """What one push made. Its id is the id of its first event; the others follow without gaps."""

    id: int
    job_id: bytes
    queue: int
    group: int | None
    request_id: str | None
    fingerprint: bytes
    events: int
    success: int = 0
    failed: int = 0
    cancelled: int = 0
    root: bytes
    depth: int
    push_time: int
    finish_time: int | None = None
    cancel_time: int | None = None

    @property
    def child_lineage(self) -> Lineage:
        """The place of what its handlers push."""
        return Lineage(self.root, self.depth + 1)

    @property
    def in_progress(self) -> int:
        """Events that are not final."""
        return self.events - self.success - self.failed - self.cancelled

    @property
    def state(self) -> JobState:
        """Follows from the counts."""
        return job_state(in_progress=self.in_progress, failed=self.failed, cancelled=self.cancelled)


@dataclass(frozen=True, kw_only=True, slots=True)
class OnComplete:
    """The job to push when a group completes."""

    queue: str
    events: tuple[NewEvent, ...]


@dataclass(kw_only=True, slots=True)
class Group:
    """Jobs that belong together. fingerprint is of its on_complete; lineage is that job's, None where it is a root."""

    id: int
    group_id: bytes
    state: GroupState
    on_complete: OnComplete | None
    fingerprint: bytes
    lineage: Lineage | None = None
    jobs: int = 0
    events: int = 0
    success: int = 0
    failed: int = 0
    cancelled: int = 0
    create_time: int
    last_push_time: int
    complete_time: int | None = None
    cancel_time: int | None = None

    @property
    def in_progress(self) -> int:
        """Events that are not final."""
        return self.events - self.success - self.failed - self.cancelled

    @property
    def result(self) -> GroupResult | None:
        """How it ended, once complete."""
        if self.state is not GroupState.COMPLETE:
            return None
        return group_result(failed=self.failed, cancelled=self.cancelled, was_cancelled=self.cancel_time is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A key, its payload and its version. payload is None where only keys were asked for."""

    key: str
    payload: Payload | None
    version: int
    create_time: int
    update_time: int
    expire_time: int | None

    def is_live(self, now: int) -> bool:
        """Whether it has not expired."""
        return self.expire_time is None or self.expire_time > now
