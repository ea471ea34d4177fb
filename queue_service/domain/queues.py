"""Queues with their settings and counts, and concurrency keys. Spans are milliseconds."""

from dataclasses import dataclass

from queue_service.domain.limits import PRIORITIES
from queue_service.domain.retry import NO_CHANGE, PolicyChange, RetryPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSettings:
    """What an operator set for a queue. max_run_time is in milliseconds; None: not set."""

    policy: PolicyChange = NO_CHANGE
    max_run_time: int | None = None
    max_pending: int | None = None
    keep_succeeded: bool = False


@dataclass(kw_only=True, slots=True)
class Queue:
    """A queue with its counts.

    Attributes:
        lanes: priorities that its pending events may have, as bits.
        pending, leased, failed: events by state.
        finished_jobs: jobs that have ended and are kept.
        purge_before: events below this number are cancelled. None: there is no purge, or all of them have ended.
        purge_left: how many of them are pending or leased.
        deleted: it is kept only because jobs point to it.
        pushed and the following: totals since it was created.
    """

    id: int
    name: str
    create_time: int
    paused: bool = False
    deleted: bool = False
    settings: QueueSettings = QueueSettings()
    purge_before: int | None = None
    purge_left: int = 0
    lanes: int = 0
    pending: int = 0
    leased: int = 0
    failed: int = 0
    finished_jobs: int = 0
    pushed: int = 0
    delivered: int = 0
    succeeded: int = 0
    dead: int = 0
    cancelled: int = 0
    retried: int = 0
    leases_lost: int = 0
    released: int = 0
    redriven: int = 0

    def policy(self, defaults: RetryPolicy) -> RetryPolicy:
        """What holds for its events."""
        return self.settings.policy.over(defaults)

    @property
    def is_used(self) -> bool:
        """Whether it has to be kept: a deleted one only as long as jobs point to it."""
        return not self.deleted or self.finished_jobs > 0

    @property
    def priorities(self) -> list[int]:
        """Priorities that its pending events may have, the highest first."""
        return [priority for priority in reversed(range(PRIORITIES)) if self.lanes >> priority & 1]

    def is_purged(self, event: int) -> bool:
        """Whether a purge has marked the event."""
        return self.purge_before is not None and event < self.purge_before

    def purge(self, before: int) -> None:
        """Mark all that is pending or leased: every event below this number."""
        self.purge_left = self.pending + self.leased
        self.purge_before = before if self.purge_left else None

    def count_purged(self) -> None:
        """One of what a purge has marked has ended: behind the last, the mark goes."""
        self.purge_left -= 1
        if not self.purge_left:
            self.purge_before = None


@dataclass(kw_only=True, slots=True)
class Key:
    """A concurrency key. It is there as long as events point to it: pending, leased and kept after their end."""

    id: int
    name: str
    limit: int
    pending: int = 0
    leased: int = 0
    kept: int = 0

    @property
    def is_used(self) -> bool:
        """Whether events point to it."""
        return bool(self.pending or self.leased or self.kept)

    @property
    def free(self) -> int:
        """Slots that are free; below 0 after the limit was lowered."""
        return self.limit - self.leased
