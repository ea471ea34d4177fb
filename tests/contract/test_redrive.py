"""Dead letters: redriven with fresh counters, or deleted; pending events: moved."""

import asyncio

import pytest

from queue_service.broker.pending import UpdateEvents
from queue_service.broker.redrive import DeleteEvents, RedriveEvents, Spread
from queue_service.broker.stored_events import EventFilter
from queue_service.domain.errors import GroupSealed, QueueNotFound, WrongState
from queue_service.domain.ids import EventId
from queue_service.domain.limits import CHANGED_AT_ONCE, SEARCH_STEP
from queue_service.domain.outcomes import Failure, LeaseRanOut, Retry, SettleStatus
from queue_service.domain.records import Concurrency, NewEvent, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.domain.states import EventState, GroupState

ALL = EventFilter(queue="q")


def keyed(data=b"", key="k", limit=1, **values):
    return NewEvent(payload=Payload(data, is_json=False), concurrency=Concurrency(key, limit), **values)


@pytest.fixture
def fail(bench):
    """Push a job whose events fail at once. Answers the job."""

    async def fail(queue="q", count=1, reason="BAD", **values):
        pushed = await bench.push(queue, count=count, **values)
        settling = [(one.key, Failure(reason=reason)) for one in await bench.claim(queue, count)]
        await bench.write(bench.settling(*settling))
        return pushed

    return fail


@pytest.fixture
def job(bench):
    """The record of a job."""

    async def job(pushed):
        return (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].job

    return job


async def test_fresh_counters(bench):
    """A redriven event is delivered again with fresh counters and a new retry window; its attempt goes on growing."""
    event = NewEvent(payload=Payload(b"same", is_json=False), policy=PolicyChange(max_attempts=2, initial_backoff=0))
    pushed = await bench.push(events=(event,), fingerprint=b"")
    await bench.expire(await bench.lease())
    await bench.settle(await bench.lease(), Retry(after=0))
    old = await bench.lease()
    await bench.settle(old, Retry(after=0, reason="BUSY"))
    assert await bench.claim() == []
    bench.clock.step(100)
    done = await bench.events.redrive(ALL, per_second=None)
    assert (done.redriven, done.skipped, done.last_due_time) == (1, 0, bench.clock.now())
    await bench.reopen()
    stored = (await bench.stored())[0].event
    assert (stored.failures, stored.lease_losses, stored.attempt) == (0, 0, 3)
    assert (stored.first_delivery_time, stored.finish_time) == (None, None)
    (again,) = await bench.claim()
    assert (again.key, again.payload.data) == ((old.event, 4), b"same")
    assert again.event.first_delivery_time == bench.clock.now()
    assert (await bench.settle(again.key, Retry(after=0))).state is EventState.PENDING
    assert (await bench.settle(await bench.lease(), Retry(after=0))).state is EventState.FAILED
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_counts(bench, fail, job):
    """The job is in progress again and finishes again; the queue counts what it holds."""
    pushed = await fail(count=3)
    await bench.events.redrive(EventFilter(events=(EventId(pushed.job_id, 1),)), per_second=None)
    assert await bench.counts(pushed.job_id) == (0, 1, 2, 0)
    assert (await job(pushed)).finish_time is None
    queue = await bench.queue()
    assert (queue.pending, queue.failed, queue.finished_jobs, queue.redriven, queue.dead) == (1, 2, 0, 1, 3)
    bench.clock.step(7)
    await bench.settle(await bench.lease())
    assert await bench.counts(pushed.job_id) == (1, 0, 2, 0)
    assert (await job(pushed)).finish_time == bench.clock.now()
    queue = await bench.queue()
    assert (queue.finished_jobs, queue.succeeded) == (1, 1)


async def test_unfinished_job(bench, fail, job):
    """A job that has not finished counts its redriven event once as in progress, and its queue no end."""
    pushed = await bench.push(count=2)
    first, second = [one.key for one in await bench.claim(count=2)]
    await bench.settle(first, Failure())
    await bench.events.redrive(ALL, per_second=None)
    assert await bench.counts(pushed.job_id) == (0, 2, 0, 0)
    assert (await bench.queue()).finished_jobs == 0
    await bench.settle(second)
    await bench.settle(await bench.lease())
    assert await bench.counts(pushed.job_id) == (2, 0, 0, 0)
    assert (await bench.queue()).finished_jobs == 1


