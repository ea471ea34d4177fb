"""What the parts of one client share: the connection, its stubs, and the calls that go together.

Made once for each client and handed to whatever the client makes.
"""

from collections.abc import Sequence

from longshore.channel import Channel
from longshore.coalescer import Coalescer
from longshore.commit import Transaction
from longshore.errors import LongshoreError
from longshore.event import Event
from longshore.job import Jobs
from longshore.pushes import push_coalescer
from longshore.status import short_answer
from longshore.v1.kv_service_pb2_grpc import KvServiceStub
from longshore.v1.queue_service_pb2 import Acknowledgement, AckRequest, AckResult
from longshore.v1.queue_service_pb2_grpc import QueueServiceStub


class Session:
    """One connection to the queue service and what its users share."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.queues = QueueServiceStub(channel.grpc)
        self.entries = KvServiceStub(channel.grpc)
        self.jobs = Jobs(channel, self.queues)
        self.pushes = push_coalescer(channel, self.queues)
        self.acks: Coalescer[Acknowledgement, AckResult] = Coalescer(
            self._send_acks, timeout=channel.timeout, patience=channel.patience
        )

    def transaction(self, event: Event | None = None, *, request_id: str | None = None) -> Transaction:
        """Begin an atomic step."""
        return Transaction(self.channel, self.queues, self.jobs, event=event, request_id=request_id)

    async def close(self) -> None:
        """Give up what is under way and disconnect."""
        await self.pushes.close()
        await self.acks.close()
        await self.channel.close()

    async def _send_acks(self, acks: Sequence[Acknowledgement], seconds: float) -> list[AckResult | LongshoreError]:
        response = await self.channel.call_once(self.queues.Ack, AckRequest(acknowledgements=acks), timeout=seconds)
        if len(response.results) != len(acks):
            raise short_answer("Ack", len(acks), len(response.results))
        return list(response.results)
