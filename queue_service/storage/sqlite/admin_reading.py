"""What operators look at, over the reader's connection."""

from queue_service.domain.limits import JOB_SCAN
from queue_service.domain.queues import Queue
from queue_service.domain.states import job_state
from queue_service.ports.admin import DueTimes, JobFilter, JobScan, PendingPosition, PurgeScan
from queue_service.ports.queues import Queues
from queue_service.storage.sqlite.parameters import encode
from queue_service.storage.sqlite.reading import Reader


class AdminReader:
    """Reads that no worker needs.

    Args:
        queues: every queue as of the last commit.
    """

    def __init__(self, reader: Reader, queues: Queues) -> None:
        self._reader = reader
        self._queues = queues

    async def find_queue(self, name: str) -> Queue | None:
        """A queue as of the last commit."""
        queue = self._queues.named(name)
        return None if queue is None or queue.deleted else queue

    async def list_queues(self, *, prefix: str, after: str, limit: int) -> list[Queue]:
        """Queues as of the last commit in order of their names."""
        return self._queues.page(prefix=prefix, after=after, limit=limit)

    async def due_times(self, queue: Queue, now: int) -> DueTimes:
        """When events of a queue are due: two seeks for each of its priorities."""
        (times,) = await self._reader.rows("due_times", queue=queue.id, lanes=encode(queue.priorities), now=now)
        return DueTimes(*times)

    async def scan_jobs(self, wanted: JobFilter, *, below: int | None, limit: int) -> JobScan:
        """Jobs with numbers below one, the latest first. Looks at JOB_SCAN rows at most."""
        queue = None if wanted.queue is None else self._queues.named(wanted.queue)
        if wanted.queue is not None and queue is None:
            return JobScan([], next=None)
        statement = "scan_jobs" if wanted.group_id is None else "scan_jobs_of_group"
        rows = await self._reader.rows(statement, below=below, group_id=wanted.group_id, limit=JOB_SCAN)
        found = [
            (number, job_id)
            for number, job_id, of_queue, in_progress, failed, cancelled in rows
            if (queue is None or of_queue == queue.id)
            and wanted.state in (None, job_state(in_progress=in_progress, failed=failed, cancelled=cancelled))
        ]
        job_ids = [job_id for _, job_id in found[:limit]]
        if len(found) > limit:
            return JobScan(job_ids, next=found[limit - 1][0])
        return JobScan(job_ids, next=rows[-1][0] if len(rows) == JOB_SCAN else None)

    async def scan_purged(self, queue: int, *, after: PendingPosition, limit: int) -> PurgeScan:
        """Look at so many pending events of a queue in the order of their index."""
        rows = await self._reader.rows("scan_purged", queue=queue, limit=limit, **after._asdict())
        found = [row[3] for row in rows if row[4]]
        if len(rows) < limit or rows[0][4] is None:  # the mark is gone
            return PurgeScan(found, next=None)
        return PurgeScan(found, next=PendingPosition(*rows[-1][:4]))
