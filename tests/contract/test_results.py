"""What a job shows of its events: progress of those that are worked on, results of those that succeeded."""

import pytest

from queue_service.broker.extend import Extend, Extension, ToldProgress
from queue_service.domain.outcomes import Failure, Release, Success
from queue_service.domain.records import Payload, Progress


@pytest.fixture
def details(bench):
    """What is shown of a job."""

    async def details(pushed):
        return (await bench.store.get_job_details([pushed.job_id]))[pushed.job_id]

    return details


@pytest.fixture
def tell(bench):
    """Tell progress of leases."""

    async def tell(*leases, fraction=None, text=""):
        told = ToldProgress(fraction=fraction, text=text)
        extensions = [Extension(key=lease, duration=60_000, progress=told) for lease in leases]
        await bench.write(Extend(extensions, terms=bench.terms))

    return tell


def success(data, *, is_json=False):
    return Success(result=Payload(data, is_json=is_json))


async def test_progress(bench, details, tell):
    """Progress is shown for leased events that told any, with the time at which they did, the latest only."""
    pushed = await bench.push(count=3)
    leases = [one.key for one in await bench.claim(count=3)]
    await tell(leases[2], text="begun")
    bench.clock.step(5)
    await tell(leases[1], leases[2], fraction=0.5, text="half")
    half = Progress(0.5, "half", bench.clock.now())
    assert (await details(pushed)).progress == {1: half, 2: half}
    await bench.reopen()
    assert (await details(pushed)).progress == {1: half, 2: half}


@pytest.mark.parametrize("outcome", [Success(), Failure(), Release()])
async def test_progress_ends_with_the_delivery(bench, details, tell, outcome):
    """What a delivery told is not shown when it has ended, nor during the next one."""
    pushed = await bench.push()
    lease = await bench.lease()
    await tell(lease, fraction=1.0)
    await bench.settle(lease, outcome)
    assert (await details(pushed)).progress == {}
    await bench.claim()
    assert (await details(pushed)).progress == {}


async def test_progress_is_bounded(bench, details, tell):
    """At most a hundred events show progress, the first ones."""
    await bench.push()
    pushed = await bench.push(count=120)
    await tell(*[one.key for one in await bench.claim(count=121)], text="x")
    assert list((await details(pushed)).progress) == list(range(100))


async def test_results(bench, details):
    """Results are kept with the job, byte for byte and in the order of its events, after the events are gone."""
    before, pushed, after = [await bench.push(count=count) for count in (1, 4, 1)]
    leases = [one.key for one in await bench.claim(count=6)]
    data = bytes(range(256))
    outcomes = [success(b"no"), success(data), Success(), success('{"ö": 1}'.encode(), is_json=True), Failure()]
    for lease, outcome in reversed(list(zip(leases, [*outcomes, success(b"no")], strict=True))):
        await bench.settle(lease, outcome)
    await bench.reopen()
    assert (await details(pushed)).results == {0: Payload(data, False), 2: Payload('{"ö": 1}'.encode(), True)}
    assert [(await details(job)).results for job in (before, after)] == [{0: Payload(b"no", False)}] * 2


async def test_an_empty_result(bench, details):
    """A result without bytes is a result."""
    pushed = await bench.push()
    await bench.settle(await bench.lease(), success(b""))
    assert (await details(pushed)).results == {0: Payload(b"", False)}


async def test_results_are_bounded_in_number(bench, details):
    """At most a hundred results are shown, the first ones."""
    pushed = await bench.push(count=120)
    await bench.write(bench.settling(*((one.key, success(b"x")) for one in await bench.claim(count=120))))
    assert list((await details(pushed)).results) == list(range(100))


async def test_results_are_bounded_in_bytes(bench, details):
    """At most 240 KiB of results are shown, the first ones."""
    pushed = await bench.push(count=70)
    await bench.write(bench.settling(*((one.key, success(b"x" * 4096)) for one in await bench.claim(count=70))))
    assert list((await details(pushed)).results) == list(range(60))


async def test_pushes_below_the_root(bench, details):
    """Every job of a lineage tells how many jobs handlers have pushed below its root."""
    root, other = await bench.push(), await bench.push("other")
    assert (await details(root)).pushes_below_root == 0
    child = await bench.push("child", parent=await bench.lease())
    grandchild = await bench.push("grandchild", parent=await bench.lease("child"))
    await bench.reopen()
    assert [(await details(job)).pushes_below_root for job in (root, child, grandchild, other)] == [2, 2, 2, 0]


async def test_many_at_once(bench, details, tell):
    """Jobs that are asked for together show what each shows alone; unknown ones are left out."""
    pushed = [await bench.push(count=2) for _ in range(3)]
    for _ in pushed:
        first, second = [one.key for one in await bench.claim(count=2)]
        await bench.settle(first, success(b"%d" % first.event))
        await tell(second, text="on")
    alone = {job.job_id: await details(job) for job in pushed}
    assert [len(one.results) + len(one.progress) for one in alone.values()] == [2] * 3
    assert await bench.store.get_job_details([*alone, bytes(16)]) == alone
