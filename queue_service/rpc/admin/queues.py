"""Queues and lists of jobs for operators."""

from typing import Any

from grpc import aio

from longshore.v1 import queue_admin_service_pb2 as pb, queue_service_pb2
from queue_service.broker.operators import QueueView
from queue_service.domain.queues import Queue
from queue_service.domain.states import JobState
from queue_service.ports.admin import JobFilter
from queue_service.rpc import messages
from queue_service.rpc.admin.base import AdminPart
from queue_service.rpc.admin.queue_settings import settings_change, settings_message
from queue_service.rpc.checks import Checks
from queue_service.rpc.event_specs import EventSpecs
from queue_service.rpc.pages import make_token, page_size, read_position

Context = aio.ServicerContext[Any, Any]
_JOB_STATES = {queue_service_pb2.JobState.Value(f"JOB_STATE_{state.name}"): state for state in JobState}


class QueuesPart(AdminPart):
    """Serves queues and lists of jobs."""

    async def ListQueues(self, request: pb.ListQueuesRequest, _context: Context) -> pb.ListQueuesResponse:
        """Page through queues."""
        checks = Checks()
        if request.prefix:
            checks.queue("prefix", request.prefix)
        limit = page_size(checks, request.page_size, self._limits)
        after = read_position(checks, request, request.page_token)
        checks.done()
        page = await self._operators.list_queues(prefix=request.prefix, after=after, limit=limit)
        return pb.ListQueuesResponse(
            queues=[_queue_message(view) for view in page.queues],
            next_page_token=make_token(request, page.queues[-1].queue.name) if page.more else "",
        )

    async def GetQueue(self, request: pb.GetQueueRequest, _context: Context) -> pb.GetQueueResponse:
        """Return one queue."""
        return pb.GetQueueResponse(queue=_queue_message(await self._operators.get_queue(_name(request.queue))))

    async def UpdateQueue(self, request: pb.UpdateQueueRequest, _context: Context) -> pb.UpdateQueueResponse:
        """Change settings."""
        checks = Checks()
        checks.queue("queue", request.queue)
        change = settings_change(checks, request, EventSpecs(self._limits), self._limits)
        checks.done()
        view = await self._operators.update_queue(request.queue, change, create=request.allow_missing)
        return pb.UpdateQueueResponse(queue=_queue_message(view))

    async def PauseQueue(self, request: pb.PauseQueueRequest, _context: Context) -> pb.PauseQueueResponse:
        """Stop deliveries."""
        view = await self._operators.pause_queue(_name(request.queue), paused=True)
        return pb.PauseQueueResponse(queue=_queue_message(view))

    async def ResumeQueue(self, request: pb.ResumeQueueRequest, _context: Context) -> pb.ResumeQueueResponse:
        """Let deliveries go on."""
        view = await self._operators.pause_queue(_name(request.queue), paused=False)
        return pb.ResumeQueueResponse(queue=_queue_message(view))

    async def PurgeQueue(self, request: pb.PurgeQueueRequest, _context: Context) -> pb.PurgeQueueResponse:
        """Cancel what is in a queue."""
        return pb.PurgeQueueResponse(queue=_queue_message(await self._operators.purge_queue(_name(request.queue))))

    async def DeleteQueue(self, request: pb.DeleteQueueRequest, _context: Context) -> pb.DeleteQueueResponse:
        """Forget a queue."""
        await self._operators.delete_queue(_name(request.queue))
        return pb.DeleteQueueResponse()

    async def ListJobs(self, request: pb.ListJobsRequest, _context: Context) -> pb.ListJobsResponse:
        """Page through jobs, the latest first."""
        checks = Checks()
        if request.queue:
            checks.queue("queue", request.queue)
        if request.state and request.state not in _JOB_STATES:
            checks.fault("state", f"must be one of {', '.join(queue_service_pb2.JobState.keys())}")
        group_id = checks.uuid("group_id", request.group_id) if request.group_id else None
        limit = page_size(checks, request.page_size, self._limits)
        below = read_position(checks, request, request.page_token)
        checks.done()
        wanted = JobFilter(queue=request.queue or None, group_id=group_id, state=_JOB_STATES.get(request.state))
        page = await self._operators.list_jobs(wanted, below=int(below) if below else None, limit=limit)
        return pb.ListJobsResponse(
            jobs=[messages.listed_job(view) for view in page.jobs],
            next_page_token="" if page.next is None else make_token(request, page.next),
        )


def _name(queue: str) -> str:
    checks = Checks()
    checks.queue("queue", queue)
    checks.done()
    return queue


def _queue_message(view: QueueView) -> pb.Queue:
    queue = view.queue
    return pb.Queue(
        name=queue.name,
        paused=queue.paused,
        settings=settings_message(queue.settings),
        effective_retry_policy=messages.retry_policy(view.policy),
        pending=queue.pending,
        leased=queue.leased,
        failed=queue.failed,
        totals=_totals(queue),
        oldest_ready_time=messages.optional_timestamp(view.due.oldest_ready),
        next_due_time=messages.optional_timestamp(view.due.next_due),
        create_time=messages.timestamp(queue.create_time),
        purging=queue.purge_before is not None,
    )


def _totals(queue: Queue) -> pb.QueueTotals:
    return pb.QueueTotals(
        pushed=queue.pushed,
        delivered=queue.delivered,
        succeeded=queue.succeeded,
        failed=queue.dead,
        cancelled=queue.cancelled,
        retried=queue.retried,
        leases_lost=queue.leases_lost,
        released=queue.released,
        redriven=queue.redriven,
    )
