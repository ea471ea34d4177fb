"""Contract of a store: how long what has ended is kept, and that counts stay right when it goes."""

import uuid
from itertools import chain

import pytest

from queue_service.broker.prune import DropExpired, PruneDeadLetters, PruneJobs
from queue_service.broker.redrive import DeleteEvents, RedriveEvents, Spread
from queue_service.domain.errors import GroupNotFound, JobNotFound
from queue_service.domain.ids import completion_job_id
from queue_service.domain.outcomes import Failure, Success
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.retention import PRUNED_AT_ONCE, Expiring, Retention
from queue_service.kv.entries import Write, WriteEntry
from queue_service.maintenance.maintenance import LONGEST_WAIT, Maintenance
from queue_service.maintenance.pruning import PACE, PASS, pruning
from queue_service.ports.ended import FIRST

DAY = 86_400_000
KEEP = Retention()


class Pruner:
    """Maintenance that prunes only, ticked by hand."""

    def __init__(self, bench, retention):
        self._bench = bench
        self.maintenance = Maintenance(pruning(bench.store, retention), bench.store, bench.clock)

    async def start(self):
        await self.maintenance.start()
        await self.maintenance.stop()

    async def work_off(self):
        """Tick until nothing is due. Answers in how many milliseconds something is."""
        while (due := await self.maintenance.tick(self._bench.clock.now())) == self._bench.clock.now():
            pass
        return due - self._bench.clock.now()

    async def after(self, milliseconds):
        """Let time pass, and prune."""
        self._bench.clock.step(milliseconds)
        return await self.work_off()


@pytest.fixture
async def pruner(bench):
    """Makes pruners: `await pruner(jobs=..., max_jobs=...)`."""

    async def make(**values):
        made = Pruner(bench, Retention(**values))
        await made.start()
        return made

    return make


@pytest.fixture
def done(bench):
    """Pushes a job and lets all its events end in the same way."""

    async def done(queue="q", outcome=None, **values):
        pushed = await bench.push(queue, **values)
        while claimed := await bench.claim(queue, count=1_000):
            await bench.write(bench.settling(*[(one.key, outcome) for one in claimed]))
        return pushed.job_id

    return done


async def there(bench, *job_ids):
    """Which of the jobs are kept."""
    found = await bench.store.get_jobs(job_ids)
    return [job_id in found for job_id in job_ids]


