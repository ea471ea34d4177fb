"""Creating and sealing groups. Completing them is the end of every unit; see unit.py."""

from queue_service.broker.push import Parent, parent_job
from queue_service.broker.room import check_queue
from queue_service.broker.terms import Terms
from queue_service.broker.unit import BrokerUnit
from queue_service.domain.errors import GroupNotFound, IdReused
from queue_service.domain.ids import format_id, new_id
from queue_service.domain.limits import GROUP_SEAL_AFTER
from queue_service.domain.records import Group, OnComplete
from queue_service.domain.states import GroupState
from queue_service.ports import Needs, Workset


class CreateGroup(BrokerUnit[tuple[Group, bool]]):
    """Opens a group. Answers the group, and whether it was there already.

    Args:
        parent: the handler that creates it: on_complete inherits its lineage.
    """

    grows = True

    def __init__(
        self,
        *,
        group_id: bytes | None,
        on_complete: OnComplete | None,
        fingerprint: bytes,
        parent: Parent | None,
        terms: Terms,
    ) -> None:
        self._group_id = group_id
        self._on_complete = on_complete
        self._fingerprint = fingerprint
        self._parent = parent
        self._limits = terms.limits

    def needs(self, needs: Needs) -> None:
        """A group of the same id."""
        if self._group_id is not None:
            needs.groups.add(self._group_id)
        if self._parent is not None:
            needs.events.add(self._parent.key.event)

    def carry_out(self, work: Workset) -> tuple[Group, bool]:
        """Create, or recognise a repeat.

        Raises:
            IdReused: the id was used with another on_complete.
            LeaseLost: the parent's lease does not hold.
            QueueNotFound: there is no queue for on_complete, and pushes do not make one.
        """
        existing = None if self._group_id is None else work.group(self._group_id)
        if existing is not None:
            if existing.fingerprint != self._fingerprint:
                raise IdReused("group_id", format_id(existing.group_id))
            return existing, True
        parent = None if self._parent is None else parent_job(work, self._parent)
        if self._on_complete is not None:
            check_queue(work, self._on_complete.queue, self._limits)
        group = Group(
            id=work.next_group,
            group_id=self._group_id or new_id(work.now),
            state=GroupState.OPEN,
            on_complete=self._on_complete,
            fingerprint=self._fingerprint,
            lineage=None if parent is None else parent.child_lineage,
            create_time=work.now,
            last_push_time=work.now,
        )
        work.add_group(group)
        return group, False


class SealGroup(BrokerUnit[Group]):
    """Closes a group for pushes from outside.

    Args:
        only_if_idle: seal only if nothing was pushed for as long as open groups may wait.
    """

    def __init__(self, group_id: bytes, *, only_if_idle: bool = False) -> None:
        self._group_id = group_id
        self._only_if_idle = only_if_idle

    def needs(self, needs: Needs) -> None:
        """The group."""
        needs.groups.add(self._group_id)

    def carry_out(self, work: Workset) -> Group:
        """Seal.

        Raises:
            GroupNotFound: there is no such group.
        """
        group = work.group(self._group_id)
        if group is None:
            raise GroupNotFound(format_id(self._group_id))
        kept_open = self._only_if_idle and group.last_push_time + GROUP_SEAL_AFTER > work.now
        if group.state is GroupState.OPEN and not kept_open:
            group.state = GroupState.SEALED
            work.change_group(group)
        return group
