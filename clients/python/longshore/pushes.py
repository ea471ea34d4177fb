"""Pushes: what one is made of, what it looks like on the wire, and the sending of many together.

Every push has an id made here, so that a lost answer is asked for again without a second job.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from longshore import payloads
from longshore.channel import Channel
from longshore.coalescer import Coalescer
from longshore.errors import LongshoreError
from longshore.ids import new_id
from longshore.policies import Concurrency, RetryPolicy, concurrency, retry_policy
from longshore.status import from_item, short_answer
from longshore.times import Span, duration, instant_or_none, seconds_or_none, timestamp
from longshore.v1 import event_pb2
from longshore.v1.queue_service_pb2 import BatchPushRequest, PushRequest, PushResponse

if TYPE_CHECKING:
    from longshore.v1.queue_service_pb2_grpc import QueueServiceAsyncStub

PushCoalescer = Coalescer[PushRequest, PushResponse]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event to push.

    Attributes:
        body: a JSON value, or bytes; at most 1 MiB encoded.
        delay: seconds or timedelta until it may first be delivered, to 366 days. None: at once.
        not_before: the instant from which it may be delivered, with a time zone. Not together with delay.
        attributes: text that travels beside the body: at most 64 pairs, keys to 128 bytes, values to 1,024.
        priority: 0 to 9; 9 goes first among the events of its queue that are due. None: 5.
        concurrency: how many events of its key are worked on at a time. None: any number.
        retry_policy: overrides the queue's, field by field. None: the queue's.
        expire_after: seconds or timedelta from the push, to 366 days: not delivered by then, it becomes a dead letter
            with the reason "EXPIRED". None: it does not expire.
    """

    body: object
    delay: Span | None = None
    not_before: datetime | None = None
    attributes: Mapping[str, str] | None = None
    priority: int | None = None
    concurrency: Concurrency | None = None
    retry_policy: RetryPolicy | None = None
    expire_after: Span | None = None

    def spec(self) -> event_pb2.EventSpec:
        """The event on the wire.

        Raises:
            TypeError: the body is neither bytes nor JSON.
            ValueError: the body, a span or an instant cannot be written.
        """
        spec = event_pb2.EventSpec(
            payload=payloads.encode(self.body), attributes=self.attributes, priority=self.priority
        )
        if self.delay is not None:
            if self.not_before is not None:
                raise ValueError("Give delay or not_before, not both")
            spec.delay.CopyFrom(duration(self.delay, "delay"))
        elif self.not_before is not None:
            spec.not_before_time.CopyFrom(timestamp(self.not_before, "not_before"))
        if self.concurrency is not None:
            spec.concurrency.CopyFrom(self.concurrency.message())
        if self.retry_policy is not None:
            spec.retry_policy.CopyFrom(self.retry_policy.message())
        if self.expire_after is not None:
            spec.expire_after.CopyFrom(duration(self.expire_after, "expire_after"))
        return spec


def new_event(spec: event_pb2.EventSpec) -> NewEvent:
    """The event of a message."""
    return NewEvent(
        body=payloads.decode(spec.payload),
        delay=seconds_or_none(spec, "delay"),
        not_before=instant_or_none(spec, "not_before_time"),
        attributes=dict(spec.attributes) or None,
        priority=spec.priority if spec.HasField("priority") else None,
        concurrency=concurrency(spec.concurrency) if spec.HasField("concurrency") else None,
        retry_policy=retry_policy(spec.retry_policy) if spec.HasField("retry_policy") else None,
        expire_after=seconds_or_none(spec, "expire_after"),
    )


def push_request(
    queue: str,
    events: Iterable[NewEvent],
    *,
    group_id: str | None,
    seal_group: bool,
    request_id: str | None,
    job_id: str | None,
) -> PushRequest:
    """A push on the wire, without a parent.

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
