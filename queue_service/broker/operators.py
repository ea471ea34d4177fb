"""The use cases of operators: queues and lists of jobs."""

from dataclasses import dataclass

from queue_service.broker.purge import PurgeQueue
from queue_service.broker.queues import DeleteQueue, PauseQueue, SettingsChange, UpdateQueue
from queue_service.broker.terms import Terms
from queue_service.domain.errors import QueueNotFound
from queue_service.domain.queues import Queue
from queue_service.domain.retry import RetryPolicy
from queue_service.ports import Clock, Store
from queue_service.ports.admin import DueTimes, JobFilter
from queue_service.ports.store import JobView

NO_TIMES = DueTimes(None, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueView:
    """A queue, and what follows for it. due is there only where one queue was asked for."""

    queue: Queue
    policy: RetryPolicy
    due: DueTimes = NO_TIMES


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """Queues in order of their names; more says whether others follow."""

    queues: list[QueueView]
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class JobPage:
    """Jobs, the latest first. next: the number below which to go on; None: that was all."""

    jobs: list[JobView]
    next: int | None


class Operators:
    """What can be asked about queues, and done with them."""

    def __init__(self, store: Store, clock: Clock, terms: Terms) -> None:
        self._store = store
        self._clock = clock
        self._terms = terms

    async def list_queues(self, *, prefix: str, after: str, limit: int) -> QueuePage:
        """Queues in order of their names, behind a name."""
        found = await self._store.admin.list_queues(prefix=prefix, after=after, limit=limit + 1)
        return QueuePage(queues=[self._view(queue) for queue in found[:limit]], more=len(found) > limit)

    async def get_queue(self, name: str) -> QueueView:
        """One queue, with the times at which its events are due.

        Raises:
            QueueNotFound: there is none.
        """
        queue = await self._store.admin.find_queue(name)
        if queue is None:
            raise QueueNotFound(name)
        return self._view(queue, await self._store.admin.due_times(queue, self._clock.now()))

    async def update_queue(self, name: str, change: SettingsChange, *, create: bool) -> QueueView:
        """Change settings of a queue.

        Raises:
            QueueNotFound: there is none, and none is to be made.
            InvalidRequest: the settings would not go together.
        """
        return self._view(await self._store.write(UpdateQueue(name, change, create=create, terms=self._terms)))

    async def pause_queue(self, name: str, *, paused: bool) -> QueueView:
        """Stop the deliveries of a queue, or let them go on. Repeating it changes nothing.

        Raises:
            QueueNotFound: there is none.
        """
        return self._view(await self._store.write(PauseQueue(name, paused=paused)))

    async def purge_queue(self, name: str) -> QueueView:
        """Cancel all that is in a queue now. Rows and counts follow.

        Raises:
            QueueNotFound: there is none.
        """
        return self._view(await self._store.write(PurgeQueue(name)))

    async def delete_queue(self, name: str) -> None:
        """Forget a queue.

        Raises:
            QueueNotFound: there is none.
            WrongState: it has events, or a schedule pushes to it.
        """
        await self._store.write(DeleteQueue(name))

    async def list_jobs(self, wanted: JobFilter, *, below: int | None, limit: int) -> JobPage:
        """Jobs with numbers below one, the latest first; fewer than so many where others lie between."""
        scan = await self._store.admin.scan_jobs(wanted, below=below, limit=limit)
        views = await self._store.get_jobs(scan.job_ids) if scan.job_ids else {}
        return JobPage(jobs=[views[job_id] for job_id in scan.job_ids if job_id in views], next=scan.next)

    def _view(self, queue: Queue, due: DueTimes = NO_TIMES) -> QueueView:
        return QueueView(queue=queue, policy=queue.policy(self._terms.policy), due=due)
