"""Events and dead letters for operators."""

from typing import Any

from grpc import aio

from longshore.v1 import queue_admin_service_pb2 as pb
from queue_service.domain.limits import PRIORITIES
from queue_service.domain.states import EventState
from queue_service.ports.events import START
from queue_service.rpc import messages
from queue_service.rpc.admin.base import AdminPart
from queue_service.rpc.admin.stored import parse_position, read_filter, read_view, stored_event, write_position
from queue_service.rpc.checks import Checks
from queue_service.rpc.pages import make_token, page_size, read_position

Context = aio.ServicerContext[Any, Any]
SLOWEST = 0.001
FASTEST = 1_000_000


class EventsPart(AdminPart):
    """Serves stored events."""

    async def ListEvents(self, request: pb.ListEventsRequest, _context: Context) -> pb.ListEventsResponse:
        """Page through events."""
        checks = Checks()
        chosen = read_filter(checks, request.filter, self._limits)
        limit = page_size(checks, request.page_size, self._limits)
        full = read_view(checks, request, usually=False)
        position = read_position(checks, request, request.page_token)
        checks.done()
        page = await self._events.page(
            chosen,
            after=parse_position(position) if position else START,
            limit=limit,
            full=full,
            max_bytes=self._limits.response_bytes,
        )
        return pb.ListEventsResponse(
            events=[stored_event(event, full=full) for event in page.events],
            next_page_token="" if page.after is None else make_token(request, write_position(page.after)),
        )

    async def GetEvent(self, request: pb.GetEventRequest, _context: Context) -> pb.GetEventResponse:
        """Return one event."""
        checks = Checks()
        event_id = checks.event_id("event_id", request.event_id)
        full = read_view(checks, request, usually=True)
        checks.done()
        event = await self._events.get(event_id, full=full, max_bytes=self._limits.response_bytes)
        return pb.GetEventResponse(event=stored_event(event, full=full))

    async def RedriveEvents(self, request: pb.RedriveEventsRequest, _context: Context) -> pb.RedriveEventsResponse:
        """Put dead letters back."""
        checks = Checks()
        chosen = read_filter(checks, request.filter, self._limits, only=EventState.FAILED)
        per_second = request.events_per_second if request.HasField("events_per_second") else None
        if per_second is not None and not SLOWEST <= per_second <= FASTEST:
            checks.fault("events_per_second", f"must be {SLOWEST} to {FASTEST:,}, is {per_second:g}")
        checks.done()
        done = await self._events.redrive(chosen, per_second=per_second)
        return pb.RedriveEventsResponse(
            redriven=done.redriven,
            skipped=done.skipped,
            last_due_time=messages.optional_timestamp(done.last_due_time),
        )

    async def DeleteEvents(self, request: pb.DeleteEventsRequest, _context: Context) -> pb.DeleteEventsResponse:
        """Delete dead letters."""
        checks = Checks()
        chosen = read_filter(checks, request.filter, self._limits, only=EventState.FAILED)
        checks.done()
        return pb.DeleteEventsResponse(deleted=await self._events.delete(chosen))

    async def UpdateEvents(self, request: pb.UpdateEventsRequest, _context: Context) -> pb.UpdateEventsResponse:
        """Change pending events."""
        checks = Checks()
        chosen = read_filter(checks, request.filter, self._limits, only=EventState.PENDING)
        due_time = priority = None
        if request.HasField("due_time"):
            latest = self._clock.now() + self._limits.delay
            due_time = checks.instant("due_time", request.due_time, latest=latest)
        if request.HasField("priority"):
            priority = request.priority
            checks.count("priority", priority, lowest=0, highest=PRIORITIES - 1)
        if not (request.HasField("due_time") or request.HasField("priority")):
            checks.fault("due_time", "must be given, or priority, or both: there is nothing to change")
        checks.done()
        return pb.UpdateEventsResponse(updated=await self._events.update(chosen, due_time=due_time, priority=priority))