async def test_old_leases_stay_lost(bench):
    """Who had the event before its redrive can change nothing: the fence holds."""
    pushed = await bench.push()
    old = await bench.lease()
    await bench.settle(old, Failure())
    await bench.events.redrive(ALL, per_second=None)
    bench.remembered.clear()
    assert (await bench.settle(old)).status is SettleStatus.LEASE_LOST
    assert (await bench.extend(old)).expire_time is None
    await bench.claim()
    assert (await bench.settle(old)).status is SettleStatus.LEASE_LOST
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)


async def test_repeat(bench, fail):
    """A repeated redrive changes nothing and counts nothing; an event is redriven once, whoever asks together."""
    await fail(count=3)
    numbers = [stored.event.id for stored in await bench.stored()]
    units = [RedriveEvents(numbers, spread=Spread(begin=bench.clock.now()), before=0) for _ in range(2)]
    first, second = await bench.together(*units)
    assert (first.redriven, second.redriven, second.last_due_time) == (3, 0, None)
    again = await bench.events.redrive(ALL, per_second=None)
    assert (again.redriven, again.last_due_time) == (0, None)
    assert (await bench.queue()).redriven == 3


async def test_spread(bench, fail):
    """A rate spreads the due times over the whole call, step after step."""
    await fail(count=900)
    begin = bench.clock.now()
    done = await bench.events.redrive(ALL, per_second=100)
    assert (done.redriven, done.last_due_time) == (900, begin + 8_990)
    due = [stored.event.due_time for stored in await bench.stored(limit=1000)]
    assert due == [begin + 10 * number for number in range(900)]
    assert len(await bench.claim(count=999)) == 1
    bench.clock.step(1_000)
    assert len(await bench.claim(count=999)) == 100


@pytest.mark.parametrize(("rate", "last"), [(0.001, 2_000_000), (1_000_000, 0), (3, 666)])
async def test_rates(bench, fail, rate, last):
    """Slow rates and fast ones are kept to the millisecond."""
    await fail(count=3)
    done = await bench.events.redrive(ALL, per_second=rate)
    assert done.last_due_time == bench.clock.now() + last


async def test_filter(bench, fail):
    """Only what the filter chooses is redriven."""
    await fail("a", count=2, reason="X")
    await fail("b", reason="X")
    other = await fail("a", reason="Y")
    bench.clock.step(10)
    assert (await bench.events.redrive(EventFilter(queue="a", reason="X"), per_second=None)).redriven == 2
    late = EventFilter(job_id=other.job_id, finished_after=bench.clock.now())
    assert (await bench.events.redrive(late, per_second=None)).redriven == 0
    assert (await bench.events.redrive(EventFilter(job_id=other.job_id), per_second=None)).redriven == 1
    assert len(await bench.stored(state=EventState.FAILED)) == 1


async def test_fails_again_meanwhile(bench, fail):
    """What is redriven and fails again during the call waits for the next one: no redrive is without end."""
    await fail(count=2 * SEARCH_STEP)
    write, failed = bench.store.write, []

    async def fail_at_once(unit):
        answer = await write(unit)
        if isinstance(unit, RedriveEvents):
            bench.clock.step(1)
            failed.append(1)
            assert len(failed) < 19
            again = await bench.claim(count=SEARCH_STEP)
            await write(bench.settling(*((one.key, Failure()) for one in again)))
        return answer

    bench.store.write = fail_at_once
    done = await bench.events.redrive(ALL, per_second=None)
    assert done.redriven == 2 * SEARCH_STEP
    assert (await bench.queue()).failed == 2 * SEARCH_STEP


async def test_broken_off(bench, fail):
    """A redrive that is broken off has done whole steps, and the next one does the rest."""
    await fail(count=2 * SEARCH_STEP)
    write = bench.store.write

    async def break_off(unit):
        answer = await write(unit)
        redrive.cancel()
        return answer

    bench.store.write = break_off
    redrive = asyncio.ensure_future(bench.events.redrive(ALL, per_second=None))
    await asyncio.wait([redrive])
    bench.store.write = write
    assert redrive.cancelled()
    left = 2 * SEARCH_STEP - CHANGED_AT_ONCE
    assert (await bench.queue()).failed == left
    assert (await bench.events.redrive(ALL, per_second=None)).redriven == left


async def test_cancelled(bench):
    """Dead letters of cancelled jobs and groups stay, and are counted as skipped."""
    group = await bench.group()
    jobs = [await bench.push(count=2), await bench.push(count=2, group_id=group), await bench.push(count=2)]
    leases = [one.key for one in await bench.claim(count=6)]
    await bench.write(bench.settling(*((lease, Failure()) for lease in leases[::2])))
    await bench.cancel_job(jobs[0].job_id)
    await bench.cancel_group(group)
    done = await bench.events.redrive(ALL, per_second=None)
    assert (done.redriven, done.skipped) == (1, 2)
    assert [await bench.counts(job.job_id) for job in jobs] == [(0, 1, 1, 0), (0, 1, 1, 0), (0, 2, 0, 0)]


