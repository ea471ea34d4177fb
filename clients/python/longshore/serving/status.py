"""Rich errors on the wire: a Failure becomes a google.rpc.Status in the trailers.

Trailers are small (8 KiB by default), so texts and violations are bounded here, in one place.
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
MAX_MESSAGE_CHARS = 1024
MAX_METADATA_CHARS = 256


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
    status = status_pb2.Status(code=failure.code_number, message=failure.message[:MAX_MESSAGE_CHARS])
    for detail in _details(failure):
        status.details.add().Pack(detail)
    converted: grpc.Status = rpc_status.to_status(status)
    return converted


def _details(failure: Failure) -> list[Message]:
    metadata = {key: value[:MAX_METADATA_CHARS] for key, value in failure.metadata.items()}
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=metadata)]
    if failure.faults:
        details.append(_bad_request(failure.faults))
    if failure.resource is not None:
        kind, name = failure.resource
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=name[:MAX_METADATA_CHARS]))
    if failure.precondition is not None:
        kind, subject = failure.precondition
        violation = error_details_pb2.PreconditionFailure.Violation(
            type=kind, subject=subject[:MAX_METADATA_CHARS], description=failure.message[:MAX_MESSAGE_CHARS]
        )
        details.append(error_details_pb2.PreconditionFailure(violations=[violation]))
    if failure.quota is not None:
        quota = error_details_pb2.QuotaFailure.Violation(
            subject=failure.quota, description=failure.message[:MAX_MESSAGE_CHARS]
        )
        details.append(error_details_pb2.QuotaFailure(violations=[quota]))
    if failure.retry_after is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(failure.retry_after * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return details


def _bad_request(faults: tuple[FieldFault, ...]) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    for position, fault in enumerate(faults):
        violation = bad_request.field_violations.add(
            field=fault.field[:MAX_METADATA_CHARS], description=fault.description[:MAX_MESSAGE_CHARS]
        )
        if position >= MAX_VIOLATIONS or bad_request.ByteSize() > MAX_DETAILS_BYTES:
            violation.field = ""
            violation.description = f"and {len(faults) - position} more"
            break
    return bad_request
