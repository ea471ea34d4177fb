"""Pushing jobs: repeats are recognised, groups and live parents are respected."""

from dataclasses import dataclass

from queue_service.broker.jobs import make_job
from queue_service.broker.room import Room
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import BrokerError, GroupCancelled, GroupNotFound, GroupSealed, IdReused, LeaseLost
from queue_service.domain.ids import LeaseKey, format_id, new_id
from queue_service.domain.records import Group, Job, NewEvent
from queue_service.domain.states import GroupState
from queue_service.ports import Needs, Workset


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """The lease under which a handler pushes."""

    key: LeaseKey
    lease_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A job to push.

    Attributes:
        fingerprint: digest of queue, group and events: tells a repeat from another push with the same id.
    """

    queue: str
    events: tuple[NewEvent, ...]
    fingerprint: bytes
    job_id: bytes | None = None
    request_id: str | None = None
    group_id: bytes | None = None
    seal_group: bool = False
    parent: Parent | None = None

    @property
    def weight(self) -> int:
        """What it adds to a turn of the writer."""
        return sum(event.payload.weight for event in self.events)

    def needs(self, needs: Needs) -> None:
        """What has to be loaded to push it."""
        if self.job_id is not None:
            needs.jobs.add(self.job_id)
        if self.request_id is not None:
            needs.requests.add((self.queue, self.request_id))
        if self.group_id is not None:
            needs.groups.add(self.group_id)
        if self.parent is not None:
            needs.events.add(self.parent.key.event)
            needs.parents.add(self.parent.key.event)
        for event in self.events:
            if event.concurrency is not None:
                needs.keys.add(event.concurrency.key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """The answer to a push."""

    job_id: bytes
    push_time: int
    deduplicated: bool


class Push(BrokerUnit[list[Pushed | BrokerError]]):
    """Pushes jobs independently: each has its own answer, and a refused one leaves the others alone."""

    grows = True

    def __init__(self, jobs: list[NewJob], *, terms: Terms) -> None:
        self._jobs = jobs
        self._limits = terms.limits
        self.weight = sum(job.weight for job in jobs)

    def needs(self, needs: Needs) -> None:
        """Every job's needs."""
        for job in self._jobs:
            job.needs(needs)

    def carry_out(self, work: Workset) -> list[Pushed | BrokerError]:
        """Push one after the other."""
        answers: list[Pushed | BrokerError] = []
        room = Room(work, self._limits)
        for job in self._jobs:
            try:
                repeat = check_push(work, job, room)
            except BrokerError as error:
                answers.append(error)
            else:
                answers.append(repeat or do_push(work, job))
            room.give_back()
        return answers


def check_push(work: Workset, new: NewJob, room: Room) -> Pushed | None:
    """Whether the push may happen. Returns the first answer if it is a repeat.

    Raises:
        IdReused: its job_id or request_id was used with other content.
        LeaseLost: its parent's lease does not hold.
        GroupNotFound, GroupSealed, GroupCancelled: its group does not take it.
        QueueNotFound, QueueFull, ChainLimit: there is no room for it.
    """
    existing = work.job(new.job_id) if new.job_id is not None else None
    if existing is not None:
        if existing.fingerprint != new.fingerprint:
            raise IdReused("job_id", format_id(existing.job_id))
        return Pushed(job_id=existing.job_id, push_time=existing.push_time, deduplicated=True)
    existing = work.job_of_request(new.queue, new.request_id) if new.request_id is not None else None
    if existing is not None:
        if existing.fingerprint != new.fingerprint:
            raise IdReused("request_id", new.request_id or "", existing_id=format_id(existing.job_id))
        return Pushed(job_id=existing.job_id, push_time=existing.push_time, deduplicated=True)
    parent = None if new.parent is None else parent_job(work, new.parent)
    group = _group(work, new, parent)
    if group is not None:
        _check_open(group, inside=parent is not None and parent.group == group.id)
    room.take(new.queue, new.events, parent)
    return None


def do_push(work: Workset, new: NewJob) -> Pushed:
    """Push a job that was checked."""
    parent = None if new.parent is None else parent_job(work, new.parent)
    group = _group(work, new, parent)
    job = make_job(
        work,
        new.queue,
        new.events,
        job_id=new.job_id or new_id(work.now),
        lineage=None if parent is None else parent.child_lineage,
        group=group,
        request_id=new.request_id,
        fingerprint=new.fingerprint,
    )
    if group is not None:
        group.jobs += 1
        group.events += job.events
        group.last_push_time = work.now
        if new.seal_group and group.state is GroupState.OPEN:
            group.state = GroupState.SEALED
        work.change_group(group)
    return Pushed(job_id=job.job_id, push_time=work.now, deduplicated=False)


def parent_job(work: Workset, parent: Parent) -> Job:
    """The job whose handler acts.

    Raises:
        LeaseLost: its lease does not hold.
    """
    event = work.leased(parent.key)
    if event is None:
        raise LeaseLost(parent.lease_id)
    return work.loaded.jobs[event.job]


def _group(work: Workset, new: NewJob, parent: Job | None) -> Group | None:
    if new.group_id is not None:
        group = work.group(new.group_id)
        if group is None:
            raise GroupNotFound(format_id(new.group_id))
        return group
    if parent is not None and parent.group is not None:
        group = work.loaded.groups[parent.group]
        if group.state is not GroupState.COMPLETE:  # the handler of a redriven event pushes outside of it
            return group
    return None


def _check_open(group: Group, *, inside: bool) -> None:
    if group.cancel_time is not None:
        raise GroupCancelled(format_id(group.group_id))
    if group.state is GroupState.COMPLETE or (group.state is GroupState.SEALED and not inside):
        raise GroupSealed(format_id(group.group_id))
