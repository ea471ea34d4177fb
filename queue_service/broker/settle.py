"""Ending deliveries: by what a worker says, or because a lease ran out. Counts move in the same step as states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from queue_service.broker.moves import keep, move
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import LeaseLost
from queue_service.domain.ids import LeaseKey
from queue_service.domain.limits import HISTORY_ATTEMPTS
from queue_service.domain.outcomes import (
    EXPIRED,
    Failure,
    LeaseRanOut,
    Outcome,
    Release,
    Retry,
    SettleStatus,
    Success,
    decide,
)
from queue_service.domain.queues import Queue
from queue_service.domain.records import Attempt, Context, Event
from queue_service.domain.retry import RetryPolicy
from queue_service.domain.states import FINAL, EventState, GroupState, Trigger
from queue_service.ports import Needs, Workset
from queue_service.ports.changes import Settled

LOST = Settled(status=SettleStatus.LEASE_LOST)
DONE = Settled(status=SettleStatus.OK, state=EventState.SUCCEEDED, said=Success)
"""One for all: many thousands are remembered."""
UNSUCCESSFUL = {Retry: "RETRY", Failure: "FAILURE", LeaseRanOut: "LEASE_LOST"}
"""What an attempt is remembered as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """One delivery and what is said about it. lease_id is only for messages."""

    key: LeaseKey
    outcome: Outcome
    lease_id: str = ""


class Settle(BrokerUnit[list[Settled]]):
    """Settles deliveries independently.

    Args:
        settlements: at most one for each lease.
        remembered: what was settled lately, so that a repeat is answered as the first time.
    """

    urgent = True

    def __init__(self, settlements: list[Settlement], *, remembered: Mapping[LeaseKey, Settled], terms: Terms) -> None:
        self._settlements = settlements
        self.weight = len(settlements)
        self._remembered = remembered
        self._terms = terms

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(settlement.key.event for settlement in self._settlements)

    def carry_out(self, work: Workset) -> list[Settled]:
        """Settle one after the other."""
        return [
            do_settle(work, settlement, self._terms)
            if work.leased(settlement.key) is not None
            else self._not_leased(work, settlement)
            for settlement in self._settlements
        ]

    def _not_leased(self, work: Workset, settlement: Settlement) -> Settled:
        key = settlement.key
        remembered = self._remembered.get(key)
        # Who says something else is not told that all is well: a success after a retry changed nothing.
        if remembered is not None and remembered.said in {None, type(settlement.outcome)}:
            return remembered
        event = work.loaded.events.get(key.event)
        if event is None:  # the row went when the event ended; a made-up number looks the same
            known = 0 < key.event < work.next_event and key.attempt > 0
            return Settled(status=SettleStatus.ALREADY_FINAL) if known else LOST
        if event.state in FINAL:
            return Settled(status=SettleStatus.ALREADY_FINAL, state=event.state)
        return LOST


class ExpireLeases(BrokerUnit[None]):
    """Takes events back whose leases ran out.

    Args:
        is_over: whether a lease that ran out was not extended in an earlier turn since.
    """

    urgent = True

    def __init__(self, keys: list[LeaseKey], *, is_over: Callable[[LeaseKey], bool], terms: Terms) -> None:
        self._keys = keys
        self.weight = len(keys)
        self._is_over = is_over
        self._terms = terms

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(key.event for key in self._keys)

    def carry_out(self, work: Workset) -> None:
        """Take back those that are still leased by the same attempt, unless they were extended meanwhile."""
        extended = {key for key, _ in work.notices.extended}
        for key in self._keys:
            if key not in extended and self._is_over(key) and work.leased(key) is not None:
                do_settle(work, Settlement(key=key, outcome=LeaseRanOut()), self._terms)


def check_settle(work: Workset, settlement: Settlement) -> None:
    """Whether the lease holds.

    Raises:
        LeaseLost: it does not.
    """
    if work.leased(settlement.key) is None:
        raise LeaseLost(settlement.lease_id)


