"""What has ended, as pruning asks for it: jobs in the order in which they finished, groups in that of their end."""

from typing import NamedTuple, Protocol

from queue_service.domain.retention import Expiring


class Position(NamedTuple):
    """A place in the order in which things ended: the time, then the number."""

    end_time: int
    number: int


FIRST = Position(0, 0)
"""Before everything."""


class EndedJobs(NamedTuple):
    """Finished jobs behind a position, a bounded number. before: the latest of their times. None: any."""

    after: Position
    before: int | None


class KeptEvent(NamedTuple):
    """A succeeded event whose row is kept, with its weight and the number of its concurrency key."""

    number: int
    weight: int
    key: int | None


class EndedJob(NamedTuple):
    """A finished job.

    Attributes:
        events: how many it had; they follow its number without gaps.
        needed: a dead letter of it is kept, or its group is not complete.
        kept: its succeeded events that are kept.
    """

    position: Position
    queue: int
    events: int
    needed: bool
    kept: tuple[KeptEvent, ...]


class EndedGroup(NamedTuple):
    """A complete group. needed: jobs of it are kept."""

    position: Position
    group_id: bytes
    needed: bool


class EndedReads(Protocol):
    """What pruning asks of a store to know when something is due."""

    async def next_job(self, after: Position) -> int | None:
        """When the next finished job behind a position finished. None: there is none."""
        ...

    async def next_groups(self, after: Position, limit: int) -> list[EndedGroup]:
        """Complete groups behind a position, in order of their end."""
        ...

    async def oldest_dead_letter(self) -> int | None:
        """When the oldest dead letter became one. None: there is none."""
        ...

    async def oldest(self, kind: Expiring) -> int | None:
        """The time of the oldest row of what goes by its time alone. None: there is none."""
        ...
