"""Events as operators choose and see them: which are meant, where a list goes on, what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from queue_service.domain.queues import Queue
from queue_service.domain.records import Concurrency, Event
from queue_service.domain.states import EventState


class Position(NamedTuple):
    """A place in a list of events: dead letters stand by queue, end and number, all others by number."""

    queue: int = 0
    finish_time: int = 0
    event: int = 0


START = Position()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which events are meant, in numbers of the store. What is None chooses nothing.

    Attributes:
        queue: as of the selection.
        span: numbers of a job, or of all that was pushed before something.
        events: numbers of single events.
        state: that they have.
        reason: that their last unsuccessful attempt gave.
        finished_after, finished_before: when they ended, the latter exclusive.
    """

    queue: Queue | None = None
    span: range | None = None
    events: frozenset[int] | None = None
    state: EventState | None = None
    reason: str | None = None
    finished_after: int | None = None
    finished_before: int | None = None

    def matches(self, place: Position, state: EventState, reason: str | None) -> bool:
        """Whether an event is meant. Its finish_time is 0 while it has none, its reason None if it does not count."""
        return (
            (self.queue is None or self.queue.id == place.queue)
            and (self.span is None or place.event in self.span)
            and (self.events is None or place.event in self.events)
            and (self.state is None or self.state is state)
            and (self.reason is None or self.reason == reason)
            and (self.finished_after is None or place.finish_time >= self.finished_after)
            and (self.finished_before is None or place.finish_time < self.finished_before)
        )

    def includes(self, stored: "StoredEvent") -> bool:
        """Whether an event that was read is meant."""
        context = stored.event.context
        return self.matches(stored.place, stored.event.state, None if context is None else context.reason)


class Found(NamedTuple):
    """What one step of a search found.

    Attributes:
        places: of the events that are meant, in order.
        after: where the next step begins. None: all was seen.
    """

    places: list[Position]
    after: Position | None


class StoredEvent(NamedTuple):
    """An event with the names of what it points to. It has payload and attributes only in the full view."""

    event: Event
    queue: str
    job_id: bytes
    push_time: int
    concurrency: Concurrency | None

    @property
    def place(self) -> Position:
        """Its place in lists."""
        return Position(self.event.queue, self.event.finish_time or 0, self.event.id)


class EventReads(Protocol):
    """Reads of events. Every method raises what those of Store raise."""

    async def last(self) -> int:
        """The number of the latest event that was pushed; 0 if there is none."""
        ...

    async def find(self, selection: Selection, after: Position) -> Found:
        """One bounded step of a search, beginning behind a place."""
        ...

    async def read(self, events: Sequence[int], *, full: bool, max_bytes: int) -> list[StoredEvent]:
        """Events in this order, as many as fit, at least one if there is one.

        Args:
            events: their numbers; those that are gone are left out.
            full: with payload, attributes, data and attempts.
            max_bytes: of all of them.
        """
        ...

    async def expiring(self, limit: int) -> list[tuple[int, int]]:
        """The pending events that expire first, with the time at which they do, the earliest first."""
        ...
