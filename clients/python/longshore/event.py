"""Events: what a push takes, and what a handler receives.

Nothing here talks to the service; an event's commit is made by whoever delivered it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from longshore import payloads
from longshore.times import Span, duration, instant, timestamp
from longshore.v1 import event_pb2

if TYPE_CHECKING:
    from longshore.commit import Transaction

_UNREAD = object()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event to push.

    Attributes:
        body: a JSON value, or bytes; at most 1 MiB encoded.
        delay: seconds or timedelta until it may first be delivered, to 366 days. None: at once.
        not_before: the instant from which it may be delivered, with a time zone. Not together with delay.
        attributes: text that travels beside the body: at most 64 pairs, keys to 128 bytes, values to 1,024.
    """

    body: object
    delay: Span | None = None
    not_before: datetime | None = None
    attributes: Mapping[str, str] | None = None

    def spec(self) -> event_pb2.EventSpec:
        """The event on the wire.

        Raises:
            TypeError: the body is neither bytes nor JSON.
            ValueError: the body, a span or an instant cannot be written.
        """
        spec = event_pb2.EventSpec(payload=payloads.encode(self.body), attributes=self.attributes)
        if self.delay is not None:
            if self.not_before is not None:
                raise ValueError("Give delay or not_before, not both")
            spec.delay.CopyFrom(duration(self.delay, "delay"))
        elif self.not_before is not None:
            spec.not_before_time.CopyFrom(timestamp(self.not_before, "not_before"))
        return spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A job's place among jobs that were pushed by handlers of jobs.

    Attributes:
        root_job_id: the job that nobody's handler pushed.
        depth: handlers between the root and this job; 0 for the root itself.
    """

    root_job_id: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryContext:
    """What happened on earlier attempts.

    Attributes:
        retry_count: how many times handlers asked for a retry.
        reason: of the last retry or release, or "LEASE_LOST".
        message: of the last retry.
        data: what the last retry or release left. None where it left nothing.
        first_push_time: when the event was pushed, in UTC.
    """

    retry_count: int
    reason: str
    message: str
    data: Any
    first_push_time: datetime


class Event:
    """One delivery of one event to a handler."""

    __slots__ = ("_begin", "_body", "_cancelled", "_delivery", "_settled")

    def __init__(self, delivery: event_pb2.Delivery, begin: "Callable[[Event], Transaction]") -> None:
        """Wrap a delivery.

        Args:
            delivery: as received.
            begin: makes the transaction of commit().
        """
        self._delivery = delivery
        self._begin = begin
        self._body: Any = _UNREAD
        self._cancelled = False
        self._settled = False

    def __repr__(self) -> str:
        return f"Event({self.event_id!r}, queue={self.queue!r}, attempt={self.attempt})"

    @property
    def body(self) -> Any:
        """What was pushed: the parsed JSON value, or bytes."""
        if self._body is _UNREAD:
            self._body = payloads.decode(self._delivery.payload)
        return self._body

    @property
    def json(self) -> str | None:
        """The JSON text as it was pushed. None: bytes were pushed."""
        payload = self._delivery.payload
        return payload.json if payload.HasField("json") else None

    @property
    def data(self) -> bytes | None:
        """The bytes as they were pushed. None: JSON was pushed."""
        payload = self._delivery.payload
        return payload.data if payload.HasField("data") else None

    @property
    def attributes(self) -> Mapping[str, str]:
        """What was pushed beside the body."""
        return self._delivery.attributes

    @property
    def event_id(self) -> str:
        """Its id: "<job_id>.<ordinal>"."""
        return self._delivery.event_id

    @property
    def job_id(self) -> str:
        """The job it belongs to."""
        return self._delivery.job_id

    @property
    def queue(self) -> str:
        """The queue it came from."""
        return self._delivery.queue

    @property
    def group_id(self) -> str | None:
        """The group of its job. None: none."""
        return self._delivery.group_id if self._delivery.HasField("group_id") else None

    @property
    def lease_id(self) -> str:
        """The name of this delivery."""
        return self._delivery.lease_id

    @property
    def attempt(self) -> int:
        """The number of this delivery: 1, 2, 3 and so on. It only grows."""
        return self._delivery.attempt

    @property
    def push_time(self) -> datetime:
        """When it was pushed, in UTC."""
        return instant(self._delivery.push_time)

    @property
    def lineage(self) -> Lineage:
        """Its job's place among its ancestors."""
        return lineage(self._delivery.lineage)

    @property
    def retry_count(self) -> int:
        """How many times handlers asked for a retry: 0 on the first attempt."""
        return self._delivery.retry_context.retry_count

    @property
    def retry_context(self) -> RetryContext | None:
        """What happened before. None on the first attempt."""
        if not self._delivery.HasField("retry_context"):
            return None
        context = self._delivery.retry_context
        return RetryContext(
            retry_count=context.retry_count,
            reason=context.reason,
            message=context.message,
            data=payloads.decode(context.data),
            first_push_time=instant(context.first_push_time),
        )

    @property
    def cancelled(self) -> bool:
        """Whether the handler should stop: its lease was lost, or its job or group was cancelled."""
        return self._cancelled

    @property
    def settled(self) -> bool:
        """Whether a commit has ended it."""
        return self._settled

    def mark_cancelled(self) -> None:
        """Tell the handler to stop; for who delivered it."""
        self._cancelled = True

    def mark_settled(self) -> None:
        """Nothing is left to settle; for the commit that ended it."""
        self._settled = True

    def commit(self) -> "Transaction":
        """The atomic step that ends this event: `async with event.commit() as tx`.

        What is asked of tx happens together with the settle of this event, or not at all. Leaving the block by an
        exception sends nothing.
        """
        return self._begin(self)


def lineage(message: event_pb2.Lineage) -> Lineage:
    """The lineage of a message."""
    return Lineage(root_job_id=message.root_job_id, depth=message.depth)
