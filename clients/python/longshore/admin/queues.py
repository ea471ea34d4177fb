"""Queues as operators see them: settings, counts, pause, purge."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from longshore.channel import Channel
from longshore.pages import paged
from longshore.policies import RetryPolicy, retry_policy
from longshore.times import Span, duration, instant, instant_or_none, seconds_or_none
from longshore.v1 import queue_admin_service_pb2

if TYPE_CHECKING:
    from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceAsyncStub


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """What an operator can set for one queue. None: not set, so that the broker's default holds.

    Attributes:
        retry_policy: of its events, as far as it is set here.
        max_run_time: seconds or timedelta of the hard end of one delivery, 1 s to 366 days; seconds in answers.
        max_pending: pushes above so many pending events are refused, 1 to 1,000,000,000.
        keep_succeeded: whether events that succeeded are kept as long as their job is.
    """

    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    max_run_time: Span | None = None
    max_pending: int | None = None
    keep_succeeded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTotals:
    """Counts since the queue was created.

    Attributes:
        pushed: events that were pushed.
        delivered: deliveries.
        succeeded: events that succeeded.
        failed: events that became dead letters.
        cancelled: events that were cancelled.
        retried: deliveries that ended with a retry.
        leases_lost: deliveries whose lease ran out.
        released: deliveries that were released.
        redriven: dead letters that were put back.
    """

    pushed: int
    delivered: int
    succeeded: int
    failed: int
    cancelled: int
    retried: int
    leases_lost: int
    released: int
    redriven: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInfo:
    """A queue as the service keeps it.

    Attributes:
        name: of the queue.
        paused: whether nothing is delivered.
        purging: whether a purge has events left to cancel.
        pending: events that wait for their due time, a worker or their concurrency key.
        leased: events that workers have.
        failed: dead letters that are kept.
        oldest_ready_time: earliest due time of an event that is ready, in UTC. None: none is, or the queue was listed.
        next_due_time: earliest due time that lies ahead. None: none does, or the queue was listed.
        create_time: when it was created.
        settings: as they were set.
        effective_retry_policy: what holds for its events, with every field.
        totals: since it was created.
    """

    name: str
    paused: bool
    purging: bool
    pending: int
    leased: int
    failed: int
    oldest_ready_time: datetime | None
    next_due_time: datetime | None
    create_time: datetime
    settings: QueueSettings
    effective_retry_policy: RetryPolicy
    totals: QueueTotals


class Queues:
    """Asks about queues and changes them. Where a queue must exist, QueueNotFound says that it does not."""

    def __init__(self, channel: Channel, stub: "QueueAdminServiceAsyncStub") -> None:
        self._channel = channel
        self._stub = stub

    def list(self, prefix: str = "") -> AsyncGenerator[QueueInfo, None]:
        """The queues whose name begins with prefix, in order of their names; read page by page."""
        request = queue_admin_service_pb2.ListQueuesRequest(prefix=prefix)
        return paged(
            self._channel, self._stub.ListQueues, request, lambda response: (_info(queue) for queue in response.queues)
        )

    async def get(self, name: str) -> QueueInfo:
        """One queue."""
        request = queue_admin_service_pb2.GetQueueRequest(queue=name)
        return _info((await self._channel.call(self._stub.GetQueue, request)).queue)

    async def set(
        self, name: str, settings: QueueSettings | None = None, *, reset: Iterable[str] = (), create: bool = False
    ) -> QueueInfo:
        """Change some settings of a queue; the others stay as they are.

        Args:
            name: of the queue.
            settings: what is not None in them is set, the retry policy field by field.
            reset: settings that go back to their defaults, such as "max_pending" or "retry_policy.max_attempts".
            create: make the queue if it is not there.

        Raises:
            ValueError: a span cannot be written.
            InvalidRequest: the service refuses a name or a bound.
        """
        request = queue_admin_service_pb2.UpdateQueueRequest(queue=name, allow_missing=create)
        paths = _write(settings or QueueSettings(), request.settings)
        if paths := [*paths, *reset]:
            request.update_mask.CopyFrom(FieldMask(paths=paths))
        return _info((await self._channel.call(self._stub.UpdateQueue, request)).queue)

    async def pause(self, name: str) -> QueueInfo:
        """Stop its deliveries; pushes go on, and what is leased is left to its worker."""
        request = queue_admin_service_pb2.PauseQueueRequest(queue=name)
        return _info((await self._channel.call(self._stub.PauseQueue, request)).queue)

    async def resume(self, name: str) -> QueueInfo:
        """Let its deliveries go on."""
        request = queue_admin_service_pb2.ResumeQueueRequest(queue=name)
        return _info((await self._channel.call(self._stub.ResumeQueue, request)).queue)

    async def purge(self, name: str) -> QueueInfo:
        """Cancel every event that is in the queue now; its counts follow in steps."""
        request = queue_admin_service_pb2.PurgeQueueRequest(queue=name)
        return _info((await self._channel.call(self._stub.PurgeQueue, request)).queue)

    async def delete(self, name: str) -> None:
        """Forget a queue that has no events, with its settings and totals.

        Raises:
            WrongState: it has events or dead letters.
        """
        request = queue_admin_service_pb2.DeleteQueueRequest(queue=name)
        await self._channel.call(self._stub.DeleteQueue, request)


def _write(settings: QueueSettings, message: queue_admin_service_pb2.QueueSettings) -> list[str]:
    """Write what is set, and answer its paths."""
    policy = settings.retry_policy
    paths = [f"retry_policy.{known.name}" for known in fields(policy) if getattr(policy, known.name) is not None]
    if paths:
        message.retry_policy.CopyFrom(policy.message())
    if settings.max_run_time is not None:
        message.max_run_time.CopyFrom(duration(settings.max_run_time, "max_run_time"))
        paths.append("max_run_time")
    for name in ("max_pending", "keep_succeeded"):
        if (value := getattr(settings, name)) is not None:
            setattr(message, name, value)
            paths.append(name)
    return paths


def _info(queue: queue_admin_service_pb2.Queue) -> QueueInfo:
    settings = queue.settings
    return QueueInfo(
        name=queue.name,
        paused=queue.paused,
        purging=queue.purging,
        pending=queue.pending,
        leased=queue.leased,
        failed=queue.failed,
        oldest_ready_time=instant_or_none(queue, "oldest_ready_time"),
        next_due_time=instant_or_none(queue, "next_due_time"),
        create_time=instant(queue.create_time),
        settings=QueueSettings(
            retry_policy=retry_policy(settings.retry_policy),
            max_run_time=seconds_or_none(settings, "max_run_time"),
            max_pending=settings.max_pending if settings.HasField("max_pending") else None,
            keep_succeeded=settings.keep_succeeded,
        ),
        effective_retry_policy=retry_policy(queue.effective_retry_policy),
        totals=QueueTotals(**{known.name: getattr(queue.totals, known.name) for known in fields(QueueTotals)}),
    )
