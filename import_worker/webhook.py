"""Webhooks: one bounded POST of a JSON document to an address that only the environment knows."""

import asyncio
import random
from collections.abc import Mapping
from urllib.parse import urlsplit

from import_worker.config.secrets import resolve_text
from import_worker.errors import Permanent, Transient
from import_worker.http.exchange import Access, Limits, Peer, Request
from import_worker.http.reach import Reach
from import_worker.http.redaction import Secrets
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport
from import_worker.ports import Clock

WEBHOOK = Peer(name="the webhook", unavailable=Transient, broken=Permanent)
LIMITS = Limits(connect=5.0, read=10.0, total=20.0, max_response_bytes=64 * 1024)


class Webhooks:
    """Delivers notifications. Trying again is the queue's work."""

    def __init__(self, env: Mapping[str, str], clock: Clock) -> None:
        """Prepare; addresses are looked up in the environment when they are needed."""
        self._env = env
        self._clock = clock

    async def deliver(self, webhook: str, body: bytes, *, public_only: bool) -> None:
        """See Hooks. The address stands in no message: often it is a secret as a whole."""
        url = resolve_text(webhook, self._env)
        parts = urlsplit(url)
        hidden = Secrets((url, f"{parts.path}?{parts.query}", parts.path))
        transport = Transport(
            peer=WEBHOOK,
            access=Access(base_url=url, secrets=hidden, reach=Reach.PUBLIC if public_only else Reach.ANY),
            retry=RetryPolicy(attempts=1, max_inline_wait=0, sleep=asyncio.sleep, jitter=random.random),
            clock=self._clock,
            limits=LIMITS,
        )
        try:
            headers = {"Content-Type": "application/json"}
            await transport.request(Request(method="POST", url=url, headers=headers, content=body))
        finally:
            await transport.close()
