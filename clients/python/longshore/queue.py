"""Queues: pushing to one, and consuming it.

A Queue is a handle; making one asks nothing of the service.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from longshore.consumer import ConsumeOptions, Consumer, Handler
from longshore.groups import Group
from longshore.handling import Parent, send_child
from longshore.job import Job
from longshore.policies import Concurrency, RetryPolicy
from longshore.pushes import NewEvent, push_request
from longshore.session import Session
from longshore.times import Span
from longshore.v1.queue_service_pb2 import PushRequest, PushResponse


class Queue:
    """A handle on one queue.

    Attributes:
        name: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}. The queue is created by its first push.
    """

    __slots__ = ("_session", "name")

    def __init__(self, name: str, session: Session) -> None:
        self.name = name
        self._session = session

    def __repr__(self) -> str:
        return f"Queue({self.name!r})"

    async def push(  # noqa: PLR0913  all of them options
        self,
        body: object,
        *,
        delay: Span | None = None,
        not_before: datetime | None = None,
        attributes: Mapping[str, str] | None = None,
        priority: int | None = None,
        concurrency: Concurrency | None = None,
        retry_policy: RetryPolicy | None = None,
        expire_after: Span | None = None,
        group: Group | None = None,
        seal_group: bool = False,
        request_id: str | None = None,
        job_id: str | None = None,
        parent: Parent = ...,
    ) -> Job:
        """Push one event as a job of its own; durable when this returns.

        Args:
            body: a JSON value, or bytes; at most 1 MiB encoded.
            delay: seconds or timedelta until it may be delivered, to 366 days.
            not_before: the instant from which it may be delivered, with a time zone.
            attributes: text that travels beside the body.
            priority: 0 to 9; 9 goes first among the events that are due. None: 5.
            concurrency: how many events of a key are worked on at a time, over all queues.
            retry_policy: overrides the queue's, field by field.
            expire_after: seconds or timedelta after which an event that was not delivered becomes a dead letter.
            group: the group that the job joins. None: that of parent, if any.
            seal_group: seal the job's group in the same step.
            request_id: a meaningful name of this push, unique in the queue: pushing it again makes no second job.
            job_id: a UUID to use. None: made here.
            parent: the event whose handler pushes; the job inherits its lineage and group, and a lost lease refuses.
                Left out: inside a handler of this service's events, the event that is handled, until it is settled.
                None: nobody, for a job that has nothing to do with it.

        Raises:
            TypeError, ValueError: the body, a span or an instant cannot be written.
            InvalidRequest: the service refuses a name, a size or a bound.
            IdReused: the id was used before with other content.
            GroupSealed, GroupCancelled, GroupNotFound: the group takes no such push.
            LeaseLost: the parent's lease is lost.
            Unavailable, DeadlineExceeded: no answer in time; the same job_id makes asking again safe.
        """
        event = NewEvent(body, delay, not_before, attributes, priority, concurrency, retry_policy, expire_after)
        return await self.push_many(
            (event,), group=group, seal_group=seal_group, request_id=request_id, job_id=job_id, parent=parent
        )

    async def push_many(
        self,
        events: Iterable[NewEvent],
        *,
        group: Group | None = None,
        seal_group: bool = False,
        request_id: str | None = None,
        job_id: str | None = None,
        parent: Parent = ...,
    ) -> Job:
        """Push 1 to 1,000 events as one job, all or nothing; durable when this returns.

        Arguments and errors are those of push.
        """
        request = push_request(
            self.name,
            events,
            group_id=None if group is None else group.group_id,
            seal_group=seal_group,
            request_id=request_id,
            job_id=job_id,
        )
        response = await send_child(request, self._submit, parent=parent, address=self._session.channel.address)
        return Job(self._session.jobs, response.job_id, deduplicated=response.deduplicated)

    def _submit(self, request: PushRequest) -> asyncio.Future[PushResponse]:
        return self._session.pushes.submit(request, size=request.ByteSize(), weight=len(request.events))

    async def consume(
        self,
        handler: Handler,
        *,
        concurrency: int = 32,
        lease_duration: float = 60.0,
        prefetch: int | None = None,
        worker_id: str | None = None,
        grace: float = 10.0,
    ) -> None:
        """Handle the events of this queue until cancelled. See Client.consume."""
        options = ConsumeOptions(
            concurrency=concurrency,
            lease_duration=lease_duration,
            prefetch=prefetch,
            worker_id=worker_id,
            grace=grace,
        )
        await Consumer(self._session, [self.name], handler, options).run()