class TestJobs:
    """Finished jobs."""

    async def test_age(self, bench, pruner, done):
        """A finished job is kept for its time to the millisecond; the next look is at the time of the next."""
        pruning = await pruner()
        first = await done()
        bench.clock.step(5)
        second = await done()
        assert await pruning.after(KEEP.jobs - 6) == 1
        assert await there(bench, first, second) == [True, True]
        assert await pruning.after(1) == 5
        assert await there(bench, first, second) == [False, True]
        assert (await bench.queue()).finished_jobs == 1
        assert await pruning.after(5) > LONGEST_WAIT - 10
        assert await there(bench, first, second) == [False, False]
        assert (await bench.queue()).finished_jobs == 0

    async def test_unfinished(self, bench, pruner):
        """A job with an event that has not ended is kept, however old it is."""
        pruning = await pruner()
        pushed = await bench.push(count=2)
        await bench.settle(await bench.lease())
        await pruning.after(10 * KEEP.jobs)
        assert await bench.counts(pushed.job_id) == (1, 1, 0, 0)

    async def test_number(self, bench, pruner, done):
        """Above the number that is kept, the oldest go before their time, over all queues; not below it."""
        pruning = await pruner(max_jobs=3)
        jobs = []
        for queue in "abcd":
            bench.clock.step(1)
            jobs.append(await done(queue))
            await pruning.after(PACE)
        assert await there(bench, *jobs) == [False, True, True, True]
        await pruning.work_off()
        assert [(await bench.queue(queue)).finished_jobs for queue in "abcd"] == [0, 1, 1, 1]

    async def test_number_after_a_restart(self, bench, pruner, done):
        """The number holds for what a former process left too."""
        jobs = [await done() for _ in range(5)]
        await bench.reopen()
        pruning = await pruner(max_jobs=2)
        await pruning.work_off()
        assert await there(bench, *jobs) == [False, False, False, True, True]

    async def test_number_is_looked_at_once_a_second(self, bench, pruner, done):
        """While jobs finish, those that are too many wait for each other."""
        pruning = await pruner(max_jobs=1)
        await pruning.work_off()
        jobs = [await done() for _ in range(3)]
        assert await pruning.work_off() == PACE
        assert await there(bench, *jobs) == [True] * 3
        await pruning.after(PACE)
        assert await there(bench, *jobs) == [False, False, True]

    async def test_dead_letters_keep_their_job(self, bench, pruner, done):
        """A job is kept as long as a dead letter of it, and is found when that is gone."""
        pruning = await pruner()
        kept = await done(outcome=Failure(), count=2)
        gone = await done()
        await pruning.after(KEEP.jobs)
        assert await there(bench, kept, gone) == [True, False]
        await pruning.after(KEEP.dead_letters - KEEP.jobs - 1)
        assert (await there(bench, kept), (await bench.queue()).failed) == ([True], 2)
        await pruning.after(1)
        assert (await bench.queue()).failed == 0
        assert await bench.counts(kept) == (0, 0, 2, 0)
        await pruning.after(PASS)
        assert await there(bench, kept) == [False]
        assert (bench.place.count("event"), (await bench.queue()).finished_jobs) == (0, 0)

    async def test_groups_keep_their_jobs(self, bench, pruner, done):
        """The jobs of a group are kept until it is complete."""
        pruning = await pruner()
        group = await bench.group()
        member = await done(group_id=group)
        await pruning.after(KEEP.jobs)
        assert await there(bench, member) == [True]
        await bench.seal(group)
        await pruning.after(PASS)
        assert await there(bench, member) == [False]

    async def test_jobs_that_stay_are_not_looked_at_again(self, bench, pruner, done):
        """Between two passes nothing looks at what had to stay, while others go."""
        pruning = await pruner(jobs=1_000)
        group = await bench.group()
        for _ in range(3):
            await done(group_id=group)
        await pruning.after(1_000)
        looked = []
        bench.store.on_commit(lambda work: looked.extend(chain(*work.loaded.ended_jobs.values())))
        gone = await done()
        await pruning.after(1_000)
        assert (await there(bench, gone), len(looked)) == ([False], 1)
        await pruning.after(PASS)
        assert len(looked) == 1 + 3

    async def test_what_is_kept_of_events_goes_with_the_job(self, bench, pruner, done):
        """Succeeded events that their queue keeps, and results, go with the job."""
        pruning = await pruner()
        await bench.update_queue(keep_succeeded=True)
        result = Success(result=Payload(b"42", is_json=True))
        jobs = [await done(count=3, outcome=result) for _ in range(2)]
        assert (bench.place.count("event"), bench.place.count("event_result")) == (6, 6)
        await pruning.after(KEEP.jobs)
        assert await there(bench, *jobs) == [False, False]
        assert (bench.place.count("event"), bench.place.count("event_result")) == (0, 0)

    async def test_keys_of_what_is_kept(self, bench, pruner, done):
        """A concurrency key is forgotten with the last event that is kept of it, succeeded ones and dead letters."""
        pruning = await pruner()
        await bench.update_queue(keep_succeeded=True)
        keyed = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("one", 9))
        await done(events=(keyed,))
        await done(outcome=Failure(), events=(keyed,))
        await pruning.after(KEEP.jobs)
        assert bench.place.count("concurrency_key WHERE kept = 1") == 1
        await pruning.after(KEEP.dead_letters)
        assert bench.place.count("concurrency_key") == 0

    async def test_results_of_others_stay(self, bench, pruner, done):
        """Only the results of the job that goes go."""
        pruning = await pruner()
        result = Success(result=Payload(b"42", is_json=True))
        await done(outcome=result)
        bench.clock.step(1)
        await done(outcome=result)
        await pruning.after(KEEP.jobs - 1)
        assert bench.place.count("event_result") == 1

    async def test_ids_are_free_again(self, bench, pruner, done):
        """A late repeat of a push whose job is gone makes a new job."""
        pruning = await pruner()
        job_id = uuid.uuid4().bytes
        await done(job_id=job_id, request_id="daily")
        await pruning.after(KEEP.jobs - 1)
        assert (await bench.push(job_id=job_id)).deduplicated
        await pruning.after(1)
        again = await bench.push(job_id=job_id, request_id="daily")
        assert (again.deduplicated, await bench.counts(job_id)) == (False, (0, 1, 0, 0))

    async def test_a_repeat_in_the_same_turn(self, bench, done):
        """A push that comes together with the end of its job's time is answered as one of both, never half."""
        job_id = uuid.uuid4().bytes
        await done(job_id=job_id, request_id="daily")
        prune = PruneJobs(after=FIRST, before=bench.clock.now())
        push = bench.pushing(bench.job(job_id=job_id, request_id="daily", data=b"other"))
        cancel = bench.cancelling(job_id)
        pruned, (pushed,), cancelled = await bench.together(prune, push, cancel)
        assert (pruned.more, pushed.deduplicated, cancelled.in_progress) == (True, False, 1)
        assert ((await bench.queue()).finished_jobs, bench.place.count("job")) == (0, 1)

    async def test_a_pruned_job_is_gone_in_the_same_turn(self, bench, done):
        """Who asks for a job in the turn in which it goes finds nothing."""
        job_id = await done()
        prune = PruneJobs(after=FIRST, before=bench.clock.now())
        _, cancelled = await bench.together(prune, bench.cancelling(job_id))
        assert isinstance(cancelled, JobNotFound)