async def test_cancel_after_a_redrive(bench, fail):
    """A redriven event can be cancelled as any other."""
    pushed = await fail(count=2)
    await bench.events.redrive(ALL, per_second=None)
    await bench.cancel_job(pushed.job_id)
    assert await bench.counts(pushed.job_id) == (0, 0, 0, 2)


async def test_purged(bench, fail):
    """While its queue is being purged nothing is redriven; afterwards it is."""
    pushed = await fail()
    await bench.push(count=2)
    leases = [one.key for one in await bench.claim(count=2)]
    await bench.operators.purge_queue("q")
    with pytest.raises(WrongState, match="being purged"):
        await bench.events.redrive(ALL, per_second=None)
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)
    for lease in leases:
        await bench.settle(lease)
    assert (await bench.events.redrive(ALL, per_second=None)).redriven == 1
    assert len(await bench.claim()) == 1


async def test_open_group(bench, fail):
    """A group that is not complete counts a redriven event as in progress, and completes after it."""
    group = await bench.group(then="after")
    await fail(count=2, group_id=group)
    await bench.events.redrive(ALL, per_second=None)
    stored = await bench.store.get_groups([group])
    assert (stored[group].failed, stored[group].in_progress) == (0, 2)
    await bench.seal(group)
    assert await bench.claim("after") == []
    for delivered in await bench.claim(count=2):
        await bench.settle(delivered.key)
    (told,) = await bench.claim("after")
    assert told.attributes["longshore.group_result"] == "SUCCEEDED"


async def test_complete_group(bench, fail):
    """A complete group keeps its counts and its end; what is redriven is counted by its job only."""
    group = await bench.group(then="after")
    pushed = await fail(count=2, group_id=group)
    await bench.seal(group)
    before = (await bench.store.get_groups([group]))[group]
    assert (before.state, len(await bench.claim("after"))) == (GroupState.COMPLETE, 1)
    await bench.events.redrive(ALL, per_second=None)
    first, second = [one.key for one in await bench.claim(count=2)]
    await bench.settle(first)
    await bench.settle(second, Failure())
    assert await bench.counts(pushed.job_id) == (1, 0, 1, 0)
    assert (await bench.store.get_groups([group]))[group] == before
    assert await bench.claim("after") == []


async def test_push_of_a_redriven_handler(bench, fail):
    """A redriven event of a complete group pushes outside of it; into it nobody pushes."""
    group = await bench.group()
    root = await fail(group_id=group)
    await bench.seal(group)
    before = (await bench.store.get_groups([group]))[group]
    await bench.events.redrive(ALL, per_second=None)
    lease = await bench.lease()
    child = await bench.push("child", parent=lease)
    with pytest.raises(GroupSealed):
        await bench.push("child", parent=lease, group_id=group, data=b"other")
    view = (await bench.store.get_jobs([child.job_id]))[child.job_id]
    assert (view.group_id, view.job.root, view.job.depth) == (None, root.job_id, 1)
    assert (await bench.store.get_groups([group]))[group] == before


async def test_keys(bench):
    """A redriven event waits for its key again, however long the key had no other events."""
    pushed = await bench.push(events=(keyed(b"dead"),), fingerprint=b"")
    await bench.settle(await bench.lease(), Failure())
    await bench.reopen()
    await bench.push(events=(keyed(b"other", "other"),), fingerprint=b"")
    await bench.settle(await bench.lease())
    await bench.push(events=(keyed(b"holds"),), fingerprint=b"")
    holder = await bench.lease()
    await bench.events.redrive(EventFilter(job_id=pushed.job_id), per_second=None)
    assert await bench.claim() == []
    await bench.settle(holder)
    (again,) = await bench.claim()
    assert again.payload.data == b"dead"
    await bench.settle(again.key)
    rows = await bench.store._connection.execute_fetchall("SELECT name FROM concurrency_key")
    assert list(rows) == []


