"""What holds for every request of one broker: its bounds, its default policy, what it keeps, its source of chance."""

from collections.abc import Callable
from dataclasses import dataclass, field

from queue_service.domain.limits import Limits
from queue_service.domain.retention import Retention
from queue_service.domain.retry import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Handed to the units of work.

    Attributes:
        limits: the bounds.
        policy: what queues and events may change.
        retention: how long what has ended is kept.
        chance: 0 <= chance() < 1, for jitter.
    """

    chance: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    retention: Retention = field(default_factory=Retention)
