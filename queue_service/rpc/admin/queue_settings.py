"""Settings of a queue on the wire: which of them a request changes, and to what; and how they are shown."""

from typing import NamedTuple

from longshore.v1 import queue_admin_service_pb2 as pb
from queue_service.broker.queues import SettingsChange
from queue_service.domain.limits import SECOND, Limits
from queue_service.domain.queues import QueueSettings
from queue_service.domain.retry import FIELDS
from queue_service.rpc import messages
from queue_service.rpc.checks import Checks
from queue_service.rpc.event_specs import EventSpecs

MOST_PENDING = 1_000_000_000
MOST_PATHS = 100


class Named(NamedTuple):
    """What a path of a mask names: settings beside the policy, and fields of the policy."""

    fields: frozenset[str] = frozenset()
    policy_fields: frozenset[str] = frozenset()


OWN_FIELDS = frozenset({"max_run_time", "max_pending", "keep_succeeded"})
PATHS = {
    "*": Named(OWN_FIELDS, frozenset(FIELDS)),
    **{name: Named(frozenset({name})) for name in sorted(OWN_FIELDS)},
    "retry_policy": Named(policy_fields=frozenset(FIELDS)),
    **{f"retry_policy.{name}": Named(policy_fields=frozenset({name})) for name in FIELDS},
}
"""Every path that a mask may have."""


def settings_change(
    checks: Checks, request: pb.UpdateQueueRequest, specs: EventSpecs, limits: Limits
) -> SettingsChange:
    """What a request changes."""
    message = request.settings
    max_run_time = max_pending = None
    if message.HasField("max_run_time"):
        max_run_time = checks.span("settings.max_run_time", message.max_run_time, lowest=SECOND, highest=limits.delay)
    if message.HasField("max_pending"):
        max_pending = message.max_pending
        checks.count("settings.max_pending", max_pending, lowest=1, highest=MOST_PENDING)
    settings = QueueSettings(
        policy=specs.policy(checks, "settings.retry_policy.", message.retry_policy),
        max_run_time=max_run_time,
        max_pending=max_pending,
        keep_succeeded=message.keep_succeeded,
    )
    named = _named(checks, list(request.update_mask.paths) or _present(message))
    return SettingsChange(
        settings=settings,
        fields=frozenset().union(*(one.fields for one in named)),
        policy_fields=frozenset().union(*(one.policy_fields for one in named)),
    )


def settings_message(settings: QueueSettings) -> pb.QueueSettings:
    """Settings as they were set."""
    return pb.QueueSettings(
        retry_policy=messages.retry_policy(settings.policy) if settings.policy.given() else None,
        max_run_time=messages.optional_duration(settings.max_run_time),
        max_pending=settings.max_pending,
        keep_succeeded=settings.keep_succeeded,
    )


def _named(checks: Checks, paths: list[str]) -> list[Named]:
    checks.count("update_mask", len(paths), lowest=0, highest=MOST_PATHS)
    paths = paths[:MOST_PATHS]
    for path in paths:
        if path not in PATHS:
            checks.fault("update_mask", f"may not have {path[:80]!r}, only {', '.join(PATHS)}")
    return [PATHS[path] for path in paths if path in PATHS]


def _present(message: pb.QueueSettings) -> list[str]:
    own = [field.name for field, _ in message.ListFields() if field.name in OWN_FIELDS]
    return own + [f"retry_policy.{field.name}" for field, _ in message.retry_policy.ListFields()]
