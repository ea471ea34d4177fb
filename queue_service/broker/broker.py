"""The broker: what can be asked of it, over the store and with the deliveries of this process."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any

from queue_service.broker.answers import CommitAnswer
from queue_service.broker.cancel import CancelGroup, CancelJob
from queue_service.broker.commit import Commit, CommitStep
from queue_service.broker.dispatch import Dispatcher
from queue_service.broker.extend import Extend, Extended, Extension
from queue_service.broker.groups import CreateGroup, SealGroup
from queue_service.broker.leases import Leases
from queue_service.broker.push import NewJob, Parent, Push, Pushed
from queue_service.broker.scheduling import Scheduling
from queue_service.broker.settle import ExpireLeases, Settle, Settlement
from queue_service.broker.subscriber import Subscriber
from queue_service.broker.terms import Terms
from queue_service.domain.errors import BrokerError, GroupNotFound, JobNotFound, Unavailable
from queue_service.domain.ids import LeaseKey, format_id, lease_id
from queue_service.domain.limits import BROKEN_STREAM_LEASE, RESTART_GRACE, SETTLED_MEMORY
from queue_service.domain.outcomes import Release
from queue_service.domain.records import Group, OnComplete
from queue_service.kv.rates import EntryRates
from queue_service.ports import Clock, Store, Workset
from queue_service.ports.changes import Settled
from queue_service.ports.store import JobDetails, JobView

UNDELIVERED = "UNDELIVERED"
"""The reason of a release by the broker itself: the event was leased and never sent."""
EXPIRY_RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Broker:
    """The use cases of the queue.

    Args:
        terms: what holds for every request.
        rates: of operations on entries, which a commit has too.
    """

    def __init__(self, store: Store, clock: Clock, terms: Terms, rates: EntryRates) -> None:
        self._store = store
        self._rates = rates
        self._clock = clock
        self._terms = terms
        self._leases = Leases(clock, self._expire)
        self.schedules = Scheduling(store, terms)
        self._dispatcher = Dispatcher(store, clock, self._leases, give_back=self._give_back, terms=terms)
        self._settled: OrderedDict[LeaseKey, Settled] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._unsettled: set[LeaseKey] = set()

    async def start(self) -> None:
        """Take over what the store holds."""
        self._store.on_commit(self._committed)
        now = self._clock.now()
        for leased in await self._store.leased_events():
            # Within the longest lease there is: the wall clock may have gone back while the broker was down.
            remaining = min(max(leased.expire_time - now, RESTART_GRACE), self._terms.limits.lease_max)
            self._leases.add(leased.key, queue=leased.queue, job=leased.job, group=leased.group, duration=remaining)
        self._dispatcher.start(await self._store.queues())

    async def drain(self) -> None:
        """Deliver no more and tell every stream. Settles and pushes that have begun are finished."""
        self._draining = True
        self._unsettled = self._leases.held()
        self._leases.stop()
        await self._dispatcher.drain()

    async def settled(self, seconds: float) -> None:
        """After drain(): give workers of streams so many seconds to settle what they hold."""
        await self._leases.all_ended(self._unsettled, seconds)

    async def finish(self) -> None:
        """Wait for what the broker itself has begun."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def lease_id(self, key: LeaseKey) -> str:
        """The name of a lease on the wire."""
        return lease_id(self._store.incarnation, key)

    @property
    def incarnation(self) -> str:
        """The store's; lease ids of another one are lost."""
        return self._store.incarnation

    @property
    def streams(self) -> int:
        """Open streams of deliveries."""
        return self._dispatcher.streams

    @property
    def leases(self) -> int:
        """Live leases."""
        return len(self._leases)

    async def push(self, jobs: list[NewJob]) -> list[Pushed | BrokerError]:
        """Push jobs independently.

        Raises:
            Unavailable: the broker is stopping.
        """
        if self._draining:
            raise Unavailable("the broker is stopping")
        return await self._store.write(Push(jobs, terms=self._terms))

    async def settle(self, settlements: list[Settlement]) -> list[Settled]:
        """Settle deliveries independently, each lease at most once."""
        return await self._store.write(Settle(settlements, remembered=self._settled, terms=self._terms))

    async def extend(self, extensions: list[Extension]) -> list[Extended]:
        """Extend leases independently."""
        return await self._store.write(Extend(extensions, terms=self._terms))

    async def commit(self, step: CommitStep) -> CommitAnswer:
        """Carry out a step, all or nothing.

        Raises:
            RateLimited: it has more operations on entries than the rate of writes allows now.
            BrokerError: a part of it does not hold.
        """
        self._rates.write(len(step.checks) + len(step.writes))
        return await self._store.write(Commit(step, terms=self._terms))

    async def get_jobs(self, job_ids: Sequence[bytes]) -> dict[bytes, JobView]:
        """Jobs that are kept, by id."""
        return await self._store.get_jobs(job_ids)

    async def get_job(self, job_id: bytes) -> JobDetails:
        """One job with what is shown of its events.

        Raises:
            JobNotFound: it is not kept.
        """
        found = await self._store.get_job_details([job_id])
        if job_id not in found:
            raise JobNotFound(format_id(job_id))
        return found[job_id]

    async def cancel_job(self, job_id: bytes) -> JobDetails:
        """Cancel a job.

        Raises:
            JobNotFound: it is not kept.
        """
        await self._store.write(CancelJob(job_id))
        return await self.get_job(job_id)

    async def create_group(
        self, *, group_id: bytes | None, on_complete: OnComplete | None, fingerprint: bytes, parent: Parent | None
    ) -> tuple[Group, bool]:
        """Open a group. Answers it, and whether it was there already.

        Raises:
            IdReused: the id was used with another on_complete.
            LeaseLost: the parent's lease does not hold.
            QueueNotFound: there is no queue for on_complete, and pushes do not make one.
        """
        unit = CreateGroup(
            group_id=group_id,
            on_complete=on_complete,
            fingerprint=fingerprint,
            parent=parent,
            terms=self._terms,
        )
        return await self._store.write(unit)

    async def seal_group(self, group_id: bytes) -> Group:
        """Close a group for pushes from outside.

        Raises:
            GroupNotFound: there is none.
        """
        return await self._store.write(SealGroup(group_id))

    async def cancel_group(self, group_id: bytes) -> Group:
        """Seal a group and cancel its jobs.

        Raises:
            GroupNotFound: there is none.
        """
        return await self._store.write(CancelGroup(group_id))

    async def get_group(self, group_id: bytes) -> Group:
        """One group.

        Raises:
            GroupNotFound: there is none.
        """
        group = await self._store.get_group(group_id)
        if group is None:
            raise GroupNotFound(format_id(group_id))
        return group

    def subscribe(self, queues: tuple[str, ...], *, max_in_flight: int, lease_duration: int) -> Subscriber:
        """Begin to receive frame after frame. End it with leave()."""
        return self._dispatcher.subscribe(queues, max_in_flight=max_in_flight, lease_duration=lease_duration)

    def ask(self, queues: tuple[str, ...], *, events: int, lease_duration: int, impatient: bool) -> Subscriber:
        """Ask for one frame of at most so many events; impatient: only for what is ready. End it with leave()."""
        return self._dispatcher.subscribe(
            queues, max_in_flight=events, once=True, lease_duration=lease_duration, impatient=impatient
        )

    def leave(self, subscriber: Subscriber, *, broken: bool) -> None:
        """End receiving. Deliveries that it did not take go back at once.

        Args:
            subscriber: who leaves.
            broken: its worker may be gone, so leases that were never extended end soon.
        """
        self._dispatcher.leave(subscriber)
        back = [delivery.key for delivery in subscriber.frame if delivery.key in subscriber.leases]
        self._leases.leave(subscriber.leases.keys() - back, remaining=BROKEN_STREAM_LEASE if broken else None)
        self._leases.leave(back)
        if back:
            self._give_back(back)

    def _committed(self, work: Workset) -> None:
        notices = work.notices
        for key, settled in notices.settled:
            self._settled[key] = settled
            self._leases.end(key)
        while len(self._settled) > SETTLED_MEMORY:
            self._settled.popitem(last=False)
        for key, duration in notices.extended:
            self._leases.extend(key, duration)
        if notices.cancelled_jobs or notices.cancelled_groups or notices.purged:
            self._leases.request_cancel(
                jobs=notices.cancelled_jobs.keys(), groups=notices.cancelled_groups.keys(), purged=notices.purged
            )
        if notices.ready:
            self._dispatcher.tell_ready(notices.ready)
        if notices.paused:
            self._dispatcher.tell_paused(notices.paused)

    def _give_back(self, keys: list[LeaseKey]) -> None:
        outcome = Release(reason=UNDELIVERED)
        self._spawn(self._release([Settlement(key=key, outcome=outcome) for key in keys]))

    async def _release(self, settlements: list[Settlement]) -> None:
        try:
            await self.settle(settlements)
        except BrokerError as error:  # their leases run out then
            log.warning("could not give %d undelivered events back: %s", len(settlements), error)

    def _expire(self, keys: list[LeaseKey]) -> None:
        self._spawn(self._take_back(keys))

    async def _take_back(self, keys: list[LeaseKey]) -> None:
        try:
            await self._store.write(ExpireLeases(keys, is_over=self._leases.is_over, terms=self._terms))
        except BrokerError as error:
            log.warning("could not take back %d events whose leases ran out, trying again: %s", len(keys), error)
            if not self._draining:
                asyncio.get_running_loop().call_later(EXPIRY_RETRY_SECONDS, self._expire, keys)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
