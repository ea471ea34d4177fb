"""The line in front of the writer: bounded in number and weight, urgent units first, batches of bounded weight."""

import asyncio
from collections import deque
from typing import Any

from queue_service.domain.errors import BrokerError, Unavailable
from queue_service.ports import Unit

MAX_UNITS = 20_000
"""Requests that may wait; more would wait for longer than their callers do."""
MAX_WEIGHT = 64_000
"""Events that may wait, or 256 MiB of payloads."""
BATCH_UNITS = 512
BATCH_WEIGHT = 4_000
"""Events that one turn may touch, or 16 MiB: keeps it in the tens of milliseconds."""
BUSY_RETRY_SECONDS = 0.5


class Waiting:
    """A unit in the line, and who waits for it."""

    __slots__ = ("future", "refusal", "result", "unit")

    def __init__(self, unit: Unit[Any], future: asyncio.Future[Any]) -> None:
        self.unit = unit
        self.future = future
        self.result: Any = None
        self.refusal: Exception | None = None

    @property
    def faulty(self) -> bool:
        """Whether the unit failed for a reason that is our own fault."""
        return self.refusal is not None and not isinstance(self.refusal, BrokerError)

    def tell(self) -> None:
        """Hand the outcome over, unless the caller is gone."""
        if self.future.done():
            return
        if self.refusal is not None:
            self.future.set_exception(self.refusal)
        else:
            self.future.set_result(self.result)


class Line:
    """Units that wait for the writer. What ends or keeps deliveries has a line of its own, which goes first."""

    def __init__(self) -> None:
        self._urgent: deque[Waiting] = deque()
        self._others: deque[Waiting] = deque()
        self._weight = 0

    def __bool__(self) -> bool:
        return bool(self._urgent or self._others)

    def add(self, unit: Unit[Any], future: asyncio.Future[Any]) -> None:
        """Take a unit in.

        Raises:
            Unavailable: the line is full.
        """
        line = self._urgent if unit.urgent else self._others
        if len(line) >= MAX_UNITS or (not unit.urgent and self._weight >= MAX_WEIGHT):
            raise Unavailable("the store is busy: too many requests wait for it", retry_after=BUSY_RETRY_SECONDS)
        line.append(Waiting(unit, future))
        self._weight += unit.weight

    def take(self) -> list[Waiting]:
        """The next batch, without those whose callers are gone."""
        batch: list[Waiting] = []
        weight = 0
        for line in (self._urgent, self._others):
            while line and len(batch) < BATCH_UNITS and (not batch or weight + line[0].unit.weight <= BATCH_WEIGHT):
                waiting = line.popleft()
                self._weight -= waiting.unit.weight
                if not waiting.future.cancelled():
                    batch.append(waiting)
                    weight += waiting.unit.weight
        return batch
