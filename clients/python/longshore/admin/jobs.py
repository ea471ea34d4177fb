"""Lists of jobs."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from longshore.channel import Channel
from longshore.job import JobInfo, JobState, job_info
from longshore.pages import paged
from longshore.v1 import queue_admin_service_pb2

if TYPE_CHECKING:
    from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceAsyncStub


class JobLists:
    """Lists the jobs that are kept."""

    def __init__(self, channel: Channel, stub: "QueueAdminServiceAsyncStub") -> None:
        self._channel = channel
        self._stub = stub

    def list(
        self, *, queue: str | None = None, group_id: str | None = None, state: JobState | None = None
    ) -> AsyncGenerator[JobInfo, None]:
        """The jobs, the latest first, without progress and results; read page by page.

        Args:
            queue: of the jobs. None: any.
            group_id: of the jobs. None: any.
            state: of the jobs. None: any.

        Raises:
            InvalidRequest: an argument is no name or id.
        """
        request = queue_admin_service_pb2.ListJobsRequest(
            queue=queue or "",
            group_id=group_id or "",
            state=None if state is None else f"JOB_STATE_{JobState(state)}",
        )
        return paged(
            self._channel, self._stub.ListJobs, request, lambda response: (job_info(job) for job in response.jobs)
        )
