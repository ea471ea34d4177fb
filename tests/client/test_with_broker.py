"""The client against the real broker: what users read in the documentation, and a restart in the middle."""

import asyncio
from contextlib import asynccontextmanager

import pytest

import longshore


@pytest.fixture
async def client(broker):
    async with longshore.connect(broker, timeout=20) as client:
        yield client


@asynccontextmanager
async def consuming(queue, handler, **options):
    task = asyncio.ensure_future(queue.consume(handler, **options))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(client, *job_ids):
    """The counts of the jobs, once all of their events have ended."""
    return [info.stats for info in await asyncio.gather(*(client.job(job_id).wait() for job_id in job_ids))]


async def test_pushed_events_are_handled_and_counted(client):
    queue = client.queue("work")

    async def handle(event):
        if event.body == 3:
            raise longshore.Fail("ODD_ONE", "three is refused")

    jobs = await asyncio.gather(*(queue.push(number) for number in range(200)))
    batch = await queue.push_many([longshore.NewEvent(b"a"), longshore.NewEvent({"b": 1}, delay=0.05)])
    async with consuming(queue, handle, concurrency=8):
        stats = await ended(client, *(job.job_id for job in [*jobs, batch]))
    assert [found.state for found in stats] == [
        longshore.JobState.FAILED if number == 3 else longshore.JobState.SUCCEEDED for number in range(201)
    ]
    assert stats[-1].success == 2
    info = await batch.get()
    assert (info.queue, info.lineage.root_job_id, info.cancel_time) == ("work", batch.job_id, None)


async def test_an_entry_is_written_over_what_was_read_and_nothing_else(client):
    await client.kv.set("count", 1, over=await client.kv.entry("count"))
    with pytest.raises(longshore.EntryExists):
        await client.kv.set("count", 2, over=None)
    read = await client.kv.entry("count")
    await client.kv.set("count", 2, over=read)
    with pytest.raises(longshore.VersionMismatch):
        await client.kv.set("count", 3, over=read)
    with pytest.raises(ValueError, match="one of if_absent, if_version and over"):
        await client.kv.set("count", 3, over=read, if_absent=True)
    assert await client.kv.get("count") == 2


async def test_a_repeated_push_makes_one_job(client):
    queue = client.queue("work")
    first = await queue.push({"a": 1}, request_id="order-7")
    again = await queue.push({"a": 1}, request_id="order-7")
    assert (again.job_id, again.deduplicated, first.deduplicated) == (first.job_id, True, False)
    with pytest.raises(longshore.IdReused):
        await queue.push({"a": 2}, request_id="order-7")
    with pytest.raises(longshore.InvalidRequest) as caught:
        await client.queue("no/such name").push(1)
    assert caught.value.violations


async def test_a_retry_brings_back_what_it_left(client):
    queue, contexts = client.queue("work"), asyncio.Queue()

    async def handle(event):
        contexts.put_nowait((event.attempt, event.retry_context))
        if event.attempt == 1:
            raise longshore.Retry(after=0.01, reason="FIRST", message="not yet", data={"page": 2})
        if event.attempt == 2:
            raise longshore.Release(reason="SECOND")

    job = await queue.push("x")
    async with consuming(queue, handle):
        (one, nothing), (two, context), (three, later) = [await contexts.get() for _ in range(3)]
        [stats] = await ended(client, job.job_id)
    assert (one, two, three, nothing) == (1, 2, 3, None)
    assert (context.retry_count, context.reason, context.message, context.data) == (1, "FIRST", "not yet", {"page": 2})
    assert (later.retry_count, later.reason) == (1, "SECOND")
    assert stats.state == longshore.JobState.SUCCEEDED


async def test_a_chain_of_commits_counts_in_the_store_and_completes_its_group(client):
    queue, done = client.queue("chain"), asyncio.Queue()
    group = await client.group(on_complete=("done", {"finished": True})).create()

    async def handle(event):
        count = await client.kv.entry("count")
        async with event.commit() as tx:
            tx.check("count", absent=count is None) if count is None else tx.check("count", version=count.version)
            tx.set("count", (count.value if count else 0) + 1)
            if event.body < 5:
                child = tx.push("chain", event.body + 1)
        if event.body < 5:
            assert tx.result.jobs[0].job_id == child.job_id

    async def finish(event):
        done.put_nowait(event)

    await queue.push(1, group=group, seal_group=True)
    async with consuming(queue, handle), consuming(client.queue("done"), finish):
        event = await done.get()
    assert event.attributes["longshore.group_id"] == group.group_id
    assert event.attributes["longshore.group_success"] == "5"
    info = await group.wait()
    assert (info.state, info.result, info.jobs) == (
        longshore.GroupState.COMPLETE,
        longshore.GroupResult.SUCCEEDED,
        5,
    )
    assert await client.kv.get("count") == 5


async def test_what_a_handler_pushes_is_its_child_and_joins_its_group(client):
    queue, children = client.queue("work"), asyncio.Queue()
    group = await client.group().create()

    async def handle(event):
        if event.body == "parent":
            children.put_nowait(await queue.push("child"))
            children.put_nowait(await queue.push("stranger", parent=None))
        return longshore.Success({"handled": event.body})

    parent = await queue.push("parent", group=group, seal_group=True)
    async with consuming(queue, handle):
        child, stranger = await children.get(), await children.get()
        await ended(client, parent.job_id, child.job_id, stranger.job_id)
    info = await child.get()
    assert (info.lineage, info.group_id) == (longshore.Lineage(root_job_id=parent.job_id, depth=1), group.group_id)
    info = await stranger.get()
    assert (info.lineage, info.group_id) == (longshore.Lineage(root_job_id=stranger.job_id, depth=0), None)


