"""Contract of watches over a store: at once, coalesced, up to the end, and free while nothing changes."""

import asyncio
import uuid
from contextlib import aclosing

import pytest

from queue_service.broker.extend import Extend, Extension, ToldProgress
from queue_service.broker.redrive import RedriveEvents, Spread
from queue_service.broker.watches import PACE_SECONDS, READ_AT_ONCE, TELL_SECONDS, Watches
from queue_service.domain.errors import DataLoss, GroupNotFound, JobNotFound, Unavailable
from queue_service.domain.outcomes import Failure, Release, Success
from queue_service.domain.records import Payload
from queue_service.domain.states import GroupState, JobState

LEASE = 60_000
MOST = 250


class Rests:
    """Instead of the loop's call_later: what rests is woken by the test."""

    def __init__(self):
        self.asked = []
        self._callbacks = []

    def __call__(self, seconds, callback):
        self.asked.append(seconds)
        self._callbacks.append(callback)
        return self

    def cancel(self):
        self._callbacks.clear()

    def end(self):
        """The rest is over."""
        (callback,) = self._callbacks
        self._callbacks.clear()
        callback()


class Reads:
    """What is read of the store; a test may hold an answer back."""

    def __init__(self, read):
        self._read = read
        self.asked = []
        self.held = None
        self.failure = None

    async def __call__(self, ids):
        self.asked.append(list(ids))
        if self.failure is not None:
            raise self.failure
        found = await self._read(ids)
        if self.held is not None:
            begun, go_on = self.held
            begun.set()
            await go_on.wait()
        return found

    def hold(self):
        """The next answer is kept until the second event is set; the first one tells that it was read."""
        self.held = asyncio.Event(), asyncio.Event()
        return self.held


@pytest.fixture
def rests():
    return Rests()


@pytest.fixture
def reads(bench):
    """Every read of jobs."""
    bench.store.get_job_details = Reads(bench.store.get_job_details)
    return bench.store.get_job_details


@pytest.fixture
async def watches(bench, rests, reads):
    watches = Watches(bench.store, most=MOST, later=rests)
    yield watches
    await watches.stop()


def counts(view):
    return view.view.job.success, view.view.job.in_progress


async def turns():
    """Let the loop do all that needs no waiting."""
    for _ in range(5):
        await asyncio.sleep(0)


async def all_of(watch):
    return [view async for view in watch]


async def test_at_once_after_changes_and_up_to_the_end(bench, watches, rests):
    """A watch tells the job at once, then after changes, and ends when the job has ended."""
    job_id = (await bench.push(count=2)).job_id
    first, second = await bench.claim(count=2)
    watch = watches.job(job_id)
    assert counts(await anext(watch)) == (0, 2)
    await bench.settle(first.key)
    assert counts(await anext(watch)) == (1, 1)
    await bench.settle(second.key, Failure(reason="GONE"))
    rests.end()
    (last,) = await all_of(watch)
    assert last.view.job.state is JobState.FAILED
    assert len(watches) == 0


async def test_close_changes_are_told_as_one(bench, watches, rests, reads):
    """The first change after quiet is told at once; those that follow closely are one read and one answer."""
    job_id = (await bench.push(count=5)).job_id
    keys = [delivered.key for delivered in await bench.claim(count=5)]
    watch = watches.job(job_id)
    await anext(watch)
    await bench.settle(keys[0])
    assert counts(await anext(watch)) == (1, 4)
    assert rests.asked == [PACE_SECONDS + TELL_SECONDS]
    for key in keys[1:4]:
        await bench.settle(key)
    await turns()
    assert len(reads.asked) == 2
    rests.end()
    assert counts(await anext(watch)) == (4, 1)
    assert len(reads.asked) == 3
    await bench.settle(keys[4])
    rests.end()
    assert [counts(view) for view in await all_of(watch)] == [(5, 0)]


async def test_a_slow_reader_holds_the_newest_view_only(bench, watches, rests):
    """Who does not take what it is told finds the newest state when it comes back, and nothing older."""
    job_id = (await bench.push(count=3)).job_id
    keys = [delivered.key for delivered in await bench.claim(count=3)]
    slow, quick = watches.job(job_id), watches.job(job_id)
    await anext(slow)
    await anext(quick)
    for done, key in enumerate(keys[:2], 1):
        await bench.settle(key)
        assert counts(await anext(quick)) == (done, 3 - done)
        rests.end()
    assert counts(await anext(slow)) == (2, 1)
    unchanged = asyncio.ensure_future(anext(slow))
    await turns()
    assert not unchanged.done()
    await bench.settle(keys[2])
    assert counts(await unchanged) == (3, 0)
    await quick.aclose()


