"""The guide to queue storage interactions: the limit is hit, and what has to be written is written."""

import asyncio
import re
from functools import partial

import pytest

import longshore
from queue_service.domain.limits import Limits

PROGRAM = "queue_storage.py"


@pytest.fixture
def limits():
    return Limits(kv_writes_per_second=2)


@pytest.fixture
def guide(program):
    return program(PROGRAM)


@pytest.fixture
async def consuming(client, guide):
    """Consumes as the program does, and tells on which attempts each issue was seen."""
    seen = {}

    async def handle(event):
        seen.setdefault(event.body["issueKey"], []).append(event.attempt)
        await guide.write_entry(client, event)

    task = asyncio.create_task(client.queue(guide.QUEUE).consume(handle, concurrency=1))
    yield seen
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_program_hits_the_limit_and_ends_with_the_youngest_issue(run, client):
    ended = await run(PROGRAM)
    assert ended.code == 0
    refused = [line for line in ended.lines if re.fullmatch(r"DEMO-\d: attempt \d, RateLimited, again in .* s", line)]
    assert refused
    assert [line for line in ended.lines if line.endswith(": SUCCEEDED")] == [
        f"DEMO-{number}: SUCCEEDED" for number in range(1, 5)
    ]
    assert ended.lines[-1] == "most-recent-issue-created: DEMO-4"
    assert (await client.kv.get("most-recent-issue-created"))["issueKey"] == "DEMO-4"


async def test_an_event_waits_half_a_second(client, guide):
    queue = client.queue(guide.QUEUE)
    loop = asyncio.get_running_loop()
    handled = loop.create_future()
    pushed = loop.time()
    await guide.on_issue_created(queue, {"issueKey": "DEMO-1", "created": guide.instant()})

    async def handle(event):
        handled.set_result((loop.time() - pushed, event.retry_context))

    consuming = asyncio.create_task(queue.consume(handle))
    waited, context = await handled
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    assert (waited >= 0.5, context) == (True, None)


async def test_a_retry_does_not_write_over_a_younger_issue(client, guide, consuming):
    queue = client.queue(guide.QUEUE)
    await client.kv.set(guide.KEY, {"issueKey": "DEMO-2", "created": "2026-01-02"})
    older = await guide.on_issue_created(queue, {"issueKey": "DEMO-1", "created": "2026-01-01"})
    assert (await older.wait()).stats.success == 1
    assert (await client.kv.get(guide.KEY))["issueKey"] == "DEMO-2"


async def test_after_four_retries_it_is_a_dead_letter(client, guide, consuming, monkeypatch):
    """The five attempts follow each other at once, so that all of them meet the same second."""
    monkeypatch.setattr(guide, "BASE", 0.0)
    monkeypatch.setattr(guide, "JITTER", 0.0)
    queue = client.queue(guide.QUEUE)
    first, second = [
        await guide.on_issue_created(queue, {"issueKey": f"DEMO-{number}", "created": f"2026-01-0{number}"})
        for number in (1, 2)
    ]
    assert (await first.wait()).stats.success == 1
    assert (await second.wait()).stats.failed == 1
    assert consuming == {"DEMO-1": [1], "DEMO-2": [1, 2, 3, 4, 5]}
    dead = await client.admin.events.get(f"{second.job_id}.0")
    assert [attempt.reason for attempt in dead.attempts] == ["RateLimited"] * 5
    assert (await client.kv.get(guide.KEY))["issueKey"] == "DEMO-1"


async def test_the_wait_doubles_and_has_chance_in_it(client, guide):
    refused = partial(guide.write_entry, client)
    events = [_Refused(retries) for retries in range(4)]
    await client.kv.set("another", 1)
    await client.kv.set("another", 2)  # the second's writes are used up
    waits = []
    for event in events:
        with pytest.raises(longshore.Retry) as asked:
            await refused(event)
        retry = asked.value.acknowledgement("lease").retry
        assert retry.reason == "RateLimited"
        waits.append(retry.after.ToMilliseconds() / 1000)
    bounds = [(guide.BASE * 2**retries, guide.BASE * 2**retries + guide.JITTER) for retries in range(4)]
    assert all(low <= wait <= high for wait, (low, high) in zip(waits, bounds, strict=True)), waits


class _Refused:
    """An event that was retried so often."""

    def __init__(self, retries):
        self.body = {"issueKey": "DEMO-1", "created": "2026-01-01"}
        self.retry_count = retries
        self.attempt = retries + 1
