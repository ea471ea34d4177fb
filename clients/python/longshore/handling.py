"""The event that is being handled: what a handler pushes is its child without being told so.

Known to the handler and to every task that it starts, for as long as the handler runs and its delivery is not settled.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import EllipsisType
from typing import TypeVar

from longshore.errors import LeaseLost
from longshore.event import Event
from longshore.v1.queue_service_pb2 import CreateGroupRequest, PushRequest

Parent = Event | None | EllipsisType
"""The event whose handler pushes. None: nobody's. `...`: the one that is being handled here, if any."""

Child = TypeVar("Child", PushRequest, CreateGroupRequest)
Answer = TypeVar("Answer")


class _Handling:
    """What the tasks of one handler share. It forgets its event when the handler ends, while some tasks may run on."""

    __slots__ = ("address", "event")

    def __init__(self, address: str, event: Event) -> None:
        self.address = address
        self.event: Event | None = event


_current: ContextVar[_Handling | None] = ContextVar("longshore_handling", default=None)


@contextmanager
def handling(address: str, event: Event) -> Iterator[None]:
    """Handle an event in this block.

    Args:
        address: of the service that delivered it. Pushes to others have nothing to do with it.
        event: what is handled.
    """
    mine = _Handling(address, event)
    token = _current.set(mine)
    try:
        yield
    finally:
        mine.event = None
        _current.reset(token)


def resolve(parent: Parent, address: str) -> Event | None:
    """The event whose lease a call to a service names as its parent, or None.

    Args:
        parent: as the caller gave it.
        address: of the service that is called.
    """
    if not isinstance(parent, EllipsisType):
        return parent
    current = _current.get()
    if current is None or current.address != address or current.event is None or current.event.settled:
        return None
    return current.event


async def send_child(
    request: Child, send: Callable[[Child], Awaitable[Answer]], *, parent: Parent, address: str
) -> Answer:
    """Send a request with its parent's lease.

    Args:
        request: without parent_lease_id; it gets one here.
        send: sends it, and may be called again with the same id of job or group.
        parent: as the caller gave it.
        address: of the service.

    Raises:
        LeaseLost: the parent's lease is lost.
        LongshoreError: what send raises.
    """
    event = resolve(parent, address)
    if event is None:
        return await send(request)
    request.parent_lease_id = event.lease_id
    try:
        return await send(request)
    except LeaseLost:
        # A parent that was found rather than given must not cost a push that nobody awaited: its handler ended well
        # while this was under way. Where the lease was lost and not settled the refusal stands: that is the fence.
        if parent is event or not event.settled:
            raise
        request.ClearField("parent_lease_id")
        return await send(request)
