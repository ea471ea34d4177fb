"""Purging: one write marks every event of a queue; those that have not begun follow in bounded steps."""

from queue_service.broker.queues import existing_queue
from queue_service.broker.settle import cancel_pending
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.limits import PURGE_EVENTS
from queue_service.domain.queues import Queue
from queue_service.domain.states import EventState
from queue_service.ports import Needs, Workset


class PurgeQueue(BrokerUnit[Queue]):
    """Marks what is in a queue. From then on claims cancel it, and so does whatever brings it back from a worker."""

    urgent = True

    def __init__(self, name: str) -> None:
        self._name = name

    def needs(self, needs: Needs) -> None:
        """Queues are always there."""

    def carry_out(self, work: Workset) -> Queue:
        """Mark.

        Raises:
            QueueNotFound: there is no such queue.
        """
        queue = existing_queue(work, self._name)
        if queue.pending or queue.leased:
            queue = work.change_queue(queue.id)
            queue.purge(work.next_event)
            work.notices.purged[queue.id] = work.next_event
        return queue


class SweepPurged(BrokerUnit[None]):
    """A step behind a mark: cancels those of some events that are pending below it.

    Args:
        events: at most PURGE_EVENTS.
    """

    weight = PURGE_EVENTS

    def __init__(self, events: list[int]) -> None:
        self._events = events

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(self._events)

    def carry_out(self, work: Workset) -> None:
        """Cancel them. A claim, a worker or another cancel may have been first."""
        for number in self._events:
            event = work.loaded.events.get(number)
            if event is None or event.state is not EventState.PENDING:
                continue
            if work.look_at_queue(event.queue).is_purged(event.id):
                cancel_pending(work, event)
