"""Calls that go together: items which arrive while calls are under way share the next call.

No timer: the first item goes at once, and the busier the service, the larger the batches.
"""

import asyncio
import copy
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from longshore.errors import DeadlineExceeded, LongshoreError, Unavailable
from longshore.waits import Pauses

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_ITEMS = 1_000
MAX_BYTES = 3_500_000
MAX_CALLS = 2


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    """An item, its share of a call's bounds, how long it is worth sending, who waits for it, and why it still does."""

    item: Item
    weight: int
    size: int
    deadline: float
    patient_until: float
    future: asyncio.Future[Result]
    error: LongshoreError | None = None


class Coalescer(Generic[Item, Result]):
    """Sends items in batches: at most MAX_ITEMS of weight and MAX_BYTES each, at most MAX_CALLS under way.

    It holds one item for each caller that waits, and no others. While the service is unavailable an item is sent
    again until its own deadline, so an item must be harmless to repeat.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item], float], Awaitable[Sequence[Result | LongshoreError]]],
        *,
        timeout: float,
        patience: float,
    ) -> None:
        """Make a coalescer.

        Args:
            send: sends a batch within so many seconds; answers one result or error for each item, in order.
            timeout: seconds that one call may take, and that an item is kept unless submit says otherwise.
            patience: seconds that an item is kept while the service is unavailable, unless submit says otherwise.
        """
        self._send = send
        self._patience = patience
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._pending: deque[_Waiting[Item, Result]] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._woken = False
        self._closed = False

    def submit(
        self, item: Item, *, size: int, weight: int = 1, lifetime: float | None = None
    ) -> asyncio.Future[Result]:
        """Hand over an item for one of the next calls. Cancelling the future takes it back if it was not sent yet.

        Args:
            item: what to send.
            size: its encoded bytes.
            weight: how much of MAX_ITEMS it takes.
            lifetime: seconds from now in which it is worth sending. None: timeout and patience decide.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._closed:
            future.set_exception(_closed())
            return future
        now = self._loop.time()
        deadline = now + (self._timeout if lifetime is None else lifetime)
        patient_until = deadline if lifetime is not None else now + self._patience
        self._pending.append(_Waiting(item, weight, size, deadline, patient_until, future))
        self._wake()
        return future

    async def close(self) -> None:
        """Give up what is under way; who waits for it gets an error."""
        self._closed = True
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        self._refuse(self._pending, _closed())
        self._pending.clear()

    def _wake(self) -> None:
        """Start calls at the end of this turn of the loop: all that is submitted in one turn goes together."""
        if not self._woken and len(self._calls) < MAX_CALLS:
            self._woken = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        self._woken = False
        if self._pending and not self._closed:
            self._calls.add(self._loop.create_task(self._run()))

    async def _run(self) -> None:
        """Make one call after the other until nothing is pending."""
        pauses = Pauses()
        try:
            while batch := self._take():
                if self._pending:
                    self._wake()
                error = await self._attempt(batch)
                if error is None:
                    pauses.reset()
                else:
                    await asyncio.sleep(pauses.next(error.retry_after))
        finally:
            # In the same turn as the last look for work, so that whoever submits next finds this call gone.
            self._calls.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if self._pending:
                self._wake()

    async def _attempt(self, batch: list[_Waiting[Item, Result]]) -> LongshoreError | None:
        """Send a batch and give everyone their result; put back what is worth another attempt, and say why."""
        remaining = min(waiting.deadline for waiting in batch) - self._loop.time()
        try:
            results = await self._send([waiting.item for waiting in batch], min(remaining, self._timeout))
        except (Unavailable, DeadlineExceeded) as error:
            self._put_back(batch, error)
            return error
        except LongshoreError as error:
            self._refuse(batch, error)
            return None
        except BaseException:
            # Closed, or a defect: nobody may wait for ever.
            self._refuse(batch, _closed())
            raise
        busy: list[_Waiting[Item, Result]] = []
        reason: LongshoreError | None = None
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Unavailable):
                busy.append(waiting)
                reason = result
            elif not waiting.future.done():
                if isinstance(result, LongshoreError):
                    waiting.future.set_exception(result)
                else:
                    waiting.future.set_result(result)
        if reason is not None:
            self._put_back(busy, reason)
        return reason

    def _take(self) -> list[_Waiting[Item, Result]]:
        """The next batch, without items that nobody waits for or whose time is over. Empty: nothing waits."""
        batch: list[_Waiting[Item, Result]] = []
        weight = size = 0
        now = self._loop.time()
        while self._pending:
            first = self._pending[0]
            if first.future.done():
                self._pending.popleft()
                continue
            if first.deadline <= now:
                self._refuse((first,), first.error or DeadlineExceeded("The time was over before this was sent"))
                self._pending.popleft()
                continue
            weight += first.weight
            size += first.size
            if batch and (weight > MAX_ITEMS or size > MAX_BYTES):
                break
            batch.append(self._pending.popleft())
        return batch

    def _put_back(self, batch: Sequence[_Waiting[Item, Result]], error: LongshoreError) -> None:
        now = self._loop.time()
        for waiting in reversed(batch):
            waiting.error = error
            if now >= (waiting.patient_until if isinstance(error, Unavailable) else waiting.deadline):
                self._refuse((waiting,), error)
            elif not waiting.future.done():
                self._pending.appendleft(waiting)

    def _refuse(self, batch: Iterable[_Waiting[Item, Result]], error: LongshoreError) -> None:
        for waiting in batch:
            if not waiting.future.done():
                # Each raises its own: a traceback belongs to one task.
                waiting.future.set_exception(copy.copy(error))


def _closed() -> LongshoreError:
    return LongshoreError("The client was closed before this was answered", code="CANCELLED")