class TestSteps:
    """Work is done in bounded steps."""

    @pytest.fixture
    def steps(self, bench):
        """What each commit removed: jobs and rows of events."""
        found = []
        bench.store.on_commit(
            lambda work: found.append((len(work.changes.removed_jobs), len(work.changes.removed_events)))
        )
        return found

    async def test_many_jobs(self, bench, pruner, steps):
        """A backlog of jobs goes in steps of a bounded number."""
        pruning = await pruner()
        await bench.write(bench.pushing(*[bench.job() for _ in range(2 * PRUNED_AT_ONCE + 1)]))
        leases = [one.key for one in await bench.claim(count=2_000)]
        await bench.write(bench.settling(*[(key, None) for key in leases]))
        steps.clear()
        await pruning.after(KEEP.jobs)
        assert [jobs for jobs, _ in steps if jobs] == [PRUNED_AT_ONCE - 1, PRUNED_AT_ONCE - 1, 3]

    async def test_large_events(self, bench, pruner, steps, done):
        """Large events that are kept count as several, and one job's may go in several steps."""
        pruning = await pruner()
        await bench.update_queue(keep_succeeded=True)
        job_id = await done(count=5, data=bytes(300_000))
        steps.clear()
        await pruning.after(KEEP.jobs)
        assert [step for step in steps if any(step)] == [(0, 2), (0, 2), (1, 1)]
        assert await there(bench, job_id) == [False]

    async def test_large_dead_letters(self, bench, pruner, steps, done):
        """Large dead letters count as several."""
        pruning = await pruner()
        await done(outcome=Failure(), count=3, data=bytes(300_000))
        steps.clear()
        await pruning.after(KEEP.dead_letters)
        assert [events for _, events in steps if events] == [2, 1]

    async def test_a_restart_between_steps(self, bench, pruner, done):
        """Counts are right after every step, also for who opens the store then."""
        await bench.update_queue(keep_succeeded=True)
        jobs = [await done(count=2, data=bytes(1_000_000)) for _ in range(3)]
        bench.clock.step(KEEP.jobs)
        for _ in range(9):
            pruning = await pruner()
            await pruning.maintenance.tick(bench.clock.now())
            await bench.reopen()
            assert (await bench.queue()).finished_jobs == bench.place.count("job")
        assert await there(bench, *jobs) == [False] * 3
        assert bench.place.count("event") == 0


class TestDeadLetters:
    """Dead letters."""

    async def test_twice_in_a_turn(self, bench, done):
        """A dead letter that something else took in the same turn is not taken again."""
        await done(outcome=Failure())
        bench.clock.step(KEEP.dead_letters)
        before = bench.clock.now() - KEEP.dead_letters
        await bench.together(PruneDeadLetters(before), PruneDeadLetters(before), DeleteEvents([1]), DeleteEvents([1]))
        assert ((await bench.queue()).failed, bench.place.count("event")) == (0, 0)

    async def test_redriven_meanwhile(self, bench, done):
        """A dead letter that came back in the turn that would have taken it is not taken."""
        await done(outcome=Failure())
        bench.clock.step(KEEP.dead_letters)
        redrive = RedriveEvents([1], spread=Spread(begin=bench.clock.now()), before=0)
        await bench.together(redrive, PruneDeadLetters(bench.clock.now() - KEEP.dead_letters))
        assert len(await bench.claim()) == 1

    async def test_of_every_queue(self, bench, pruner, done):
        """Dead letters of every queue go when their own time is over."""
        pruning = await pruner()
        for queue in "abc":
            await done(queue, Failure())
            bench.clock.step(1)
        assert await pruning.after(KEEP.dead_letters - 3) == 1
        assert [(await bench.queue(queue)).failed for queue in "abc"] == [0, 1, 1]
        await pruning.after(2)
        assert [(await bench.queue(queue)).failed for queue in "abc"] == [0, 0, 0]


