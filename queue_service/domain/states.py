"""Where events, jobs and groups can stand, and how they move. One table decides every move of an event."""

from enum import IntEnum, StrEnum


class EventState(IntEnum):
    """State of an event, as stored. "Delayed" is PENDING with its due time ahead."""

    PENDING = 1
    """Entered by push, retry, release, lease loss, redrive. Left by deliver, cancel and expire."""
    LEASED = 2
    """Entered by deliver. Left when the delivery is settled or its lease runs out."""
    SUCCEEDED = 3
    """Final. The row and its payload go with the settle, unless the queue keeps them; the job counts it."""
    FAILED = 4
    """A dead letter: final until redriven, kept with its reason."""
    CANCELLED = 5
    """Final. The row goes; the job counts it."""


FINAL = frozenset({EventState.SUCCEEDED, EventState.FAILED, EventState.CANCELLED})


class Trigger(StrEnum):
    """What moves an event."""

    DELIVER = "deliver"
    SUCCEED = "succeed"
    RETRY = "retry"
    """The worker asked for another attempt and the policy grants it."""
    FAIL = "fail"
    """The worker said that it can never succeed, or the policy ended the retries."""
    RELEASE = "release"
    LOSE_LEASE = "lose lease"
    """The lease ran out and the policy grants another attempt."""
    CANCEL = "cancel"
    """The event was cancelled before it began, or a cancelled delivery came back without success or failure."""
    EXPIRE = "expire"
    """It was not delivered in time."""
    REDRIVE = "redrive"
    """An operator puts a dead letter back."""


NEXT_STATE = {
    (EventState.PENDING, Trigger.DELIVER): EventState.LEASED,
    (EventState.PENDING, Trigger.CANCEL): EventState.CANCELLED,
    (EventState.PENDING, Trigger.EXPIRE): EventState.FAILED,
    (EventState.LEASED, Trigger.SUCCEED): EventState.SUCCEEDED,
    (EventState.LEASED, Trigger.RETRY): EventState.PENDING,
    (EventState.LEASED, Trigger.FAIL): EventState.FAILED,
    (EventState.LEASED, Trigger.RELEASE): EventState.PENDING,
    (EventState.LEASED, Trigger.LOSE_LEASE): EventState.PENDING,
    (EventState.LEASED, Trigger.CANCEL): EventState.CANCELLED,
    (EventState.FAILED, Trigger.REDRIVE): EventState.PENDING,
}
"""Every move there is. A pair that is missing is a fault of the broker."""


class Place(IntEnum):
    """Where a pending event stands in its queue. Every other event is at READY."""

    READY = 0
    """In the ready order: priority, then due time, then push order."""
    HEAD = 1
    """In the ready order too: called up from the line of its concurrency key, because a slot was free."""
    LINE = 2
    """Out of the ready order: in the line of its key in this queue."""


class JobState(IntEnum):
    """State of a job: follows from its counts and is not stored."""

    IN_PROGRESS = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELLED = 4


def job_state(*, in_progress: int, failed: int, cancelled: int) -> JobState:
    """The state that a job's counts amount to."""
    if in_progress:
        return JobState.IN_PROGRESS
    if failed:
        return JobState.FAILED
    return JobState.CANCELLED if cancelled else JobState.SUCCEEDED


class GroupState(IntEnum):
    """State of a group, as stored."""

    OPEN = 1
    """Takes pushes from everyone."""
    SEALED = 2
    """Takes pushes from live leases of its members only."""
    COMPLETE = 3
    """Sealed, and all its events are final. Final."""


class GroupResult(IntEnum):
    """How a complete group ended."""

    SUCCEEDED = 1
    HAS_FAILURES = 2
    CANCELLED = 3


def group_result(*, failed: int, cancelled: int, was_cancelled: bool) -> GroupResult:
    """The result that a complete group's counts amount to."""
    if was_cancelled:
        return GroupResult.CANCELLED
    return GroupResult.HAS_FAILURES if failed or cancelled else GroupResult.SUCCEEDED
