"""Pruning: what has ended and was kept for long enough goes, in bounded steps. Counts follow in the same step."""

from dataclasses import dataclass

from queue_service.broker.moves import drop
from queue_service.domain.ids import completion_job_id
from queue_service.domain.retention import PRUNED_AT_ONCE, Expiring
from queue_service.domain.states import EventState
from queue_service.ports import Needs, Workset
from queue_service.ports.ended import EndedJob, EndedJobs, Position


class PruneUnit:
    """What the units have in common: they wait behind whoever ends or keeps deliveries, and make the store smaller."""

    weight = PRUNED_AT_ONCE
    urgent = False
    grows = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PrunedJobs:
    """How far a step came. more: others may follow."""

    after: Position
    more: bool


class PruneJobs(PruneUnit):
    """Takes finished jobs in the order in which they finished, with the events and results that are kept with them.

    A job stays as long as a dead letter of it is kept, or its group is not complete.

    Args:
        after: where the former step ended.
        before: who finished by then goes, in milliseconds since the epoch.
        surplus: so many go even if they finished later.
    """

    def __init__(self, *, after: Position, before: int, surplus: int = 0) -> None:
        self._wanted = EndedJobs(after=after, before=None if surplus else before)
        self._before = before
        self._surplus = surplus

    def needs(self, needs: Needs) -> None:
        """The next finished jobs."""
        needs.ended_jobs.add(self._wanted)

    def apply(self, work: Workset) -> PrunedJobs:
        """Take them."""
        after = self._wanted.after
        surplus, room = self._surplus, PRUNED_AT_ONCE
        found = work.loaded.ended_jobs[self._wanted]
        for job in found:
            if job.position.end_time > self._before and surplus <= 0:
                return PrunedJobs(after=after, more=False)
            if not job.needed:
                room = _take_events(work, job, room)
                if room <= 0:
                    break
                work.remove_job(job)
                surplus -= 1
            after = job.position
        return PrunedJobs(after=after, more=bool(found))


class PruneDeadLetters(PruneUnit):
    """Takes dead letters. Their jobs count them as failed all the same.

    Args:
        before: who became one by then goes, in milliseconds since the epoch.
    """

    def __init__(self, before: int) -> None:
        self._before = before

    def needs(self, needs: Needs) -> None:
        """Some of the oldest."""
        needs.dead_letters.add(self._before)

    def apply(self, work: Workset) -> None:
        """Take those that nobody redrove or deleted meanwhile."""
        for event in work.loaded.dead_letters[self._before]:
            if event.state is EventState.FAILED and event.id in work.loaded.events:
                drop(work, event)


class PruneGroups(PruneUnit):
    """Takes complete groups that have no jobs any more.

    One whose completion job is kept stays: a new group of the same id would have a completion job of that job's id.

    Args:
        groups: number and id of each.
    """

    def __init__(self, groups: list[tuple[int, bytes]]) -> None:
        self._groups = groups

    def needs(self, needs: Needs) -> None:
        """Their completion jobs. They themselves cannot change any more."""
        needs.jobs.update(completion_job_id(group_id) for _, group_id in self._groups)

    def apply(self, work: Workset) -> None:
        """Take them."""
        for number, group_id in self._groups:
            if work.job(completion_job_id(group_id)) is None:
                work.remove_group(number)


class DropExpired(PruneUnit):
    """Takes some of the oldest rows of what goes by its time alone.

    Args:
        before: the latest of their times, in milliseconds since the epoch.
    """

    def __init__(self, kind: Expiring, before: int) -> None:
        self._kind = kind
        self._before = before

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def apply(self, work: Workset) -> None:
        """Take them before anything of this turn is written."""
        work.changes.expired[self._kind] = self._before


def _take_events(work: Workset, job: EndedJob, room: int) -> int:
    """Take what is kept of its events. Answers what is left of the room; 0: it was not enough for all, or just so."""
    for event in job.kept:
        if room < event.weight and room < PRUNED_AT_ONCE:
            return 0
        work.changes.removed_events.add(event.number)
        if event.key is not None:
            work.change_key(event.key).kept -= 1
        room -= event.weight
    return room - 1
