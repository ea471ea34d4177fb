"""Events: what a handler receives, and what it may ask of its delivery.

Nothing here talks to the service; whoever delivered an event does that for it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from longshore import payloads
from longshore.times import Span, instant, instant_or_none
from longshore.v1 import event_pb2, queue_service_pb2

if TYPE_CHECKING:
    from longshore.commit import Transaction

_UNREAD = object()


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
        lease_losses: how many times its lease ran out.
    """

    retry_count: int
    reason: str
    message: str
    data: Any
    first_push_time: datetime
    lease_losses: int


class Keeper(Protocol):
    """Who delivered an event and keeps its lease."""

    def transaction(self, event: "Event") -> "Transaction":
        """The atomic step that ends the event."""

    async def extend(self, event: "Event", span: Span) -> None:
        """Move the end of the event's lease, or raise LeaseLost."""

    def tell(self, event: "Event", progress: queue_service_pb2.Progress) -> None:
        """Send the event's progress soon."""


class Event:
    """One delivery of one event to a handler."""

    __slots__ = ("_body", "_cancelled", "_delivery", "_keeper", "_settled")

    def __init__(self, delivery: event_pb2.Delivery, keeper: Keeper) -> None:
        """Wrap a delivery.

        Args:
            delivery: as received.
            keeper: does what the event cannot do itself.
        """
        self._delivery = delivery
        self._keeper = keeper
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
    def priority(self) -> int:
        """What it was pushed with: 0 to 9, 9 first."""
        return self._delivery.priority

    @property
    def push_time(self) -> datetime:
        """When it was pushed, in UTC."""
        return instant(self._delivery.push_time)

    @property
    def run_end_time(self) -> datetime | None:
        """When this delivery ends for good, however often its lease is extended, in UTC. None: never."""
        return instant_or_none(self._delivery, "run_end_time")

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
            lease_losses=context.lease_losses,
        )

    @property
    def cancelled(self) -> bool:
        """Whether the handler should stop: its lease was lost, or its job or group was cancelled."""
        return self._cancelled

    @property
    def settled(self) -> bool:
        """Whether it was ended here: by a commit, or by how its handler ended."""
        return self._settled

    def mark_cancelled(self) -> None:
        """Tell the handler to stop; for who delivered it."""
        self._cancelled = True

    def mark_settled(self) -> None:
        """Nothing is left to settle; for who ended it."""
        self._settled = True

    def commit(self) -> "Transaction":
        """The atomic step that ends this event: `async with event.commit() as tx`.

        What is asked of tx happens together with the settle of this event, or not at all. Leaving the block by an
        exception sends nothing.
        """
        return self._keeper.transaction(self)

    async def extend(self, span: Span) -> None:
        """Move the end of the lease now, for work that lets nothing else run: leases are extended by themselves else.

        Args:
            span: seconds or timedelta from now, 1 s to 12 h. An end is never moved earlier, nor behind run_end_time.

        Raises:
            LeaseLost: the event is no longer this handler's.
            InvalidRequest: the span is out of its bounds.
        """
        await self._keeper.extend(self, span)

    async def progress(self, fraction: float | None = None, text: str = "") -> None:
        """Tell how far the work is, for who looks at the job; tell it as often as you like.

        It waits for no answer: the latest word goes out within a second, together with those of other handlers. It
        lets others run for a moment, so that a busy handler which tells its progress notices that it should stop.

        Args:
            fraction: that is done, 0 to 1. None: not known.
            text: for people; cut at 1,024 bytes by the service.

        Raises:
            ValueError: the fraction is out of its bounds.
        """
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError(f"fraction must be 0 to 1, not {fraction!r}")
        self._keeper.tell(self, queue_service_pb2.Progress(fraction=fraction, text=text))
        await asyncio.sleep(0)


def lineage(message: event_pb2.Lineage) -> Lineage:
    """The lineage of a message."""
    return Lineage(root_job_id=message.root_job_id, depth=message.depth)
