"""The limiter of several processes on one board, while time passes anywhere: no window is ever exceeded."""

import asyncio
import random
from bisect import bisect_left

import pytest

from import_worker.http.feedback import Feedback
from import_worker.http.limiter import Limiter
from import_worker.http.retry import NotAdmitted
from import_worker.ports import Note


class World:
    """A clock and a board; at every turn of a worker some time may pass."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.time = 1_000.0
        self.note = Note(value=None, version=0)
        self.uses = []

    def now(self):
        return self.time

    async def turn(self):
        self.time += self.random.choice([0, 0, 0, 0.001, 0.02, 0.2])
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)

    async def read(self, _key):
        await self.turn()
        note = self.note
        await self.turn()
        return note

    async def write(self, _key, value, *, over, life):
        await self.turn()
        if over.version != self.note.version:
            return None
        self.note = note = Note(value=value, version=over.version + 1)
        await self.turn()
        return note

    async def sleep(self, seconds):
        self.time += self.random.choice([0.3, 1, 1]) * seconds
        await self.turn()


@pytest.mark.parametrize("seed", range(20))
async def test_no_window_is_exceeded_whatever_the_order_of_things(seed):
    world = World(seed)
    rates = world.random.choice([[(5, 1.0)], [(3, 1.0), (20, 10.0)], [(50, 2.0)], [(1, 1.0)]])
    limiters = [
        Limiter(
            board=world,
            key="k",
            rates=rates,
            max_concurrency=None,
            feedback=Feedback(),
            clock=world,
            sleep=world.sleep,
            max_inline_wait=3,
        )
        for _ in range(3)
    ]

    async def ask(limiter):
        for _ in range(15):
            try:
                async with limiter.admitted():
                    world.uses.append(world.time)
            except NotAdmitted:
                await world.turn()
            await world.turn()

    await asyncio.gather(*(ask(limiter) for limiter in limiters for _ in range(3)))
    assert len(world.uses) > 5
    uses = sorted(world.uses)
    for most, seconds in rates:
        assert all(bisect_left(uses, begin + seconds) - index <= most for index, begin in enumerate(uses))