def do_settle(work: Workset, settlement: Settlement, terms: Terms) -> Settled:
    """Settle a delivery whose lease holds."""
    outcome = settlement.outcome
    event = work.loaded.events[settlement.key.event]
    queue = work.change_queue(event.queue)
    decision = decide(
        event,
        outcome,
        policy=_policy(event, queue, outcome, terms),
        cancelled=work.is_cancelled(event),
        now=work.now,
        chance=terms.chance(),
    )
    if type(outcome) in UNSUCCESSFUL:
        event.history = (*event.history, _attempt(event, outcome, decision.context, work.now))[-HISTORY_ATTEMPTS:]
    _tally(queue, outcome)
    if event.progress is not None:
        work.notices.progressed.add(event.job)
    event.lease_expire_time = event.progress = None
    event.failures = decision.failures
    event.lease_losses = decision.lease_losses
    event.context = decision.context
    if isinstance(outcome, Success) and outcome.result is not None:
        work.changes.results[event.id] = outcome.result
    if decision.due_time is not None:
        event.due_time = decision.due_time
        move(work, event, decision.trigger)
        work.change_event(event)
        if event.expire_time is not None:
            work.tell_expiring(event.expire_time)
    else:
        move(work, event, decision.trigger)
        conclude(work, event)
    settled = DONE
    if event.state is not EventState.SUCCEEDED:
        settled = Settled(
            status=SettleStatus.OK,
            state=event.state,
            due_time=decision.due_time,
            clamped=decision.clamped,
            said=type(outcome),
        )
    # A worker that comes back after its lease ran out must not be told that all is well.
    work.notices.settled.append((settlement.key, LOST if isinstance(outcome, LeaseRanOut) else settled))
    return settled


def cancel_pending(work: Workset, event: Event) -> None:
    """Cancel an event that nobody works on."""
    move(work, event, Trigger.CANCEL)
    conclude(work, event)


def expire_pending(work: Workset, event: Event) -> None:
    """Make a dead letter of an event that was not delivered in time."""
    event.context = EXPIRED
    move(work, event, Trigger.EXPIRE)
    conclude(work, event)


def conclude(work: Workset, event: Event) -> None:
    """Count an event that became final. Its row goes, unless it is a dead letter or its queue keeps it."""
    job = work.loaded.jobs[event.job]
    group = None if job.group is None else work.loaded.groups[job.group]
    if group is not None and group.state is GroupState.COMPLETE:  # a dead letter was redriven after the end
        group = None
    queue = work.change_queue(event.queue)
    if queue.is_purged(event.id):
        queue.count_purged()
    if event.state is EventState.SUCCEEDED:
        queue.succeeded += 1
    elif event.state is EventState.FAILED:
        queue.dead += 1
    else:
        queue.cancelled += 1
    for counted in (job,) if group is None else (job, group):
        if event.state is EventState.SUCCEEDED:
            counted.success += 1
        elif event.state is EventState.FAILED:
            counted.failed += 1
        else:
            counted.cancelled += 1
    _end_row(work, event, queue)
    if job.in_progress == 0:
        job.finish_time = work.now
        queue.finished_jobs += 1
    work.change_job(job)
    if group is not None:
        work.change_group(group)


def _end_row(work: Workset, event: Event, queue: Queue) -> None:
    event.finish_time = work.now
    if event.state is EventState.FAILED:
        work.change_event(event)
    elif event.state is EventState.SUCCEEDED and queue.settings.keep_succeeded:
        keep(work, event)
    else:
        work.remove_event(event)


def _policy(event: Event, queue: Queue, outcome: Outcome, terms: Terms) -> RetryPolicy:
    if not isinstance(outcome, Retry | LeaseRanOut):  # the others ask for none
        return terms.policy
    policy = queue.policy(terms.policy)
    return policy if event.policy is None else event.policy.over(policy)


def _attempt(event: Event, outcome: Outcome, context: Context | None, now: int) -> Attempt:
    context = context or Context()
    return Attempt(
        attempt=event.attempt,
        outcome=UNSUCCESSFUL[type(outcome)],
        reason=outcome.reason if isinstance(outcome, Retry | Failure) else context.reason,
        message=outcome.message if isinstance(outcome, Retry | Failure) else context.message,
        delivery_time=now if event.delivery_time is None else event.delivery_time,
        end_time=now,
    )


def _tally(queue: Queue, outcome: Outcome) -> None:
    if isinstance(outcome, Retry):
        queue.retried += 1
    elif isinstance(outcome, Release):
        queue.released += 1
    elif isinstance(outcome, LeaseRanOut):
        queue.leases_lost += 1
