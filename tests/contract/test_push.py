"""Contract of a store: pushing."""

import uuid

import pytest

from queue_service.domain.errors import GroupCancelled, GroupNotFound, GroupSealed, IdReused, LeaseLost
from queue_service.domain.records import NewEvent, Payload

JOB = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057").bytes


async def test_payloads(bench):
    """Payloads and attributes arrive byte for byte, whatever they are."""
    events = (
        NewEvent(payload=Payload(b"", is_json=False)),
        NewEvent(payload=Payload(bytes(range(256)), is_json=False)),
        NewEvent(payload=Payload(' {"ä": "\\u0000"} '.encode(), is_json=True)),
        NewEvent(payload=Payload(b"x" * 1_048_576, is_json=False), attributes={"a": "\0", "\U0001f600": "'\""}),
    )
    await bench.push(events=events)
    await bench.reopen()
    delivered = await bench.claim(count=10)
    assert [one.payload for one in delivered] == [event.payload for event in events]
    assert [dict(one.attributes) for one in delivered] == [{}, {}, {}, {"a": "\0", "\U0001f600": "'\""}]


async def test_only_an_empty_payload(bench):
    """An empty payload is a payload, also when nothing else is written with it."""
    await bench.push(data=b"", fingerprint=b"", job_id=JOB)
    (delivered,) = await bench.claim()
    assert delivered.payload == Payload(b"", is_json=False)


async def test_one_job(bench):
    """A push of many events makes one job that counts them all, with its events in push order."""
    pushed = await bench.push(count=1_000)
    assert await bench.counts(pushed.job_id) == (0, 1_000, 0, 0)
    ordinals = [one.event.id - one.job.id for one in await bench.claim(count=1_000)]
    assert ordinals == list(range(1_000))


async def test_repeat_by_job_id(bench):
    """The same job_id with the same content answers as the first time and pushes nothing, also after a restart."""
    first = await bench.push(job_id=JOB)
    bench.clock.step(5)
    for _ in range(2):
        again = await bench.push(job_id=JOB)
        assert (again.job_id, again.push_time, again.deduplicated) == (JOB, first.push_time, True)
        await bench.reopen()
    assert len(await bench.claim(count=10)) == 1


async def test_repeat_by_request_id(bench):
    """A request_id makes a repeat safe within its queue, and means nothing in another."""
    first = await bench.push(request_id="monday")
    again = await bench.push(request_id="monday")
    other = await bench.push("other", request_id="monday")
    assert (again.job_id, again.deduplicated, other.deduplicated) == (first.job_id, True, False)


async def test_repeats_in_one_turn(bench):
    """Repeats that share a transaction with the first are recognised, in a new queue too."""
    jobs = [bench.job("new", job_id=JOB), bench.job("new", job_id=JOB), bench.job("new", request_id="r")]
    answers = await bench.write(bench.pushing(*jobs, bench.job("new", request_id="r")))
    assert [answer.deduplicated for answer in answers] == [False, True, False, True]


@pytest.mark.parametrize("name", ["job_id", "request_id"])
async def test_reuse(bench, name):
    """An id with other content is refused."""
    value = JOB if name == "job_id" else "r"
    await bench.push(**{name: value})
    with pytest.raises(IdReused) as raised:
        await bench.push(**{name: value}, fingerprint=b"other content")
    assert raised.value.field == name


async def test_repeat_after_the_end(bench):
    """A repeat is recognised as long as the job is kept: also when its events are through."""
    await bench.push(job_id=JOB)
    await bench.settle(await bench.lease())
    assert (await bench.push(job_id=JOB)).deduplicated


async def test_independence(bench):
    """A refused push leaves the others of its batch alone."""
    answers = await bench.write(bench.pushing(bench.job(), bench.job(group_id=JOB), bench.job()))
    assert isinstance(answers[1], GroupNotFound)
    assert len(await bench.claim(count=10)) == 2


async def test_lineage(bench):
    """A handler's push inherits root and group and is one deeper."""
    group = await bench.group()
    root = await bench.push(group_id=group)
    child = await bench.push(parent=await bench.lease())
    grandchild = await bench.push(parent=await bench.lease())
    views = await bench.store.get_jobs([child.job_id, grandchild.job_id])
    assert [(view.job.root, view.job.depth, view.group_id) for view in views.values()] == [
        (root.job_id, 1, group),
        (root.job_id, 2, group),
    ]


async def test_lost_parent(bench):
    """Who lost the lease can push no children."""
    await bench.push()
    lease = await bench.lease()
    await bench.settle(lease)
    with pytest.raises(LeaseLost):
        await bench.push(parent=lease)


async def test_sealed_group(bench):
    """A sealed group takes pushes of its members' handlers only."""
    group = await bench.group()
    await bench.push(group_id=group, seal_group=True)
    await bench.push("outside")
    with pytest.raises(GroupSealed):
        await bench.push(group_id=group)
    with pytest.raises(GroupSealed):
        await bench.push(group_id=group, parent=await bench.lease("outside"))
    await bench.push(group_id=group, parent=await bench.lease())


async def test_cancelled_group(bench):
    """A cancelled group takes no pushes, not even of its own handlers."""
    group = await bench.group()
    await bench.push(group_id=group)
    lease = await bench.lease()
    await bench.cancel_group(group)
    for values in ({"group_id": group}, {"parent": lease}):
        with pytest.raises(GroupCancelled):
            await bench.push(**values)


async def test_order_of_ids(bench):
    """Ids that the store makes are time-ordered UUIDs of version 7."""
    first = await bench.push()
    bench.clock.step(1)
    second = await bench.push()
    assert first.job_id < second.job_id
    assert uuid.UUID(bytes=first.job_id).version == 7
