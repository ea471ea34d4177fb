"""The one table from the broker's errors to the wire: code, reason, and what else a client can use."""

from collections.abc import Callable
from typing import Any

import grpc

from longshore.serving import Failure, FieldFault
from longshore.v1 import event_pb2
from queue_service.domain import errors

Code = grpc.StatusCode
Build = Callable[[Any], dict[str, Any]]


def _nothing(_error: errors.BrokerError) -> dict[str, Any]:
    return {}


TABLE: dict[type[errors.BrokerError], tuple[grpc.StatusCode, str, Build]] = {
    errors.InvalidRequest: (
        Code.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        lambda e: {"faults": tuple(FieldFault(field=f.field, description=f.description) for f in e.faults)},
    ),
    errors.QueueNotFound: (Code.NOT_FOUND, "QUEUE_NOT_FOUND", lambda e: {"resource": ("queue", e.queue)}),
    errors.JobNotFound: (Code.NOT_FOUND, "JOB_NOT_FOUND", lambda e: {"resource": ("job", e.job_id)}),
    errors.EventNotFound: (Code.NOT_FOUND, "EVENT_NOT_FOUND", lambda e: {"resource": ("event", e.event_id)}),
    errors.ScheduleNotFound: (Code.NOT_FOUND, "SCHEDULE_NOT_FOUND", lambda e: {"resource": ("schedule", e.name)}),
    errors.GroupNotFound: (Code.NOT_FOUND, "GROUP_NOT_FOUND", lambda e: {"resource": ("group", e.group_id)}),
    errors.EntryNotFound: (Code.NOT_FOUND, "ENTRY_NOT_FOUND", lambda e: {"resource": ("entry", e.key)}),
    errors.IdReused: (
        Code.ALREADY_EXISTS,
        "ID_REUSED",
        lambda e: {"metadata": {"field": e.field, "existing_id": e.existing_id}},
    ),
    errors.EntryExists: (
        Code.ALREADY_EXISTS,
        "ENTRY_EXISTS",
        lambda e: {"metadata": {"key": e.key, "current_version": str(e.current_version)}},
    ),
    errors.VersionMismatch: (
        Code.ABORTED,
        "VERSION_MISMATCH",
        lambda e: {"metadata": {"key": e.key, "current_version": str(e.current_version)}},
    ),
    errors.LeaseLost: (
        Code.FAILED_PRECONDITION,
        "LEASE_LOST",
        lambda e: {"metadata": {"lease_id": e.lease_id}, "precondition": ("LEASE", e.lease_id)},
    ),
    errors.GroupSealed: (
        Code.FAILED_PRECONDITION,
        "GROUP_SEALED",
        lambda e: {"metadata": {"group_id": e.group_id}, "precondition": ("GROUP", e.group_id)},
    ),
    errors.GroupCancelled: (
        Code.FAILED_PRECONDITION,
        "GROUP_CANCELLED",
        lambda e: {"metadata": {"group_id": e.group_id}, "precondition": ("GROUP", e.group_id)},
    ),
    errors.WrongState: (
        Code.FAILED_PRECONDITION,
        "WRONG_STATE",
        lambda e: {"precondition": (e.kind.upper(), e.name)},
    ),
    errors.ChainLimit: (
        Code.RESOURCE_EXHAUSTED,
        "CHAIN_LIMIT",
        lambda e: {"metadata": {"root_job_id": e.root_job_id, "limit": str(e.limit)}, "quota": "chain"},
    ),
    errors.QueueFull: (
        Code.RESOURCE_EXHAUSTED,
        "QUEUE_FULL",
        lambda e: {
            "metadata": {"subject": e.subject, "limit": str(e.limit)},
            "quota": e.subject,
            "retry_after": 1.0,
        },
    ),
    errors.RateLimited: (
        Code.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        lambda e: {"quota": e.subject, "retry_after": e.retry_after},
    ),
    errors.Unavailable: (Code.UNAVAILABLE, "UNAVAILABLE", lambda e: {"retry_after": e.retry_after}),
    errors.DiskFull: (Code.RESOURCE_EXHAUSTED, "DISK_FULL", lambda _: {"quota": "disk", "retry_after": 10.0}),
    errors.DataLoss: (Code.DATA_LOSS, "DATA_LOSS", _nothing),
}


def failure_of(error: Exception) -> Failure | None:
    """How an error is answered. None: it is not an expected one."""
    for known in type(error).__mro__:
        if known in TABLE:
            code, reason, build = TABLE[known]
            return Failure(code=code, reason=f"ERROR_REASON_{reason}", message=str(error), **build(error))
    return None


def item_error(error: errors.BrokerError) -> event_pb2.ItemError:
    """The error of one item of a request."""
    failure = failure_of(error)
    assert failure is not None  # every BrokerError is in the table; a test proves it  # noqa: S101
    return event_pb2.ItemError(
        code=failure.code_number,
        reason=failure.reason,
        message=failure.message,
        violations=[
            event_pb2.FieldViolation(field=fault.field, description=fault.description) for fault in failure.faults
        ],
        metadata=failure.metadata,
    )
