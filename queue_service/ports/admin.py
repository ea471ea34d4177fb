"""What operators look at: reads that no worker needs. Each looks at a bounded number of rows."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from queue_service.domain.queues import Queue
from queue_service.domain.states import JobState


class DueTimes(NamedTuple):
    """Of a queue's pending events: the earliest due time that has come, and the earliest ahead. None: there is none."""

    oldest_ready: int | None
    next_due: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFilter:
    """Which jobs are wanted. None: any. queue is a name."""

    queue: str | None = None
    group_id: bytes | None = None
    state: JobState | None = None


class JobScan(NamedTuple):
    """Jobs that were found, the latest first. next: the number below which to go on; None: that was all."""

    job_ids: list[bytes]
    next: int | None


class PendingPosition(NamedTuple):
    """A place among the pending events of a queue: those in lines stand behind the others."""

    in_line: int
    priority: int
    due_time: int
    event: int


FIRST_POSITION = PendingPosition(0, -1, 0, 0)
"""Before all others."""


class PurgeScan(NamedTuple):
    """Events below the mark of a purge that were found. next: where to go on; None: that was all."""

    events: list[int]
    next: PendingPosition | None


class AdminReads(Protocol):
    """Reads outside the turns of the writer. Every method raises what those of Store raise."""

    async def find_queue(self, name: str) -> Queue | None:
        """A queue as of the last commit, to look at. None: there is none, or it was deleted."""
        ...

    async def list_queues(self, *, prefix: str, after: str, limit: int) -> list[Queue]:
        """Queues as of the last commit in order of their names, behind a name."""
        ...

    async def due_times(self, queue: Queue, now: int) -> DueTimes:
        """When events of a queue are due, without those that wait for their concurrency key."""
        ...

    async def scan_jobs(self, wanted: JobFilter, *, below: int | None, limit: int) -> JobScan:
        """At most so many jobs with numbers below one. Finds fewer where many others lie between."""
        ...

    async def scan_purged(self, queue: int, *, after: PendingPosition, limit: int) -> PurgeScan:
        """Look at so many pending events of a queue for those that a purge has to cancel."""
        ...
