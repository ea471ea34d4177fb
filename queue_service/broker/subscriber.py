"""A receiver of deliveries, as the dispatcher sees it: what it may still get, what it holds, what waits to be taken."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from queue_service.broker.claim import Delivered
from queue_service.domain.ids import LeaseKey
from queue_service.domain.limits import FRAME_DELIVERIES


@dataclass(kw_only=True)
class Subscriber:
    """One stream, or one waiting request for leases.

    It is given more only when it took what it was given before: so a slow reader holds one frame at most.

    Attributes:
        queues: what it receives, served in turn.
        credits: leases that it may still get.
        lease_duration: of each, in milliseconds.
        once: it takes one frame, of all that it asks for.
        leases: what it holds, with the job and ordinal of each event.
        frame: deliveries to be taken.
        cancellations: leases that should be given up, to be taken.
        draining: the broker stops, or the subscriber left.
        left: what it is still given must go back.
        impatient: it wants to be woken also when nothing is ready.
        empty_handed: nothing was ready for it.
    """

    queues: tuple[str, ...]
    credits: int
    lease_duration: int
    wanted: Callable[[], None]
    once: bool = False
    impatient: bool = False
    empty_handed: bool = False
    leases: dict[LeaseKey, tuple[bytes, int]] = field(default_factory=dict)
    frame: list[Delivered] = field(default_factory=list)
    cancellations: deque[tuple[LeaseKey, bytes, int]] = field(default_factory=deque)
    draining: bool = False
    left: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    turn: int = 0

    @property
    def at_once(self) -> int:
        """Deliveries that one frame may have."""
        return self.credits if self.once else FRAME_DELIVERIES

    @property
    def hungry(self) -> bool:
        """Whether it can take something."""
        return self.credits > 0 and not self.frame and not self.draining

    def give(self, deliveries: list[Delivered]) -> None:
        """Hand leased events over."""
        self.credits -= len(deliveries)
        for delivery in deliveries:
            self.leases[delivery.key] = (delivery.job.job_id, delivery.event.id - delivery.job.id)
        self.frame = deliveries
        self.wake.set()

    def take(self) -> list[Delivered]:
        """Take what was given; the next frame may be claimed from now on."""
        taken, self.frame = self.frame, []
        if taken:
            self.wanted()
        return taken

    def lease_ended(self, key: LeaseKey) -> None:
        """A lease ended: its credit is free again."""
        if self.leases.pop(key, None) is not None:
            self.credits += 1
            self.wanted()

    def cancel_requested(self, key: LeaseKey) -> None:
        """A lease should be given up."""
        self.cancellations.append((key, *self.leases[key]))
        self.wake.set()

    def next_in_turn(self, ready: set[str]) -> str:
        """Which of its queues has its turn, of those that are ready; one must be."""
        for step in range(len(self.queues)):
            position = (self.turn + step) % len(self.queues)
            if self.queues[position] in ready:
                self.turn = position + 1
                return self.queues[position]
        raise AssertionError("a subscriber is offered something only when one of its queues is due")
