"""The line of a concurrency key in one queue, as far as a turn of the writer sees it."""

import bisect
from dataclasses import dataclass, field

from queue_service.domain.records import Rank


@dataclass(kw_only=True, slots=True)
class Line:
    """Events that wait for a slot of a key.

    Attributes:
        called_up: events that were called up from it and have not been claimed.
        last_called: the last of them in ready order, or a later one that was there before.
        first: the ranks of its first events, in order.
        more: others wait behind them.
    """

    called_up: int = 0
    last_called: Rank | None = None
    first: list[Rank] = field(default_factory=list)
    more: bool = False

    def next(self, free: int) -> Rank | None:
        """The event to call up next, if there are so many free slots. None: enough were called up.

        One that goes before those that were called up is called up too: whoever then meets a full key comes back.
        """
        if not self.first or free <= 0:
            return None
        if self.called_up < free or (self.last_called is not None and self.first[0] < self.last_called):
            return self.first.pop(0)
        return None

    def call_up(self, rank: Rank) -> None:
        """An event was called up."""
        self.called_up += 1
        self.last_called = rank if self.last_called is None else max(rank, self.last_called)

    def leave(self, rank: Rank) -> None:
        """A waiting event left."""
        position = bisect.bisect_left(self.first, rank)
        if self.first[position : position + 1] == [rank]:
            del self.first[position]

    def enter(self, rank: Rank) -> None:
        """An event came in. Behind those that were not loaded it is not seen in this turn."""
        if not self.more or (self.first and rank < self.first[-1]):
            bisect.insort(self.first, rank)
