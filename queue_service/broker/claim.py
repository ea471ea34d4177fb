"""Claiming: ready events become leases of those who take. Cancelled events are dropped on the way."""

from dataclasses import dataclass, field

from queue_service.broker.settle import cancel_pending
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.ids import LeaseKey
from queue_service.domain.records import Event, Group, Job
from queue_service.domain.states import EventState, Trigger
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class Taker:
    """Someone who takes events: at most this many, under leases of this many milliseconds."""

    capacity: int
    lease_duration: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What one queue is asked for, by whom."""

    queue: str
    takers: tuple[Taker, ...]

    @property
    def wanted(self) -> int:
        """Events that all takers together can take."""
        return sum(taker.capacity for taker in self.takers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """An event in the hands of a taker, as of the claim."""

    key: LeaseKey
    queue: str
    event: Event
    job: Job
    group: Group | None
    lease_duration: int
    lease_expire_time: int

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled in the turn that claimed it."""
        return self.job.cancel_time is not None or (self.group is not None and self.group.cancel_time is not None)


@dataclass(kw_only=True, slots=True)
class Claimed:
    """What one claim brought.

    Attributes:
        deliveries: for each taker, in the order of the claim's takers.
        more: whether other events may be ready.
        next_due: when the next event is due, if none is ready.
    """

    deliveries: list[list[Delivered]] = field(default_factory=list)
    more: bool = False
    next_due: int | None = None


class ClaimEvents(BrokerUnit[list[Claimed]]):
    """Carries out the claims of several queues."""

    def __init__(self, claims: list[Claim]) -> None:
        self._claims = claims
        self.weight = sum(claim.wanted for claim in claims)

    def needs(self, needs: Needs) -> None:
        """Ready events of each queue."""
        for claim in self._claims:
            needs.claims[claim.queue] = claim.wanted

    def carry_out(self, work: Workset) -> list[Claimed]:
        """Hand the events out."""
        return [self._hand_out(work, claim) for claim in self._claims]

    @staticmethod
    def _hand_out(work: Workset, claim: Claim) -> Claimed:
        ready: list[Event] = []
        found = work.loaded.claimed.get(claim.queue, [])
        for event in found:
            if event.state is not EventState.PENDING:
                continue
            if work.is_cancelled(work.loaded.jobs[event.job]):
                cancel_pending(work, event)
            else:
                ready.append(event)
        claimed = Claimed(more=claim.queue not in work.loaded.next_due, next_due=work.loaded.next_due.get(claim.queue))
        for share, taker in zip(_shares(len(ready), claim.takers), claim.takers, strict=True):
            claimed.deliveries.append([_lease(work, event, claim.queue, taker) for event in ready[:share]])
            del ready[:share]
        return claimed


def _shares(events: int, takers: tuple[Taker, ...]) -> list[int]:
    """Split events over takers evenly, as far as their capacities go; who has most room takes what is left over."""
    shares = [0] * len(takers)
    by_capacity = sorted(range(len(takers)), key=lambda position: takers[position].capacity)
    for done, position in enumerate(by_capacity):
        even = events // (len(takers) - done)
        shares[position] = min(takers[position].capacity, even)
        events -= shares[position]
    return shares


def _lease(work: Workset, event: Event, queue: str, taker: Taker) -> Delivered:
    event.move(Trigger.DELIVER)
    event.attempt += 1
    event.lease_expire_time = expire_time = work.now + taker.lease_duration
    if event.first_delivery_time is None:
        event.first_delivery_time = work.now
    work.change_event(event)
    job = work.loaded.jobs[event.job]
    return Delivered(
        key=LeaseKey(event.id, event.attempt),
        queue=queue,
        event=event,
        job=job,
        group=None if job.group is None else work.loaded.groups[job.group],
        lease_duration=taker.lease_duration,
        lease_expire_time=expire_time,
    )
