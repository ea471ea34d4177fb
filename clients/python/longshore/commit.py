"""The atomic step: check entries, settle an event, push jobs and write entries, all or nothing.

Collected in a block, sent once when the block ends well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from longshore import outcomes, payloads
from longshore.channel import Channel
from longshore.event import Event
from longshore.groups import Group
from longshore.handling import Parent, resolve
from longshore.ids import new_id
from longshore.job import Job, Jobs
from longshore.policies import Concurrency, RetryPolicy
from longshore.pushes import NewEvent, push_request
from longshore.times import Span, duration, instant
from longshore.v1.queue_service_pb2 import CommitRequest, EntryCheck, EntryDelete, EntrySet, EntryWrite

if TYPE_CHECKING:
    from longshore.v1.queue_service_pb2_grpc import QueueServiceAsyncStub


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitResult:
    """What an atomic step did.

    Attributes:
        jobs: the jobs it pushed, in order.
        versions: the versions of the entries it set, by key; 0 for those it deleted.
        commit_time: the instant of the whole step, in UTC.
        deduplicated: whether this is the remembered answer of an earlier commit with the same request_id.
    """

    jobs: tuple[Job, ...]
    versions: Mapping[str, int]
    commit_time: datetime
    deduplicated: bool


class Transaction:
    """An atomic step being put together: `async with event.commit() as tx` or `async with client.commit() as tx`.

    At most 1,000 settles and events, and 100 entry operations; each key is checked and written at most once.
    Leaving the block well sends it; the errors of that are:
        EntryExists, VersionMismatch: a check did not hold.
        LeaseLost: the event is no longer this handler's.
        InvalidRequest: a name, size or bound is wrong.
        Unavailable, DeadlineExceeded: no answer in time. It may have happened; with the same request_id, asking
            again is safe.
    """

    def __init__(
        self,
        channel: Channel,
        stub: "QueueServiceAsyncStub",
        jobs: Jobs,
        *,
        event: Event | None = None,
        request_id: str | None = None,
    ) -> None:
        self._channel = channel
        self._stub = stub
        self._jobs = jobs
        self._event = event
        self._request = CommitRequest(request_id=request_id or new_id())
        self._outcome: outcomes.Outcome = outcomes.SUCCESS
        self._result: CommitResult | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            await self._send()

    @property
    def result(self) -> CommitResult:
        """What the step did; known when the block has ended well."""
        if self._result is None:
            raise RuntimeError("A commit has a result when its block has ended well, not before")
        return self._result

    def push(  # noqa: PLR0913  all of them options
        self,
        queue: str,
        body: object,
        *,
        delay: Span | None = None,
        not_before: datetime | None = None,
        attributes: Mapping[str, str] | None = None,
        priority: int | None = None,
        concurrency: Concurrency | None = None,
        retry_policy: RetryPolicy | None = None,
        expire_after: Span | None = None,
        group: Group | None = None,
        seal_group: bool = False,
        request_id: str | None = None,
        job_id: str | None = None,
        parent: Parent = ...,
    ) -> Job:
        """Push one event as a job; it inherits lineage and group of the event that this step ends.

        The arguments are those of Queue.push. The job exists once the block has ended well.
        """
        event = NewEvent(body, delay, not_before, attributes, priority, concurrency, retry_policy, expire_after)
        return self.push_many(
            queue,
            (event,),
            group=group,
            seal_group=seal_group,
            request_id=request_id,
            job_id=job_id,
            parent=parent,
        )

    def push_many(
        self,
        queue: str,
        events: Iterable[NewEvent],
        *,
        group: Group | None = None,
        seal_group: bool = False,
        request_id: str | None = None,
        job_id: str | None = None,
        parent: Parent = ...,
    ) -> Job:
        """Push several events as one job; see push."""
        request = push_request(
            queue,
            events,
            group_id=None if group is None else group.group_id,
            seal_group=seal_group,
            request_id=request_id,
            job_id=job_id,
        )
        if parent is ... and self._event is not None:
            parent = self._event
        if (found := resolve(parent, self._channel.address)) is not None:
            request.parent_lease_id = found.lease_id
        self._request.pushes.append(request)
        return Job(self._jobs, request.job_id)

    def set(self, key: str, value: object, *, expire_after: Span | None = None) -> None:
        """Write an entry.

        Args:
            key: 1 to 500 letters, digits, spaces and ": . _ - # /".
            value: a JSON value or bytes, at most 240 KiB encoded.
            expire_after: seconds or timedelta it lives. None: it does not expire.
        """
        life = None if expire_after is None else duration(expire_after, "expire_after")
        entry = EntrySet(payload=payloads.encode(value), expire_after=life)
        self._request.entry_writes.append(EntryWrite(key=key, set=entry))

    def delete(self, key: str) -> None:
        """Remove an entry, if there is one."""
        self._request.entry_writes.append(EntryWrite(key=key, delete=EntryDelete()))

    def check(self, key: str, *, absent: bool = False, version: int | None = None) -> None:
        """Demand something of an entry as it was before this step.

        Args:
            key: of the entry.
            absent: there must be none.
            version: it must have this version. Give exactly one of the two.
        """
        if absent == (version is not None):
            raise ValueError(f"check({key!r}) needs either absent=True or version=...")
        self._request.entry_checks.append(
            EntryCheck(key=key, absent=True) if version is None else EntryCheck(key=key, version=version)
        )

    def success(self, result: object = outcomes.NOTHING) -> None:
        """End the event well. This is so unless something else is said; see Success."""
        self._settle(outcomes.Success(result))

    def retry(
        self, *, after: Span | None = None, reason: str = "", message: str = "", data: object = outcomes.NOTHING
    ) -> None:
        """Have the event delivered again, counted as a failure; see Retry."""
        self._settle(outcomes.Retry(after=after, reason=reason, message=message, data=data))

    def fail(self, reason: str, message: str = "") -> None:
        """Make the event a dead letter; see Fail."""
        self._settle(outcomes.Fail(reason, message))

    def release(self, *, after: Span | None = None, reason: str = "", data: object = outcomes.NOTHING) -> None:
        """Have the event delivered again, counted as nothing; see Release."""
        self._settle(outcomes.Release(after=after, reason=reason, data=data))

    def _settle(self, outcome: outcomes.Outcome) -> None:
        if self._event is None:
            raise RuntimeError("This commit ends no event; begin it with event.commit() to settle one")
        self._outcome = outcome

    async def _send(self) -> None:
        event = self._event
        if event is not None:
            self._request.acknowledgements.append(self._outcome.acknowledgement(event.lease_id))
        response = await self._channel.call(self._stub.Commit, self._request)
        if event is not None:
            event.mark_settled()
        self._result = CommitResult(
            jobs=tuple(Job(self._jobs, push.job_id, deduplicated=push.deduplicated) for push in response.pushes),
            versions={write.key: write.version for write in response.entry_writes},
            commit_time=instant(response.commit_time),
            deduplicated=response.deduplicated,
        )
