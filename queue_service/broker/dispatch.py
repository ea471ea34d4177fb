"""Deliveries: who waits for which queue, what may be ready, and one claim for all of them at a time.

Nothing is asked of the store while nothing can be ready: pushes and settles say when their events are due, and a
claim that finds less than it wanted learns when the next event of its queue is due.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence

from queue_service.broker.claim import Claim, Claimed, ClaimEvents, Delivered, Taker
from queue_service.broker.leases import Leases
from queue_service.broker.subscriber import Subscriber
from queue_service.broker.terms import Terms
from queue_service.domain.errors import BrokerError
from queue_service.domain.ids import LeaseKey
from queue_service.domain.limits import CLAIM_EVENTS, HEARTBEAT
from queue_service.domain.queues import Queue
from queue_service.ports import Clock, Store

NEVER = math.inf
CLOCK_JUMP_SECONDS = 2.0
"""A smaller difference between the two clocks is drift."""
RETRY_SECONDS = 0.5
"""After a claim that the store could not carry out."""

log = logging.getLogger(__name__)


class Dispatcher:
    """Brings ready events to subscribers.

    Args:
        give_back: called with leases that nobody takes any more.
        terms: what holds for every claim.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        leases: Leases,
        *,
        give_back: Callable[[list[LeaseKey]], None],
        terms: Terms,
    ) -> None:
        self._store = store
        self._clock = clock
        self._leases = leases
        self._give_back = give_back
        self._terms = terms
        self._paused: set[str] = set()
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._ready: dict[str, float] = {}
        """Queue name to the wall time at which something may be ready. Absent: never."""
        self._timer: asyncio.TimerHandle | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._look_scheduled = False
        self._stopping = False
        self._clock_offset = clock.now() / 1000 - clock.monotonic()

    def start(self, queues: Sequence[Queue]) -> None:
        """Begin. Of stored queues nothing is known yet, so something may be ready."""
        self._paused.update(queue.name for queue in queues if queue.paused)
        self.tell_ready({queue.name: 0 for queue in queues})
        self._beat()

    def tell_ready(self, ready: dict[str, int]) -> None:
        """Something of these queues is ready at these wall times."""
        for queue, due in ready.items():
            self._ready[queue] = min(due, self._ready.get(queue, NEVER))
        self._kick()

    def tell_paused(self, paused: dict[str, bool]) -> None:
        """These queues were paused, or go on."""
        for queue, is_paused in paused.items():
            if is_paused:
                self._paused.add(queue)
            else:
                self._paused.discard(queue)
                self.tell_ready({queue: 0})

    @property
    def streams(self) -> int:
        """Subscribers that receive frame after frame."""
        return len({id(one) for waiting in self._subscribers.values() for one in waiting if not one.once})

    def subscribe(
        self,
        queues: tuple[str, ...],
        *,
        max_in_flight: int,
        lease_duration: int,
        once: bool = False,
        impatient: bool = False,
    ) -> Subscriber:
        """Begin to receive. End it with leave()."""
        subscriber = Subscriber(
            queues=queues,
            credits=max_in_flight,
            lease_duration=lease_duration,
            wanted=self._kick,
            once=once,
            draining=self._stopping,
            impatient=impatient,
        )
        for queue in queues:
            self._subscribers.setdefault(queue, []).append(subscriber)
        self._kick()
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """End receiving. Leases that it holds are the caller's to release or leave."""
        subscriber.draining = subscriber.left = True
        for queue in subscriber.queues:
            others = self._subscribers[queue]
            others.remove(subscriber)
            if not others:
                del self._subscribers[queue]

    async def drain(self) -> None:
        """Claim no more, and tell every subscriber."""
        self._stopping = True
        for timer in (self._timer, self._tick):
            if timer is not None:
                timer.cancel()
        if self._task is not None:
            await self._task
        for subscriber in {id(s): s for waiting in self._subscribers.values() for s in waiting}.values():
            subscriber.draining = True
            subscriber.wake.set()

    def _beat(self) -> None:
        """One tick for all streams: those with nothing else to send send a heartbeat. Also mends clock jumps."""
        self._note_clock_jump()
        for waiting in self._subscribers.values():
            for subscriber in waiting:
                subscriber.wake.set()
        self._tick = asyncio.get_running_loop().call_later(HEARTBEAT / 1000, self._beat)
        self._kick()

    def _note_clock_jump(self) -> None:
        offset = self._clock.now() / 1000 - self._clock.monotonic()
        jump = offset - self._clock_offset
        self._clock_offset = offset
        if abs(jump) > CLOCK_JUMP_SECONDS:
            log.warning("the wall clock jumped by %.1f s: what is due follows it, leases do not", jump)

    def _kick(self) -> None:
        """Look for work once, however many reasons there are in this turn of the loop."""
        if not self._look_scheduled and not self._stopping:
            self._look_scheduled = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._look_scheduled = False
        if self._task is not None or self._stopping:
            return
        due = self._due_queues()
        self._tell_empty_handed(due)
        if due:
            self._task = asyncio.create_task(self._claim_all(), name="claim")
        else:
            self._set_timer()

    def _due_queues(self) -> list[str]:
        now = self._clock.now()
        return [
            queue
            for queue, waiting in self._subscribers.items()
            if self._ready.get(queue, NEVER) <= now
            and queue not in self._paused
            and any(subscriber.hungry for subscriber in waiting)
        ]

    def _tell_empty_handed(self, due: list[str]) -> None:
        """Wake those who do not want to wait and for whom nothing is ready. No claim is under way here."""
        for waiting in self._subscribers.values():
            for subscriber in waiting:
                if subscriber.impatient and subscriber.hungry and not set(due).intersection(subscriber.queues):
                    subscriber.empty_handed = True
                    subscriber.wake.set()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        due = min(
            (at for queue in self._subscribers if (at := self._ready.get(queue, NEVER)) > now),
            default=NEVER,
        )
        if due != NEVER and not self._stopping:
            self._timer = asyncio.get_running_loop().call_later((due - now) / 1000, self._kick)

    async def _claim_all(self) -> None:
        try:
            while not self._stopping and (due := self._due_queues()):
                self._tell_empty_handed(due)
                await self._claim(due)
        except BrokerError as error:
            log.warning("could not claim events, trying again: %s", error)
            self._tell_empty_handed([])
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._kick)
            return
        finally:
            self._task = None
        self._kick()

    async def _claim(self, due: list[str]) -> None:
        offers = self._offers(due)
        for queue in offers:
            self._ready.pop(queue, None)  # what becomes ready meanwhile is told again
        claims = [
            Claim(queue=queue, takers=tuple(Taker(capacity=n, lease_duration=s.lease_duration) for s, n in offer))
            for queue, offer in offers.items()
        ]
        try:
            results = await self._store.write(ClaimEvents(claims, terms=self._terms))
        except BaseException:
            self._ready.update(dict.fromkeys(offers, 0.0))  # nothing is known of them
            raise
        for (queue, offer), claimed in zip(offers.items(), results, strict=True):
            self._note_ready(queue, claimed)
            for (subscriber, _), deliveries in zip(offer, claimed.deliveries, strict=True):
                if deliveries:
                    self._grant(subscriber, deliveries)

    def _offers(self, due: list[str]) -> dict[str, list[tuple[Subscriber, int]]]:
        """Which subscribers take how much of which queue: each one of one queue, its next in turn.

        Who is offered something goes to the end, queues and subscribers alike, so that a claim's bound starves nobody.
        """
        offers: dict[str, list[tuple[Subscriber, int]]] = {}
        chosen: set[int] = set()
        room = CLAIM_EVENTS
        for queue in due:
            for subscriber in self._subscribers[queue]:
                if id(subscriber) in chosen or not subscriber.hungry or room <= 0:
                    continue
                chosen.add(id(subscriber))
                mine = subscriber.next_in_turn(set(due))
                capacity = min(subscriber.credits, subscriber.at_once, room)
                room -= capacity
                offers.setdefault(mine, []).append((subscriber, capacity))
        for queue in offers:
            self._subscribers[queue] = sorted(self._subscribers.pop(queue), key=lambda one: id(one) in chosen)
        return offers

    def _note_ready(self, queue: str, claimed: Claimed) -> None:
        if claimed.more:
            self._ready[queue] = 0.0
        elif claimed.next_due is not None:
            self._ready[queue] = min(claimed.next_due, self._ready.get(queue, NEVER))

    def _grant(self, subscriber: Subscriber, deliveries: list[Delivered]) -> None:
        if subscriber.left:
            self._give_back([delivery.key for delivery in deliveries])
            return
        for delivery in deliveries:
            self._leases.add(
                delivery.key,
                queue=delivery.queue.id,
                job=delivery.job.id,
                group=None if delivery.group is None else delivery.group.id,
                duration=delivery.lease_duration,
                holder=subscriber,
            )
        subscriber.give(deliveries)
        for delivery in deliveries:
            if delivery.cancelled:
                subscriber.cancel_requested(delivery.key)
