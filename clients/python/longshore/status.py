"""From gRPC statuses and per-item errors to the classes of errors.py.

The class follows from the machine-readable reason, never from the text.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from longshore.errors import Internal, LongshoreError, Violation, class_of
from longshore.v1 import error_reason_pb2, event_pb2

DOMAIN = "longshore"
_DETAILS_KEY = "grpc-status-details-bin"
_CODE_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(kw_only=True)
class _Details:
    """What the details of a status said."""

    reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    retry_after: float | None = None


def _read_info(detail: AnyMessage, details: _Details) -> None:
    info = error_details_pb2.ErrorInfo.FromString(detail.value)
    if info.domain == DOMAIN:
        details.reason = info.reason
        details.metadata = dict(info.metadata)


def _read_violations(detail: AnyMessage, details: _Details) -> None:
    request = error_details_pb2.BadRequest.FromString(detail.value)
    details.violations = tuple(
        Violation(field=violation.field, description=violation.description) for violation in request.field_violations
    )


def _read_delay(detail: AnyMessage, details: _Details) -> None:
    delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
    details.retry_after = delay.seconds + delay.nanos / 1e9


_READERS: dict[str, Callable[[AnyMessage, _Details], None]] = {
    error_details_pb2.ErrorInfo.DESCRIPTOR.full_name: _read_info,
    error_details_pb2.BadRequest.DESCRIPTOR.full_name: _read_violations,
    error_details_pb2.RetryInfo.DESCRIPTOR.full_name: _read_delay,
}


def from_rpc(error: grpc.aio.AioRpcError) -> LongshoreError:
    """The error of a call that ended with another status than OK."""
    details = _Details()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            _read_status(value, details)
    code = error.code().name
    # An error without our reason comes from the way to the service: its class stands for the code alone.
    return class_of(reason=details.reason or "", code=code)(
        error.details() or code,
        reason=details.reason or "",
        code=code,
        metadata=details.metadata,
        violations=details.violations,
        retry_after=details.retry_after,
    )


def _read_status(value: bytes, details: _Details) -> None:
    try:
        for detail in status_pb2.Status.FromString(value).details:
            if reader := _READERS.get(detail.TypeName()):
                reader(detail, details)
    except DecodeError:
        # A proxy may spoil trailers. The code and the text still tell what happened.
        return


def from_item(item: event_pb2.ItemError) -> LongshoreError:
    """The error of one item of a request whose other items are independent of it."""
    reason = error_reason_pb2.ErrorReason.Name(item.reason) if _known(item.reason) else ""
    code = _CODE_NAMES.get(item.code, "UNKNOWN")
    return class_of(reason=reason, code=code)(
        item.message,
        reason=reason,
        code=code,
        metadata=dict(item.metadata),
        violations=tuple(Violation(field=v.field, description=v.description) for v in item.violations),
    )


def short_answer(what: str, asked: int, answered: int) -> LongshoreError:
    """The error of an answer that has not one result for each item."""
    return Internal(f"{what} answered {answered} results for {asked} items")


def _known(reason: int) -> bool:
    return reason in error_reason_pb2.ErrorReason.values()
