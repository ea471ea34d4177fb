"""What every unit of the broker ends with: groups that are through are completed, free slots are handed over."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Generic, TypeVar

from queue_service.broker.jobs import make_job
from queue_service.broker.moves import hand_over
from queue_service.domain.ids import completion_job_id, format_id
from queue_service.domain.records import Group
from queue_service.domain.states import GroupState
from queue_service.ports import Needs, Workset

T = TypeVar("T")

ATTRIBUTE_PREFIX = "longshore.group_"


class BrokerUnit(ABC, Generic[T]):
    """A unit that may end events: so it may complete groups and free slots."""

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
        """Carry out, complete the groups that are through, hand over what slots are free."""
        result = self.carry_out(work)
        for group in work.take_touched_groups():
            if group.state is GroupState.SEALED and group.in_progress == 0:
                _complete(work, group)
        for key in work.take_touched_keys():
            hand_over(work, key)
        return result


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
    make_job(
        work,
        group.on_complete.queue,
        tuple(replace(spec, attributes={**(spec.attributes or {}), **told}) for spec in group.on_complete.events),
        job_id=completion_job_id(group.group_id),
        lineage=group.lineage,
    )
