"""Queues for operators: settings and what they change, counts, times, lists, and the end of a queue."""

import itertools
from dataclasses import replace

import pytest

from queue_service.broker.queues import DeleteQueue
from queue_service.broker.schedules import PutSchedule
from queue_service.domain.errors import InvalidRequest, QueueFull, QueueNotFound, WrongState
from queue_service.domain.outcomes import Failure, Release, Retry
from queue_service.domain.queues import QueueSettings
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.domain.schedules import ScheduleSpec
from queue_service.domain.states import EventState, JobState
from queue_service.ports.admin import JobFilter
from queue_service.storage.sqlite import admin_reading


@pytest.fixture
def listing(bench):
    """Lists the ids of jobs page by page. Answers them and the number of pages."""

    async def listing(limit=100, **wanted):
        found, pages, below = [], 0, None
        while below is not None or not pages:
            page = await bench.operators.list_jobs(JobFilter(**wanted), below=below, limit=limit)
            assert len(page.jobs) <= limit
            found += [view.job.job_id for view in page.jobs]
            pages, below = pages + 1, page.next
        return found, pages

    return listing


async def times(bench):
    """Oldest ready and next due time of q, as milliseconds from now."""
    due = (await bench.operators.get_queue("q")).due
    return tuple(None if time is None else time - bench.clock.now() for time in due)


class TestSettings:
    """What UpdateQueue changes, and what follows."""

    async def test_kept(self, bench):
        """Settings change one by one, the others stay, and all outlive a restart."""
        await bench.update_queue(max_pending=7, policy={"max_attempts": 3, "max_age": 99})
        await bench.update_queue(max_run_time=5_000, keep_succeeded=True, policy={"max_age": None, "multiplier": 1.5})
        expected = QueueSettings(
            policy=PolicyChange(max_attempts=3, multiplier=1.5), max_run_time=5_000, max_pending=7, keep_succeeded=True
        )
        assert (await bench.queue()).settings == expected
        await bench.reopen()
        assert (await bench.queue()).settings == expected
        view = await bench.operators.get_queue("q")
        assert (view.policy.max_attempts, view.policy.multiplier, view.policy.max_age) == (3, 1.5, 86_400_000)

    async def test_missing(self, bench):
        """A queue that is not there is made only when that is asked for."""
        with pytest.raises(QueueNotFound):
            await bench.update_queue(create=False, max_pending=7)
        with pytest.raises(QueueNotFound):
            await bench.queue()
        await bench.update_queue(max_pending=7)
        assert (await bench.queue()).create_time == bench.clock.now()
        await bench.update_queue(create=False, max_pending=8)
        assert (await bench.queue()).settings.max_pending == 8

    async def test_a_policy_that_contradicts_itself(self, bench):
        """A policy has to make sense as a whole, with what the queue has and the defaults; else nothing changes."""
        await bench.update_queue(policy={"initial_backoff": 5_000})
        for policy in ({"max_backoff": 4_999}, {"initial_backoff": 900_001}):
            with pytest.raises(InvalidRequest, match="above max_backoff"):
                await bench.update_queue(policy=policy, max_pending=1)
        with pytest.raises(InvalidRequest, match=r"would be 1 s, above max_backoff, 0\.5 s"):
            await bench.update_queue("new", policy={"max_backoff": 500})
        assert (await bench.queue()).settings == QueueSettings(policy=PolicyChange(initial_backoff=5_000))
        with pytest.raises(QueueNotFound):
            await bench.queue("new")
        await bench.update_queue(policy={"max_backoff": 5_000})

    async def test_max_attempts(self, bench):
        """The queue's policy ends the retries of its events, those that were pushed before included."""
        await bench.push(count=2)
        first, second = [one.key for one in await bench.claim(count=2)]
        assert (await bench.settle(first, Retry())).state is EventState.PENDING
        await bench.update_queue(policy={"max_attempts": 1})
        assert (await bench.settle(second, Retry())).state is EventState.FAILED

    async def test_an_event_has_its_own_policy(self, bench):
        """What an event says of its policy goes before the queue's, field by field."""
        await bench.update_queue(policy={"max_attempts": 1, "max_backoff": 1_000, "jitter": None})
        event = NewEvent(payload=Payload(b"", is_json=False), policy=PolicyChange(max_attempts=2))
        await bench.push(events=(event,))
        settled = await bench.settle(await bench.lease(), Retry(after=5_000))
        assert (settled.due_time, settled.clamped) == (bench.clock.now() + 1_000, True)
        bench.clock.step(1_000)
        assert (await bench.settle(await bench.lease(), Retry())).state is EventState.FAILED

    async def test_lease_losses(self, bench):
        """So many lost leases make a dead letter."""
        await bench.update_queue(policy={"max_lease_losses": 1})
        await bench.push()
        await bench.expire(await bench.lease())
        assert (await bench.queue()).failed == 1

    async def test_max_run_time(self, bench):
        """No delivery goes on beyond it, however often it is extended."""
        await bench.update_queue(max_run_time=5_000)
        await bench.push()
        (delivered,) = await bench.claim(lease=4_000)
        begin = bench.clock.now()
        assert delivered.run_end_time == begin + 5_000
        assert (await bench.extend(delivered.key, 9_000)).expire_time == begin + 5_000

    async def test_max_pending(self, bench):
        """Pushes above it are refused whole; what leaves makes room; it goes back to the broker's default."""
        await bench.update_queue(max_pending=2)
        await bench.push()
        with pytest.raises(QueueFull, match="queue q may have 2 events"):
            await bench.push(count=2)
        await bench.push()
        with pytest.raises(QueueFull):
            await bench.push()
        await bench.lease()
        await bench.push()
        await bench.update_queue(max_pending=None)
        await bench.push(count=99)
        assert (await bench.queue()).pending == 101

    async def test_keep_succeeded(self, bench):
        """The rows of events that succeed go, or stay, as the queue says then."""
        await bench.push(count=2)
        rows = "SELECT state, payload FROM event"
        for keep, expected in ((False, []), (True, [(EventState.SUCCEEDED, b"payload")])):
            await bench.update_queue(keep_succeeded=keep)
            await bench.settle(await bench.lease())
            found = await bench.store._reader._connection.execute_fetchall(f"{rows} WHERE state > 1")
            assert [tuple(row) for row in found] == expected
        assert (await bench.queue()).succeeded == 2


