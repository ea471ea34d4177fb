"""What lets requests through to a source: its budget, shared by all workers, and the pauses that it asked for.

Owns the permits of this process: a few at a time are taken from the shared budget, so that a request costs no call.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from import_worker.http import budget as budgets
from import_worker.http.budget import Budget, Grant, Rate
from import_worker.http.exchange import Gate, Response
from import_worker.http.feedback import Feedback
from import_worker.http.retry import NotAdmitted
from import_worker.ports import Board, Clock, Note

MAX_RACES = 20
"""How often permits are asked for while other workers keep changing the budget, before the step makes room."""
MAX_AHEAD = 64
"""Permits that are taken ahead of need at most."""
LOOK_SECONDS = 1.0
"""How long a process goes on without looking for pauses of others, where no window makes it look."""

_UNLIMITED = 1 << 30
_SHORTEST_WAIT = 0.001


class Open:
    """A gate that lets everything through, and only reads what answers ask for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._feedback = Feedback()

    def admitted(self) -> AbstractAsyncContextManager[None]:
        """See Gate."""
        return nullcontext()

    async def heed(self, response: Response) -> None:
        """See Gate."""

    def asked_pause(self, response: Response) -> float | None:
        """See Gate."""
        return self._feedback.pause(response.headers, self._clock.now())


class Beside:
    """The gate of an endpoint beside a source, such as one for tokens: it costs permits, but its words are its own."""

    def __init__(self, source: Gate) -> None:
        self._source = source

    def admitted(self) -> AbstractAsyncContextManager[None]:
        """See Gate."""
        return self._source.admitted()

    async def heed(self, response: Response) -> None:
        """See Gate."""

    def asked_pause(self, response: Response) -> float | None:
        """See Gate."""
        return self._source.asked_pause(response)


class Limiter:
    """The gate of one source in one process."""

    def __init__(
        self,
        *,
        board: Board,
        key: str,
        rates: Sequence[Rate],
        max_concurrency: int | None,
        feedback: Feedback,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        max_inline_wait: float,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            board: where the budget is shared.
            key: of the budget there.
            rates: every window of the budget; none: only pauses are heeded.
            max_concurrency: requests at a time in this process. None: any number.
            feedback: how answers ask for pauses.
            clock: wall time, on which the clocks of all workers agree.
            sleep: how to wait.
            max_inline_wait: seconds that one request waits in place at most.
        """
        self._board, self._key, self._rates = board, key, rates
        self._feedback, self._clock = feedback, clock
        self._sleep, self._max_inline_wait = sleep, max_inline_wait
        self._slots = asyncio.Semaphore(max_concurrency or _UNLIMITED)
        self._refilling = asyncio.Lock()
        self._note = Note(value=None, version=0)
        self._budget = Budget()
        self._permits = 0
        self._until = 0.0
        self._closed_until = 0.0
        self._taken = 0
        self._waiting = 0
        self._life = budgets.shortest_life(rates)

    @asynccontextmanager
    async def _admission(self) -> AsyncIterator[None]:
        async with self._slots:
            self._waiting += 1
            try:
                await self._permit()
            finally:
                self._waiting -= 1
            yield

    def admitted(self) -> AbstractAsyncContextManager[None]:
        """See Gate."""
        return self._admission()

    def asked_pause(self, response: Response) -> float | None:
        """See Gate."""
        return self._feedback.pause(response.headers, self._clock.now())

    async def heed(self, response: Response) -> None:
        """See Gate. A pause is known here at once, and to other workers with their next permits."""
        seconds = self.asked_pause(response)
        if seconds is None:
            return
        until = self._clock.now() + seconds
        async with self._refilling:
            if until <= self._budget.paused_until:
                return
            self._budget = budgets.pause(self._budget, until)
            for _ in range(MAX_RACES):
                if await self._write(self._budget):
                    return
                await self._read()

    async def _permit(self) -> None:
        """Use up one permit, after waiting in place for a while at most."""
        waited = 0.0
        while (wait := await self._try()) > 0:
            waited += wait
            if waited > self._max_inline_wait:
                raise NotAdmitted(f"the source may be asked again in {wait:.3g} s, by its rate limit", after=wait)
            await self._sleep(wait)

    async def _try(self) -> float:
        """Use up one permit; 0 where that was possible, else seconds to wait."""
        async with self._refilling:
            now = self._clock.now()
            closed_until = max(self._closed_until, self._budget.paused_until)
            if closed_until > now:
                return max(closed_until - now, _SHORTEST_WAIT)
            if self._permits < 1 or now >= self._until:
                wait = await self._refill()
                if wait > 0:
                    return wait
            self._permits -= 1
            return 0.0

    async def _refill(self) -> float:
        """Take permits from the shared budget; seconds to wait where it has none."""
        wanted = self._wanted()
        if not self._rates:
            await self._read()
        for _ in range(MAX_RACES):
            asked = self._clock.now()
            grant = budgets.take(self._budget, self._rates, now=asked, wanted=wanted, life=self._life)
            if not self._rates and grant.permits:
                self._permits, self._until = _UNLIMITED, asked + LOOK_SECONDS
                return 0.0
            if not grant.permits and not await self._is_news():
                self._closed_until = asked + grant.wait
                return max(grant.wait, _SHORTEST_WAIT)
            if grant.permits and await self._accept(grant, asked):
                return 0.0
        return self._life

    async def _accept(self, grant: Grant, asked: float) -> bool:
        """Whether the permits could be written down, and came in time to be used."""
        if not await self._write(grant.budget):
            await self._read()
            return False
        now = self._clock.now()
        # An answer that takes longer than the permits live would make all of them void, again and again.
        self._life = max(budgets.shortest_life(self._rates), 2 * (now - asked))
        self._permits, self._until, self._taken = grant.permits, grant.until, grant.permits
        return now < grant.until

    def _wanted(self) -> int:
        """More than before where the last permits were used up in time; else as many as were of use."""
        in_time = self._clock.now() < self._until
        ahead = 2 * self._taken if in_time else self._taken - self._permits
        return max(self._waiting, min(ahead, MAX_AHEAD), 1)

    async def _is_news(self) -> bool:
        """Whether the budget changed since it was last seen, so that asking again makes sense."""
        version = self._note.version
        await self._read()
        return self._note.version != version

    async def _read(self) -> None:
        self._take_note(await self._board.read(self._key))

    async def _write(self, budget: Budget) -> bool:
        value, life = budgets.write_budget(budget), budgets.life_of(budget, self._clock.now())
        note = await self._board.write(self._key, value, over=self._note, life=life)
        if note is not None:
            self._take_note(note)
        return note is not None

    def _take_note(self, note: Note) -> None:
        # A pause that was asked of this process holds, although its note may still be on its way.
        self._note = note
        self._budget = budgets.pause(budgets.read_budget(note.value), self._budget.paused_until)
