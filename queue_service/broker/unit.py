"""What every unit of the broker ends with: groups whose last event became final are complete."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from queue_service.domain.ids import completion_job_id, format_id
from queue_service.domain.records import Event, Group, Job, NewEvent
from queue_service.domain.states import EventState, GroupState
from queue_service.ports import Needs, Workset

T = TypeVar("T")

ATTRIBUTE_PREFIX = "longshore.group_"


class BrokerUnit(ABC, Generic[T]):
    """A unit that may end events and so complete groups."""

    weight = 1
    urgent = False
    grows = False

    @abstractmethod
    def needs(self, needs: Needs) -> None:
        """Add what has to be loaded."""

    @abstractmethod
    def carry_out(self, work: Workset) -> T:
        """Change the workset, or raise before the first change."""

    def apply(self, work: Workset) -> T:
        """Carry out, then complete the groups that are through."""
        result = self.carry_out(work)
        for group in work.take_touched_groups():
            if group.state is GroupState.SEALED and group.in_progress == 0:
                _complete(work, group)
        return result


def make_events(work: Workset, queue: int, first: int, specs: tuple[NewEvent, ...]) -> list[Event]:
    """The events of a new job, numbered from the job's own number on."""
    return [
        Event(
            id=first + ordinal,
            job=first,
            queue=queue,
            state=EventState.PENDING,
            due_time=spec.due_time(work.now),
            lease_expire_time=None,
            attempt=0,
            failures=0,
            lease_losses=0,
            first_delivery_time=None,
            context=None,
            payload=spec.payload,
            attributes=spec.attributes or {},
        )
        for ordinal, spec in enumerate(specs)
    ]


def _complete(work: Workset, group: Group) -> None:
    group.state = GroupState.COMPLETE
    group.complete_time = work.now
    if group.on_complete is None or group.result is None:
        return
    told = {
        f"{ATTRIBUTE_PREFIX}id": format_id(group.group_id),
        f"{ATTRIBUTE_PREFIX}result": group.result.name,
        f"{ATTRIBUTE_PREFIX}success": str(group.success),
        f"{ATTRIBUTE_PREFIX}failed": str(group.failed),
        f"{ATTRIBUTE_PREFIX}cancelled": str(group.cancelled),
    }
    specs = tuple(
        NewEvent(
            payload=spec.payload,
            delay=spec.delay,
            not_before_time=spec.not_before_time,
            attributes={**(spec.attributes or {}), **told},
        )
        for spec in group.on_complete.events
    )
    job_id = completion_job_id(group.group_id)
    job = Job(
        id=work.next_event,
        job_id=job_id,
        queue=work.queue(group.on_complete.queue),
        group=None,
        request_id=None,
        fingerprint=b"",
        events=len(specs),
        root=job_id,
        depth=0,
        push_time=work.now,
    )
    work.add_job(job, make_events(work, job.queue, job.id, specs))
