"""The live leases of this process: who holds them, and one timer that fires when the next one runs out.

The store knows every lease too; this is only when to look. Ends are kept in monotonic time, so that a jump of the
wall clock neither ends leases nor keeps them for ever.
"""

import asyncio
import contextlib
import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from queue_service.domain.ids import LeaseKey
from queue_service.ports import Clock

EXPIRE_AT_ONCE = 500
"""Leases that one step takes back: a crash of many workers must not hold the writer for long."""


class Holder(Protocol):
    """Who has leases in flight."""

    def lease_ended(self, key: LeaseKey) -> None:
        """One of them ended, by whomever."""
        ...

    def cancel_requested(self, key: LeaseKey) -> None:
        """One of them should be given up."""
        ...


@dataclass(kw_only=True, slots=True)
class Lease:
    """One live lease. end is monotonic seconds."""

    key: LeaseKey
    queue: int
    job: int
    group: int | None
    end: float
    holder: Holder | None
    extended: bool = False


class Leases:
    """Every live lease.

    Args:
        expire: called with keys whose time is over, at most EXPIRE_AT_ONCE at a time.
    """

    def __init__(self, clock: Clock, expire: Callable[[list[LeaseKey]], None]) -> None:
        self._clock = clock
        self._expire = expire
        self._leases: dict[LeaseKey, Lease] = {}
        self._ends: list[tuple[float, LeaseKey]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf
        self._awaited: set[LeaseKey] = set()
        self._awaited_ended = asyncio.Event()

    def __len__(self) -> int:
        return len(self._leases)

    def add(
        self, key: LeaseKey, *, queue: int, job: int, group: int | None, duration: int, holder: Holder | None = None
    ) -> None:
        """Take in a lease of so many milliseconds from now."""
        end = self._clock.monotonic() + duration / 1000
        lease = Lease(key=key, queue=queue, job=job, group=group, end=end, holder=holder)
        self._leases[key] = lease
        self._schedule(lease)

    def extend(self, key: LeaseKey, duration: int) -> None:
        """Let a lease last so many milliseconds from now, if it does not last longer."""
        lease = self._leases.get(key)
        if lease is None:
            return
        lease.extended = True
        end = self._clock.monotonic() + duration / 1000
        if end > lease.end:
            lease.end = end
            self._schedule(lease)

    def end(self, key: LeaseKey) -> None:
        """Forget a lease that was settled."""
        lease = self._leases.pop(key, None)
        if lease is not None and lease.holder is not None:
            lease.holder.lease_ended(key)
        self._awaited.discard(key)
        if not self._awaited:
            self._awaited_ended.set()

    def is_over(self, key: LeaseKey) -> bool:
        """Whether its time has run out: it may have been extended since that was told."""
        lease = self._leases.get(key)
        return lease is None or lease.end <= self._clock.monotonic()

    def leave(self, keys: Iterable[LeaseKey], *, remaining: int | None = None) -> None:
        """Their holder is gone: those never extended last at most so many milliseconds more."""
        latest = math.inf if remaining is None else self._clock.monotonic() + remaining / 1000
        for key in keys:
            lease = self._leases.get(key)
            if lease is None:
                continue
            lease.holder = None
            if not lease.extended and lease.end > latest:
                lease.end = latest
                self._schedule(lease)

    def request_cancel(self, *, jobs: AbstractSet[int], groups: AbstractSet[int], purged: Mapping[int, int]) -> None:
        """Tell the holders of leases of these jobs and groups, and of events of purged queues below their marks."""
        for lease in self._leases.values():
            cancelled = lease.job in jobs or lease.group in groups or lease.key.event < purged.get(lease.queue, 0)
            if cancelled and lease.holder is not None:
                lease.holder.cancel_requested(lease.key)

    def held(self) -> set[LeaseKey]:
        """Those that a stream holds."""
        return {key for key, lease in self._leases.items() if lease.holder is not None}

    async def all_ended(self, keys: set[LeaseKey], seconds: float) -> None:
        """Wait until these have ended, at most so many seconds."""
        self._awaited = {key for key in keys if key in self._leases}
        self._awaited_ended.clear()
        if self._awaited:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awaited_ended.wait(), seconds)

    def stop(self) -> None:
        """Let no more leases run out."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def run_out(self) -> None:
        """Hand over what is due, and set the timer for the next."""
        self._timer = None
        now = self._clock.monotonic()
        due: list[LeaseKey] = []
        while self._ends and self._ends[0][0] <= now and len(due) < EXPIRE_AT_ONCE:
            end, key = heapq.heappop(self._ends)
            lease = self._leases.get(key)
            if lease is not None and lease.end == end:
                due.append(key)
        if due:
            self._expire(due)
        self._set_timer()

    def _schedule(self, lease: Lease) -> None:
        heapq.heappush(self._ends, (lease.end, lease.key))
        if len(self._ends) > 2 * len(self._leases) + EXPIRE_AT_ONCE:  # drop what was extended or settled since
            self._ends = [(live.end, key) for key, live in self._leases.items()]
            heapq.heapify(self._ends)
        if self._timer is None or self._ends[0][0] < self._due:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._ends:
            self._due = self._ends[0][0]
            delay = max(0.0, self._due - self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self.run_out)
