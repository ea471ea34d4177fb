"""What the store keeps: events, jobs, groups, entries. A turn of the writer changes them in memory, then writes them.

Instants are milliseconds since the epoch, spans are milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from queue_service.domain.limits import WEIGHT_BYTES
from queue_service.domain.states import (
    NEXT_STATE,
    EventState,
    GroupResult,
    GroupState,
    JobState,
    Trigger,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to push. It is due after delay, or at not_before_time if that is given."""

    payload: Payload
    delay: int = 0
    not_before_time: int | None = None
    attributes: Mapping[str, str] | None = None

    def due_time(self, now: int) -> int:
        """When it may first be delivered."""
        return now + self.delay if self.not_before_time is None else max(now, self.not_before_time)


@dataclass(kw_only=True, slots=True)
class Event:
    """One event. payload and attributes are there only when it was loaded for delivery."""

    id: int
    job: int
    queue: int
    state: EventState
    due_time: int
    lease_expire_time: int | None
    attempt: int
    failures: int
    lease_losses: int
    first_delivery_time: int | None
    context: Context | None
    payload: Payload | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def move(self, trigger: Trigger) -> None:
        """Change the state as the table says."""
        self.state = NEXT_STATE[self.state, trigger]


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
    """Jobs that belong together. fingerprint is of its on_complete."""

    id: int
    group_id: bytes
    state: GroupState
    on_complete: OnComplete | None
    fingerprint: bytes
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
