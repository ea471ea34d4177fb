"""Watches on the wire: a stream that tells a job or a group now and after changes, and ends with its last state."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from longshore.v1 import queue_service_pb2 as pb
from queue_service.broker.watches import Watches
from queue_service.rpc import messages


class WatchStreams:
    """Serves what watches."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches

    async def job(self, job_id: bytes, write: Callable[[pb.WatchJobResponse], Awaitable[None]]) -> None:
        """Tell a job until it has ended or the caller goes away."""
        async with aclosing(self._watches.job(job_id)) as views:
            async for view in views:
                await write(pb.WatchJobResponse(job=messages.job_message(view)))

    async def group(self, group_id: bytes, write: Callable[[pb.WatchGroupResponse], Awaitable[None]]) -> None:
        """Tell a group until it is complete or the caller goes away."""
        async with aclosing(self._watches.group(group_id)) as groups:
            async for group in groups:
                await write(pb.WatchGroupResponse(group=messages.group_message(group)))
