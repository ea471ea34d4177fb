"""What is asked about events beside claims and settles: chosen ones are found by the shortest way, in bounded steps."""

from collections.abc import Callable, Sequence
from typing import Any

from queue_service.domain.limits import SEARCH_STEP
from queue_service.domain.states import EventState
from queue_service.ports.events import Found, Position, Selection, StoredEvent
from queue_service.storage.sqlite.parameters import encode
from queue_service.storage.sqlite.reading import Reader
from queue_service.storage.sqlite.rows import stored_event_of

FEW = 10_000
"""Pending events of a queue that are sorted sooner than that the events of all queues are looked through."""
_LAST = 2**63 - 1


class EventReader:
    """Reads of events over the reader's connection.

    Args:
        last: the number of the latest event that was pushed.
    """

    def __init__(self, reader: Reader, last: Callable[[], int]) -> None:
        self._reader = reader
        self._last = last

    async def last(self) -> int:
        """The number of the latest event that was pushed."""
        return self._last()

    async def find(self, selection: Selection, after: Position) -> Found:
        """One bounded step of a search."""
        statement, parameters = _way(selection, after)
        # The last attempt's reason stands in a text that is only read where it matters.
        reasons = selection.reason is not None
        rows = await self._reader.rows(statement, **parameters, reasons=reasons, limit=SEARCH_STEP)
        seen = [(Position(row[0], row[1] or 0, row[2]), EventState(row[3]), row[4]) for row in rows]
        return Found(
            places=[place for place, state, reason in seen if selection.matches(place, state, reason)],
            after=seen[-1][0] if len(seen) == SEARCH_STEP else None,
        )

    async def read(self, events: Sequence[int], *, full: bool, max_bytes: int) -> list[StoredEvent]:
        """Events in this order, as many as fit into the bytes, at least one if there is one."""
        rows = await self._reader.rows("read_events", ids=encode(events), full=full, max_bytes=max_bytes)
        return [stored_event_of(row) for row in rows]

    async def expiring(self, limit: int) -> list[tuple[int, int]]:
        """The pending events that expire first, and when."""
        return [(row[0], row[1]) for row in await self._reader.rows("expiring_events", limit=limit)]


def _way(selection: Selection, after: Position) -> tuple[str, dict[str, Any]]:
    queue, span = selection.queue, selection.span or range(1, _LAST)
    if selection.events is not None:
        return "find_named_events", {"ids": encode(selection.events), "after": after.event}
    if len(span) > SEARCH_STEP:
        if selection.state is EventState.FAILED:
            return "find_dead_events", _dead(selection, after)
        if selection.state is EventState.LEASED:
            return "find_leased_events", {"after": after.event}
        if selection.state is EventState.PENDING and queue is not None and queue.pending <= FEW:
            return "find_pending_events", {"queue": queue.id, "after": after.event}
    return "find_events", {"after": max(after.event, span.start - 1), "until": span.stop}


def _dead(selection: Selection, after: Position) -> dict[str, Any]:
    """From where to where the index of dead letters is walked."""
    if selection.queue is None:
        return {**after._asdict(), "last_queue": _LAST, "before": _LAST}
    queue = selection.queue.id
    first = max(after, Position(queue, selection.finished_after or 0, 0))
    before = _LAST if selection.finished_before is None else selection.finished_before
    return {**first._asdict(), "last_queue": queue, "before": before}
