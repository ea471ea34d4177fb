"""Pausing a queue: deliveries stop, everything else goes on."""

import pytest

from queue_service.broker.queues import PauseQueue
from queue_service.domain.errors import QueueNotFound
from queue_service.domain.outcomes import Retry
from queue_service.domain.records import Concurrency, NewEvent, Payload


async def test_deliveries_stop(bench):
    """Nothing of a paused queue is handed out, over a restart, until it is resumed; pushes and settles go on."""
    pushed = await bench.push(count=2)
    lease = await bench.lease()
    assert (await bench.operators.pause_queue("q", paused=True)).queue.paused
    await bench.push(count=3)
    await bench.settle(lease, Retry(after=5))
    bench.clock.step(5)
    assert await bench.claim(count=9) == []
    await bench.reopen()
    assert (await bench.queue()).paused
    assert await bench.claim(count=9) == []
    assert not (await bench.operators.pause_queue("q", paused=False)).queue.paused
    assert len(await bench.claim(count=9)) == 5
    assert await bench.counts(pushed.job_id) == (0, 2, 0, 0)


async def test_repeat(bench):
    """Pausing twice pauses, resuming twice resumes, and streams are told only of changes."""
    await bench.push()
    told = []
    bench.store.on_commit(lambda work: told.append(dict(work.notices.paused)))
    for paused in (True, True, False, False):
        assert (await bench.operators.pause_queue("q", paused=paused)).queue.paused is paused
    assert told == [{"q": True}, {}, {"q": False}, {}]


async def test_unknown(bench):
    """A queue that is not there is neither paused nor made."""
    for paused in (True, False):
        with pytest.raises(QueueNotFound):
            await bench.operators.pause_queue("q", paused=paused)
    assert await bench.store.queues() == []


async def test_a_claim_in_flight(bench):
    """A claim that waits for the writer together with the pause hands nothing out, whichever came first."""
    await bench.push()
    claimed, queue = await bench.together(bench.claiming(), PauseQueue("q", paused=True))
    assert queue.paused
    assert claimed[0].deliveries == [[]]
    assert (await bench.queue()).leased == 0


async def test_keys(bench):
    """What a paused queue has of a concurrency key does not hold up other queues, and goes on afterwards."""
    event = NewEvent(payload=Payload(b"", is_json=False), concurrency=Concurrency("k", 1))
    for queue in ("q", "other"):
        await bench.push(queue, events=(event,) * 3)
    first = await bench.lease()
    await bench.operators.pause_queue("q", paused=True)
    await bench.settle(first)
    for _ in range(3):
        await bench.settle(await bench.lease("other"))
    assert await bench.claim() == []
    await bench.operators.pause_queue("q", paused=False)
    for _ in range(2):
        await bench.settle(await bench.lease())
