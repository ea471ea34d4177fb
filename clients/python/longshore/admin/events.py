"""What operators ask about kept events, and do with dead letters and pending ones."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from longshore.admin.stored import EventState, StoredEvent, stored_event
from longshore.channel import Channel
from longshore.pages import paged
from longshore.times import instant_or_none, timestamp
from longshore.v1 import queue_admin_service_pb2

if TYPE_CHECKING:
    from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceAsyncStub

_BULK_SECONDS = 600.0
"""Changing a million events takes the service a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Chooses events that are kept: every field that is given must match.

    To change events, it must name a queue, a job or events.

    Attributes:
        queue: of the events.
        job_id: of the events.
        state: of the events. None: any, or the one that the call is about.
        event_ids: of the events, at most 1,000.
        reason: that the last unsuccessful attempt gave, such as "LEASE_LOST".
        finished_after: the earliest time at which a dead letter became one, with a time zone.
        finished_before: the end of these times, exclusive, with a time zone.
    """

    queue: str | None = None
    job_id: str | None = None
    state: EventState | None = None
    event_ids: tuple[str, ...] = ()
    reason: str | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None

    def message(self) -> queue_admin_service_pb2.EventFilter:
        """The filter on the wire.

        Raises:
            ValueError: an instant has no time zone.
        """
        chosen = queue_admin_service_pb2.EventFilter(
            queue=self.queue or "",
            job_id=self.job_id or "",
            state=None if self.state is None else f"EVENT_STATE_{EventState(self.state)}",
            event_ids=[queue_admin_service_pb2.EventId(event_id=event_id) for event_id in self.event_ids],
            reason=self.reason or "",
        )
        for name in ("finished_after", "finished_before"):
            if (moment := getattr(self, name)) is not None:
                getattr(chosen, name).CopyFrom(timestamp(moment, name))
        return chosen


EVERYTHING = EventFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What a redrive did.

    Attributes:
        redriven: dead letters that are pending now.
        skipped: those whose job or group was cancelled; they stay.
        last_due_time: of the redriven, in UTC. None: none was.
    """

    redriven: int
    skipped: int
    last_due_time: datetime | None


class Events:
    """Asks about events that are kept: those that have not ended, and dead letters.

    What changes many may be asked again after a lost answer: it changes only what is left to change. It then counts
    only that.
    """

    def __init__(self, channel: Channel, stub: "QueueAdminServiceAsyncStub") -> None:
        self._channel = channel
        self._stub = stub

    def list(self, chosen: EventFilter = EVERYTHING, *, full: bool = False) -> AsyncGenerator[StoredEvent, None]:
        """The chosen events in push order, dead letters of one queue in the order in which they became so.

        Args:
            chosen: which; read page by page.
            full: with bodies, attributes, data and attempts.

        Raises:
            InvalidRequest: the filter is faulty.
        """
        view = queue_admin_service_pb2.EVENT_VIEW_FULL if full else queue_admin_service_pb2.EVENT_VIEW_BASIC
        request = queue_admin_service_pb2.ListEventsRequest(filter=chosen.message(), view=view)
        return paged(
            self._channel,
            self._stub.ListEvents,
            request,
            lambda response: (stored_event(event) for event in response.events),
        )

    async def get(self, event_id: str) -> StoredEvent:
        """One event with everything, or EventNotFound."""
        request = queue_admin_service_pb2.GetEventRequest(event_id=event_id)
        return stored_event((await self._channel.call(self._stub.GetEvent, request)).event)

    async def redrive(self, chosen: EventFilter, *, rate: float | None = None) -> Redriven:
        """Put dead letters back to PENDING with fresh counters.

        Args:
            chosen: which.
            rate: events a second that their due times are spread at, 0.001 to 1,000,000. None: all at once.

        Raises:
            InvalidRequest: the filter names no queue, job or events, or something is out of its bounds.
        """
        request = queue_admin_service_pb2.RedriveEventsRequest(filter=chosen.message(), events_per_second=rate)
        response = await self._channel.call(self._stub.RedriveEvents, request, timeout=_BULK_SECONDS)
        return Redriven(
            redriven=response.redriven,
            skipped=response.skipped,
            last_due_time=instant_or_none(response, "last_due_time"),
        )

    async def delete(self, chosen: EventFilter) -> int:
        """Delete dead letters and answer how many. Their jobs count them as failed all the same.

        Raises:
            InvalidRequest: the filter names no queue, job or events.
        """
        request = queue_admin_service_pb2.DeleteEventsRequest(filter=chosen.message())
        return (await self._channel.call(self._stub.DeleteEvents, request, timeout=_BULK_SECONDS)).deleted

    async def update(self, chosen: EventFilter, *, due: datetime | None = None, priority: int | None = None) -> int:
        """Change pending events and answer how many were changed.

        Args:
            chosen: which.
            due: when they are due, with a time zone, at most 366 days ahead; the past means at once. None: as it is.
            priority: 0 to 9. None: as it is.

        Raises:
            InvalidRequest: the filter names no queue, job or events, or something is out of its bounds.
        """
        request = queue_admin_service_pb2.UpdateEventsRequest(
            filter=chosen.message(),
            due_time=None if due is None else timestamp(due, "due"),
            priority=priority,
        )
        return (await self._channel.call(self._stub.UpdateEvents, request, timeout=_BULK_SECONDS)).updated
