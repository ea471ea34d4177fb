"""Event specs and retry policies on the wire as records, checked on the way."""

from collections.abc import Sequence
from itertools import islice

from longshore.v1 import event_pb2
from queue_service.domain.limits import DEFAULT_PRIORITY, PRIORITIES, Limits
from queue_service.domain.records import Concurrency, NewEvent
from queue_service.domain.retry import Jitter, PolicyChange
from queue_service.rpc.checks import Checks

MOST_ATTEMPTS = 1_000
GREATEST_MULTIPLIER = 10
_JITTER = {event_pb2.JITTER_FULL: Jitter.FULL, event_pb2.JITTER_NONE: Jitter.NONE}


class EventSpecs:
    """Converts what pushes, groups and schedules have in common."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def events(
        self,
        checks: Checks,
        path: str,
        messages: Sequence[event_pb2.EventSpec],
        now: int,
        *,
        most: int,
        max_attributes: int,
    ) -> tuple[NewEvent, ...]:
        """Events to push, 1 to most. path is put before the names of their fields."""
        checks.count(f"{path}events", len(messages), lowest=1, highest=most)
        return tuple(
            self._event(checks, f"{path}events[{number}].", message, now, max_attributes)
            for number, message in enumerate(messages[:most])  # a request has room for millions of empty ones
        )

    def policy(self, checks: Checks, path: str, message: event_pb2.RetryPolicy) -> PolicyChange:
        """The fields of a policy that are present."""
        spans: dict[str, int] = {}
        for name, lowest in (("max_age", 1), ("initial_backoff", 0), ("max_backoff", 0)):
            if message.HasField(name):
                spans[name] = checks.span(
                    f"{path}{name}", getattr(message, name), lowest=lowest, highest=self._limits.delay
                )
        counts: dict[str, int] = {}
        for name in ("max_attempts", "max_lease_losses"):
            if message.HasField(name):
                counts[name] = getattr(message, name)
                checks.count(f"{path}{name}", counts[name], lowest=1, highest=MOST_ATTEMPTS)
        multiplier = message.multiplier if message.HasField("multiplier") else None
        if multiplier is not None and not 1 <= multiplier <= GREATEST_MULTIPLIER:
            checks.fault(f"{path}multiplier", f"must be 1 to {GREATEST_MULTIPLIER}, is {multiplier:g}")
        if message.jitter and message.jitter not in _JITTER:
            checks.fault(f"{path}jitter", "must be JITTER_FULL or JITTER_NONE")
        return PolicyChange(**spans, **counts, multiplier=multiplier, jitter=_JITTER.get(message.jitter))

    def _event(
        self, checks: Checks, path: str, message: event_pb2.EventSpec, now: int, max_attributes: int
    ) -> NewEvent:
        limits = self._limits
        payload = checks.payload(
            f"{path}payload", message.payload, present=message.HasField("payload"), max_bytes=limits.payload_bytes
        )
        delay, not_before_time = 0, None
        match message.WhichOneof("schedule"):
            case "delay":
                delay = checks.span(f"{path}delay", message.delay, lowest=0, highest=limits.delay)
            case "not_before_time":
                not_before_time = checks.instant(
                    f"{path}not_before_time", message.not_before_time, latest=now + limits.delay
                )
        priority = DEFAULT_PRIORITY
        if message.HasField("priority"):
            priority = message.priority
            checks.count(f"{path}priority", priority, lowest=0, highest=PRIORITIES - 1)
        expire_after = None
        if message.HasField("expire_after"):
            expire_after = checks.span(f"{path}expire_after", message.expire_after, lowest=1, highest=limits.delay)
        policy = None
        if message.HasField("retry_policy"):
            policy = self.policy(checks, f"{path}retry_policy.", message.retry_policy)
        return NewEvent(
            payload=payload,
            delay=delay,
            not_before_time=not_before_time,
            attributes=self._attributes(checks, path, message, max_attributes) if message.attributes else None,
            priority=priority,
            concurrency=self._concurrency(checks, path, message) if message.HasField("concurrency") else None,
            policy=policy,
            expire_after=expire_after,
        )

    def _attributes(
        self, checks: Checks, path: str, message: event_pb2.EventSpec, max_attributes: int
    ) -> dict[str, str]:
        limits = self._limits
        checks.count(f"{path}attributes", len(message.attributes), lowest=0, highest=max_attributes)
        attributes = dict(islice(message.attributes.items(), max_attributes))
        for key, value in attributes.items():
            checks.text(f"{path}attributes", key, max_bytes=limits.attribute_key_bytes, required=True)
            checks.text(f"{path}attributes[{key[:40]!r}]", value, max_bytes=limits.attribute_value_bytes)
        return attributes

    def _concurrency(self, checks: Checks, path: str, message: event_pb2.EventSpec) -> Concurrency:
        value = message.concurrency
        key = checks.text(f"{path}concurrency.key", value.key, max_bytes=self._limits.key_bytes, required=True)
        checks.count(f"{path}concurrency.limit", value.limit, lowest=1, highest=self._limits.key_limit)
        return Concurrency(key, value.limit)
