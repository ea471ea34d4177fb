"""What happens to pending events without a worker: they expire, or an operator moves them."""

from collections.abc import Sequence

from queue_service.broker.moves import change_place
from queue_service.broker.settle import cancel_pending, expire_pending
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.records import Event
from queue_service.domain.states import EventState
from queue_service.ports import Needs, Workset


class ExpireEvents(BrokerUnit[None]):
    """Makes dead letters of events that were not delivered in time. What is leased is left alone until it settles."""

    def __init__(self, events: Sequence[int]) -> None:
        self._events = events
        self.weight = len(events)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(self._events)

    def carry_out(self, work: Workset) -> None:
        """Expire those that are still pending, unless they were cancelled before."""
        for number in self._events:
            event = work.loaded.events.get(number)
            if event is None or event.state is not EventState.PENDING:
                continue
            if work.is_cancelled(event):
                cancel_pending(work, event)
            elif event.expire_time is not None and event.expire_time <= work.now:
                expire_pending(work, event)


class UpdateEvents(BrokerUnit[int]):
    """Gives pending events another due time or priority. Answers how many were changed.

    Args:
        due_time: when they are due. None: as it is.
        priority: 0 to 9. None: as it is.
    """

    def __init__(self, events: Sequence[int], *, due_time: int | None, priority: int | None) -> None:
        self._events = events
        self._due_time = due_time
        self._priority = priority
        self.weight = len(events)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(self._events)

    def carry_out(self, work: Workset) -> int:
        """Change those that are still pending, were not cancelled and are not as they shall be."""
        changed = 0
        for number in self._events:
            event = work.loaded.events.get(number)
            if event is None or event.state is not EventState.PENDING or work.is_cancelled(event):
                continue
            due_time = self._new_due_time(event, work.now)
            priority = event.priority if self._priority is None else self._priority
            if (due_time, priority) != (event.due_time, event.priority):
                change_place(work, event, due_time=due_time, priority=priority)
                changed += 1
        return changed

    def _new_due_time(self, event: Event, now: int) -> int:
        if self._due_time is None:
            return event.due_time
        return self._due_time if self._due_time > now else min(event.due_time, now)