async def test_counts(bench):
    """Counts by state and totals follow every move, and outlive a restart."""
    pushed = await bench.push(count=8)
    outcomes = [None, Failure(), Retry(after=9), Release(after=9), "lost"]
    for outcome in outcomes:
        lease = await bench.lease()
        await (bench.expire(lease) if outcome == "lost" else bench.settle(lease, outcome))
    await bench.lease()
    for _ in range(2):
        queue = await bench.queue()
        assert (queue.pending, queue.leased, queue.failed) == (5, 1, 1)
        totals = (queue.pushed, queue.delivered, queue.succeeded, queue.dead)
        assert totals == (8, 6, 1, 1)
        assert (queue.retried, queue.released, queue.leases_lost, queue.cancelled) == (1, 1, 1, 0)
        await bench.reopen()
    await bench.cancel_job(pushed.job_id)
    queue = await bench.queue()
    assert (queue.pending, queue.leased, queue.failed, queue.cancelled) == (0, 1, 1, 5)


async def test_due_times(bench):
    """The oldest ready and the next due time are found over all priorities; what waits for a key counts for neither."""
    await bench.update_queue()
    assert await times(bench) == (None, None)
    for delay, priority in ((50, 2), (70, 9), (60, 0)):
        payload = Payload(b"", is_json=False)
        await bench.push(events=(NewEvent(payload=payload, delay=delay, priority=priority),), data=b"%d" % delay)
    assert await times(bench) == (None, 50)
    bench.clock.step(60)
    assert await times(bench) == (-10, 10)
    bench.clock.step(100)
    assert await times(bench) == (-110, None)
    keyed = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("k", 1))
    await bench.claim(count=9)
    await bench.push(events=(keyed, keyed))
    await bench.claim(count=9)
    bench.clock.step(5)
    assert await times(bench) == (None, None)
    assert (await bench.queue()).pending == 1


