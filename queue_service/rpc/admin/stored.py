"""Stored events on the wire: filters as they are asked with, events as they are shown."""

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2, queue_admin_service_pb2 as pb
from queue_service.broker.stored_events import EventFilter
from queue_service.domain.ids import EventId, format_id
from queue_service.domain.limits import Limits
from queue_service.domain.records import Attempt, Context
from queue_service.domain.states import EventState, Place
from queue_service.ports.events import Position, StoredEvent
from queue_service.rpc import messages
from queue_service.rpc.checks import YEAR_10000, Checks

_KEPT = (EventState.PENDING, EventState.LEASED, EventState.SUCCEEDED, EventState.FAILED)
_STATES = {event_pb2.EventState.Value(f"EVENT_STATE_{state.name}"): state for state in _KEPT}
_VIEWS = {pb.EVENT_VIEW_BASIC: False, pb.EVENT_VIEW_FULL: True}
"""Views and whether they are full."""


def read_filter(
    checks: Checks, message: pb.EventFilter, limits: Limits, *, only: EventState | None = None
) -> EventFilter:
    """The filter of a request. only: the state that the call is about; then it must name a queue, a job or events."""
    if message.queue:
        checks.queue("filter.queue", message.queue)
    if only is not None and not (message.queue or message.job_id or message.event_ids):
        checks.fault("filter", "must name a queue, a job_id or event_ids, so that nothing else is changed by mistake")
    return EventFilter(
        queue=message.queue or None,
        job_id=checks.uuid("filter.job_id", message.job_id) if message.job_id else None,
        events=_event_ids(checks, message.event_ids, limits),
        state=_state(checks, message, only),
        reason=checks.text("filter.reason", message.reason, max_bytes=limits.reason_bytes) or None,
        finished_after=_instant(checks, "filter.finished_after", message.finished_after)
        if message.HasField("finished_after")
        else None,
        finished_before=_instant(checks, "filter.finished_before", message.finished_before)
        if message.HasField("finished_before")
        else None,
    )


def read_view(checks: Checks, request: pb.ListEventsRequest | pb.GetEventRequest, *, usually: bool) -> bool:
    """Whether the full view is wanted. usually: where nothing is said."""
    if request.view and request.view not in _VIEWS:
        checks.fault("view", "must be EVENT_VIEW_BASIC or EVENT_VIEW_FULL")
    return _VIEWS.get(request.view, usually)


def write_position(place: Position) -> str:
    """A place in a list as it stands in a page token."""
    return "/".join(map(str, place))


def parse_position(text: str) -> Position:
    """The reverse of write_position."""
    queue, finish_time, event = map(int, text.split("/"))
    return Position(queue, finish_time, event)


def stored_event(stored: StoredEvent, *, full: bool) -> pb.StoredEvent:
    """One event."""
    event = stored.event
    job_id = format_id(stored.job_id)
    context = event.context or Context()
    message = pb.StoredEvent(
        event_id=f"{job_id}.{event.id - event.job}",
        job_id=job_id,
        queue=stored.queue,
        state=f"EVENT_STATE_{event.state.name}",
        priority=event.priority,
        due_time=messages.timestamp(event.due_time),
        push_time=messages.timestamp(stored.push_time),
        expire_time=messages.optional_timestamp(event.expire_time),
        attempt=event.attempt,
        failures=event.failures,
        lease_losses=event.lease_losses,
        first_delivery_time=messages.optional_timestamp(event.first_delivery_time),
        lease_expire_time=messages.optional_timestamp(event.lease_expire_time),
        finish_time=messages.optional_timestamp(event.finish_time),
        reason=context.reason,
        message=context.message,
        concurrency=None if stored.concurrency is None else event_pb2.Concurrency(**stored.concurrency._asdict()),
        waiting_for_key=event.place is Place.LINE,
        retry_policy=None if event.policy is None else messages.retry_policy(event.policy),
        progress=None if event.progress is None else messages.progress(event.progress),
    )
    if full:
        message.attributes.update(event.attributes)
        message.attempts.extend(_attempt(attempt) for attempt in event.history)
        if context.data is not None:
            message.data.CopyFrom(messages.payload(context.data))
        if event.payload is not None:
            message.payload.CopyFrom(messages.payload(event.payload))
    return message


def _event_ids(checks: Checks, messages_: Sequence[pb.EventId], limits: Limits) -> tuple[EventId, ...]:
    checks.count("filter.event_ids", len(messages_), lowest=0, highest=limits.filter_events)
    named = messages_[: limits.filter_events]
    return tuple(
        checks.event_id(f"filter.event_ids[{number}].event_id", message.event_id)
        for number, message in enumerate(named)
    )


def _state(checks: Checks, message: pb.EventFilter, only: EventState | None) -> EventState | None:
    """The state that is meant. Times of the end are those of dead letters."""
    allowed = _KEPT if only is None else (only,)
    state = _STATES.get(message.state)
    if message.state and state not in allowed:
        names = ", ".join(f"EVENT_STATE_{one.name}" for one in allowed)
        why = "no other events are kept" if only is None else "the call is about no others"
        checks.fault("filter.state", f"must be {names} or absent: {why}")
    state = only or state
    for name in ("finished_after", "finished_before"):
        if message.HasField(name):
            if state not in {None, EventState.FAILED}:
                checks.fault(f"filter.{name}", "is about dead letters only: leave it out")
            state = EventState.FAILED
    return state


def _instant(checks: Checks, field: str, value: Timestamp) -> int:
    return checks.instant(field, value, latest=YEAR_10000 * 1000)


def _attempt(attempt: Attempt) -> pb.Attempt:
    return pb.Attempt(
        attempt=attempt.attempt,
        outcome=f"ATTEMPT_OUTCOME_{attempt.outcome}",
        reason=attempt.reason,
        message=attempt.message,
        delivery_time=messages.timestamp(attempt.delivery_time),
        end_time=messages.timestamp(attempt.end_time),
    )
