"""The client of the queue service: the one thing that programs open, and where everything else is asked for.

Use it inside a running event loop, and close it.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import grpc

from longshore.admin import Admin
from longshore.channel import Channel, Options
from longshore.commit import Transaction
from longshore.consumer import ConsumeOptions, Consumer, Handler
from longshore.groups import Group
from longshore.job import Job, JobStats
from longshore.kv import Kv
from longshore.queue import Queue
from longshore.session import Session


def connect(
    address: str,
    *,
    timeout: float = 30.0,
    patience: float | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    options: Options = (),
) -> "Client":
    """Connect to a queue service: `async with longshore.connect("localhost:50051") as client`.

    Nothing is sent before the first call, so a service that is not there shows with that call.

    Args:
        address: host:port.
        timeout: seconds that a call may take, repeats included.
        patience: seconds that a call is repeated while the service is not reachable. None: the timeout.
        credentials: for TLS. None: a connection in clear.
        options: gRPC channel options that replace or extend the client's own.

    Raises:
        RuntimeError: no event loop is running.
    """
    return Client(Channel(address, timeout=timeout, patience=patience, credentials=credentials, options=options))


class Client:
    """An open client; made by connect.

    Attributes:
        kv: the key-value store next to the queue.
        admin: what operators ask: queues, jobs, events, schedules, the store.
    """

    def __init__(self, channel: Channel) -> None:
        self._session = Session(channel)
        self.kv = Kv(self._session)
        self.admin = Admin(channel, self._session.jobs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect. Who still waits for an answer gets a LongshoreError. Closing again does nothing."""
        await self._session.close()

    def queue(self, name: str) -> Queue:
        """A handle on a queue."""
        return Queue(name, self._session)

    def job(self, job_id: str) -> Job:
        """A handle on a job."""
        return Job(self._session.jobs, job_id)

    async def job_stats(self, job_ids: Sequence[str]) -> dict[str, JobStats]:
        """The counts of the jobs that are known, by id, in the order asked; the others are left out."""
        return await self._session.jobs.stats(job_ids)

    def group(self, group_id: str | None = None, *, on_complete: tuple[str, object] | None = None) -> Group:
        """A handle on a group; `await client.group(...).create()` opens a new one.

        Args:
            group_id: a UUID. None: made here.
            on_complete: for create(): the queue and the body (or NewEvent) to push exactly once when all is done.
        """
        return Group(self._session.channel, self._session.queues, group_id=group_id, on_complete=on_complete)

    def commit(self, *, request_id: str | None = None) -> Transaction:
        """An atomic step that ends no event: `async with client.commit() as tx`.

        Args:
            request_id: makes the step happen once even when a program asks for it again, for 24 h. None: made here.
        """
        return self._session.transaction(request_id=request_id)

    async def consume(
        self,
        queues: Sequence[str],
        handler: Handler,
        *,
        concurrency: int = 32,
        lease_duration: float = 60.0,
        prefetch: int | None = None,
        worker_id: str | None = None,
        grace: float = 10.0,
    ) -> None:
        """Handle the events of some queues, served in turn, until cancelled.

        A handler that returns has succeeded. It may return or raise Success, Retry, Fail or Release; any other
        exception is logged and becomes a Retry. What it, or a task that it starts, pushes to this service has its event
        for a parent, until that is settled. When its lease is lost or its event cancelled, the handler is cancelled.
        Leases are extended while handlers run; streams reconnect by themselves, and handlers run on meanwhile.

        Cancelling takes no more deliveries, gives back those that were not begun, lets running handlers finish for
        grace seconds, sends their settles, and then raises CancelledError.

        Args:
            queues: names, 1 to 100. They need not exist yet.
            handler: an async function of one Event.
            concurrency: handlers at a time.
            lease_duration: seconds, 1 s to 12 h: how soon another worker gets an event when this one dies.
            prefetch: deliveries held beyond those that run. None: as many as concurrency.
            worker_id: names this worker in the service's logs, at most 128 bytes. None: host and process.
            grace: seconds.

        Raises:
            InvalidRequest, Unimplemented, Unauthenticated, PermissionDenied: the service refuses the subscription.
        """
        options = ConsumeOptions(
            concurrency=concurrency,
            lease_duration=lease_duration,
            prefetch=prefetch,
            worker_id=worker_id,
            grace=grace,
        )
        await Consumer(self._session, queues, handler, options).run()
