"""Stored events for operators: lists and single ones, and what is done with many of them in small steps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from queue_service.broker.pending import UpdateEvents
from queue_service.broker.redrive import DeleteEvents, RedriveEvents, Redriven, Spread
from queue_service.domain.errors import EventNotFound, JobNotFound, QueueNotFound
from queue_service.domain.ids import EventId, format_id
from queue_service.domain.limits import CHANGED_AT_ONCE, SEARCH_STEPS
from queue_service.domain.queues import Queue
from queue_service.domain.states import EventState
from queue_service.ports import Clock, Store
from queue_service.ports.events import START, Found, Position, Selection, StoredEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """Which events are meant, in names of the contract. What is None or empty chooses nothing."""

    queue: str | None = None
    job_id: bytes | None = None
    events: tuple[EventId, ...] = ()
    state: EventState | None = None
    reason: str | None = None
    finished_after: int | None = None
    finished_before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """A page of a list. after: behind which the next begins; None: it was the last."""

    events: list[StoredEvent]
    after: Position | None


class StoredEvents:
    """The use cases. What changes many takes steps in which acks never wait; broken off, it has done a part."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(self, chosen: EventFilter, *, after: Position, limit: int, full: bool, max_bytes: int) -> EventPage:
        """A page of the chosen events. It may have few, and others follow all the same.

        Raises:
            QueueNotFound, JobNotFound: the filter names one that is not there.
        """
        selection = await self._select(chosen)
        places: list[Position] = []
        found = Found([], after)
        for _ in range(SEARCH_STEPS):
            if found.after is None or len(places) >= limit:
                break
            found = await self._store.events.find(selection, found.after)
            places += found.places
        following = found.after
        if len(places) > limit:
            places = places[:limit]
            following = places[-1]
        events = await self._store.events.read([place.event for place in places], full=full, max_bytes=max_bytes)
        if events and len(events) < len(places):  # the others do not fit, or have gone meanwhile
            following = next(place for place in places if place.event == events[-1].event.id)
        # An event may have changed between the two reads.
        return EventPage(events=[event for event in events if selection.includes(event)], after=following)

    async def get(self, event_id: EventId, *, full: bool, max_bytes: int) -> StoredEvent:
        """One event.

        Raises:
            EventNotFound: it is not stored. The text says why, as far as that is known.
        """
        view = (await self._store.get_jobs([event_id.job_id])).get(event_id.job_id)
        if view is None:
            raise EventNotFound(str(event_id), "its job is not, or no longer, kept")
        if event_id.ordinal >= view.job.events:
            raise EventNotFound(str(event_id), f"its job has {view.job.events:,} events, counted from 0")
        found = await self._store.events.read([view.job.id + event_id.ordinal], full=full, max_bytes=max_bytes)
        if not found:
            raise EventNotFound(
                str(event_id),
                "it ended, or was deleted as a dead letter; its job counts it. Events that succeed are only kept where "
                "their queue says keep_succeeded",
            )
        return found[0]

    async def redrive(self, chosen: EventFilter, *, per_second: float | None) -> Redriven:
        """Put dead letters back to PENDING with fresh counters, those that failed before the call.

        Args:
            chosen: which.
            per_second: how many are due in each second. None: all at once.

        Raises:
            QueueNotFound, JobNotFound: the filter names one that is not there.
            WrongState: a queue is being purged.
        """
        spread = Spread(begin=self._clock.now(), per_second=per_second)
        total = Redriven()
        async for events in self._steps(await self._select_dead(chosen)):
            step = await self._store.write(RedriveEvents(events, spread=spread, before=total.redriven))
            total = Redriven(
                redriven=total.redriven + step.redriven,
                skipped=total.skipped + step.skipped,
                last_due_time=total.last_due_time if step.last_due_time is None else step.last_due_time,
            )
        return total

    async def delete(self, chosen: EventFilter) -> int:
        """Delete dead letters, those that failed before the call. Answers how many.

        Raises:
            QueueNotFound, JobNotFound: the filter names one that is not there.
        """
        deleted = 0
        async for events in self._steps(await self._select_dead(chosen)):
            deleted += await self._store.write(DeleteEvents(events))
        return deleted

    async def update(self, chosen: EventFilter, *, due_time: int | None, priority: int | None) -> int:
        """Give pending events that were pushed before the call another due time or priority. Answers how many changed.

        Raises:
            QueueNotFound, JobNotFound: the filter names one that is not there.
        """
        selection = await self._select(replace(chosen, state=EventState.PENDING))
        if selection.span is None:
            selection = replace(selection, span=range(1, await self._store.events.last() + 1))
        updated = 0
        async for events in self._steps(selection):
            updated += await self._store.write(UpdateEvents(events, due_time=due_time, priority=priority))
        return updated

    async def _steps(self, selection: Selection) -> AsyncIterator[list[int]]:
        """The chosen events, so many at a time."""
        found = Found([], START)
        while found.after is not None:
            found = await self._store.events.find(selection, found.after)
            events = [place.event for place in found.places]
            for start in range(0, len(events), CHANGED_AT_ONCE):
                yield events[start : start + CHANGED_AT_ONCE]

    async def _select_dead(self, chosen: EventFilter) -> Selection:
        """Dead letters so far: what is put back and fails again meanwhile would never end."""
        end = self._clock.now() + 1
        before = end if chosen.finished_before is None else min(end, chosen.finished_before)
        return await self._select(replace(chosen, state=EventState.FAILED, finished_before=before))

    async def _select(self, chosen: EventFilter) -> Selection:
        return Selection(
            queue=None if chosen.queue is None else await self._queue(chosen.queue),
            span=None if chosen.job_id is None else await self._numbers_of_job(chosen.job_id),
            events=await self._numbers(chosen.events) if chosen.events else None,
            state=chosen.state,
            reason=chosen.reason,
            finished_after=chosen.finished_after,
            finished_before=chosen.finished_before,
        )

    async def _queue(self, name: str) -> Queue:
        queue = await self._store.admin.find_queue(name)
        if queue is None:
            raise QueueNotFound(name)
        return queue

    async def _numbers_of_job(self, job_id: bytes) -> range:
        found = await self._store.get_jobs([job_id])
        if job_id not in found:
            raise JobNotFound(format_id(job_id))
        job = found[job_id].job
        return range(job.id, job.id + job.events)

    async def _numbers(self, events: tuple[EventId, ...]) -> frozenset[int]:
        """Numbers of those whose job is there."""
        found = await self._store.get_jobs(list({event.job_id for event in events}))
        jobs = {job_id: view.job for job_id, view in found.items()}
        return frozenset(
            jobs[event.job_id].id + event.ordinal
            for event in events
            if event.job_id in jobs and event.ordinal < jobs[event.job_id].events
        )
