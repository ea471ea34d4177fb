"""Contract of a store: groups and their completion jobs."""

import uuid

import pytest

from queue_service.broker.groups import SealGroup
from queue_service.domain.errors import GroupNotFound, IdReused
from queue_service.domain.ids import completion_job_id
from queue_service.domain.outcomes import Failure, Retry
from queue_service.domain.states import GroupResult, GroupState

DAY = 86_400_000


async def test_complete(bench):
    """A group completes with its last event once it is sealed; its completion job tells result and counts."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, count=3)
    leases = [one.key for one in await bench.claim(count=3)]
    await bench.settle(leases[0])
    await bench.seal(group)
    await bench.settle(leases[1], Failure())
    assert await bench.claim("after") == []
    await bench.settle(leases[2])
    (told,) = await bench.claim("after", count=9)
    assert told.job.job_id == completion_job_id(group)
    assert told.payload.data == b"done"
    assert told.attributes == {
        "longshore.group_id": str(uuid.UUID(bytes=group)),
        "longshore.group_result": "HAS_FAILURES",
        "longshore.group_success": "2",
        "longshore.group_failed": "1",
        "longshore.group_cancelled": "0",
    }
    assert told.group is None


async def test_not_before_the_seal(bench):
    """An open group does not complete, however often its events run out."""
    group = await bench.group(then="after")
    for _ in range(3):
        await bench.push(group_id=group)
        await bench.settle(await bench.lease())
    assert (await bench.store.get_group(group)).state is GroupState.OPEN
    assert await bench.claim("after") == []
    sealed = await bench.seal(group)
    assert (sealed.state, sealed.result) == (GroupState.COMPLETE, GroupResult.SUCCEEDED)


async def test_exactly_once(bench):
    """The completion job is pushed once, whatever is repeated afterwards, and by whomever, over restarts."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, seal_group=True)
    lease = await bench.lease()
    for _ in range(2):
        await bench.settle(lease)
        await bench.seal(group)
        await bench.cancel_group(group)
        await bench.reopen()
    assert len(await bench.claim("after", count=9)) == 1
    assert (await bench.store.get_group(group)).result is GroupResult.SUCCEEDED


async def test_one_turn(bench):
    """Last settles and the seal in one turn complete the group once."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, count=2)
    first, second = [one.key for one in await bench.claim(count=2)]
    await bench.together(bench.settling((first,)), SealGroup(group), bench.settling((second,)), SealGroup(group))
    assert (await bench.store.get_group(group)).state is GroupState.COMPLETE
    assert len(await bench.claim("after", count=9)) == 1


async def test_children_keep_it_open(bench):
    """A handler's push in the commit that settles its lease keeps a sealed group from completing between the two."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, seal_group=True)
    lease = await bench.lease()
    await bench.commit(settle=[lease], push=[bench.job(parent=lease)])
    assert await bench.claim("after") == []
    await bench.settle(await bench.lease())
    assert len(await bench.claim("after", count=9)) == 1


async def test_retries_keep_it_open(bench):
    """A retry is not an end."""
    group = await bench.group(then="after")
    await bench.push(group_id=group, seal_group=True)
    await bench.settle(await bench.lease(), Retry(after=0))
    assert await bench.claim("after") == []


async def test_counts(bench):
    """A group counts the jobs and events of all its pushes."""
    group = await bench.group()
    await bench.push(group_id=group, count=2)
    await bench.push("other", group_id=group)
    await bench.settle(await bench.lease())
    stored = await bench.store.get_group(group)
    assert (stored.jobs, stored.events, stored.success, stored.in_progress) == (2, 3, 1, 2)


async def test_repeat(bench):
    """Creating a group again answers the same group; with another completion job it is refused."""
    group = await bench.group(then="after", fingerprint=b"1")
    await bench.push(group_id=group)
    await bench.reopen()
    assert await bench.group(group_id=group, then="after", fingerprint=b"1") == group
    assert (await bench.store.get_group(group)).jobs == 1
    with pytest.raises(IdReused):
        await bench.group(group_id=group, then="elsewhere", fingerprint=b"2")


async def test_unknown(bench):
    """Sealing what is not there is refused; reading it finds nothing."""
    with pytest.raises(GroupNotFound):
        await bench.seal(uuid.uuid4().bytes)
    assert await bench.store.get_group(uuid.uuid4().bytes) is None


async def test_idle(bench):
    """An open group is sealed for being idle only when nothing was pushed for a day."""
    group = await bench.group()
    created = bench.clock.now()
    assert await bench.store.oldest_open_group() == (group, created)
    bench.clock.step(DAY - 1)
    await bench.push(group_id=group)
    bench.clock.step(DAY - 1)
    assert (await bench.seal(group, only_if_idle=True)).state is GroupState.OPEN
    bench.clock.step(1)
    assert (await bench.seal(group, only_if_idle=True)).state is GroupState.SEALED
    assert await bench.store.oldest_open_group() is None