class TestLists:
    """ListQueues and ListJobs."""

    async def test_queues(self, bench):
        """Queues come in order of their names, page by page, by prefix, and without those that were deleted."""
        names = ["b.1", "a", "b.2", "B", "b", "b_", "c"]
        for name in names:
            await bench.update_queue(name)
        await bench.operators.delete_queue("c")
        await bench.reopen()
        for prefix, limit in itertools.product(("", "b", "b.", "x"), (1, 2, 9)):
            found, more, after = [], True, ""
            while more:
                page = await bench.operators.list_queues(prefix=prefix, after=after, limit=limit)
                found += [view.queue.name for view in page.queues]
                assert len(page.queues) <= limit
                more, after = page.more, found[-1] if found else ""
            assert found == sorted(name for name in names if name.startswith(prefix) and name != "c")

    async def test_jobs(self, bench, listing):
        """Jobs come the latest first, by queue, group and state together; only the last page says that it is."""
        group = await bench.group()
        jobs = {}
        for number, (queue, of_group) in enumerate(itertools.product("ab", (None, group))):
            for state in ("waits", "done", "dead"):
                pushed = await bench.push(queue, count=number + 1, group_id=of_group, request_id=state + str(number))
                outcome = {"done": None, "dead": Failure()}
                for one in await bench.claim(queue, count=number + 1) if state != "waits" else []:
                    await bench.settle(one.key, outcome[state])
                for one in () if state != "waits" else await bench.claim(queue, count=number + 1):
                    await bench.settle(one.key, Release(after=10**6))
                jobs[queue, of_group, state] = pushed.job_id
        latest_first = list(reversed(jobs.items()))
        states = {JobState.IN_PROGRESS: "waits", JobState.SUCCEEDED: "done", JobState.FAILED: "dead"}
        for queue, of_group, state in itertools.product((None, "a", "b"), (None, group), (None, *states)):
            expected = [
                job_id
                for (its_queue, its_group, its_state), job_id in latest_first
                if queue in (None, its_queue)
                and of_group in (None, its_group)
                and states.get(state, its_state) == its_state
            ]
            for limit in (1, 2, 100):
                found, pages = await listing(limit, queue=queue, group_id=of_group, state=state)
                assert found == expected
                assert pages == max(1, -(-len(expected) // limit))
        assert (await listing(state=JobState.CANCELLED))[0] == []
        assert (await listing(queue="unknown"))[0] == []
        assert (await listing(group_id=bytes(16)))[0] == []

    async def test_a_page_of_jobs_looks_at_so_many(self, bench, listing, monkeypatch):
        """A page may be short, even empty, though others follow: it looks at a bounded number of jobs."""
        monkeypatch.setattr(admin_reading, "JOB_SCAN", 10)
        rare = [(await bench.push("rare")).job_id]
        for _ in range(35):
            await bench.push("q")
        rare.insert(0, (await bench.push("rare")).job_id)
        page = await bench.operators.list_jobs(JobFilter(queue="rare"), below=None, limit=5)
        assert ([view.job.job_id for view in page.jobs], page.next is not None) == (rare[:1], True)
        page = await bench.operators.list_jobs(JobFilter(queue="rare"), below=page.next, limit=5)
        assert (page.jobs, page.next is not None) == ([], True)
        assert await listing(queue="rare") == (rare, 4)
        assert len((await listing())[0]) == 37


class TestDelete:
    """DeleteQueue."""

    @pytest.mark.parametrize("left", ["pending", "leased", "failed"])
    async def test_events(self, bench, left):
        """A queue with events or dead letters is not deleted, and says what it has."""
        await bench.push()
        if left != "pending":
            lease = await bench.lease()
        if left == "failed":
            await bench.settle(lease, Failure())
        told = {"pending": "pending events: 1", "leased": "leased events: 1", "failed": "dead letters: 1"}[left]
        with pytest.raises(WrongState, match=rf"not empty \({told}\): purge it"):
            await bench.operators.delete_queue("q")
        assert getattr(await bench.queue(), left) == 1

    async def test_schedule(self, bench):
        """A queue that a schedule pushes to is not deleted, also when that was put in the same turn."""
        await bench.update_queue()
        event = NewEvent(payload=Payload(b"", is_json=False))
        spec = ScheduleSpec(name="nightly", cron="0 0 * * *", time_zone="UTC", queue="q", events=(event,))
        for _ in range(2):
            units = PutSchedule(spec, terms=bench.terms), DeleteQueue("q")
            _, refusal = await bench.together(*units)
            assert isinstance(refusal, WrongState)
            with pytest.raises(WrongState, match="pushed to by the schedule 'nightly'"):
                await bench.operators.delete_queue("q")
        await bench.write(PutSchedule(replace(spec, queue="other"), terms=bench.terms))
        await bench.operators.delete_queue("q")

    async def test_its_record(self, bench):
        """A deleted queue without jobs leaves nothing behind, and its number means no other one meanwhile."""
        for name in ("a", "b"):
            await bench.update_queue(name)
        await bench.operators.delete_queue("b")
        assert [queue.name for queue in await bench.store.queues()] == ["a"]
        await bench.update_queue("c")
        assert sorted(queue.id for queue in await bench.store.queues()) == [1, 3]
        await bench.reopen()
        assert sorted(queue.name for queue in await bench.store.queues()) == ["a", "c"]

    async def test_unknown(self, bench):
        """Deleting what is not there is refused, also a second time."""
        with pytest.raises(QueueNotFound):
            await bench.operators.delete_queue("q")
        await bench.update_queue()
        await bench.operators.delete_queue("q")
        with pytest.raises(QueueNotFound):
            await bench.operators.delete_queue("q")

    async def test_forgotten(self, bench):
        """Settings, totals and pause are forgotten, jobs are kept; a push makes it anew, also after a restart."""
        for again in range(2):
            await bench.update_queue(max_pending=1)
            pushed = await bench.push(request_id=f"r{again}")
            await bench.settle(await bench.lease())
            await bench.operators.pause_queue("q", paused=True)
            await bench.operators.delete_queue("q")
            if again:
                await bench.reopen()
            with pytest.raises(QueueNotFound):
                await bench.queue()
            with pytest.raises(QueueNotFound):
                await bench.operators.pause_queue("q", paused=False)
            assert (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].queue == "q"
            assert (await bench.push(request_id=f"r{again}")).job_id == pushed.job_id
            bench.clock.step(5)
            await bench.push(count=2, request_id=f"new{again}")
            queue = await bench.queue()
            assert (queue.create_time, queue.pushed, queue.succeeded) == (bench.clock.now(), 2, 0)
            assert (queue.settings, queue.paused) == (QueueSettings(), False)
            for one in await bench.claim(count=9):
                await bench.settle(one.key)

    async def test_made_anew_by_an_update(self, bench):
        """An update that may make queues makes a deleted one anew."""
        await bench.update_queue(max_pending=1, policy={"max_attempts": 2})
        await bench.operators.delete_queue("q")
        with pytest.raises(QueueNotFound):
            await bench.update_queue(create=False, max_pending=2)
        await bench.update_queue(max_pending=2)
        assert (await bench.queue()).settings == QueueSettings(max_pending=2)
