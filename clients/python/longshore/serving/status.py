"""Rich errors on the wire: a Failure becomes a google.rpc.Status in the trailers.

Trailers are small (8 KiB by default), so texts and violations are bounded here, in one place: the encoded Status,
beside which the message travels once more, with three bytes for each that is not ASCII.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf import duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "longshore"
MAX_DETAILS_BYTES = 6 * 1024
MAX_VIOLATIONS = 20
MAX_MESSAGE_BYTES = 512
MAX_METADATA_BYTES = 256
ENVELOPE_BYTES = 96
"""Of one detail within the Status, and of the last violation."""


@dataclass(frozen=True, kw_only=True)
class FieldFault:
    """One faulty field of a request.

    Attributes:
        field: path of the field, such as "pushes[2].events[0].payload.json".
        description: what is wrong and what is allowed.
    """

    field: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An answer that is an error.

    Attributes:
        code: gRPC status code.
        reason: name of an ErrorReason value.
        message: for people.
        metadata: small machine-readable facts, such as current_version.
        faults: faulty fields, sent as BadRequest.
        resource: type and name of what was not found, sent as ResourceInfo.
        precondition: type and subject of what did not hold, sent as PreconditionFailure.
        quota: subject of what is exhausted, sent as QuotaFailure.
        retry_after: seconds after which trying again makes sense, sent as RetryInfo.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[FieldFault, ...] = ()
    resource: tuple[str, str] | None = None
    precondition: tuple[str, str] | None = None
    quota: str | None = None
    retry_after: float | None = None

    @property
    def code_number(self) -> int:
        """The google.rpc.Code of the failure."""
        number: int = self.code.value[0]
        return number


def to_grpc_status(failure: Failure) -> grpc.Status:
    """The status to abort a call with."""
    message = _cut(failure.message, MAX_MESSAGE_BYTES)
    status = status_pb2.Status(code=failure.code_number, message=message)
    for detail in _details(failure, message):
        status.details.add().Pack(detail)
    if failure.faults:
        room = MAX_DETAILS_BYTES - status.ByteSize() - 2 * ENVELOPE_BYTES
        status.details.add().Pack(_bad_request(failure.faults, room))
    converted: grpc.Status = rpc_status.to_status(status)
    return converted


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


def _details(failure: Failure, message: str) -> list[Message]:
    metadata = {key: _cut(value, MAX_METADATA_BYTES) for key, value in failure.metadata.items()}
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=metadata)]
    if failure.resource is not None:
        kind, name = failure.resource
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=_cut(name, MAX_METADATA_BYTES)))
    if failure.precondition is not None:
        kind, subject = failure.precondition
        violation = error_details_pb2.PreconditionFailure.Violation(
            type=kind, subject=_cut(subject, MAX_METADATA_BYTES), description=message
        )
        details.append(error_details_pb2.PreconditionFailure(violations=[violation]))
    if failure.quota is not None:
        quota = error_details_pb2.QuotaFailure.Violation(subject=failure.quota, description=message)
        details.append(error_details_pb2.QuotaFailure(violations=[quota]))
    if failure.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(failure.retry_after * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return details


def _bad_request(faults: tuple[FieldFault, ...], room: int) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    for position, fault in enumerate(faults):
        violation = bad_request.field_violations.add(
            field=_cut(fault.field, MAX_METADATA_BYTES), description=_cut(fault.description, MAX_MESSAGE_BYTES)
        )
        if position >= MAX_VIOLATIONS or bad_request.ByteSize() > room:
            violation.field = ""
            violation.description = f"and {len(faults) - position} more"
            break
    return bad_request