async def test_expiry(bench):
    """An expired event that is redriven expires no more."""
    event = NewEvent(payload=Payload(b"", is_json=False), expire_after=10)
    await bench.push(events=(event,), fingerprint=b"")
    bench.clock.step(10)
    assert await bench.claim() == []
    (stored,) = await bench.stored(state=EventState.FAILED)
    assert (stored.event.context.reason, stored.event.finish_time) == ("EXPIRED", bench.clock.now())
    assert (stored.event.attempt, stored.event.history) == (0, ())
    await bench.events.redrive(ALL, per_second=None)
    bench.clock.step(10**9)
    (delivered,) = await bench.claim()
    assert (delivered.key.attempt, delivered.event.expire_time) == (1, None)


async def test_delete(bench, fail, job):
    """Deleted dead letters are gone; their job counts them as failed all the same, and stays finished."""
    pushed = await fail(count=3)
    await bench.push()
    finished = (await job(pushed)).finish_time
    assert await bench.events.delete(EventFilter(events=(EventId(pushed.job_id, 0),))) == 1
    assert await bench.events.delete(ALL) == 2
    assert await bench.events.delete(ALL) == 0
    assert await bench.counts(pushed.job_id) == (0, 0, 3, 0)
    assert (await job(pushed)).finish_time == finished
    queue = await bench.queue()
    assert (queue.failed, queue.dead, queue.pending) == (0, 3, 1)
    assert (await bench.events.redrive(ALL, per_second=None)).redriven == 0


async def test_delete_takes_only_dead_letters(bench, fail):
    """What is pending or leased is not deleted, also where it was redriven a moment ago."""
    await fail(count=2)
    numbers = [stored.event.id for stored in await bench.stored()]
    await bench.events.redrive(ALL, per_second=None)
    await bench.claim()
    assert await bench.write(DeleteEvents(numbers)) == 0
    assert len(await bench.stored()) == 2


async def test_delete_together(bench, fail):
    """A dead letter is deleted once, and not redriven, when several ask for it in one turn."""
    pushed = await fail(count=2)
    numbers = [stored.event.id for stored in await bench.stored()]
    redrive = RedriveEvents(numbers, spread=Spread(begin=bench.clock.now()), before=0)
    first, second, redriven = await bench.together(DeleteEvents(numbers), DeleteEvents(numbers), redrive)
    assert (first, second, redriven.redriven) == (2, 0, 0)
    assert (await bench.queue()).failed == 0
    assert await bench.counts(pushed.job_id) == (0, 0, 2, 0)


async def test_delete_lets_keys_go(bench):
    """The last dead letter of a key takes the key with it."""
    await bench.push(events=(keyed(),) * 2, fingerprint=b"")
    for _ in range(2):
        await bench.settle(await bench.lease(), Failure())
    for left in (1, 0):
        (stored, *_) = await bench.stored()
        chosen = EventFilter(events=(EventId(stored.job_id, stored.event.id - stored.event.job),))
        assert await bench.events.delete(chosen) == 1
        rows = await bench.store._connection.execute_fetchall("SELECT kept FROM concurrency_key")
        assert list(rows) == [(left,)] * left


