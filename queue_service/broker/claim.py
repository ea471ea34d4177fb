"""Claiming: ready events become leases of those who take. Cancelled events are dropped on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from queue_service.broker.moves import move, stand_in_line
from queue_service.broker.settle import cancel_pending, expire_pending
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.ids import LeaseKey
from queue_service.domain.queues import Queue
from queue_service.domain.records import Event, Group, Job, Payload
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
    queue: Queue
    event: Event
    payload: Payload | None
    attributes: Mapping[str, str]
    job: Job
    group: Group | None
    lease_duration: int
    lease_expire_time: int
    run_end_time: int | None

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled in the turn that claimed it."""
        if self.job.cancel_time is not None or self.queue.is_purged(self.event.id):
            return True
        return self.group is not None and self.group.cancel_time is not None


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

    def __init__(self, claims: list[Claim], *, terms: Terms) -> None:
        self._claims = claims
        self._max_run_time = terms.limits.max_run_time
        self.weight = sum(claim.wanted for claim in claims)

    def needs(self, needs: Needs) -> None:
        """Ready events of each queue."""
        for claim in self._claims:
            needs.claims[claim.queue] = claim.wanted

    def carry_out(self, work: Workset) -> list[Claimed]:
        """Hand the events out."""
        return [self._hand_out(work, claim) for claim in self._claims]

    def _hand_out(self, work: Workset, claim: Claim) -> Claimed:
        claimed = Claimed(more=claim.queue not in work.loaded.next_due, next_due=work.loaded.next_due.get(claim.queue))
        queue = work.find_queue(claim.queue)
        if queue is None or queue.paused:
            claimed.deliveries.extend([] for _ in claim.takers)
            return claimed
        ready = [event for event in work.loaded.claimed.get(claim.queue, []) if _take(work, event)]
        if ready:
            queue = work.change_queue(queue.id)
            queue.delivered += len(ready)
        for share, taker in zip(_shares(len(ready), claim.takers), claim.takers, strict=True):
            claimed.deliveries.append([self._lease(work, event, queue, taker) for event in ready[:share]])
            del ready[:share]
        return claimed

    def _lease(self, work: Workset, event: Event, queue: Queue, taker: Taker) -> Delivered:
        run_time = queue.settings.max_run_time or self._max_run_time
        duration = taker.lease_duration if run_time is None else min(taker.lease_duration, run_time)
        event.attempt += 1
        event.delivery_time = work.now
        event.lease_expire_time = expire_time = work.now + duration
        if event.first_delivery_time is None:
            event.first_delivery_time = work.now
        work.change_event(event)
        job = work.loaded.jobs[event.job]
        payload, attributes = event.payload, event.attributes
        event.payload, event.attributes = None, {}  # the record outlives the delivery
        return Delivered(
            key=LeaseKey(event.id, event.attempt),
            queue=queue,
            event=event,
            payload=payload,
            attributes=attributes,
            job=job,
            group=None if job.group is None else work.loaded.groups[job.group],
            lease_duration=duration,
            lease_expire_time=expire_time,
            run_end_time=None if run_time is None else work.now + run_time,
        )


def _take(work: Workset, event: Event) -> bool:
    """Move a ready event to its taker, unless it has to end or to wait."""
    if event.state is not EventState.PENDING or event.due_time > work.now:  # another unit of this turn was first
        return False
    if work.is_cancelled(event):
        cancel_pending(work, event)
        return False
    if event.expire_time is not None and event.expire_time <= work.now:
        expire_pending(work, event)
        return False
    if event.key is not None and work.loaded.keys[event.key].free <= 0:
        stand_in_line(work, event)
        return False
    move(work, event, Trigger.DELIVER)
    return True


def _shares(events: int, takers: tuple[Taker, ...]) -> list[int]:
    """Split events over takers evenly, as far as their capacities go; who has most room takes what is left over."""
    shares = [0] * len(takers)
    by_capacity = sorted(range(len(takers)), key=lambda position: takers[position].capacity)
    for done, position in enumerate(by_capacity):
        even = events // (len(takers) - done)
        shares[position] = min(takers[position].capacity, even)
        events -= shares[position]
    return shares