async def test_nothing_is_read_while_nothing_that_is_watched_changes(bench, watches, rests, reads):
    """Watchers cost no read while theirs does not change, whatever happens to others."""
    job_ids = [(await bench.push("watched")).job_id for _ in range(3)]
    following = [watches.job(job_id) for job_id in job_ids]
    for watch in following:
        await anext(watch)
    reads.asked.clear()
    await bench.push("other", count=2)
    for delivered in await bench.claim("other", count=2):
        await bench.settle(delivered.key)
    await bench.set("entry")
    await bench.seal(await bench.group())
    await turns()
    assert (reads.asked, rests.asked, watches._jobs._reading) == ([], [], None)
    for watch in following:
        await watch.aclose()


async def test_who_stops_following_leaves_nothing_behind(bench, watches, reads):
    """A watch that is given up is forgotten at once: its job's changes cost nothing any more."""
    job_id = (await bench.push(count=2)).job_id
    first, _second = await bench.claim(count=2)
    watch, waiting = watches.job(job_id), watches.job(job_id)
    await anext(watch)
    await anext(waiting)
    next_change = asyncio.ensure_future(anext(waiting))
    await turns()
    assert len(watches) == 2
    await watch.aclose()
    next_change.cancel()
    await asyncio.wait([next_change])
    assert (len(watches), watches._jobs._topics) == (0, {})
    reads.asked.clear()
    await bench.settle(first.key)
    await turns()
    assert reads.asked == []


async def test_what_is_not_there(bench, watches):
    """A watch of a job or group that is not there ends at once, saying so."""
    with pytest.raises(JobNotFound):
        await anext(watches.job(uuid.uuid4().bytes))
    with pytest.raises(GroupNotFound):
        await anext(watches.group(uuid.uuid4().bytes))
    assert (len(watches), watches._jobs._topics, watches._groups._topics) == (0, {}, {})


async def test_what_has_ended(bench, watches):
    """A watch of a job that has ended tells it once and ends."""
    job_id = (await bench.push()).job_id
    await bench.settle(await bench.lease())
    assert [counts(view) for view in await all_of(watches.job(job_id))] == [(1, 0)]


async def test_a_redrive_opens_a_job_again(bench, watches):
    """A watch has ended with the job; after a redrive another one follows it to its new end."""
    job_id = (await bench.push()).job_id
    key = await bench.lease()
    await bench.settle(key, Failure(reason="GONE"))
    (last,) = await all_of(watches.job(job_id))
    assert last.view.job.state is JobState.FAILED
    await bench.write(RedriveEvents([key.event], spread=Spread(begin=bench.clock.now()), before=0))
    watch = watches.job(job_id)
    assert counts(await anext(watch)) == (0, 1)
    await bench.settle(await bench.lease())
    assert [view.view.job.state for view in await all_of(watch)] == [JobState.SUCCEEDED]


async def test_a_group(bench, watches, rests):
    """A watch of a group tells its pushes, its seal and its counts, and ends when it is complete."""
    group_id = await bench.group()
    watch = watches.group(group_id)
    told = [await anext(watch)]
    await bench.push(group_id=group_id)
    told.append(await anext(watch))
    rests.end()
    await bench.seal(group_id)
    told.append(await anext(watch))
    rests.end()
    await bench.settle(await bench.lease())
    told += await all_of(watch)
    assert [(group.state, group.jobs, group.success) for group in told] == [
        (GroupState.OPEN, 0, 0),
        (GroupState.OPEN, 1, 0),
        (GroupState.SEALED, 1, 0),
        (GroupState.COMPLETE, 1, 1),
    ]


async def test_a_cancelled_group_is_told_to_watchers_of_its_jobs(bench, watches):
    """A job whose group was cancelled has changed, although nothing of it was written."""
    group_id = await bench.group()
    job_id = (await bench.push(group_id=group_id)).job_id
    await bench.lease()
    watch = watches.job(job_id)
    assert (await anext(watch)).view.group_cancel_time is None
    await bench.cancel_group(group_id)
    view = (await anext(watch)).view
    assert (view.group_cancel_time, view.job.in_progress) == (bench.clock.now(), 1)
    await watch.aclose()


async def test_no_change_is_lost_around_the_first_read(bench, watches, reads):
    """What changes while the first answer is read is told after it, also where only its group was written."""
    group_id = await bench.group()
    job_id = (await bench.push(group_id=group_id)).job_id
    await bench.lease()
    begun, go_on = reads.hold()
    watch = watches.job(job_id)
    first = asyncio.ensure_future(anext(watch))
    await begun.wait()
    await bench.cancel_group(group_id)
    go_on.set()
    assert (await first).view.group_cancel_time is None
    assert (await anext(watch)).view.group_cancel_time == bench.clock.now()
    await watch.aclose()


