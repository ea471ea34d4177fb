"""Contract of a store: leases that run out."""

from queue_service.broker.extend import Extend, Extension
from queue_service.broker.settle import ExpireLeases
from queue_service.domain.outcomes import Failure, Retry, SettleStatus
from queue_service.domain.records import Payload


async def test_again(bench):
    """An event whose lease ran out comes again after a backoff, with a higher attempt; failures are not counted."""
    await bench.push()
    lease = await bench.lease()
    await bench.expire(lease)
    assert await bench.claim() == []
    bench.clock.step(500)
    (again,) = await bench.claim()
    assert (again.key.attempt, again.event.failures, again.event.lease_losses) == (2, 0, 1)
    assert again.event.context.reason == "LEASE_LOST"


async def test_late_settle(bench):
    """Who settles after the lease ran out is told that it is lost, and changes nothing."""
    pushed = await bench.push()
    lease = await bench.lease()
    await bench.expire(lease)
    assert (await bench.settle(lease)).status is SettleStatus.LEASE_LOST
    assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)


async def test_settled_first(bench):
    """What was settled is not taken back, also when both share a turn."""
    pushed = await bench.push()
    lease = await bench.lease()
    expire = ExpireLeases([lease], is_over=lambda _key: True, terms=bench.terms)
    await bench.together(bench.settling((lease, Failure())), expire)
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)


async def test_extended_first(bench):
    """A lease that is extended in the turn in which it would be taken back stays."""
    await bench.push()
    lease = await bench.lease()
    extend = Extend([Extension(key=lease, duration=90_000)], terms=bench.terms)
    expire = ExpireLeases([lease], is_over=lambda _key: True, terms=bench.terms)
    (extended,), _ = await bench.together(extend, expire)
    assert extended.expire_time == bench.clock.now() + 90_000
    assert (await bench.settle(lease)).status is SettleStatus.OK


async def test_extended_before(bench):
    """A lease that was extended since its end was noticed stays."""
    await bench.push()
    lease = await bench.lease()
    await bench.expire(lease, is_over=lambda _key: False)
    assert (await bench.settle(lease)).status is SettleStatus.OK


async def test_dead_letter(bench):
    """The fifth lost lease makes a dead letter."""
    pushed = await bench.push()
    for _ in range(5):
        assert await bench.counts(pushed.job_id) == (0, 1, 0, 0)
        await bench.expire(await bench.lease())
        bench.clock.step(900_000)
    assert await bench.counts(pushed.job_id) == (0, 0, 1, 0)
    assert await bench.claim() == []


async def test_keeps_data(bench):
    """What the retry before left for the next attempt outlives a lost lease."""
    data = Payload(b"cursor", is_json=False)
    await bench.push()
    await bench.settle(await bench.lease(), Retry(after=0, data=data))
    await bench.expire(await bench.lease())
    bench.clock.step(1_000)
    assert (await bench.claim())[0].event.context.data == data
