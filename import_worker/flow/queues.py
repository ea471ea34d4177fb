"""The queues of imports and their retry policy, which does not depend on what the broker's default is.

Waits for the outside are Releases and count for nothing, so what counts is few: defects, and workers that die.
"""

from collections.abc import Iterable

import longshore
from longshore import Jitter, QueueNotFound, RetryPolicy
from longshore.admin import QueueSettings

POLICY = RetryPolicy(
    max_attempts=10,
    max_age=366 * 86_400.0,  # a run may wait for days, and a worker that dies then must not end it
    max_lease_losses=20,
    initial_backoff=1.0,
    multiplier=2.0,
    max_backoff=900.0,
    jitter=Jitter.FULL,
)


async def set_policies(client: longshore.Client, queues: Iterable[str]) -> None:
    """Give the queues their policy, where they have another. Several workers may do so at once."""
    for name in queues:
        try:
            found = (await client.admin.queues.get(name)).settings.retry_policy
        except QueueNotFound:
            found = None
        if found != POLICY:
            await client.admin.queues.set(name, QueueSettings(retry_policy=POLICY), create=True)
