"""Cancelling: one write marks the job or group; what has not begun follows in bounded steps."""

from dataclasses import dataclass

from queue_service.broker.settle import cancel_pending
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import GroupNotFound, JobNotFound
from queue_service.domain.ids import format_id
from queue_service.domain.limits import SWEEP_EVENTS
from queue_service.domain.records import Group, Job
from queue_service.domain.states import EventState, GroupState
from queue_service.ports import Needs, Workset


class CancelJob(BrokerUnit[Job]):
    """Marks a job and takes the first step."""

    weight = SWEEP_EVENTS

    def __init__(self, job_id: bytes) -> None:
        self._job_id = job_id

    def needs(self, needs: Needs) -> None:
        """The job and some of its pending events."""
        needs.jobs.add(self._job_id)
        needs.pending_of_jobs.add(self._job_id)

    def carry_out(self, work: Workset) -> Job:
        """Mark and step.

        Raises:
            JobNotFound: there is no such job.
        """
        job = work.job(self._job_id)
        if job is None:
            raise JobNotFound(format_id(self._job_id))
        if job.cancel_time is None and job.in_progress:
            job.cancel_time = work.now
            work.change_job(job)
            work.notices.cancelled_jobs[job.id] = job.job_id
        if job.cancel_time is not None:
            _step(work, self._job_id)
        return job


class CancelGroup(BrokerUnit[Group]):
    """Marks and seals a group and takes the first step."""

    weight = SWEEP_EVENTS

    def __init__(self, group_id: bytes) -> None:
        self._group_id = group_id

    def needs(self, needs: Needs) -> None:
        """The group and some of its pending events."""
        needs.groups.add(self._group_id)
        needs.pending_of_groups.add(self._group_id)

    def carry_out(self, work: Workset) -> Group:
        """Mark, seal and step.

        Raises:
            GroupNotFound: there is no such group.
        """
        group = work.group(self._group_id)
        if group is None:
            raise GroupNotFound(format_id(self._group_id))
        if group.cancel_time is None and group.state is not GroupState.COMPLETE:
            group.cancel_time = work.now
            group.state = GroupState.SEALED
            work.change_group(group)
            work.notices.cancelled_groups[group.id] = group.group_id
        if group.cancel_time is not None:
            _step(work, self._group_id)
        return group


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What a further step did. more: another may be needed."""

    more: bool


class SweepCancelled(BrokerUnit[Swept]):
    """A further step after the cancel of a job or group."""

    weight = SWEEP_EVENTS

    def __init__(self, *, job_id: bytes | None = None, group_id: bytes | None = None) -> None:
        self._job_id = job_id
        self._group_id = group_id

    def needs(self, needs: Needs) -> None:
        """Some pending events."""
        if self._job_id is not None:
            needs.pending_of_jobs.add(self._job_id)
        if self._group_id is not None:
            needs.pending_of_groups.add(self._group_id)

    def carry_out(self, work: Workset) -> Swept:
        """Cancel them."""
        found = _step(work, self._job_id or self._group_id or b"")
        return Swept(more=found >= SWEEP_EVENTS)


def _step(work: Workset, owner: bytes) -> int:
    events = work.loaded.pending.get(owner, [])
    for event in events:
        if event.state is EventState.PENDING and work.is_cancelled(event):
            cancel_pending(work, event)
    return len(events)
