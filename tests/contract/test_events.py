"""Stored events as operators choose and see them."""

import re

import pytest

from queue_service.broker.extend import Extend, Extension, ToldProgress
from queue_service.broker.redrive import RedriveEvents, Spread
from queue_service.broker.stored_events import EventFilter
from queue_service.domain.errors import EventNotFound, JobNotFound, QueueNotFound
from queue_service.domain.ids import EventId
from queue_service.domain.limits import SEARCH_STEP
from queue_service.domain.outcomes import Failure, Release, Retry, Success
from queue_service.domain.records import Concurrency, Context, NewEvent, Payload
from queue_service.domain.retry import PolicyChange
from queue_service.domain.states import EventState, Place
from queue_service.ports.events import START
from queue_service.storage.sqlite import event_reading
from queue_service.storage.sqlite.statements import SQL


def names(events):
    return [event.event.id for event in events]


@pytest.fixture
def fail(bench):
    """Push a job whose events fail at once, each a millisecond after the other. Answers the job."""

    async def fail(queue="q", count=1, reason="BAD", **values):
        pushed = await bench.push(queue, count=count, **values)
        for delivered in await bench.claim(queue, count):
            bench.clock.step(1)
            await bench.settle(delivered.key, Failure(reason=reason))
        return pushed

    return fail


async def test_states(bench, fail):
    """Events are chosen by their state; what was cancelled, and what succeeded and was not kept, is not there."""
    await bench.push(count=3)
    done, released, leased = [one.key for one in await bench.claim(count=3)]
    await bench.settle(done)
    await bench.settle(released, Release(after=5))
    await fail("dead")
    gone = await bench.push("gone")
    await bench.cancel_job(gone.job_id)
    dead = leased.event + 1
    assert names(await bench.stored()) == [released.event, leased.event, dead]
    assert names(await bench.stored(state=EventState.PENDING)) == [released.event]
    assert names(await bench.stored(state=EventState.LEASED)) == [leased.event]
    assert names(await bench.stored(state=EventState.FAILED)) == [dead]
    assert await bench.stored(state=EventState.SUCCEEDED) == []


async def test_every_field_must_match(bench, fail):
    """A filter chooses events that match all that it says: queue, job, events, state, reason."""
    one, two = await fail("a", 2, reason="X"), await fail("b", 2, reason="Y")
    await bench.push("a")
    assert len(await bench.stored(queue="a")) == 3
    assert len(await bench.stored(queue="a", state=EventState.FAILED)) == 2
    assert len(await bench.stored(queue="a", reason="X")) == 2
    assert await bench.stored(queue="a", reason="Y") == []
    assert len(await bench.stored(job_id=one.job_id)) == 2
    assert len(await bench.stored(job_id=one.job_id, queue="a", state=EventState.FAILED, reason="X")) == 2
    assert await bench.stored(job_id=one.job_id, queue="b") == []
    chosen = (EventId(two.job_id, 1), EventId(one.job_id, 0), EventId(one.job_id, 7), EventId(bytes(16), 0))
    assert [(event.queue, event.event.id - event.event.job) for event in await bench.stored(events=chosen)] == [
        ("a", 0),
        ("b", 1),
    ]
    assert [event.queue for event in await bench.stored(events=chosen, reason="Y")] == ["b"]
    assert await bench.stored(events=chosen, state=EventState.PENDING) == []
    assert len(await bench.stored(state=EventState.FAILED, reason="Y")) == 2


async def test_times(bench, fail):
    """Dead letters are chosen by when they became so, the end being exclusive, with and without a queue."""
    begin = bench.clock.now()
    pushed = await fail(count=5)
    await fail("other", count=5)
    first = (await bench.stored())[0].event.id
    span = {"state": EventState.FAILED, "finished_after": begin + 2, "finished_before": begin + 4}
    for more in ({}, {"queue": "q"}, {"job_id": pushed.job_id}):
        assert names(await bench.stored(**span, **more)) == [first + 1, first + 2]
    assert len(await bench.stored(state=EventState.FAILED, finished_after=begin + 10)) == 1
    assert len(await bench.stored(state=EventState.FAILED, finished_before=begin + 2)) == 1
    assert await bench.stored(state=EventState.FAILED, queue="q", finished_after=begin + 6) == []


