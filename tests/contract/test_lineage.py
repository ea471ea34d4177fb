"""Lineages: who pushed what, and how far a chain of handlers may go."""

from dataclasses import replace

import pytest

from queue_service.broker.groups import CreateGroup
from queue_service.broker.push import Parent
from queue_service.domain.errors import ChainLimit, LeaseLost
from queue_service.domain.ids import format_id
from queue_service.domain.limits import Limits
from queue_service.domain.records import Lineage, NewEvent, OnComplete, Payload


@pytest.fixture
def limit(bench):
    """Set limits of the broker."""

    def limit(**values):
        bench.terms = replace(bench.terms, limits=Limits(**values))

    return limit


@pytest.fixture
def below(bench):
    """Jobs that were pushed below the root of a job."""

    async def below(pushed):
        return (await bench.store.get_job_details([pushed.job_id]))[pushed.job_id].pushes_below_root

    return below


async def child(bench, lease, **values):
    """Push a child; each has other content."""
    return await bench.push(parent=lease, data=b"%d" % bench.store._next_event, **values)


async def test_depth(bench, limit):
    """Every handler between a job and its root adds one to its depth; the bound is the deepest that there may be."""
    limit(max_chain_depth=3)
    root = await bench.push()
    for depth in range(3):
        (delivered,) = await bench.claim()
        assert (delivered.job.root, delivered.job.depth) == (root.job_id, depth)
        await child(bench, delivered.key)
        await bench.settle(delivered.key)
    (deepest,) = await bench.claim()
    with pytest.raises(ChainLimit, match="deeper than 3 handlers") as raised:
        await child(bench, deepest.key)
    assert (raised.value.root_job_id, raised.value.limit) == (format_id(root.job_id), 3)
    assert "without end" in str(raised.value)


async def test_pushes(bench, limit, below):
    """The bound counts jobs below one root at any depth, by whomever; other roots have their own."""
    limit(max_chain_pushes=4)
    root, other = await bench.push(count=2), await bench.push("other")
    first, second = [one.key for one in await bench.claim(count=2)]
    await child(bench, first, queue="children", count=5)
    await child(bench, second)
    grandparent = await bench.lease("children")
    await child(bench, grandparent)
    await child(bench, first)
    for lease in (first, second, grandparent):
        with pytest.raises(ChainLimit, match="more than 4 jobs"):
            await child(bench, lease)
    assert (await below(root), await below(other)) == (4, 0)
    await child(bench, await bench.lease("other"))
    await bench.push()


async def test_a_loop_ends(bench, limit):
    """A chain that pushes itself for ever ends with an error, however much of it has ended, also over restarts."""
    limit(max_chain_pushes=20)
    await bench.push()
    for number in range(20):
        lease = await bench.lease()
        await bench.commit(settle=[lease], push=[bench.job(parent=lease, data=b"%d" % number)])
        if number % 7 == 0:
            await bench.reopen()
    lease = await bench.lease()
    with pytest.raises(ChainLimit):
        await bench.commit(settle=[lease], push=[bench.job(parent=lease, data=b"more")])
    assert (await bench.settle(lease)).status.name == "OK"


async def test_pushes_of_one_request(bench, limit, below):
    """Pushes of one request count one after the other; those beyond the bound are refused alone."""
    limit(max_chain_pushes=2)
    root = await bench.push()
    lease = await bench.lease()
    jobs = [bench.job(parent=lease, data=b"%d" % number) for number in range(3)] + [bench.job("free")]
    answers = await bench.write(bench.pushing(*jobs))
    assert [isinstance(answer, ChainLimit) for answer in answers] == [False, False, True, False]
    assert await below(root) == 2


async def test_pushes_of_one_turn(bench, limit, below):
    """Requests that share a turn share the bound."""
    limit(max_chain_pushes=3)
    root = await bench.push()
    lease = await bench.lease()
    units = [bench.pushing(bench.job(parent=lease, data=b"%d" % number)) for number in range(5)]
    answers = [answer for (answer,) in await bench.together(*units)]
    assert [isinstance(answer, ChainLimit) for answer in answers] == [False] * 3 + [True] * 2
    assert await below(root) == 3


async def test_commit_is_all_or_nothing(bench, limit, below):
    """A commit with one push too many does nothing at all."""
    limit(max_chain_pushes=2)
    root = await bench.push()
    lease = await bench.lease()
    pushes = [bench.job(parent=lease, data=b"%d" % number) for number in range(3)]
    with pytest.raises(ChainLimit):
        await bench.commit(settle=[lease], push=pushes, write=[("k", b"v")])
    assert (await below(root), await bench.get("k")) == (0, None)
    await bench.commit(settle=[lease], push=pushes[:2])
    assert await below(root) == 2


async def test_repeats_do_not_count(bench, limit, below):
    """A repeated push is answered as the first time and counts nothing, also at the bound."""
    limit(max_chain_pushes=1)
    root = await bench.push()
    lease = await bench.lease()
    for repeat in (False, True, True):
        pushed = await bench.push(parent=lease, job_id=b"0123456789abcdef", data=b"child")
        assert pushed.deduplicated is repeat
    assert await below(root) == 1


async def test_a_new_root(bench, limit):
    """Who pushes without a parent begins a lineage, wherever it stands."""
    limit(max_chain_depth=1, max_chain_pushes=1)
    await bench.push()
    for _ in range(5):
        pushed = await bench.push()
        job = (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].job
        assert (job.root, job.depth) == (pushed.job_id, 0)


async def test_on_complete(bench, limit, below):
    """A completion job has the lineage of who created the group, one deeper, and is never refused."""
    limit(max_chain_depth=2, max_chain_pushes=2)
    root = await bench.push()
    lease = await bench.lease()
    await child(bench, lease, queue="child")
    creator = await bench.lease("child")
    unit = CreateGroup(
        group_id=None,
        on_complete=OnComplete(queue="after", events=(NewEvent(payload=Payload(b"", is_json=False)),)),
        fingerprint=b"",
        parent=Parent(key=creator, lease_id="the parent's lease"),
        terms=bench.terms,
    )
    group, _ = await bench.write(unit)
    assert group.lineage == Lineage(root.job_id, 2)
    await child(bench, lease)
    await bench.settle(creator)
    await bench.settle(lease)
    await bench.reopen()
    await bench.seal(group.group_id)
    (told,) = await bench.claim("after")
    assert (told.job.root, told.job.depth, await below(root)) == (root.job_id, 2, 3)


async def test_on_complete_of_nobodys_group(bench):
    """The completion job of a group that no handler created is a root."""
    group = await bench.group(then="after")
    root = await bench.push()
    await child(bench, await bench.lease(), queue="member", group_id=group)
    await bench.settle(await bench.lease("member"))
    await bench.seal(group)
    (told,) = await bench.claim("after")
    assert (told.job.root, told.job.depth) == (told.job.job_id, 0)
    assert told.job.root != root.job_id


async def test_a_group_of_a_lost_lease(bench):
    """Who lost its lease creates no group."""
    await bench.push()
    lease = await bench.lease()
    await bench.settle(lease)
    parent = Parent(key=lease, lease_id="the parent's lease")
    unit = CreateGroup(group_id=None, on_complete=None, fingerprint=b"", parent=parent, terms=bench.terms)
    with pytest.raises(LeaseLost):
        await bench.write(unit)