class TestGroups:
    """Complete groups."""

    async def test_without_jobs(self, bench, pruner, done):
        """A complete group goes when its jobs are gone and its time is over, not before."""
        pruning = await pruner()
        group = await bench.group()
        await done(group_id=group)
        bench.clock.step(10)
        await bench.seal(group)
        await pruning.after(KEEP.jobs - 1)
        assert (await bench.store.get_group(group)).jobs == 1
        await pruning.after(1)
        assert await bench.store.get_group(group) is None
        with pytest.raises(GroupNotFound):
            await bench.seal(group)

    async def test_open(self, bench, pruner):
        """A group that is not complete is kept."""
        pruning = await pruner()
        group = await bench.group()
        await pruning.after(10 * KEEP.jobs)
        assert await bench.store.get_group(group) is not None

    async def test_with_a_dead_letter(self, bench, pruner, done):
        """A complete group is kept as long as a job of it."""
        pruning = await pruner()
        group = await bench.group()
        await done(outcome=Failure(), group_id=group)
        await bench.seal(group)
        await pruning.after(KEEP.dead_letters)
        assert await bench.store.get_group(group) is not None
        await pruning.after(PASS)  # the job
        await pruning.after(PASS)
        assert await bench.store.get_group(group) is None

    async def test_completion_job(self, bench, pruner):
        """A group is kept as long as its completion job, so that its id can be used again without harm."""
        pruning = await pruner()
        group = await bench.group(then="after")
        await bench.seal(group)
        await pruning.after(2 * KEEP.jobs)
        assert await bench.store.get_group(group) is not None
        await bench.settle(await bench.lease("after"))
        await pruning.after(KEEP.jobs)
        await pruning.after(PASS)
        assert await bench.store.get_group(group) is None
        await bench.group(then="after", group_id=group)
        await bench.seal(group)
        (told,) = await bench.claim("after")
        assert told.job.job_id == completion_job_id(group)


class TestByTime:
    """What goes by its time alone."""

    async def test_entries(self, bench, pruner):
        """The rows of expired entries go, not those of others; they are absent before."""
        pruning = await pruner()
        await bench.set("a", expire_after=10)
        await bench.set("b", expire_after=11)
        await bench.set("c")
        await pruning.after(9)
        assert bench.place.count("entry") == 3
        await pruning.after(1)
        assert (bench.place.count("entry"), await bench.get("a")) == (2, None)
        await pruning.after(1)
        assert bench.place.count("entry") == 1
        assert (await bench.get("c")).payload.data == b"value"

    async def test_large_entries(self, bench, pruner):
        """Large entries go in several steps."""
        pruning = await pruner()
        left = []
        for number in range(6):
            await bench.set(f"k{number}", bytes(240_000), expire_after=10)
        bench.store.on_commit(lambda _: left.append(bench.place.count("entry")))
        await pruning.after(10)
        assert left == [3, 0]

    async def test_an_entry_that_is_written_in_the_turn_that_drops_it(self, bench):
        """A new write of an expired entry is not lost, whatever else happens."""
        await bench.set("k", b"old", expire_after=10)
        bench.clock.step(10)
        drop = DropExpired(Expiring.ENTRIES, bench.clock.now())
        for key in ("k", "k"):
            write = WriteEntry(Write(key=key, payload=Payload(b"new", is_json=False)))
            _, (before, entry) = await bench.together(drop, write)
        assert (before.payload, entry.create_time, (await bench.get("k")).payload.data) == (
            None,
            bench.clock.now(),
            b"new",
        )

    async def test_commit_answers(self, bench, pruner):
        """The answer to a commit is remembered for its time; later the same request is a new one."""
        pruning = await pruner()
        await bench.commit(write=[("k", b"1")], request_id="r")
        await pruning.after(KEEP.commit_answers - 1)
        assert (await bench.commit(write=[("k", b"1")], request_id="r")).deduplicated
        await pruning.after(1)
        assert bench.place.count("commit_answer") == 0
        assert not (await bench.commit(write=[("k", b"1")], request_id="r")).deduplicated

    async def test_lineages(self, bench, pruner):
        """Pushes below a root are counted until none came for as long as jobs are kept."""
        pruning = await pruner()
        await bench.push()
        parent = await bench.lease()
        await bench.push(parent=parent)
        bench.clock.step(KEEP.jobs - 1)
        await bench.push(parent=parent, data=b"later")
        await pruning.after(KEEP.jobs - 1)
        assert bench.place.count("lineage") == 1
        await pruning.after(1)
        assert bench.place.count("lineage") == 0


async def test_deleted_queues(bench, pruner):
    """What is left of a deleted queue goes with the last of its jobs."""
    maintenance = await pruner()
    for _ in range(2):
        await bench.push()
        await bench.settle(await bench.lease())
        await bench.operators.delete_queue("q")
        bench.clock.step(1_000)
    await maintenance.after(KEEP.jobs - 2_000)
    assert [(queue.deleted, queue.finished_jobs) for queue in await bench.store.queues()] == [(True, 1)]
    await maintenance.after(1_000)
    assert await bench.store.queues() == []
    await bench.reopen()
    assert await bench.store.queues() == []
    await bench.push()
    assert (await bench.queue()).pushed == 1
