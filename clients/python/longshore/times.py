"""Instants and spans: datetimes with a time zone and seconds in Python, Timestamps and Durations on the wire.

Spans travel in whole milliseconds, because the services count in them.
"""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

Span = float | timedelta
"""A span of time: seconds, or a timedelta."""


def duration(span: Span, name: str) -> Duration:
    """The span on the wire.

    Args:
        span: seconds or a timedelta; zero or more.
        name: how the caller calls it, for the message.

    Raises:
        ValueError: the span is negative, infinite or not a number.
    """
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    try:
        milliseconds = round(seconds * 1000)
    except (OverflowError, ValueError):
        milliseconds = -1
    if milliseconds < 0:
        raise ValueError(f"{name} must be zero or more seconds, not {span!r}")
    return Duration(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def timestamp(instant: datetime, name: str) -> Timestamp:
    """The instant on the wire.

    Raises:
        ValueError: the datetime has no time zone, so that it names no instant.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{name} must have a time zone, such as datetime.now(UTC); {instant!r} has none")
    result = Timestamp()
    result.FromDatetime(instant)
    return result


def instant(value: Timestamp) -> datetime:
    """The Timestamp as a datetime in UTC."""
    return value.ToDatetime(UTC)


def instant_or_none(message: Message, field: str) -> datetime | None:
    """The Timestamp in a field of a message as a datetime in UTC, or None where it is absent."""
    return instant(getattr(message, field)) if message.HasField(field) else None


def seconds_or_none(message: Message, field: str) -> float | None:
    """The Duration in a field of a message in seconds, or None where it is absent."""
    if not message.HasField(field):
        return None
    span: Duration = getattr(message, field)
    return span.seconds + span.nanos / 1e9
