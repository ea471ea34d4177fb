"""Ending deliveries: by what a worker says, or because a lease ran out. Counts move in the same step as states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import LeaseLost
from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import LeaseRanOut, Outcome, SettleStatus, decide
from queue_service.domain.records import Event
from queue_service.domain.retry import RetryPolicy
from queue_service.domain.states import FINAL, EventState, Trigger
from queue_service.ports import Needs, Workset
from queue_service.ports.workset import Settled

LOST = Settled(status=SettleStatus.LEASE_LOST)
POLICY = RetryPolicy()


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
        chance: 0 <= chance() < 1, for jitter.
    """

    urgent = True

    def __init__(
        self, settlements: list[Settlement], *, remembered: Mapping[LeaseKey, Settled], chance: Callable[[], float]
    ) -> None:
        self._settlements = settlements
        self.weight = len(settlements)
        self._remembered = remembered
        self._chance = chance

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(settlement.key.event for settlement in self._settlements)

    def carry_out(self, work: Workset) -> list[Settled]:
        """Settle one after the other."""
        return [
            do_settle(work, settlement, self._chance())
            if work.leased(settlement.key) is not None
            else self._not_leased(work, settlement.key)
            for settlement in self._settlements
        ]

    def _not_leased(self, work: Workset, key: LeaseKey) -> Settled:
        remembered = self._remembered.get(key)
        if remembered is not None:
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
        chance: 0 <= chance() < 1, for jitter.
    """

    urgent = True

    def __init__(
        self, keys: list[LeaseKey], *, is_over: Callable[[LeaseKey], bool], chance: Callable[[], float]
    ) -> None:
        self._keys = keys
        self.weight = len(keys)
        self._is_over = is_over
        self._chance = chance

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(key.event for key in self._keys)

    def carry_out(self, work: Workset) -> None:
        """Take back those that are still leased by the same attempt, unless they were extended meanwhile."""
        extended = {key for key, _ in work.notices.extended}
        for key in self._keys:
            if key not in extended and self._is_over(key) and work.leased(key) is not None:
                do_settle(work, Settlement(key=key, outcome=LeaseRanOut()), self._chance())


def check_settle(work: Workset, settlement: Settlement) -> None:
    """Whether the lease holds.

    Raises:
        LeaseLost: it does not.
    """
    if work.leased(settlement.key) is None:
        raise LeaseLost(settlement.lease_id)


def do_settle(work: Workset, settlement: Settlement, chance: float) -> Settled:
    """Settle a delivery whose lease holds."""
    event = work.loaded.events[settlement.key.event]
    job = work.loaded.jobs[event.job]
    decision = decide(
        event,
        settlement.outcome,
        policy=POLICY,
        cancelled=work.is_cancelled(job),
        now=work.now,
        chance=chance,
    )
    event.move(decision.trigger)
    event.lease_expire_time = None
    event.failures = decision.failures
    event.lease_losses = decision.lease_losses
    event.context = decision.context
    if decision.due_time is not None:
        event.due_time = decision.due_time
        work.change_event(event)
        work.tell_ready(event.queue, event.due_time)
    else:
        conclude(work, event)
    settled = Settled(status=SettleStatus.OK, state=event.state, due_time=decision.due_time, clamped=decision.clamped)
    # A worker that comes back after its lease ran out must not be told that all is well.
    work.notices.settled.append((settlement.key, LOST if isinstance(settlement.outcome, LeaseRanOut) else settled))
    return settled


def cancel_pending(work: Workset, event: Event) -> None:
    """Cancel an event that nobody works on."""
    event.move(Trigger.CANCEL)
    conclude(work, event)


def conclude(work: Workset, event: Event) -> None:
    """Count an event that became final. Its row goes, unless it is a dead letter."""
    job = work.loaded.jobs[event.job]
    group = None if job.group is None else work.loaded.groups[job.group]
    for counted in (job,) if group is None else (job, group):
        if event.state is EventState.SUCCEEDED:
            counted.success += 1
        elif event.state is EventState.FAILED:
            counted.failed += 1
        else:
            counted.cancelled += 1
    if event.state is EventState.FAILED:
        work.change_event(event)
    else:
        work.remove_event(event)
    if job.in_progress == 0:
        job.finish_time = work.now
    work.change_job(job)
    if group is not None:
        work.change_group(group)
