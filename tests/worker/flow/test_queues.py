"""The queues of imports have a policy of their own, which workers set and repeat harmlessly."""

from import_worker.flow.dispatch import STEPS
from import_worker.flow.queues import POLICY, set_policies
from longshore import RetryPolicy
from longshore.admin import QueueSettings


async def test_a_worker_sets_them_at_its_start(world):
    await world.run()
    for name in STEPS:
        queue = await world.client.admin.queues.get(name)
        assert queue.effective_retry_policy == POLICY
    assert (POLICY.max_attempts, POLICY.max_lease_losses) == (10, 20)
    assert None not in [getattr(POLICY, name) for name in POLICY.__slots__]  # nothing is left to the broker's default


async def test_what_an_operator_set_beside_it_stays(world):
    await world.run()
    await world.rest()
    settings = QueueSettings(retry_policy=RetryPolicy(max_attempts=2), max_pending=7)
    await world.client.admin.queues.set("import.read", settings)
    await set_policies(world.client, STEPS)
    found = (await world.client.admin.queues.get("import.read")).settings
    assert (found.retry_policy, found.max_pending) == (POLICY, 7)
