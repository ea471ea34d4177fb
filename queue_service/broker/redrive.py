"""What operators do with dead letters: they put them back with fresh counters, or delete them."""

from collections.abc import Sequence
from dataclasses import dataclass

from queue_service.broker.moves import drop, move
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import WrongState
from queue_service.domain.limits import SECOND
from queue_service.domain.records import Event
from queue_service.domain.states import EventState, GroupState, Trigger
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Due times of what is redriven: from one instant on, so many a second. per_second None: all at that instant."""

    begin: int
    per_second: float | None = None

    def due_time(self, number: int) -> int:
        """Of the event with this number, from 0."""
        return self.begin if self.per_second is None else self.begin + int(number * SECOND / self.per_second)


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriven:
    """What a redrive did.

    Attributes:
        redriven: dead letters that are pending now.
        skipped: those whose job or group was cancelled.
        last_due_time: of the redriven. None: none was.
    """

    redriven: int = 0
    skipped: int = 0
    last_due_time: int | None = None


class RedriveEvents(BrokerUnit[Redriven]):
    """Puts dead letters back.

    Args:
        spread: their due times.
        before: how many were put back before these.
    """

    def __init__(self, events: Sequence[int], *, spread: Spread, before: int) -> None:
        self._events = events
        self._spread = spread
        self._before = before
        self.weight = len(events)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(self._events)

    def carry_out(self, work: Workset) -> Redriven:
        """Put back those that are still dead letters.

        Raises:
            WrongState: a queue is being purged: what came back would be cancelled.
        """
        events = _dead_letters(work, self._events)
        for event in events:
            queue = work.look_at_queue(event.queue)
            if queue.purge_before is not None:
                raise WrongState("queue", queue.name, "is being purged: redrive when the purge has ended")
        kept = [event for event in events if not work.is_cancelled(event)]
        due_time = None
        for number, event in enumerate(kept, self._before):
            due_time = self._spread.due_time(number)
            _redrive(work, event, due_time)
        return Redriven(redriven=len(kept), skipped=len(events) - len(kept), last_due_time=due_time)


class DeleteEvents(BrokerUnit[int]):
    """Deletes dead letters. Their jobs count them as failed all the same. Answers how many were deleted."""

    def __init__(self, events: Sequence[int]) -> None:
        self._events = events
        self.weight = len(events)

    def needs(self, needs: Needs) -> None:
        """The events."""
        needs.events.update(self._events)

    def carry_out(self, work: Workset) -> int:
        """Delete those that are still dead letters."""
        events = _dead_letters(work, self._events)
        for event in events:
            drop(work, event)
        return len(events)


def _dead_letters(work: Workset, numbers: Sequence[int]) -> list[Event]:
    found = [work.loaded.events.get(number) for number in numbers]
    return [event for event in found if event is not None and event.state is EventState.FAILED]


def _redrive(work: Workset, event: Event, due_time: int) -> None:
    queue = work.change_queue(event.queue)
    queue.redriven += 1
    job = work.loaded.jobs[event.job]
    if job.finish_time is not None:
        job.finish_time = None
        queue.finished_jobs -= 1
    job.failed -= 1
    work.change_job(job)
    group = None if job.group is None else work.loaded.groups[job.group]
    if group is not None and group.state is not GroupState.COMPLETE:  # what is complete counts no more
        group.failed -= 1
        work.change_group(group)
    event.failures = event.lease_losses = 0
    event.first_delivery_time = event.expire_time = event.finish_time = None
    event.due_time = due_time
    move(work, event, Trigger.REDRIVE)
    work.change_event(event)
