"""Jobs: what a push made, its counts, its end and its cancel.

A Job is a handle; it keeps no counts of its own and asks the service each time.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from longshore import payloads
from longshore.channel import Channel
from longshore.errors import JobNotFound
from longshore.event import Lineage, lineage
from longshore.times import instant, instant_or_none
from longshore.v1 import queue_service_pb2
from longshore.watches import follow, last

if TYPE_CHECKING:
    from longshore.v1.queue_service_pb2_grpc import QueueServiceAsyncStub

_MAX_IDS = 1_000


class JobState(StrEnum):
    """Where a job stands."""

    UNSPECIFIED = "UNSPECIFIED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def terminal(self) -> bool:
        """Whether every event has ended."""
        return self in _TERMINAL


_TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStats:
    """Counts of a job's events; the four add up to all of them, always.

    Attributes:
        job_id: the job.
        success: events that succeeded.
        in_progress: events that wait, run or will be retried.
        failed: dead letters.
        cancelled: events that were cancelled.
        state: follows from the counts.
        push_time: when the job was made, in UTC.
        finish_time: when its last event ended. None: it has not.
    """

    job_id: str
    success: int
    in_progress: int
    failed: int
    cancelled: int
    state: JobState
    push_time: datetime
    finish_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventProgress:
    """How far the work on one event is, as its handler told last.

    Attributes:
        event_id: the event.
        fraction: that is done, 0 to 1. None: not known.
        text: for people.
        update_time: when it was told, in UTC.
    """

    event_id: str
    fraction: float | None
    text: str
    update_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventResult:
    """What an event's success left.

    Attributes:
        event_id: the event.
        result: the parsed JSON value, or bytes.
    """

    event_id: str
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """A job as the service keeps it.

    Attributes:
        job_id: the job.
        queue: its queue.
        request_id: what it was pushed with. None: without.
        group_id: its group. None: none.
        lineage: its place among its ancestors.
        stats: its counts, state and times.
        cancel_time: when it, or its group, was cancelled. None: it was not.
        pushes_below_root: jobs that handlers have pushed below the root of its lineage.
        progress: of its leased events that told any, in order, at most 100.
        results: of its events that succeeded with one, in order, at most 100.
    """

    job_id: str
    queue: str
    request_id: str | None
    group_id: str | None
    lineage: Lineage
    stats: JobStats
    cancel_time: datetime | None
    pushes_below_root: int
    progress: tuple[EventProgress, ...]
    results: tuple[EventResult, ...]


class Jobs:
    """Asks about jobs."""

    def __init__(self, channel: Channel, stub: "QueueServiceAsyncStub") -> None:
        self._channel = channel
        self._stub = stub

    async def get(self, job_id: str) -> JobInfo:
        """The job, or JobNotFound."""
        response = await self._channel.call(self._stub.GetJob, queue_service_pb2.GetJobRequest(job_id=job_id))
        return job_info(response.job)

    def watch(self, job_id: str) -> AsyncGenerator[JobInfo, None]:
        """The job now and after every change up to its end, or JobNotFound."""
        return follow(
            self._channel,
            self._stub.WatchJob,
            queue_service_pb2.WatchJobRequest(job_id=job_id),
            read=lambda response: job_info(response.job),
            ended=lambda info: info.stats.state.terminal,
        )

    async def cancel(self, job_id: str) -> JobInfo:
        """Cancel the job and answer it as it is now, or JobNotFound."""
        response = await self._channel.call(self._stub.CancelJob, queue_service_pb2.CancelJobRequest(job_id=job_id))
        return job_info(response.job)

    async def stats(self, job_ids: Sequence[str]) -> dict[str, JobStats]:
        """The counts of the jobs that are known, by id, in the order asked."""
        found: dict[str, JobStats] = {}
        for start in range(0, len(job_ids), _MAX_IDS):
            request = queue_service_pb2.GetJobStatsRequest(job_ids=job_ids[start : start + _MAX_IDS])
            response = await self._channel.call(self._stub.GetJobStats, request)
            found.update((stats.job_id, _stats(stats)) for stats in response.stats)
        return found


class Job:
    """A handle on one job.

    Attributes:
        job_id: the job's id, a UUID. Event n of its push has the id "<job_id>.<n>".
        deduplicated: whether the push found the job made before, and pushed nothing.
    """

    __slots__ = ("_jobs", "deduplicated", "job_id")

    def __init__(self, jobs: Jobs, job_id: str, *, deduplicated: bool = False) -> None:
        self._jobs = jobs
        self.job_id = job_id
        self.deduplicated = deduplicated

    def __repr__(self) -> str:
        return f"Job({self.job_id!r})"

    async def stats(self) -> JobStats:
        """Its counts now.

        Raises:
            JobNotFound: it is not, or no longer, kept.
        """
        stats = await self._jobs.stats([self.job_id])
        if not stats:
            raise JobNotFound(f"No job {self.job_id}, or it is no longer kept", metadata={"job_id": self.job_id})
        return stats[self.job_id]

    async def get(self) -> JobInfo:
        """The job now.

        Raises:
            JobNotFound: it is not, or no longer, kept.
        """
        return await self._jobs.get(self.job_id)

    def watch(self) -> AsyncGenerator[JobInfo, None]:
        """The job now, then after every change, up to its end: `async for info in job.watch()`.

        Changes that follow each other closely are told as one. A broken connection is made again for as long as the
        client's timeout, counted from the first attempt that failed.

        Raises:
            JobNotFound: it is not, or no longer, kept.
            Unavailable: the service was not reachable for that long.
        """
        return self._jobs.watch(self.job_id)

    async def wait(self, timeout: float | None = None) -> JobInfo:  # noqa: ASYNC109  the usual case in one word
        """The job once all its events have ended, however they did; reconnecting as watch().

        Args:
            timeout: seconds. None: as long as it takes.

        Raises:
            TimeoutError: it has not ended in time.
            JobNotFound: it is not, or no longer, kept.
            Unavailable: the service was not reachable for as long as the client's timeout.
        """
        return await last(self.watch(), timeout)

    async def cancel(self) -> JobInfo:
        """Cancel what has not begun and ask running handlers to stop. Repeating it is harmless.

        Raises:
            JobNotFound: it is not, or no longer, kept.
        """
        return await self._jobs.cancel(self.job_id)


def job_info(job: queue_service_pb2.Job) -> JobInfo:
    """The job of a message."""
    return JobInfo(
        job_id=job.job_id,
        queue=job.queue,
        request_id=job.request_id if job.HasField("request_id") else None,
        group_id=job.group_id if job.HasField("group_id") else None,
        lineage=lineage(job.lineage),
        stats=_stats(job.stats),
        cancel_time=instant_or_none(job, "cancel_time"),
        pushes_below_root=job.pushes_below_root,
        progress=tuple(
            EventProgress(
                event_id=told.event_id,
                fraction=told.progress.fraction if told.progress.HasField("fraction") else None,
                text=told.progress.text,
                update_time=instant(told.update_time),
            )
            for told in job.progress
        ),
        results=tuple(EventResult(event_id=left.event_id, result=payloads.decode(left.result)) for left in job.results),
    )


_STATES = {number: JobState(name.removeprefix("JOB_STATE_")) for name, number in queue_service_pb2.JobState.items()}


def _stats(stats: queue_service_pb2.JobStats) -> JobStats:
    return JobStats(
        job_id=stats.job_id,
        success=stats.success,
        in_progress=stats.in_progress,
        failed=stats.failed,
        cancelled=stats.cancelled,
        state=_STATES.get(stats.state, JobState.UNSPECIFIED),
        push_time=instant(stats.push_time),
        finish_time=instant_or_none(stats, "finish_time"),
    )
