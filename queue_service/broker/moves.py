"""Moves of events. Every change of a state goes through here, so that the counts of queues and keys follow it.

An event that is due and has a concurrency key waits in the line of its key in its queue. At the end of each step
hand_over() calls up as many heads of every line as the key has free slots; the claim takes the slot. So a queue that
nobody serves holds heads, never slots.
"""

from queue_service.domain.queues import Key, Queue
from queue_service.domain.records import Event, Rank
from queue_service.domain.states import NEXT_STATE, EventState, Place, Trigger
from queue_service.ports import Workset


def admit(work: Workset, queue: Queue, events: list[Event]) -> None:
    """Count new events in, and let them take their places."""
    queue.pushed += len(events)
    queue.pending += len(events)
    earliest = events[0].due_time
    for event in events:
        queue.lanes |= 1 << event.priority
        earliest = min(earliest, event.due_time)
        if event.key is not None:
            work.loaded.events[event.id] = event  # a line may call it up in this turn
            work.change_key(event.key).pending += 1
            _join_line(work, event)
    work.tell_ready(queue.id, earliest)


def move(work: Workset, event: Event, trigger: Trigger) -> None:
    """Change an event's state as the table says. Its due time has to be the new one already."""
    queue = work.change_queue(event.queue)
    key = None if event.key is None else work.change_key(event.key)
    _count(queue, key, event.state, -1)
    if event.place is not Place.READY:
        _leave_line(work, event)
    event.state = NEXT_STATE[event.state, trigger]
    _count(queue, key, event.state, 1)
    if event.state is EventState.PENDING:
        queue.lanes |= 1 << event.priority
        if event.key is not None:
            _join_line(work, event)
        work.tell_ready(queue.id, event.due_time)
    elif not queue.pending:
        queue.lanes = 0


def stand_in_line(work: Workset, event: Event) -> None:
    """Take a pending event out of the ready order: its key is full."""
    if event.place is not Place.READY:
        _leave_line(work, event)
    _join_line(work, event)
    work.change_event(event)


def change_place(work: Workset, event: Event, *, due_time: int, priority: int) -> None:
    """Give a pending event another due time and priority."""
    if event.place is not Place.READY:
        _leave_line(work, event)
    event.due_time, event.priority = due_time, priority
    work.change_queue(event.queue).lanes |= 1 << priority
    if event.key is not None:
        _join_line(work, event)
    work.tell_ready(event.queue, due_time)
    work.change_event(event)


def keep(work: Workset, event: Event) -> None:
    """Keep the row of an event that succeeded."""
    if event.key is not None:
        work.change_key(event.key).kept += 1
    work.change_event(event)


def drop(work: Workset, event: Event) -> None:
    """Let the row of an event go that has ended and was kept. Its job counts it all the same."""
    key = None if event.key is None else work.change_key(event.key)
    if event.state is EventState.FAILED:
        _count(work.change_queue(event.queue), key, event.state, -1)
    elif key is not None:
        key.kept -= 1
    work.forget_event(event)


def hand_over(work: Workset, key: Key) -> None:
    """Call up heads of the key's lines, as many of each as there are free slots."""
    for queue, line in work.loaded.lines.get(key.id, {}).items():
        while (rank := line.next(key.free)) is not None:
            if _call_up(work, rank):
                line.call_up(rank)
                work.tell_ready(queue, rank.due_time)


def _call_up(work: Workset, rank: Rank) -> bool:
    event = work.loaded.events.get(rank.event)
    if event is None:
        work.changes.called_up.add(rank.event)
        return True
    if event.place is not Place.LINE:  # it left in this turn
        return False
    event.place = Place.HEAD
    work.change_event(event)
    return True


def _join_line(work: Workset, event: Event) -> None:
    if event.key is not None and event.due_time <= work.now:
        event.place = Place.LINE
        work.line(work.change_key(event.key).id, event.queue).enter(event.rank)


def _leave_line(work: Workset, event: Event) -> None:
    if event.key is not None:
        line = work.line(work.change_key(event.key).id, event.queue)
        if event.place is Place.HEAD:
            line.called_up -= 1
        else:
            line.leave(event.rank)
    event.place = Place.READY


def _count(queue: Queue, key: Key | None, state: EventState, step: int) -> None:
    if state is EventState.PENDING:
        queue.pending += step
        if key is not None:
            key.pending += step
    elif state is EventState.LEASED:
        queue.leased += step
        if key is not None:
            key.leased += step
    elif state is EventState.FAILED:
        queue.failed += step
        if key is not None:
            key.kept += step