async def test_nobody_is_told_a_state_before_the_watch_began(bench, watches, reads):
    """Who begins to watch after a change was answered is never told what was before it."""
    job_id = (await bench.push(count=2)).job_id
    key = await bench.lease()
    begun, go_on = reads.hold()
    early, late = watches.job(job_id), watches.job(job_id)
    first = asyncio.ensure_future(anext(early))
    await begun.wait()
    await bench.settle(key)
    second = asyncio.ensure_future(anext(late))
    await turns()
    go_on.set()
    assert counts(await first) == (0, 2)
    assert counts(await second) == (1, 1)
    assert counts(await anext(early)) == (1, 1)
    await early.aclose()
    await late.aclose()


async def test_progress_and_results(bench, watches, rests):
    """What a worker tells of its progress is told to those who watch its job, and so are its end and its result."""
    job_id = (await bench.push()).job_id
    watch = watches.job(job_id)
    await anext(watch)
    key = await bench.lease()
    told = ToldProgress(fraction=0.5, text="half")
    await bench.write(Extend([Extension(key=key, duration=LEASE, progress=told)], terms=bench.terms))
    (progress,) = (await anext(watch)).progress.values()
    assert (progress.fraction, progress.text) == (0.5, "half")
    rests.end()
    await bench.settle(key, Release())
    assert (await anext(watch)).progress == {}
    rests.end()
    result = Payload(b"3 rows", is_json=False)
    await bench.settle(await bench.lease(), Success(result=result))
    (last,) = await all_of(watch)
    assert last.results == {0: result}


async def test_pushes_below_a_root(bench, watches):
    """What handlers push below a root is told to those who watch the root."""
    root_id = (await bench.push(count=2)).job_id
    watch = watches.job(root_id)
    assert (await anext(watch)).pushes_below_root == 0
    await bench.push("child", parent=await bench.lease())
    assert (await anext(watch)).pushes_below_root == 1
    await watch.aclose()


async def test_many_watchers_of_one_job(bench, watches, rests, reads):
    """However many follow a job, it is read once for all of them, and all of them are told its end."""
    job_id = (await bench.push()).job_id
    following = [asyncio.ensure_future(all_of(watches.job(job_id))) for _ in range(MOST)]
    while len(watches) < MOST or watches._jobs._reading:  # noqa: ASYNC110  until all were told
        await asyncio.sleep(0)
    assert len(reads.asked) == 1
    await bench.settle(await bench.lease())
    told = await asyncio.gather(*following)
    assert [[counts(view) for view in views] for views in told] == [[(0, 1), (1, 0)]] * MOST
    assert (len(reads.asked), rests.asked) == (2, [PACE_SECONDS + MOST * TELL_SECONDS])


async def test_many_jobs(bench, watches, reads):
    """Jobs that are asked for together are read together, so many at once."""
    job_ids = [(await bench.push()).job_id for _ in range(READ_AT_ONCE + 1)]
    following = [watches.job(job_id) for job_id in job_ids]
    views = await asyncio.gather(*(anext(watch) for watch in following))
    assert [details.view.job.job_id for details in views] == job_ids
    assert [len(ids) for ids in reads.asked] == [READ_AT_ONCE, 1]
    for watch in following:
        await watch.aclose()


async def test_a_bound_on_watchers(bench, watches):
    """More watchers than the bound are refused; who leaves makes room."""
    job_id = (await bench.push()).job_id
    group_id = await bench.group()
    following = [watches.job(job_id) for _ in range(MOST - 1)] + [watches.group(group_id)]
    await asyncio.gather(*(anext(watch) for watch in following))
    for refused in (lambda: watches.job(job_id), lambda: watches.group(group_id)):
        with pytest.raises(Unavailable, match=f"{MOST} watchers"):
            refused()
    await following.pop().aclose()
    async with aclosing(watches.job(job_id)) as watch:
        await anext(watch)
    for watch in following:
        await watch.aclose()


async def test_a_stop(bench, watches):
    """When the broker stops, watches end with an error after which others connect again, and new ones are refused."""
    job_id = (await bench.push()).job_id
    watch = watches.job(job_id)
    await anext(watch)
    waiting = asyncio.ensure_future(anext(watch))
    await turns()
    await watches.stop()
    with pytest.raises(Unavailable, match="stopping"):
        await waiting
    with pytest.raises(Unavailable, match="stopping"):
        watches.job(job_id)
    assert len(watches) == 0


@pytest.mark.parametrize(("fault", "told"), [(DataLoss("torn page"), DataLoss), (ZeroDivisionError(), Unavailable)])
async def test_a_read_that_fails(bench, watches, reads, caplog, fault, told):
    """What cannot be read ends its watches with an error; later ones are served again."""
    job_id = (await bench.push()).job_id
    reads.failure = fault
    with pytest.raises(told):
        await anext(watches.job(job_id))
    assert ("could not be read" in caplog.text) == (told is Unavailable)
    caplog.clear()
    reads.failure = None
    async with aclosing(watches.job(job_id)) as watch:
        assert counts(await anext(watch)) == (0, 1)
