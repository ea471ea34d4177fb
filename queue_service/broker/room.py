"""Room for pushes: how many events a queue and a key may have, and how far a chain of handlers may go."""

from queue_service.domain.errors import ChainLimit, QueueFull, QueueNotFound
from queue_service.domain.ids import format_id
from queue_service.domain.limits import Limits
from queue_service.domain.queues import Queue
from queue_service.domain.records import Job, NewEvent
from queue_service.ports import Workset


def check_queue(work: Workset, name: str, limits: Limits) -> Queue | None:
    """The queue that would be pushed to. None: the push would make it.

    Raises:
        QueueNotFound: there is no such queue, and pushes do not make one.
    """
    known = work.find_queue(name)
    if known is None and not limits.create_queues:
        raise QueueNotFound(name)
    return known


class Room:
    """What is left, counting all pushes of one step before the first of them is made.

    Once they are made, or refused, give_back() begins the next step: then the records count them.
    """

    def __init__(self, work: Workset, limits: Limits) -> None:
        self._work = work
        self._limits = limits
        self._events: dict[str, int] = {}
        self._of_keys: dict[str, int] = {}
        self._pushes: dict[bytes, int] = {}

    def give_back(self) -> None:
        """The step is over."""
        self._events.clear()
        self._of_keys.clear()
        self._pushes.clear()

    def take(self, queue: str, events: tuple[NewEvent, ...], parent: Job | None) -> None:
        """Take room for one push.

        Raises:
            QueueNotFound: there is no such queue, and pushes do not make one.
            QueueFull: the queue, or the line of a key, has no room.
            ChainLimit: the parent's chain may not go on.
        """
        self._take_queue(queue, len(events))
        if self._limits.max_waiting is not None:
            self._take_keys(events, self._limits.max_waiting)
        if parent is not None:
            self._take_chain(parent)

    def _take_queue(self, name: str, events: int) -> None:
        known = check_queue(self._work, name, self._limits)
        own = None if known is None else known.settings.max_pending
        limit = self._limits.max_pending if own is None else own
        if limit is None:
            return
        wanted = self._events[name] = self._events.get(name, 0) + events
        pending = 0 if known is None else known.pending
        if pending + wanted > limit:
            raise QueueFull(f"queue {name}", limit)

    def _take_keys(self, events: tuple[NewEvent, ...], limit: int) -> None:
        for event in events:
            if event.concurrency is not None:
                key = event.concurrency.key
                self._of_keys[key] = self._of_keys.get(key, 0) + 1
        loaded = self._work.loaded
        for name, wanted in self._of_keys.items():
            number = loaded.key_names.get(name)
            pending = 0 if number is None else loaded.keys[number].pending
            if pending + wanted > limit:
                raise QueueFull(f"line of the concurrency key {name}", limit)

    def _take_chain(self, parent: Job) -> None:
        depth, pushes = self._limits.max_chain_depth, self._limits.max_chain_pushes
        if depth is not None and parent.depth + 1 > depth:
            raise ChainLimit(format_id(parent.root), depth, depth=True)
        wanted = self._pushes[parent.root] = self._pushes.get(parent.root, 0) + 1
        if pushes is not None and self._work.pushes_below(parent.root) + wanted > pushes:
            raise ChainLimit(format_id(parent.root), pushes, depth=False)
