"""What a handler returns or raises to say how its delivery ends. Returning anything else is success.

Each one holds what its acknowledgement says.
"""

from longshore import payloads
from longshore.times import Span, duration
from longshore.v1 import event_pb2, queue_service_pb2

NOTHING = object()
"""No data is left for the next attempt; None would be data."""
_MAX_MESSAGE = 1_024


class Outcome(Exception):
    """Root of the four: not a defect, but a handler's word."""

    def __init__(self, text: str, settle: queue_service_pb2.Acknowledgement) -> None:
        """Hold the settle of any delivery; the lease is filled in when it is known which."""
        super().__init__(text)
        self._settle = settle

    def acknowledgement(self, lease_id: str) -> queue_service_pb2.Acknowledgement:
        """The settle of a delivery."""
        settle = queue_service_pb2.Acknowledgement(lease_id=lease_id)
        settle.MergeFrom(self._settle)
        return settle


class Success(Outcome):
    """The event is done. A handler that says nothing says this, without a result."""

    def __init__(self, result: object = NOTHING) -> None:
        """End the event well.

        Args:
            result: small data that is kept with the job, at most 4 KiB: a JSON value or bytes.
        """
        done = queue_service_pb2.Success(result=_payload(result))
        super().__init__("success", queue_service_pb2.Acknowledgement(success=done))


class Retry(Outcome):
    """Deliver the event again later. It counts as a failure: the queue's policy ends the retries."""

    def __init__(
        self, *, after: Span | None = None, reason: str = "", message: str = "", data: object = NOTHING
    ) -> None:
        """Ask for a retry.

        Args:
            after: seconds or timedelta until the next attempt; lowered to the policy's bound, 900 s. None: the
                policy's backoff decides.
            reason: a short name for the cause, at most 128 bytes.
            message: for people; cut at 1,024 characters.
            data: given to the next attempt, at most 16 KiB: a JSON value or bytes.
        """
        retry = queue_service_pb2.Retry(
            after=None if after is None else duration(after, "after"),
            reason=reason,
            message=message[:_MAX_MESSAGE],
            data=_payload(data),
        )
        super().__init__(message or reason or "retry", queue_service_pb2.Acknowledgement(retry=retry))


class Fail(Outcome):
    """The event can never succeed: make it a dead letter at once."""

    def __init__(self, reason: str, message: str = "") -> None:
        """Give the event up.

        Args:
            reason: a short name for the cause, at most 128 bytes.
            message: for people; cut at 1,024 characters.
        """
        failure = queue_service_pb2.Failure(reason=reason, message=message[:_MAX_MESSAGE])
        super().__init__(message or reason, queue_service_pb2.Acknowledgement(failure=failure))


class Release(Outcome):
    """Give the event back without blame, to wait for something outside. It counts for nothing."""

    def __init__(self, *, after: Span | None = None, reason: str = "", data: object = NOTHING) -> None:
        """Give the event back.

        Args:
            after: seconds or timedelta until the next attempt, to 366 days. None: at once.
            reason: a short name for what is waited for, at most 128 bytes.
            data: given to the next attempt, at most 16 KiB: a JSON value or bytes.
        """
        release = queue_service_pb2.Release(
            after=None if after is None else duration(after, "after"), reason=reason, data=_payload(data)
        )
        super().__init__(reason or "release", queue_service_pb2.Acknowledgement(release=release))


def unexpected(error: BaseException) -> Retry:
    """The outcome of a handler that raised something else: a retry that names it."""
    return Retry(reason=type(error).__name__[:128], message=str(error))


def _payload(data: object) -> event_pb2.Payload | None:
    return None if data is NOTHING else payloads.encode(data)


SUCCESS = Success()
"""The outcome of a handler that says nothing."""