async def test_order(bench):
    """Lists are in push order; dead letters of one queue stand in the order in which they became so."""
    await bench.push(count=4)
    leases = [one.key for one in await bench.claim(count=4)]
    for lease in reversed(leases):
        bench.clock.step(1)
        await bench.settle(lease, Failure())
    numbers = [lease.event for lease in leases]
    assert names(await bench.stored()) == numbers
    assert names(await bench.stored(queue="q")) == numbers
    assert names(await bench.stored(queue="q", state=EventState.FAILED)) == numbers[::-1]


@pytest.mark.parametrize("chosen", [{}, {"queue": "q"}, {"state": EventState.FAILED}, {"state": EventState.LEASED}])
async def test_pages(bench, fail, chosen):
    """Page by page every event comes once, whatever the size of a page."""
    await fail(count=7)
    await fail("other", count=3)
    await bench.push(count=5)
    await bench.claim(count=3)
    whole = names(await bench.stored(**chosen))
    assert len(whole) >= 3
    for limit in range(1, 12):
        assert names(await bench.stored(limit=limit, **chosen)) == whole


async def test_a_search_is_bounded(bench, monkeypatch):
    """A page ends when it has looked at enough events, and the next goes on from there."""
    monkeypatch.setattr("queue_service.broker.stored_events.SEARCH_STEPS", 2)
    for _ in range(3):
        await bench.push("crowd", count=SEARCH_STEP)
    last = await bench.push("few")
    page = await bench.events.page(EventFilter(queue="few"), after=START, limit=5, full=False, max_bytes=10**6)
    assert (page.events, page.after is None) == ([], False)
    page = await bench.events.page(EventFilter(queue="few"), after=page.after, limit=5, full=False, max_bytes=10**6)
    assert ([event.job_id for event in page.events], page.after) == ([last.job_id], None)


@pytest.mark.parametrize("few", [0, 10_000])
async def test_pending_of_a_queue(bench, monkeypatch, few):
    """Pending events of a queue are found in push order, whether it has few or many."""
    monkeypatch.setattr(event_reading, "FEW", few)
    await bench.push("crowd", count=SEARCH_STEP + 1)
    for delay, priority in ((9, 1), (3, 9), (6, 5)):
        event = NewEvent(payload=Payload(b"", is_json=False), delay=delay, priority=priority)
        await bench.push("few", events=(event,), fingerprint=b"")
    found = names(await bench.stored(queue="few", state=EventState.PENDING))
    assert (len(found), found) == (3, sorted(found))
    assert len(await bench.stored(queue="crowd", state=EventState.PENDING)) == SEARCH_STEP + 1


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        ("find_events", r"INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)"),
        ("find_named_events", r"INTEGER PRIMARY KEY \(rowid=\?\)"),
        ("find_dead_events", r"event_dead \(\(queue,finish_time\)>\(\?,\?\) AND \(queue,finish_time\)<\(\?,\?\)\)$"),
        ("find_leased_events", r"event_leased \(id>\?\)"),
        ("find_pending_events", r"event_pending \(queue=\?\)"),
        ("expiring_events", r"event_expiring \(expire_time>\?\)"),
    ],
)
async def test_ways(bench, statement, way):
    """A search seeks; it never looks through what an index leaves out."""
    parameters = dict.fromkeys(re.findall(r":(\w+)", SQL[statement]))
    rows = list(await bench.store._connection.execute_fetchall(f"EXPLAIN QUERY PLAN {SQL[statement]}", parameters))
    assert re.search(way, rows[0][3]), rows
    assert statement == "find_pending_events" or not any("ORDER BY" in row[3] for row in rows)


