"""Events as the service keeps them: their state, counters, times and failed attempts.

Values only; events.py asks for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from longshore import payloads
from longshore.policies import Concurrency, RetryPolicy, concurrency, retry_policy
from longshore.times import instant, instant_or_none
from longshore.v1 import event_pb2, queue_admin_service_pb2


class EventState(StrEnum):
    """Where an event stands. FAILED is a dead letter."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    LEASED = "LEASED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AttemptOutcome(StrEnum):
    """How an attempt ended without success."""

    UNSPECIFIED = "UNSPECIFIED"
    RETRY = "RETRY"
    FAILURE = "FAILURE"
    LEASE_LOST = "LEASE_LOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery that ended without success.

    Attributes:
        attempt: its number.
        outcome: how it ended.
        reason: that it gave.
        message: that it gave.
        delivery_time: when it began, in UTC.
        end_time: when it ended.
    """

    attempt: int
    outcome: AttemptOutcome
    reason: str
    message: str
    delivery_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the service keeps it. All times are in UTC.

    Attributes:
        event_id: "<job_id>.<ordinal>".
        job_id: its job.
        queue: its queue.
        state: where it stands.
        priority: 0 to 9, 9 first.
        due_time: when it is, or was last, due.
        push_time: when it was pushed.
        expire_time: when it expires. None: never.
        attempt: its deliveries.
        failures: retries that workers asked for, and their failures.
        lease_losses: leases that ran out.
        first_delivery_time: when its retries began to count. None: not delivered since its push or redrive.
        lease_expire_time: when its lease ends. None: it is not leased.
        finish_time: when it ended. None: it has not.
        reason: of the last attempt that did not succeed, or of the dead letter.
        message: of the same.
        concurrency: its key and the limit in force. None: it has none.
        waiting_for_key: whether it waits in the line of its key.
        retry_policy: that it was pushed with. None: its queue's holds.
        progress: fraction that its worker told last, 0 to 1. None: none.
        progress_text: that its worker told last.
        body: the parsed JSON value, or bytes. None where it was not asked for.
        attributes: pushed beside the body. Empty where they were not asked for.
        data: that the last attempt left. None where it left nothing or was not asked for.
        attempts: the last ten that did not succeed, the earliest first. Empty where they were not asked for.
    """

    event_id: str
    job_id: str
    queue: str
    state: EventState
    priority: int
    due_time: datetime
    push_time: datetime
    expire_time: datetime | None
    attempt: int
    failures: int
    lease_losses: int
    first_delivery_time: datetime | None
    lease_expire_time: datetime | None
    finish_time: datetime | None
    reason: str
    message: str
    concurrency: Concurrency | None
    waiting_for_key: bool
    retry_policy: RetryPolicy | None
    progress: float | None
    progress_text: str
    body: Any
    attributes: Mapping[str, str]
    data: Any
    attempts: tuple[Attempt, ...]


_STATES = {number: EventState(name.removeprefix("EVENT_STATE_")) for name, number in event_pb2.EventState.items()}
_OUTCOMES = {
    number: AttemptOutcome(name.removeprefix("ATTEMPT_OUTCOME_"))
    for name, number in queue_admin_service_pb2.AttemptOutcome.items()
}


def stored_event(event: queue_admin_service_pb2.StoredEvent) -> StoredEvent:
    """The event of a message."""
    return StoredEvent(
        event_id=event.event_id,
        job_id=event.job_id,
        queue=event.queue,
        state=_STATES.get(event.state, EventState.UNSPECIFIED),
        priority=event.priority,
        due_time=instant(event.due_time),
        push_time=instant(event.push_time),
        expire_time=instant_or_none(event, "expire_time"),
        attempt=event.attempt,
        failures=event.failures,
        lease_losses=event.lease_losses,
        first_delivery_time=instant_or_none(event, "first_delivery_time"),
        lease_expire_time=instant_or_none(event, "lease_expire_time"),
        finish_time=instant_or_none(event, "finish_time"),
        reason=event.reason,
        message=event.message,
        concurrency=concurrency(event.concurrency) if event.HasField("concurrency") else None,
        waiting_for_key=event.waiting_for_key,
        retry_policy=retry_policy(event.retry_policy) if event.HasField("retry_policy") else None,
        progress=event.progress.fraction if event.progress.HasField("fraction") else None,
        progress_text=event.progress.text,
        body=payloads.decode(event.payload),
        attributes=dict(event.attributes),
        data=payloads.decode(event.data),
        attempts=tuple(_attempt(attempt) for attempt in event.attempts),
    )


def _attempt(attempt: queue_admin_service_pb2.Attempt) -> Attempt:
    return Attempt(
        attempt=attempt.attempt,
        outcome=_OUTCOMES.get(attempt.outcome, AttemptOutcome.UNSPECIFIED),
        reason=attempt.reason,
        message=attempt.message,
        delivery_time=instant(attempt.delivery_time),
        end_time=instant(attempt.end_time),
    )
