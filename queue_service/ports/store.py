"""The store as the broker sees it: units of work go in, records come out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from queue_service.domain.ids import LeaseKey
from queue_service.domain.queues import Queue
from queue_service.domain.records import Entry, Group, Job, Payload, Progress
from queue_service.ports.admin import AdminReads
from queue_service.ports.ended import EndedReads
from queue_service.ports.events import EventReads
from queue_service.ports.needs import Needs
from queue_service.ports.safekeeping import Safekeeping
from queue_service.ports.schedules import ScheduleReads
from queue_service.ports.workset import Workset

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Unit(Protocol[T_co]):
    """One thing to do, all of it or nothing."""

    @property
    def weight(self) -> int:
        """About how many events it touches, large payloads counting as several: bounds what shares a transaction."""
        ...

    @property
    def grows(self) -> bool:
        """Whether it makes the store larger: refused while the disk is nearly full."""
        ...

    @property
    def urgent(self) -> bool:
        """Whether it goes before the others: what ends or keeps deliveries must never wait behind a flood of pushes."""
        ...

    def needs(self, needs: Needs) -> None:
        """Add what has to be loaded."""
        ...

    def apply(self, work: Workset) -> T_co:
        """Change the workset.

        Raises:
            BrokerError: it is refused. Nothing was changed then.
        """
        ...


class JobView(NamedTuple):
    """A job with the names of what it points to."""

    job: Job
    queue: str
    group_id: bytes | None
    group_cancel_time: int | None


class JobDetails(NamedTuple):
    """A job with what is shown of its events, by their ordinals.

    Attributes:
        pushes_below_root: jobs that handlers have pushed below the root of its lineage.
        progress: of its first leased events that told any, at most JOB_PARTS.
        results: of its first events that left any, at most JOB_PARTS and JOB_RESULT_BYTES.
    """

    view: JobView
    pushes_below_root: int
    progress: dict[int, Progress]
    results: dict[int, Payload]


class LeasedEvent(NamedTuple):
    """A lease that outlived a restart."""

    key: LeaseKey
    queue: int
    job: int
    group: int | None
    expire_time: int


class EntryPage(NamedTuple):
    """A page of entries; more says whether others follow."""

    entries: list[Entry]
    more: bool


class Store(Protocol):
    """A durable store.

    Every method raises Unavailable, DiskFull or DataLoss where the disk or the process is at fault.
    """

    @property
    def incarnation(self) -> str:
        """Names this store; part of every lease_id. Letters and digits."""
        ...

    @property
    def admin(self) -> AdminReads:
        """What operators look at."""
        ...

    @property
    def events(self) -> EventReads:
        """What is asked about events beside claims and settles."""
        ...

    @property
    def schedules(self) -> ScheduleReads:
        """Schedules to read."""
        ...

    @property
    def ended(self) -> EndedReads:
        """What pruning asks."""
        ...

    @property
    def safekeeping(self) -> Safekeeping:
        """Copies and checks."""
        ...

    async def write(self, unit: Unit[T]) -> T:
        """Carry a unit out. It is durable when this returns. Units that wait together share a transaction.

        Cancelling the caller stops a unit that has not begun, and never one that has.

        Raises:
            BrokerError: what the unit raised.
        """
        ...

    def on_commit(self, listener: Callable[[Workset], None]) -> None:
        """Call the listener after every commit, before the callers of its units go on."""
        ...

    async def get_jobs(self, job_ids: Sequence[bytes]) -> dict[bytes, JobView]:
        """Read jobs."""
        ...

    async def get_job_details(self, job_ids: Sequence[bytes]) -> dict[bytes, JobDetails]:
        """Read jobs with what is shown of their events. Costs more: ask for a hundred at most."""
        ...

    async def get_groups(self, group_ids: Sequence[bytes]) -> dict[bytes, Group]:
        """Read groups."""
        ...

    async def get_group(self, group_id: bytes) -> Group | None:
        """Read a group."""
        ...

    async def get_entries(self, keys: Sequence[str], now: int) -> dict[str, Entry]:
        """Read entries as of one instant."""
        ...

    async def list_entries(
        self, *, prefix: str, after: str, limit: int, max_bytes: int, keys_only: bool, now: int
    ) -> EntryPage:
        """Read entries in order of their keys, starting behind a key, at least one if there is one."""
        ...

    async def queues(self) -> list[Queue]:
        """Every queue as of the last commit, to look at."""
        ...

    async def leased_events(self) -> list[LeasedEvent]:
        """Every lease that is stored, for a start."""
        ...

    async def unfinished_cancels(self) -> tuple[list[bytes], list[bytes]]:
        """Jobs and groups that were cancelled and may still have pending events, for a start."""
        ...

    async def oldest_open_group(self) -> tuple[bytes, int] | None:
        """The open group with the oldest last push, and that time."""
        ...
