"""What a worker says about a delivery, and what the broker makes of it."""

from dataclasses import dataclass
from enum import IntEnum

from queue_service.domain.records import Context, Event, Payload
from queue_service.domain.retry import RetryPolicy
from queue_service.domain.states import Trigger


@dataclass(frozen=True, kw_only=True, slots=True)
class Success:
    """The event is done. result is kept with its job."""

    result: Payload | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Deliver again later; counts as a failure. after is in milliseconds, None lets the policy decide."""

    after: int | None = None
    reason: str = ""
    message: str = ""
    data: Payload | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The event can never succeed."""

    reason: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """Deliver again later; counts for nothing. after is in milliseconds."""

    after: int = 0
    reason: str = ""
    data: Payload | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseRanOut:
    """Nobody said anything: the lease expired."""


Outcome = Success | Retry | Failure | Release | LeaseRanOut

LEASE_LOST = "LEASE_LOST"
EXPIRED = Context(reason="EXPIRED", message="it was not delivered before its expire_after had passed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What an outcome does to its event.

    Attributes:
        trigger: the move.
        due_time: when it is due again, in milliseconds since the epoch. None: never.
        clamped: whether the asked wait was lowered.
        failures: failures after it.
        lease_losses: lease losses after it.
        context: what the next attempt, or the dead letter, is told.
    """

    trigger: Trigger
    due_time: int | None = None
    clamped: bool = False
    failures: int
    lease_losses: int
    context: Context | None


class SettleStatus(IntEnum):
    """What became of a settle."""

    OK = 1
    ALREADY_FINAL = 2
    LEASE_LOST = 3


def decide(
    event: Event, outcome: Outcome, *, policy: RetryPolicy, cancelled: bool, now: int, chance: float
) -> Decision:
    """What the outcome of a leased event's delivery does to it.

    Args:
        event: the event as it is.
        outcome: what was said.
        policy: its retry policy.
        cancelled: whether its job or group was cancelled meanwhile.
        now: milliseconds since the epoch.
        chance: 0 <= chance < 1, for jitter.
    """
    match outcome:
        case Success():
            return Decision(
                trigger=Trigger.SUCCEED, failures=event.failures, lease_losses=event.lease_losses, context=event.context
            )
        case Failure(reason=reason, message=message):
            return Decision(
                trigger=Trigger.FAIL,
                failures=event.failures + 1,
                lease_losses=event.lease_losses,
                context=Context(reason=reason, message=message, data=_left_data(event)),
            )
        case _ if cancelled or (event.expire_time is not None and event.expire_time <= now):
            return Decision(
                trigger=Trigger.CANCEL if cancelled else Trigger.FAIL,
                failures=event.failures,
                lease_losses=event.lease_losses,
                context=event.context if cancelled else EXPIRED,
            )
        case Release(after=after, reason=reason, data=data):
            return Decision(
                trigger=Trigger.RELEASE,
                due_time=now + after,
                failures=event.failures,
                lease_losses=event.lease_losses,
                context=Context(reason=reason, data=data),
            )
        case Retry():
            return _after_failure(event, outcome, policy=policy, now=now, chance=chance)
        case LeaseRanOut():
            return _after_lease_loss(event, policy=policy, now=now, chance=chance)


def _left_data(event: Event) -> Payload | None:
    return None if event.context is None else event.context.data


def _age(event: Event, now: int) -> int:
    return now - event.first_delivery_time if event.first_delivery_time is not None else 0


def _after_failure(event: Event, retry: Retry, *, policy: RetryPolicy, now: int, chance: float) -> Decision:
    failures = event.failures + 1
    context = Context(reason=retry.reason, message=retry.message, data=retry.data)
    if policy.ends_after_failure(failures=failures, age=_age(event, now)):
        return Decision(trigger=Trigger.FAIL, failures=failures, lease_losses=event.lease_losses, context=context)
    wait = policy.backoff(failures, chance) if retry.after is None else min(retry.after, policy.max_backoff)
    return Decision(
        trigger=Trigger.RETRY,
        due_time=now + wait,
        clamped=retry.after is not None and retry.after > wait,
        failures=failures,
        lease_losses=event.lease_losses,
        context=context,
    )


def _after_lease_loss(event: Event, *, policy: RetryPolicy, now: int, chance: float) -> Decision:
    lease_losses = event.lease_losses + 1
    context = Context(
        reason=LEASE_LOST, message="the lease ran out before the delivery was settled", data=_left_data(event)
    )
    if policy.ends_after_lease_loss(lease_losses=lease_losses, age=_age(event, now)):
        return Decision(trigger=Trigger.FAIL, failures=event.failures, lease_losses=lease_losses, context=context)
    return Decision(
        trigger=Trigger.LOSE_LEASE,
        due_time=now + policy.backoff(lease_losses, chance),
        failures=event.failures,
        lease_losses=lease_losses,
        context=context,
    )