async def test_full(bench):
    """The full view has payload, attributes, data and attempts; the basic one has none of them."""
    event = NewEvent(
        payload=Payload('{"ö": 1}'.encode(), is_json=True),
        attributes={"traceparent": "t"},
        concurrency=Concurrency("k", 3),
        policy=PolicyChange(max_attempts=9),
        priority=7,
        expire_after=60_000,
    )
    pushed_at = bench.clock.now()
    pushed = await bench.push(events=(event,), fingerprint=b"")
    lease = await bench.lease()
    bench.clock.step(5)
    data = Payload(b"\x00left", is_json=False)
    await bench.settle(lease, Retry(after=10, reason="BUSY", message="later", data=data))
    event_id = EventId(pushed.job_id, 0)
    stored = await bench.events.get(event_id, full=True, max_bytes=10**6)
    assert (stored.queue, stored.job_id, stored.push_time) == ("q", pushed.job_id, pushed_at)
    assert stored.concurrency == Concurrency("k", 3)
    found = stored.event
    assert (found.state, found.priority, found.attempt, found.failures) == (EventState.PENDING, 7, 1, 1)
    assert (found.due_time, found.expire_time) == (pushed_at + 15, pushed_at + 60_000)
    assert (found.first_delivery_time, found.finish_time, found.policy) == (
        pushed_at,
        None,
        PolicyChange(max_attempts=9),
    )
    assert found.context == Context(reason="BUSY", message="later", data=data)
    assert (found.payload, found.attributes) == (event.payload, {"traceparent": "t"})
    (attempt,) = found.history
    assert attempt == (1, "RETRY", "BUSY", "later", pushed_at, pushed_at + 5)
    basic = (await bench.stored(job_id=pushed.job_id))[0]
    assert basic.event.context == Context(reason="BUSY", message="later")
    assert (basic.event.payload, basic.event.attributes, basic.event.history) == (None, {}, ())
    assert basic.concurrency == Concurrency("k", 3)


async def test_bytes_of_a_page(bench):
    """A full page holds what fits into its bytes, at least one event, and the rest follows."""
    pushed = await bench.push(count=5, data=b"x" * 100_000)
    page = await bench.events.page(
        EventFilter(job_id=pushed.job_id), after=START, limit=9, full=True, max_bytes=250_000
    )
    assert len(page.events) == 2
    assert page.after is not None
    assert len(await bench.stored(full=True, max_bytes=1)) == 5
    assert len(await bench.stored(full=False, max_bytes=50_000)) == 5


@pytest.mark.parametrize(("max_bytes", "changed"), [(1, 1), (10**6, 2)])
async def test_changes_between_the_reads_of_a_page(bench, fail, max_bytes, changed):
    """A page shows no event that is not meant any more, and the next begins behind it all the same."""
    await fail(count=6)
    whole = names(await bench.stored())
    find, steps = bench.store.events.find, []

    async def find_and_redrive(selection, after):
        found = await find(selection, after)
        steps.append(found)
        if len(steps) == 2:
            await bench.write(RedriveEvents([whole[changed]], spread=Spread(begin=bench.clock.now()), before=0))
        return found

    bench.store.events.find = find_and_redrive
    chosen = {"queue": "q", "state": EventState.FAILED, "limit": 2, "max_bytes": max_bytes}
    assert names(await bench.stored(**chosen)) == whole[:changed] + whole[changed + 1 :]


