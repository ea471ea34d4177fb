"""Every queue, in memory: there are few of them, and every turn of the writer needs some."""

import heapq
from collections.abc import Iterable, Iterator

from queue_service.domain.queues import Queue


class Queues:
    """Every queue as of the last commit."""

    def __init__(self, queues: Iterable[Queue] = ()) -> None:
        self._by_name: dict[str, Queue] = {}
        self._by_number: dict[int, Queue] = {}
        self.next_number = 1
        self.update(queues)

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._by_number.values())

    def named(self, name: str) -> Queue | None:
        """A queue by its name, also a deleted one."""
        return self._by_name.get(name)

    def numbered(self, number: int) -> Queue:
        """A queue by its number."""
        return self._by_number[number]

    def page(self, *, prefix: str, after: str, limit: int) -> list[Queue]:
        """Queues in order of their names, behind a name, without those that were deleted."""
        names = (name for name in self._by_name if name > after and name.startswith(prefix))
        found = (name for name in names if not self._by_name[name].deleted)
        return [self._by_name[name] for name in heapq.nsmallest(limit, found)]

    def update(self, queues: Iterable[Queue]) -> None:
        """Take in new and changed queues; forget those that need not be kept."""
        for queue in queues:
            self.next_number = max(self.next_number, queue.id + 1)
            if queue.is_used:
                self._by_name[queue.name] = self._by_number[queue.id] = queue
            else:
                self._by_name.pop(queue.name, None)
                self._by_number.pop(queue.id, None)
