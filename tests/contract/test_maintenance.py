"""Maintenance over every store: one tick does what is due and tells when the next is."""

import asyncio

import pytest

from queue_service.domain.errors import Unavailable
from queue_service.domain.states import GroupState
from queue_service.maintenance import maintenance as module
from queue_service.maintenance.chores import CancelSweeps, IdleGroups
from queue_service.maintenance.maintenance import LONGEST_WAIT, Maintenance

DAY = 86_400_000


@pytest.fixture
async def maintenance(bench):
    """Maintenance whose loop rests: tests tick it."""
    made = chores(bench)
    await made.start()
    await made.stop()
    return made


def chores(bench):
    return Maintenance([CancelSweeps(bench.store), IdleGroups(bench.store)], bench.store, bench.clock)


async def test_nothing_to_do(bench, maintenance):
    """Without anything to do the next tick is far away."""
    assert await maintenance.tick(bench.clock.now()) == bench.clock.now() + LONGEST_WAIT


async def test_idle_groups(bench, maintenance):
    """Open groups are sealed a day after their last push, one a tick, and not before."""
    groups = [await bench.group(then="after") for _ in range(2)]
    bench.clock.step(DAY - 1)
    assert await maintenance.tick(bench.clock.now()) == bench.clock.now() + 1
    bench.clock.step(1)
    while await maintenance.tick(bench.clock.now()) == bench.clock.now():
        pass
    assert [(await bench.store.get_group(group)).state for group in groups] == [GroupState.COMPLETE] * 2
    assert len(await bench.claim("after", count=9)) == 2


async def test_cancels(bench, maintenance):
    """What a cancel left is swept in bounded steps; a small cancel does not wait for a large one."""
    large = await bench.push(count=1_000)
    more = await bench.push(count=1_000)
    small = await bench.push(count=600)
    for pushed in (large, more, small):
        await bench.cancel_job(pushed.job_id)
    steps = 0
    while await maintenance.tick(bench.clock.now()) == bench.clock.now():
        steps += 1
        if steps == 3:
            assert await bench.counts(small.job_id) == (0, 0, 0, 600)
    assert [await bench.counts(pushed.job_id) for pushed in (large, more)] == [(0, 0, 0, 1_000)] * 2
    assert steps < 10


async def test_cancels_of_a_former_process(bench):
    """A start takes up the cancels that the former process left."""
    group = await bench.group()
    jobs = [await bench.push(count=900), await bench.push(count=900, group_id=group)]
    await bench.cancel_job(jobs[0].job_id)
    await bench.cancel_group(group)
    await bench.reopen()
    maintenance = chores(bench)
    await maintenance.start()
    async with asyncio.timeout(20):
        while await bench.store.unfinished_cancels() != ([], []):
            pass
    await maintenance.stop()
    assert [await bench.counts(job.job_id) for job in jobs] == [(0, 0, 0, 900)] * 2


async def test_a_faulty_sweep_holds_up_no_other(bench, maintenance, monkeypatch):
    """A sweep that fails goes behind the others and is not forgotten."""
    jobs = [await bench.push(count=600) for _ in range(2)]
    for pushed in jobs:
        await bench.cancel_job(pushed.job_id)
    write = bench.store.write
    faults = iter([ZeroDivisionError])

    async def fails_once(unit):
        for fault in faults:
            raise fault
        return await write(unit)

    monkeypatch.setattr(bench.store, "write", fails_once)
    assert await maintenance.tick(bench.clock.now()) == bench.clock.now() + module.RETRY
    bench.clock.step(module.RETRY)
    await maintenance.tick(bench.clock.now())
    assert [await bench.counts(pushed.job_id) for pushed in jobs] == [(0, 100, 0, 500), (0, 0, 0, 600)]
    while await maintenance.tick(bench.clock.now()) == bench.clock.now():
        pass
    assert await bench.counts(jobs[0].job_id) == (0, 0, 0, 600)


@pytest.mark.parametrize(
    ("error", "told"),
    [(Unavailable("busy"), "trying again: busy"), (ZeroDivisionError("ours"), "ZeroDivisionError: ours")],
    ids=["busy", "faulty"],
)
async def test_a_step_that_fails(bench, monkeypatch, caplog, error, told):
    """A step that failed, by the store or by a fault of ours, is done again."""
    monkeypatch.setattr(module, "RETRY", 1)  # the loop waits in real time
    tries = []
    oldest = bench.store.oldest_open_group
    again = asyncio.Event()

    async def fails_once():
        tries.append(1)
        if len(tries) == 1:
            bench.clock.step(module.RETRY)
            raise error
        again.set()
        return await oldest()

    monkeypatch.setattr(bench.store, "oldest_open_group", fails_once)
    maintenance = chores(bench)
    await maintenance.start()
    await asyncio.wait_for(again.wait(), 20)
    await maintenance.stop()
    assert told in caplog.text


async def test_the_wall_clock_goes_back(bench, maintenance, monkeypatch):
    """What was put off while the clock was ahead is done when the clock has gone back."""
    group = await bench.group(then="after")
    oldest = bench.store.oldest_open_group
    errors = iter([Unavailable("busy")])

    async def fails_once():
        for error in errors:
            raise error
        return await oldest()

    monkeypatch.setattr(bench.store, "oldest_open_group", fails_once)
    bench.clock.step(9 * DAY)
    await maintenance.tick(bench.clock.now())
    bench.clock.step(-8 * DAY)
    await maintenance.tick(bench.clock.now())
    assert (await bench.store.get_group(group)).state is GroupState.COMPLETE


async def test_steps_on_end(bench, monkeypatch):
    """Steps that go on at once rest as long as they took, so that the writer has time for others."""
    rests, ended = [], asyncio.Event()
    sleep = asyncio.sleep

    class Busy:
        """Goes on at once, twice."""

        def __init__(self):
            self.steps = iter((0.001, 0.3))

        async def start(self):
            pass

        async def step(self, now):
            seconds = next(self.steps, None)
            if seconds is None:
                ended.set()
                return None
            await sleep(seconds)
            return now

        def committed(self, work):
            return None

    async def rest(seconds):
        rests.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", rest)
    maintenance = Maintenance([Busy()], bench.store, bench.clock)
    await maintenance.start()
    await asyncio.wait_for(ended.wait(), 20)
    await maintenance.stop()
    assert len(rests) == 2
    assert rests[0] >= 0.001
    assert rests[1] == module.LONGEST_REST_SECONDS
