"""The loop of maintenance: a tick lets every chore that is due take a step, and tells when the next one is."""

import asyncio
import logging
import math
from collections.abc import Sequence

from queue_service.domain.errors import BrokerError
from queue_service.domain.limits import MINUTE
from queue_service.maintenance.chores import Chore
from queue_service.ports import Clock, Store, Workset

LONGEST_WAIT = 10 * MINUTE
"""Between steps of a chore, so that a jump of the wall clock delays nothing for long."""
RETRY = 1_000
LONGEST_REST_SECONDS = 0.1
NEVER = math.inf

log = logging.getLogger(__name__)


class Maintenance:
    """Lets chores take their steps when they are due; commits may bring that forward."""

    def __init__(self, chores: Sequence[Chore], store: Store, clock: Clock) -> None:
        self._chores = chores
        self._store = store
        self._clock = clock
        self._due: list[float] = [0.0] * len(chores)
        """When each chore is due, in milliseconds since the epoch."""
        self._asleep_until = 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what a former process left, and go on by itself."""
        for chore in self._chores:
            await chore.start()
        self._store.on_commit(self._committed)
        self._task = asyncio.create_task(self._run(), name="maintenance")

    async def stop(self) -> None:
        """End after the step that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def tick(self, now: int) -> int:
        """Do what is due. Answers when to tick again, in milliseconds since the epoch."""
        for number, chore in enumerate(self._chores):
            if not now < self._due[number] <= now + LONGEST_WAIT:  # later than that: the clock went back
                self._due[number] = NEVER  # what is committed meanwhile may bring it forward again
                due = await self._step(chore, now)
                self._due[number] = min(self._due[number], due, now + LONGEST_WAIT)
        return int(min(self._due))

    async def _step(self, chore: Chore, now: int) -> float:
        try:
            due = await chore.step(now)
        except BrokerError as error:
            log.warning("maintenance could not do its step, trying again: %s", error)
            return now + RETRY
        except Exception:  # a fault of ours in one chore; the others have to be done all the same
            log.exception("a step of maintenance failed, trying again")
            return now + RETRY
        return NEVER if due is None else due

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            begun = loop.time()
            self._asleep_until = await self.tick(self._clock.now())
            wait = self._asleep_until - self._clock.now()
            if wait > 0:
                await self._sleep(wait / 1000)
            else:  # steps that go on at once leave the others half of the writer's time
                await asyncio.sleep(min(loop.time() - begun, LONGEST_REST_SECONDS))

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _committed(self, work: Workset) -> None:
        for number, chore in enumerate(self._chores):
            due = chore.committed(work)
            if due is not None and due < self._due[number]:
                self._due[number] = due
                if due < self._asleep_until:
                    self._wake.set()
