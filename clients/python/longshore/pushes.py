"""Pushes: what one looks like on the wire, and the sending of many together.

Every push has an id made here, so that a lost answer is asked for again without a second job.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from longshore.channel import Channel
from longshore.coalescer import Coalescer
from longshore.errors import LongshoreError
from longshore.event import Event, NewEvent
from longshore.ids import new_id
from longshore.status import from_item, short_answer
from longshore.v1.queue_service_pb2 import BatchPushRequest, PushRequest, PushResponse

if TYPE_CHECKING:
    from longshore.v1.queue_service_pb2_grpc import QueueServiceAsyncStub

PushCoalescer = Coalescer[PushRequest, PushResponse]


def push_request(
    queue: str,
    events: Iterable[NewEvent],
    *,
    group_id: str | None,
    seal_group: bool,
    request_id: str | None,
    job_id: str | None,
    parent: Event | None,
) -> PushRequest:
    """A push on the wire.

    Raises:
        TypeError: a body is neither bytes nor JSON.
        ValueError: there is no event, or a body, a span or an instant cannot be written.
    """
    request = PushRequest(
        queue=queue,
        events=[event.spec() for event in events],
        job_id=job_id or new_id(),
        request_id=request_id,
        group_id=group_id,
        seal_group=seal_group,
        parent_lease_id=None if parent is None else parent.lease_id,
    )
    if not request.events:
        raise ValueError(f"A push to {queue!r} needs at least one event")
    return request


def push_coalescer(channel: Channel, stub: "QueueServiceAsyncStub") -> PushCoalescer:
    """What concurrent pushes of a client go through."""

    async def send(pushes: Sequence[PushRequest], seconds: float) -> list[PushResponse | LongshoreError]:
        response = await channel.call_once(stub.BatchPush, BatchPushRequest(pushes=pushes), timeout=seconds)
        if len(response.results) != len(pushes):
            raise short_answer("BatchPush", len(pushes), len(response.results))
        return [result.push if result.HasField("push") else from_item(result.error) for result in response.results]

    return Coalescer(send, timeout=channel.timeout, patience=channel.patience)
