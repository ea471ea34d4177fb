"""What a call to Longshore can end with: one class for each reason of the contract, and for each bare gRPC code.

Nothing here knows gRPC; status.py translates.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One fault of a request.

    Attributes:
        field: path of the faulty field, such as "pushes[2].events[0].payload.json".
        description: what is wrong and what is allowed.
    """

    field: str
    description: str


class LongshoreError(Exception):
    """Root of all errors that a service of Longshore, or the way to it, answers with.

    Attributes:
        message: for people.
        reason: name of a value of ErrorReason, such as "ERROR_REASON_LEASE_LOST". Empty where the service did not say.
        code: name of the google.rpc.Code, such as "NOT_FOUND".
        metadata: what the contract promises beside the reason.
        violations: every faulty field of a refused request; empty for other errors.
        retry_after: seconds after which trying again makes sense. None: the service did not say.
    """

    reason = ""
    code = "UNKNOWN"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        code: str | None = None,
        metadata: Mapping[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = type(self).reason if reason is None else reason
        self.code = type(self).code if code is None else code
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_after = retry_after

    def __str__(self) -> str:
        """The message, and below it the violations that it does not tell already."""
        untold = (violation for violation in self.violations if violation.description not in self.message)
        return self.message + "".join(f"\n  {violation.field}: {violation.description}" for violation in untold)

    def _number(self, key: str) -> int:
        text = self.metadata.get(key, "")
        return int(text) if text.isdecimal() else 0


class InvalidRequest(LongshoreError):
    """A name, size, bound or JSON text is wrong; violations lists every faulty field."""

    reason = "ERROR_REASON_INVALID_REQUEST"
    code = "INVALID_ARGUMENT"


class RequestTooLarge(InvalidRequest):
    """The encoded request exceeds its bound; metadata holds size_bytes and limit_bytes."""

    reason = "ERROR_REASON_REQUEST_TOO_LARGE"


class ConfigInvalid(InvalidRequest):
    """An import's configuration is faulty; the message names file, line and path."""

    reason = "ERROR_REASON_CONFIG_INVALID"


class NotFound(LongshoreError):
    """What the request names does not exist, or is no longer kept."""

    code = "NOT_FOUND"


class QueueNotFound(NotFound):
    """No such queue."""

    reason = "ERROR_REASON_QUEUE_NOT_FOUND"


class JobNotFound(NotFound):
    """No such job, or it is no longer kept."""

    reason = "ERROR_REASON_JOB_NOT_FOUND"


class EventNotFound(NotFound):
    """No such event, or its row went when it ended."""

    reason = "ERROR_REASON_EVENT_NOT_FOUND"


class ScheduleNotFound(NotFound):
    """No such schedule."""

    reason = "ERROR_REASON_SCHEDULE_NOT_FOUND"


class GroupNotFound(NotFound):
    """No such group."""

    reason = "ERROR_REASON_GROUP_NOT_FOUND"


class EntryNotFound(NotFound):
    """No such entry, or it expired."""

    reason = "ERROR_REASON_ENTRY_NOT_FOUND"


class ImportNotFound(NotFound):
    """No such import, or no such configured name."""

    reason = "ERROR_REASON_IMPORT_NOT_FOUND"


class AlreadyExists(LongshoreError):
    """Something else is where the request wants to put its own."""

    code = "ALREADY_EXISTS"


class IdReused(AlreadyExists):
    """The id was used before with other content."""

    reason = "ERROR_REASON_ID_REUSED"

    @property
    def existing_id(self) -> str:
        """The id of what exists. Empty where the service did not say."""
        return self.metadata.get("existing_id", "")


class EntryExists(AlreadyExists):
    """The entry should have been absent."""

    reason = "ERROR_REASON_ENTRY_EXISTS"

    @property
    def current_version(self) -> int:
        """Version of the entry that is there; 0 where the service did not say."""
        return self._number("current_version")


class FailedPrecondition(LongshoreError):
    """The state of something does not allow this."""

    code = "FAILED_PRECONDITION"


class LeaseLost(FailedPrecondition):
    """The lease ran out, was settled, or belongs to another attempt or store."""

    reason = "ERROR_REASON_LEASE_LOST"


class GroupSealed(FailedPrecondition):
    """The group takes pushes from live leases of its members only."""

    reason = "ERROR_REASON_GROUP_SEALED"


class GroupCancelled(FailedPrecondition):
    """The group was cancelled and takes no pushes."""

    reason = "ERROR_REASON_GROUP_CANCELLED"


class WrongState(FailedPrecondition):
    """The object is in a state that does not allow this."""

    reason = "ERROR_REASON_WRONG_STATE"


class VersionMismatch(LongshoreError):
    """The entry has another version: read again, decide again."""

    reason = "ERROR_REASON_VERSION_MISMATCH"
    code = "ABORTED"

    @property
    def current_version(self) -> int:
        """Version of the entry as it is; 0: it is absent."""
        return self._number("current_version")


class ResourceExhausted(LongshoreError):
    """A limit is reached; retry_after says when to try again, where waiting helps."""

    code = "RESOURCE_EXHAUSTED"


class RateLimited(ResourceExhausted):
    """Too many operations in this second."""

    reason = "ERROR_REASON_RATE_LIMITED"


class QueueFull(ResourceExhausted):
    """The queue, or the line of a concurrency key, has as many events as it may have."""

    reason = "ERROR_REASON_QUEUE_FULL"


class ChainLimit(ResourceExhausted):
    """Handlers pushed too deep, or too many jobs, below one root: waiting does not help."""

    reason = "ERROR_REASON_CHAIN_LIMIT"


class DiskFull(ResourceExhausted):
    """The store's disk has no room for this."""

    reason = "ERROR_REASON_DISK_FULL"


class Unavailable(LongshoreError):
    """The service cannot be reached, is stopping, or its store is busy. What was asked may or may not have happened."""

    reason = "ERROR_REASON_UNAVAILABLE"
    code = "UNAVAILABLE"


class DeadlineExceeded(LongshoreError):
    """No answer came in time. What was asked may or may not have happened."""

    code = "DEADLINE_EXCEEDED"


class DataLoss(LongshoreError):
    """The store is damaged."""

    reason = "ERROR_REASON_DATA_LOSS"
    code = "DATA_LOSS"


class Unimplemented(LongshoreError):
    """The service does not know the method: it is older than this client, or something else listens there."""

    reason = "ERROR_REASON_UNIMPLEMENTED"
    code = "UNIMPLEMENTED"


class Internal(LongshoreError):
    """A fault of the service; metadata may hold the request_id to look for in its log."""

    reason = "ERROR_REASON_INTERNAL"
    code = "INTERNAL"


class Unauthenticated(LongshoreError):
    """The service does not know who asks."""

    code = "UNAUTHENTICATED"


class PermissionDenied(LongshoreError):
    """Who asks may not do this."""

    code = "PERMISSION_DENIED"


BY_CODE: Mapping[str, type[LongshoreError]] = {
    cls.code: cls
    for cls in (
        InvalidRequest,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        VersionMismatch,
        ResourceExhausted,
        Unavailable,
        DeadlineExceeded,
        DataLoss,
        Unimplemented,
        Internal,
        Unauthenticated,
        PermissionDenied,
    )
} | {"CANCELLED": Unavailable}
"""By the name of a gRPC code. CANCELLED comes from a server that stopped before it began the call; a cancel of our own
is no answer but asyncio.CancelledError."""
"""The class of an error whose reason this client does not know."""

BY_REASON: Mapping[str, type[LongshoreError]] = {
    cls.reason: cls
    for cls in (
        InvalidRequest,
        RequestTooLarge,
        ConfigInvalid,
        QueueNotFound,
        JobNotFound,
        EventNotFound,
        ScheduleNotFound,
        GroupNotFound,
        EntryNotFound,
        ImportNotFound,
        IdReused,
        EntryExists,
        LeaseLost,
        GroupSealed,
        GroupCancelled,
        WrongState,
        VersionMismatch,
        RateLimited,
        QueueFull,
        ChainLimit,
        DiskFull,
        Unavailable,
        DataLoss,
        Unimplemented,
        Internal,
    )
}
"""The class of each reason of the contract."""


def class_of(*, reason: str, code: str) -> type[LongshoreError]:
    """The class for a reason, or for the code alone where the reason is unknown."""
    return BY_REASON.get(reason) or BY_CODE.get(code, LongshoreError)
