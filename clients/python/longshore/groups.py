"""Groups: jobs that belong together, with an optional event to push when they are all done.

A Group is a handle; create() opens it at the service.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from longshore.channel import Channel
from longshore.handling import Parent, send_child
from longshore.ids import new_id
from longshore.pushes import NewEvent
from longshore.times import instant, instant_or_none
from longshore.v1 import queue_service_pb2
from longshore.watches import follow, last

if TYPE_CHECKING:
    from longshore.v1.queue_service_pb2_grpc import QueueServiceAsyncStub


class GroupState(StrEnum):
    """Where a group stands."""

    UNSPECIFIED = "UNSPECIFIED"
    OPEN = "OPEN"
    SEALED = "SEALED"
    COMPLETE = "COMPLETE"

    @property
    def terminal(self) -> bool:
        """Whether the group is complete."""
        return self is GroupState.COMPLETE


class GroupResult(StrEnum):
    """How a complete group ended; UNSPECIFIED while it has not."""

    UNSPECIFIED = "UNSPECIFIED"
    SUCCEEDED = "SUCCEEDED"
    HAS_FAILURES = "HAS_FAILURES"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInfo:
    """A group as the service keeps it.

    Attributes:
        group_id: the group.
        state: OPEN takes pushes from everyone, SEALED from handlers of its members, COMPLETE from nobody.
        result: of a complete group.
        jobs: how many were pushed into it.
        success: events of its jobs that succeeded.
        in_progress: events that wait, run or will be retried.
        failed: dead letters.
        cancelled: events that were cancelled.
        create_time: when it was created, in UTC.
        complete_time: when it completed. None: it has not.
        cancel_time: when it was cancelled. None: it was not.
        on_complete_job_id: the id that the completion job has or will have. None: there is none.
    """

    group_id: str
    state: GroupState
    result: GroupResult
    jobs: int
    success: int
    in_progress: int
    failed: int
    cancelled: int
    create_time: datetime
    complete_time: datetime | None
    cancel_time: datetime | None
    on_complete_job_id: str | None


class Group:
    """A handle on one group. Give it to Queue.push as group.

    Attributes:
        group_id: its id, a UUID.
    """

    __slots__ = ("_channel", "_on_complete", "_stub", "group_id")

    def __init__(
        self,
        channel: Channel,
        stub: "QueueServiceAsyncStub",
        *,
        group_id: str | None,
        on_complete: tuple[str, object] | None,
    ) -> None:
        self._channel = channel
        self._stub = stub
        self._on_complete = on_complete
        self.group_id = group_id or new_id()

    def __repr__(self) -> str:
        return f"Group({self.group_id!r})"

    async def create(self, *, parent: Parent = ...) -> "Group":
        """Open the group at the service. Repeating it with the same on_complete is harmless.

        Args:
            parent: the event whose handler creates the group: on_complete inherits its lineage. Left out and None: as
                for Queue.push.

        Raises:
            IdReused: the group exists with another on_complete.
            LeaseLost: the parent's lease is lost.
        """
        request = queue_service_pb2.CreateGroupRequest(group_id=self.group_id)
        if self._on_complete is not None:
            queue, body = self._on_complete
            event = body if isinstance(body, NewEvent) else NewEvent(body)
            request.on_complete.CopyFrom(queue_service_pb2.OnComplete(queue=queue, events=[event.spec()]))
        await send_child(request, self._create, parent=parent, address=self._channel.address)
        return self

    async def _create(self, request: queue_service_pb2.CreateGroupRequest) -> queue_service_pb2.CreateGroupResponse:
        return await self._channel.call(self._stub.CreateGroup, request)

    async def seal(self) -> GroupInfo:
        """Close the group for pushes from outside: it completes when its last event ends.

        Raises:
            GroupNotFound: it does not exist.
        """
        request = queue_service_pb2.SealGroupRequest(group_id=self.group_id)
        return _info((await self._channel.call(self._stub.SealGroup, request)).group)

    async def get(self) -> GroupInfo:
        """The group now.

        Raises:
            GroupNotFound: it does not exist.
        """
        request = queue_service_pb2.GetGroupRequest(group_id=self.group_id)
        return _info((await self._channel.call(self._stub.GetGroup, request)).group)

    def watch(self) -> AsyncGenerator[GroupInfo, None]:
        """The group now, then after every change, until it is complete: `async for info in group.watch()`.

        Changes that follow each other closely are told as one. A broken connection is made again for as long as the
        client's timeout, counted from the first attempt that failed.

        Raises:
            GroupNotFound: it does not exist.
            Unavailable: the service was not reachable for that long.
        """
        return follow(
            self._channel,
            self._stub.WatchGroup,
            queue_service_pb2.WatchGroupRequest(group_id=self.group_id),
            read=lambda response: _info(response.group),
            ended=lambda info: info.state.terminal,
        )

    async def wait(self, timeout: float | None = None) -> GroupInfo:  # noqa: ASYNC109  the usual case in one word
        """The group once it is complete; reconnecting as watch(). Only a sealed group completes.

        Args:
            timeout: seconds. None: as long as it takes.

        Raises:
            TimeoutError: it is not complete in time.
            GroupNotFound: it does not exist.
            Unavailable: the service was not reachable for as long as the client's timeout.
        """
        return await last(self.watch(), timeout)

    async def cancel(self) -> GroupInfo:
        """Seal the group and cancel its jobs. Repeating it is harmless.

        Raises:
            GroupNotFound: it does not exist.
        """
        request = queue_service_pb2.CancelGroupRequest(group_id=self.group_id)
        return _info((await self._channel.call(self._stub.CancelGroup, request)).group)


_STATES = {
    number: GroupState(name.removeprefix("GROUP_STATE_")) for name, number in queue_service_pb2.GroupState.items()
}
_RESULTS = {
    number: GroupResult(name.removeprefix("GROUP_RESULT_")) for name, number in queue_service_pb2.GroupResult.items()
}


def _info(group: queue_service_pb2.Group) -> GroupInfo:
    return GroupInfo(
        group_id=group.group_id,
        state=_STATES.get(group.state, GroupState.UNSPECIFIED),
        result=_RESULTS.get(group.result, GroupResult.UNSPECIFIED),
        jobs=group.jobs,
        success=group.success,
        in_progress=group.in_progress,
        failed=group.failed,
        cancelled=group.cancelled,
        create_time=instant(group.create_time),
        complete_time=instant_or_none(group, "complete_time"),
        cancel_time=instant_or_none(group, "cancel_time"),
        on_complete_job_id=group.on_complete_job_id if group.HasField("on_complete_job_id") else None,
    )