async def test_the_completion_of_a_handlers_group_is_of_its_lineage(client):
    lineages = asyncio.Queue()

    async def handle(event):
        if event.body == "creator":
            group = await client.group(on_complete=("work", "done")).create()
            await client.queue("work").push("member", group=group, seal_group=True)
        if event.body == "done":
            lineages.put_nowait(event.lineage)

    creator = await client.queue("work").push("creator")
    async with consuming(client.queue("work"), handle):
        lineage = await lineages.get()
    assert (lineage.root_job_id, lineage.depth > 0) == (creator.job_id, True)


async def test_a_job_shows_what_its_handler_tells_and_leaves(client):
    shown = asyncio.Event()

    async def handle(event):
        await event.progress(0.25, "page 3 of 12")
        await shown.wait()
        return longshore.Success({"rows": 7})

    job = await client.queue("work").push("long")
    async with consuming(client.queue("work"), handle):
        async for info in job.watch():
            if info.progress:
                [told] = info.progress
                assert (told.event_id, told.fraction, told.text) == (f"{job.job_id}.0", 0.25, "page 3 of 12")
                shown.set()
    assert [(left.event_id, left.result) for left in info.results] == [(f"{job.job_id}.0", {"rows": 7})]
    assert info.stats.state == longshore.JobState.SUCCEEDED


async def test_events_obey_their_own_rules(client):
    queue, order = client.queue("work"), []

    async def handle(event):
        order.append((event.body, event.priority))
        if event.body == "once":
            raise longshore.Retry(after=0)

    await queue.push("last", priority=0)
    first = await queue.push("first", priority=9)
    once = await queue.push("once", retry_policy=longshore.RetryPolicy(max_attempts=1))
    late = await queue.push("late", delay=0.2, expire_after=0.1)
    async with consuming(queue, handle, concurrency=1, prefetch=0):
        stats = await ended(client, first.job_id, once.job_id, late.job_id)
    assert [found.state for found in stats] == [
        longshore.JobState.SUCCEEDED,
        longshore.JobState.FAILED,
        longshore.JobState.FAILED,
    ]
    assert order == [("first", 9), ("once", 5), ("last", 0)]


async def test_events_of_one_key_are_handled_one_at_a_time(client):
    queue, running, most = client.queue("work"), 0, 0

    async def handle(event):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await client.kv.get("something")
        running -= 1

    one = longshore.Concurrency("customer-7", 1)
    job = await queue.push_many([longshore.NewEvent(number, concurrency=one) for number in range(20)])
    async with consuming(queue, handle, concurrency=8):
        await job.wait(60)
    assert most == 1


async def test_a_cancelled_job_stops_its_handler(client):
    queue, started, stopped = client.queue("work"), asyncio.Event(), asyncio.Queue()

    async def handle(event):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.put_nowait(event.cancelled)

    job = await queue.push("long")
    async with consuming(queue, handle):
        await started.wait()
        await job.cancel()
        assert await stopped.get()
        [stats] = await ended(client, job.job_id)
    assert stats.state == longshore.JobState.CANCELLED


async def test_entries_have_versions_conditions_and_order(client):
    kv = client.kv
    first = await kv.set("a:1", {"n": 1}, if_absent=True)
    with pytest.raises(longshore.EntryExists):
        await kv.set("a:1", 2, if_absent=True)
    second = await kv.set("a:1", b"raw", if_version=first)
    assert second > first
    with pytest.raises(longshore.VersionMismatch) as caught:
        await kv.set("a:1", 3, if_version=first)
    assert caught.value.current_version == second
    await kv.set("a:2", None, expire_after=3600)
    await kv.set("b", 1)
    assert [entry.key async for entry in kv.list("a:")] == ["a:1", "a:2"]
    assert await kv.get_many(["b", "a:1", "none"]) == {"b": 1, "a:1": b"raw"}
    assert (await kv.entry("a:2")).expire_time is not None
    await kv.delete("a:1", if_version=second)
    await kv.delete("a:1")
    assert await kv.get("a:1", "gone") == "gone"


async def test_pushing_and_consuming_go_on_over_a_killed_broker(service):
    broker = service("queue_service", "--address", "127.0.0.1:0", "--database", "killed.db")
    handled, gate = asyncio.Queue(), asyncio.Event()

    async def handle(event):
        handled.put_nowait(event.body)
        await gate.wait()

    async with longshore.connect(await broker.start(), timeout=60) as client:
        queue = client.queue("work")
        before = await asyncio.gather(*(queue.push(number) for number in range(6)))
        async with consuming(queue, handle, concurrency=2):
            await handled.get()
            watch = before[0].watch()
            assert not (await anext(watch)).stats.state.terminal
            await broker.kill()
            gate.set()
            push = asyncio.ensure_future(queue.push("after"))
            await broker.start()
            after = await push
            stats = await ended(client, *(job.job_id for job in [*before, after]))
            assert [info.stats async for info in watch][-1] == stats[0]
    assert all(found.state == longshore.JobState.SUCCEEDED for found in stats)
    assert {handled.get_nowait() for _ in range(handled.qsize())} >= {"after"}
