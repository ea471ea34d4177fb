"""What the broker refuses, and why. Each class is one reason of the wire contract; rpc/errors.py maps them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One faulty field of a request.

    Attributes:
        field: path of the field, such as "pushes[2].events[0].payload.json".
        description: what is wrong and what is allowed.
    """

    field: str
    description: str


class BrokerError(Exception):
    """Root of all expected errors."""


class InvalidRequest(BrokerError):
    """Fields of the request are faulty."""

    def __init__(self, faults: list[Fault]) -> None:
        first = f"{faults[0].field}: {faults[0].description}"
        super().__init__(first if len(faults) == 1 else f"{first} (and {len(faults) - 1} more)")
        self.faults = tuple(faults)


class QueueNotFound(BrokerError):
    """There is no such queue."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"there is no queue {queue!r}")
        self.queue = queue


class JobNotFound(BrokerError):
    """There is no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id}, or it is no longer kept")
        self.job_id = job_id


class EventNotFound(BrokerError):
    """There is no such event, or not any more."""

    def __init__(self, event_id: str, why: str) -> None:
        super().__init__(f"there is no event {event_id}: {why}")
        self.event_id = event_id


class ScheduleNotFound(BrokerError):
    """There is no such schedule."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no schedule {name!r}")
        self.name = name


class GroupNotFound(BrokerError):
    """There is no such group."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"there is no group {group_id}")
        self.group_id = group_id


class EntryNotFound(BrokerError):
    """There is no such entry."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no entry {key!r}")
        self.key = key


class IdReused(BrokerError):
    """An id was used before with other content. existing_id names what was made then: the id itself, if not said."""

    def __init__(self, field: str, used: str, *, existing_id: str | None = None) -> None:
        super().__init__(f"{field} {used!r} was used before with other content: use a new one")
        self.field = field
        self.existing_id = used if existing_id is None else existing_id


class EntryExists(BrokerError):
    """The entry should have been absent."""

    def __init__(self, key: str, current_version: int) -> None:
        super().__init__(f"the entry {key!r} exists with version {current_version}")
        self.key = key
        self.current_version = current_version


class VersionMismatch(BrokerError):
    """The entry has another version than the caller knows."""

    def __init__(self, key: str, wanted: int, current_version: int) -> None:
        now = f"has version {current_version}" if current_version else "is absent"
        super().__init__(f"the entry {key!r} {now}, not version {wanted}: read it again")
        self.key = key
        self.current_version = current_version


class LeaseLost(BrokerError):
    """A lease no longer holds."""

    def __init__(self, lease_id: str) -> None:
        super().__init__(f"the lease {lease_id!r} ran out, was settled, or belongs to another attempt or store")
        self.lease_id = lease_id


class GroupSealed(BrokerError):
    """The group takes no pushes from outside."""

    def __init__(self, group_id: str) -> None:
        super().__init__(
            f"the group {group_id} is sealed: until it is complete, handlers of its own events can push into it, with "
            "their parent_lease_id, and nobody else"
        )
        self.group_id = group_id


class GroupCancelled(BrokerError):
    """The group takes no pushes any more."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"the group {group_id} was cancelled")
        self.group_id = group_id


class WrongState(BrokerError):
    """Something is in a state that does not allow this."""

    def __init__(self, kind: str, name: str, message: str) -> None:
        super().__init__(f"the {kind} {name} {message}")
        self.kind = kind
        self.name = name


class ChainLimit(BrokerError):
    """Handlers pushed too deep, or too many jobs, below one root."""

    def __init__(self, root_job_id: str, limit: int, *, depth: bool) -> None:
        what = f"deeper than {limit:,} handlers" if depth else f"more than {limit:,} jobs"
        super().__init__(f"handlers may not push {what} below the root job {root_job_id}: is this chain without end?")
        self.root_job_id = root_job_id
        self.limit = limit


class QueueFull(BrokerError):
    """A queue, or the line of a concurrency key, has as many events as it may have."""

    def __init__(self, subject: str, limit: int) -> None:
        super().__init__(
            f"the {subject} may have {limit:,} events, and has no room for these: push later or raise the limit"
        )
        self.subject = subject
        self.limit = limit


class RateLimited(BrokerError):
    """Too many operations in this second."""

    def __init__(self, subject: str, limit: int, *, retry_after: float) -> None:
        super().__init__(f"more than {limit:,} {subject} a second: try again in {retry_after:.3g} s")
        self.subject = subject
        self.limit = limit
        self.retry_after = retry_after


class Unavailable(BrokerError):
    """The broker cannot do this now."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DiskFull(BrokerError):
    """The disk has no room."""

    def __init__(
        self, message: str = "the disk of the store is full: nothing was written; free space, then try again"
    ) -> None:
        super().__init__(message)


class DataLoss(BrokerError):
    """The store is damaged."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the store is damaged ({cause}): stop the broker and restore a backup")
