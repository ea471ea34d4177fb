"""What bounds the deliveries of an event: the limit of its concurrency key, and its retry policy.

Values in Python and messages on the wire, both ways.
"""

from dataclasses import dataclass
from enum import StrEnum

from longshore.times import Span, duration, seconds_or_none
from longshore.v1 import event_pb2


@dataclass(frozen=True, slots=True)
class Concurrency:
    """A bound on how many events of one key are worked on at a time, over all queues.

    Attributes:
        key: shared by the events that the limit counts, 1 to 256 bytes.
        limit: of leased events, 1 to 10,000. The latest push of a key sets it for all.
    """

    key: str
    limit: int

    def message(self) -> event_pb2.Concurrency:
        """The bound on the wire."""
        return event_pb2.Concurrency(key=self.key, limit=self.limit)


class Jitter(StrEnum):
    """The random part of a backoff: the whole wait, or nothing of it."""

    FULL = "FULL"
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a delivery that did not succeed gets another attempt; whatever bound is met first ends the retries.

    What is None is left to the wider policy: an event's to its queue's, a queue's to the broker's default (in
    brackets). Spans are seconds or timedeltas; in answers of the service they are seconds.

    Attributes:
        max_attempts: failures that end the retries, 1 to 1,000 [5: one attempt and four retries].
        max_age: since the first delivery, 1 ms to 366 days [24 h].
        max_lease_losses: lost leases, 1 to 1,000 [5].
        initial_backoff: the wait before the first retry, to 366 days [1 s].
        multiplier: growth of the wait from one retry to the next, 1 to 10 [2].
        max_backoff: bound of every wait, also of one that a handler asks for, to 366 days [900 s].
        jitter: the random part of the wait [FULL].
    """

    max_attempts: int | None = None
    max_age: Span | None = None
    max_lease_losses: int | None = None
    initial_backoff: Span | None = None
    multiplier: float | None = None
    max_backoff: Span | None = None
    jitter: Jitter | None = None

    def message(self) -> event_pb2.RetryPolicy:
        """The policy on the wire.

        Raises:
            ValueError: a span is negative or no number, or the jitter is none of the two.
        """
        policy = event_pb2.RetryPolicy(
            max_attempts=self.max_attempts, max_lease_losses=self.max_lease_losses, multiplier=self.multiplier
        )
        for name in ("max_age", "initial_backoff", "max_backoff"):
            if (span := getattr(self, name)) is not None:
                getattr(policy, name).CopyFrom(duration(span, name))
        if self.jitter is not None:
            policy.jitter = _NUMBERS[Jitter(self.jitter)]
        return policy


def concurrency(message: event_pb2.Concurrency) -> Concurrency:
    """The bound of a message."""
    return Concurrency(message.key, message.limit)


_NUMBERS = {Jitter.FULL: event_pb2.JITTER_FULL, Jitter.NONE: event_pb2.JITTER_NONE}
_JITTERS: dict[int, Jitter] = {number: jitter for jitter, number in _NUMBERS.items()}


def retry_policy(message: event_pb2.RetryPolicy) -> RetryPolicy:
    """The policy of a message."""
    return RetryPolicy(
        max_attempts=message.max_attempts if message.HasField("max_attempts") else None,
        max_age=seconds_or_none(message, "max_age"),
        max_lease_losses=message.max_lease_losses if message.HasField("max_lease_losses") else None,
        initial_backoff=seconds_or_none(message, "initial_backoff"),
        multiplier=message.multiplier if message.HasField("multiplier") else None,
        max_backoff=seconds_or_none(message, "max_backoff"),
        jitter=_JITTERS.get(message.jitter),
    )