async def test_history(bench):
    """The last ten attempts without success are remembered in order; releases are none."""
    policy = PolicyChange(max_attempts=100, max_lease_losses=100, initial_backoff=0)
    event = NewEvent(payload=Payload(b"", is_json=False), policy=policy)
    pushed = await bench.push(events=(event,), fingerprint=b"")
    for number in range(12):
        lease = await bench.lease()
        bench.clock.step(1)
        if number % 3 == 0:
            await bench.expire(lease)
        else:
            await bench.settle(lease, Retry(after=0, reason=f"R{number}", message=f"m{number}"))
    await bench.settle(await bench.lease(), Release(reason="WAIT"))
    await bench.settle(await bench.lease(), Failure(reason="END"))
    await bench.reopen()
    stored = await bench.events.get(EventId(pushed.job_id, 0), full=True, max_bytes=10**6)
    history = stored.event.history
    assert [attempt.attempt for attempt in history] == [*range(4, 13), 14]
    outcomes = ["LEASE_LOST", "RETRY", "RETRY"] * 3
    assert [attempt.outcome for attempt in history] == [*outcomes, "FAILURE"]
    assert [attempt.reason for attempt in history] == [
        reason for number in (4, 7, 10) for reason in ("LEASE_LOST", f"R{number}", f"R{number + 1}")
    ] + ["END"]
    assert all(attempt.end_time - attempt.delivery_time == 1 for attempt in history[:-1])


async def test_progress(bench):
    """A leased event shows what its worker told last, and when its lease ends."""
    pushed = await bench.push()
    lease = await bench.lease()
    told = ToldProgress(fraction=0.5, text="half")
    await bench.write(Extend([Extension(key=lease, duration=90_000, progress=told)], terms=bench.terms))
    (stored,) = await bench.stored(job_id=pushed.job_id)
    assert (stored.event.progress.fraction, stored.event.progress.text) == (0.5, "half")
    assert stored.event.lease_expire_time == bench.clock.now() + 90_000


async def test_waiting_for_a_key(bench):
    """An event in the line of its key is seen to wait there; one that was called up is not."""
    event = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("k", 1))
    await bench.push(events=(event,) * 2, fingerprint=b"")
    assert [stored.event.place for stored in await bench.stored()] == [Place.HEAD, Place.LINE]


async def test_kept_successes(bench):
    """Where the queue keeps what succeeded, it is listed and shown with its payload, key and end."""
    event = NewEvent(payload=Payload(b"kept", is_json=False), concurrency=Concurrency("k", 2))
    pushed = await bench.push(events=(event,), fingerprint=b"")
    await bench.update_queue("q", keep_succeeded=True)
    lease = await bench.lease()
    bench.clock.step(3)
    await bench.settle(lease, Success(result=Payload(b"r", is_json=False)))
    (stored,) = await bench.stored(state=EventState.SUCCEEDED, full=True)
    assert (stored.event.finish_time, stored.event.payload) == (bench.clock.now(), event.payload)
    assert stored.concurrency == Concurrency("k", 2)
    await bench.push("other", events=(NewEvent(payload=event.payload, concurrency=Concurrency("new", 5)),))
    await bench.reopen()
    await bench.push("other", events=(NewEvent(payload=event.payload, concurrency=Concurrency("newer", 5)),))
    assert (await bench.stored(queue="q"))[0].concurrency == Concurrency("k", 2)
    assert await bench.counts(pushed.job_id) == (1, 0, 0, 0)


async def test_names_that_are_not_there(bench):
    """A queue or job that is not there is an error, not an empty list."""
    await bench.push()
    with pytest.raises(QueueNotFound):
        await bench.stored(queue="never")
    with pytest.raises(JobNotFound):
        await bench.stored(job_id=bytes(16))


async def test_why_an_event_is_not_there(bench):
    """Who asks for an event that is not stored is told why."""
    pushed = await bench.push(count=2)
    await bench.settle(await bench.lease())
    for event_id, why in (
        (EventId(bytes(16), 0), "its job is not, or no longer, kept"),
        (EventId(pushed.job_id, 2), "its job has 2 events, counted from 0"),
        (EventId(pushed.job_id, 0), "its job counts it"),
    ):
        with pytest.raises(EventNotFound, match=why):
            await bench.events.get(event_id, full=True, max_bytes=10**6)
    assert (await bench.events.get(EventId(pushed.job_id, 1), full=True, max_bytes=1)).event.state is EventState.PENDING
