"""Contract of a store: extending leases."""

from queue_service.broker.extend import Extended
from queue_service.domain.ids import LeaseKey
from queue_service.domain.outcomes import Retry


async def test_later(bench):
    """An extended lease ends that long from now, durably."""
    await bench.push()
    lease = await bench.lease()
    bench.clock.step(50_000)
    assert (await bench.extend(lease, 60_000)).expire_time == bench.clock.now() + 60_000
    await bench.reopen()
    (stored,) = await bench.store.leased_events()
    assert (stored.key, stored.expire_time) == (lease, bench.clock.now() + 60_000)


async def test_never_earlier(bench):
    """An end is never moved earlier."""
    await bench.push()
    lease = await bench.lease()
    assert (await bench.extend(lease, 1_000)).expire_time == bench.clock.now() + 60_000


async def test_lost(bench):
    """A lease that was settled, or that never was, is lost; the others of the request are extended."""
    await bench.push()
    lease = await bench.lease()
    await bench.settle(lease, Retry(after=0))
    assert await bench.extend(lease) == Extended(expire_time=None)
    assert await bench.extend(LeaseKey(0, 0)) == Extended(expire_time=None)
    assert (await bench.extend(await bench.lease())).expire_time is not None


async def test_cancelled_job(bench):
    """Extending tells that the job was cancelled; the lease holds until it is settled."""
    pushed = await bench.push()
    lease = await bench.lease()
    assert not (await bench.extend(lease)).cancel_requested
    await bench.cancel_job(pushed.job_id)
    extended = await bench.extend(lease)
    assert extended.cancel_requested
    assert extended.expire_time is not None


async def test_cancelled_group(bench):
    """Extending tells that the group was cancelled."""
    group = await bench.group()
    await bench.push(group_id=group)
    lease = await bench.lease()
    await bench.cancel_group(group)
    assert (await bench.extend(lease)).cancel_requested


async def test_clock_gone_back(bench):
    """A lease that is extended after the wall clock went back lasts as long as asked, not as long as the clock lags."""
    told = []
    bench.store.on_commit(lambda work: told.extend(work.notices.extended))
    await bench.push()
    key = await bench.lease()
    bench.clock.wall -= 3_600_000
    await bench.extend(key, 60_000)
    assert told == [(key, 60_000)]
