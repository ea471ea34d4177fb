"""Contract of a store: Commit."""

import uuid
from dataclasses import replace

import pytest

from queue_service.domain.errors import EntryExists, GroupNotFound, IdReused, LeaseLost, VersionMismatch
from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import Retry
from queue_service.domain.retention import Retention
from queue_service.domain.states import EventState

JOB = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057").bytes


async def test_all(bench):
    """A commit settles, pushes and writes in one step, and answers part by part."""
    pushed = await bench.push(count=2)
    done, again = [one.key for one in await bench.claim(count=2)]
    answer = await bench.commit(
        settle=[done, [again, Retry(after=7)]],
        push=[bench.job("next", job_id=JOB)],
        check=[("k", 0)],
        write=[("k", b"1"), ("l", None)],
    )
    assert [settled.state for settled in answer.settled] == [EventState.SUCCEEDED, EventState.PENDING]
    assert [push.job_id for push in answer.pushes] == [JOB]
    assert answer.versions[1] == 0
    await bench.reopen()
    assert await bench.counts(pushed.job_id) == (1, 1, 0, 0)
    assert (await bench.get("k")).version == answer.versions[0]
    assert len(await bench.claim("next")) == 1


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"settle": [LeaseKey(99, 1)]}, LeaseLost),
        ({"check": [("k", 0)]}, EntryExists),
        ({"check": [("k", 99)]}, VersionMismatch),
        ({"check": [("absent", 1)]}, VersionMismatch),
        ({"push": [{"group_id": JOB}]}, GroupNotFound),
        ({"push": [{"job_id": JOB, "fingerprint": b"other"}]}, IdReused),
        ({"push": [{"parent": LeaseKey(99, 1)}]}, LeaseLost),
    ],
)
async def test_nothing(bench, broken, error):
    """A commit of which one part does not hold changes nothing at all."""
    pushed = await bench.push(job_id=JOB)
    lease = await bench.lease()
    await bench.set("k", b"before")
    parts = {"settle": [lease], "push": [bench.job("next")], "write": [("k", b"after"), ("new", b"1")]}
    for part, values in broken.items():
        made = [bench.job("next", **value) for value in values] if part == "push" else values
        parts[part] = [*parts.get(part, []), *made]
    with pytest.raises(error):
        await bench.commit(**parts)
    await bench.reopen()
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)
    assert await bench.claim("next") == []
    assert (await bench.get("k")).payload.data == b"before"
    assert await bench.get("new") is None
    await bench.commit(settle=[lease], push=[bench.job("next")])


async def test_state_before(bench):
    """Checks look at the state before the commit, not at its own writes."""
    await bench.commit(check=[("k", 0)], write=[("k", b"1")])
    version = (await bench.get("k")).version
    await bench.commit(check=[("k", version)], write=[("k", b"2")])
    assert (await bench.get("k")).payload.data == b"2"


async def test_own_parents(bench):
    """The leases that a commit settles are live parents of its pushes."""
    group = await bench.group()
    root = await bench.push(group_id=group, seal_group=True)
    lease = await bench.lease()
    answer = await bench.commit(settle=[lease], push=[bench.job(parent=lease)])
    view = (await bench.store.get_jobs([answer.pushes[0].job_id]))[answer.pushes[0].job_id]
    assert (view.job.root, view.job.depth, view.group_id) == (root.job_id, 1, group)
    assert (await bench.store.get_group(group)).state.name == "SEALED"


async def test_request_id(bench):
    """A repeated commit is answered from memory for 24 hours, also after a restart, and does nothing."""
    await bench.push()
    lease = await bench.lease()
    values = {"settle": [[lease, Retry(after=3)]], "push": [bench.job("next")], "write": [("k", b"1")]}
    first = await bench.commit(request_id="r", **values)
    await bench.reopen()
    bench.clock.step(86_399_999)
    again = await bench.commit(request_id="r", **values)
    assert again.deduplicated
    assert (again.pushes, again.settled, again.versions) == (first.pushes, first.settled, first.versions)
    assert again.commit_time == first.commit_time
    assert len(await bench.claim("next", count=9)) == 1


async def test_request_id_is_forgotten(bench):
    """After 24 hours the request_id is free again."""
    await bench.commit(request_id="r", write=[("k", b"1")])
    bench.clock.step(86_400_000)
    again = await bench.commit(request_id="r", write=[("k", b"2")], fingerprint=b"other")
    assert not again.deduplicated
    assert (await bench.commit(request_id="r", fingerprint=b"other")).commit_time == again.commit_time


async def test_memory_of_answers_is_a_setting(bench):
    """How long the answer to a commit is remembered is the operator's choice."""
    bench.terms = replace(bench.terms, retention=Retention(commit_answers=1_000))
    await bench.commit(request_id="r", fingerprint=b"one")
    bench.clock.step(999)
    assert (await bench.commit(request_id="r", fingerprint=b"one")).deduplicated
    bench.clock.step(1)
    assert not (await bench.commit(request_id="r", fingerprint=b"two")).deduplicated


async def test_request_id_reused(bench):
    """A request_id with other content is refused."""
    await bench.commit(request_id="r")
    with pytest.raises(IdReused):
        await bench.commit(request_id="r", fingerprint=b"other")


async def test_refused_is_not_remembered(bench):
    """A refused commit leaves its request_id free."""
    with pytest.raises(VersionMismatch):
        await bench.commit(request_id="r", check=[("k", 5)])
    assert not (await bench.commit(request_id="r")).deduplicated


async def test_repeats_in_one_turn(bench):
    """Of the copies of a commit that share a turn one is carried out."""
    answers = await bench.together(*[bench.committing(request_id="r", push=[bench.job()]) for _ in range(3)])
    assert [answer.deduplicated for answer in answers] == [False, True, True]
    assert len(await bench.claim(count=9)) == 1


async def test_one_of_rivals(bench):
    """Of rival commits on one lease, or on one version of an entry, exactly one takes effect."""
    await bench.push()
    lease = await bench.lease()
    rivals = [bench.committing(settle=[lease], push=[bench.job("next")]) for _ in range(3)]
    assert [type(answer).__name__ for answer in await bench.together(*rivals)] == ["CommitAnswer"] + ["LeaseLost"] * 2
    assert len(await bench.claim("next", count=9)) == 1
    rivals = [bench.committing(check=[("k", 0)], write=[("k", b"1")]) for _ in range(3)]
    assert [type(answer).__name__ for answer in await bench.together(*rivals)] == ["CommitAnswer"] + ["EntryExists"] * 2


async def test_repeat_of_a_push(bench):
    """A push inside a commit is recognised as a repeat like any other."""
    await bench.push("next", job_id=JOB)
    answer = await bench.commit(push=[bench.job("next", job_id=JOB)])
    assert answer.pushes[0].deduplicated