async def test_many(bench, fail):
    """Any number is deleted and redriven in bounded steps."""
    count = SEARCH_STEP + 10
    await fail(count=count // 2)
    await fail(count=count - count // 2)
    steps, write = [], bench.store.write

    def noted(unit):
        steps.append(unit.weight)
        assert not unit.urgent
        return write(unit)

    bench.store.write = noted
    assert (await bench.events.redrive(ALL, per_second=None)).redriven == count
    assert steps == [200, 200, SEARCH_STEP - 400, 10]
    assert (await bench.queue()).pending == count


async def test_unknown_queue(bench):
    """A queue that is not there is an error for what changes events, too."""
    for call in (
        bench.events.redrive(ALL, per_second=None),
        bench.events.delete(ALL),
        bench.events.update(ALL, due_time=None, priority=1),
    ):
        with pytest.raises(QueueNotFound):
            await call


async def test_update_due_time(bench):
    """Pending events get another due time; what is leased, or has it already, is left and not counted."""
    await bench.push(count=3, delay=60_000)
    await bench.push("q")
    await bench.claim()
    soon = bench.clock.now() + 10
    assert await bench.events.update(ALL, due_time=soon, priority=None) == 3
    assert await bench.events.update(ALL, due_time=soon, priority=None) == 0
    assert await bench.claim(count=9) == []
    bench.clock.step(10)
    assert len(await bench.claim(count=9)) == 3


async def test_update_to_the_past(bench):
    """An instant in the past means at once; what is due already keeps its place."""
    await bench.push(data=b"due")
    bench.clock.step(5)
    await bench.push(data=b"later", delay=60_000)
    assert await bench.events.update(ALL, due_time=1, priority=None) == 1
    assert [one.payload.data for one in await bench.claim(count=9)] == [b"due", b"later"]


async def test_update_priority(bench):
    """Pending events get another priority, and go before or behind the others at once."""
    low = await bench.push(data=b"low")
    await bench.push(data=b"high")
    assert await bench.events.update(EventFilter(job_id=low.job_id), due_time=None, priority=9) == 1
    await bench.reopen()
    assert [one.payload.data for one in await bench.claim(count=9)] == [b"low", b"high"]


async def test_update_tells_streams(bench):
    """Who waits for the queue hears of the new due time."""
    told = []
    await bench.push(delay=60_000)
    bench.store.on_commit(lambda work: told.append(work.notices.ready))
    await bench.events.update(ALL, due_time=bench.clock.now() + 5, priority=None)
    await bench.push("dead")
    await bench.settle(await bench.lease("dead"), Failure())
    await bench.events.redrive(EventFilter(queue="dead"), per_second=None)
    assert told[0] == {"q": bench.clock.now() + 5}
    assert told[-1] == {"dead": bench.clock.now()}


async def test_update_leaves_cancelled(bench):
    """What was cancelled is not moved."""
    pushed = await bench.push(count=600)
    await bench.cancel_job(pushed.job_id)
    assert await bench.counts(pushed.job_id) == (0, 100, 0, 500)
    assert await bench.events.update(ALL, due_time=None, priority=1) == 0


async def test_update_in_a_line(bench):
    """Events that wait for their key keep to the ready order of their line, as it is after the change."""
    specs = tuple(keyed(b"%d" % number) for number in range(4))
    pushed = await bench.push(events=specs, fingerprint=b"")

    def one(number):
        return EventFilter(events=(EventId(pushed.job_id, number),))

    assert await bench.events.update(one(3), due_time=None, priority=9) == 1
    assert await bench.events.update(one(0), due_time=None, priority=1) == 1
    assert await bench.events.update(one(2), due_time=bench.clock.now() + 50, priority=None) == 1
    order = []
    for _ in range(3):
        (delivered,) = await bench.claim(count=9)
        order.append(delivered.payload.data)
        await bench.settle(delivered.key)
    assert order == [b"3", b"1", b"0"]
    assert await bench.claim() == []
    bench.clock.step(50)
    assert [one.payload.data for one in await bench.claim()] == [b"2"]


async def test_update_and_a_free_slot_in_one_turn(bench):
    """Who is put behind others in a turn that frees a slot is not called up before them."""
    await bench.push(events=tuple(keyed(b"%d" % number) for number in range(3)), fingerprint=b"")
    holder = await bench.lease()
    later = UpdateEvents([holder.event + 1], due_time=None, priority=1)
    await bench.together(later, bench.pushing(bench.job(events=(keyed(b"3", limit=2),), fingerprint=b"more")))
    assert [one.payload.data for one in await bench.claim(count=9)] == [b"2"]


async def test_update_the_front_of_a_line(bench):
    """A line whose whole front is put off lets those behind it out, in order."""
    crowd = await bench.push(events=tuple(keyed(b"crowd") for _ in range(300)), fingerprint=b"")
    await bench.push(events=(keyed(b"behind"),), fingerprint=b"")
    later = bench.clock.now() + 1_000
    assert await bench.events.update(EventFilter(job_id=crowd.job_id), due_time=later, priority=None) == 300
    (delivered,) = await bench.claim(count=9)
    assert delivered.payload.data == b"behind"


async def test_update_is_bounded_by_what_was_there(bench, monkeypatch):
    """Events that are pushed during the call are not its business."""
    monkeypatch.setattr("queue_service.storage.sqlite.event_reading.FEW", 0)
    for _ in range(2):
        await bench.push(count=SEARCH_STEP)
    write, pushes = bench.store.write, iter(range(3))

    async def push_meanwhile(unit):
        for _ in pushes:
            await write(bench.pushing(bench.job(count=100)))
            break
        return await write(unit)

    bench.store.write = push_meanwhile
    assert await bench.events.update(ALL, due_time=None, priority=1) == 2 * SEARCH_STEP


@pytest.mark.parametrize("outcome", [Retry(after=0), LeaseRanOut()])
async def test_a_new_window(bench, outcome):
    """The age that ends the retries counts from the first delivery after the redrive."""
    await bench.push()
    await bench.settle(await bench.lease(), Failure())
    bench.clock.step(10 * 86_400_000)
    await bench.events.redrive(ALL, per_second=None)
    assert (await bench.settle(await bench.lease(), outcome)).state is EventState.PENDING
