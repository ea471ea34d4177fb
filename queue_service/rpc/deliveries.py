"""Deliveries on the wire: streams of frames with heartbeats and notices, and single requests for leases."""

import asyncio
from collections.abc import Awaitable, Callable

from longshore.v1 import queue_service_pb2 as pb
from queue_service.broker.broker import Broker
from queue_service.broker.claim import Delivered
from queue_service.broker.subscriber import Subscriber
from queue_service.domain.ids import format_id, lease_id
from queue_service.domain.limits import Limits
from queue_service.rpc import messages
from queue_service.rpc.checks import Checks
from queue_service.rpc.requests import Requests

Write = Callable[[pb.StreamEventsResponse], Awaitable[None]]

ANSWER_MARGIN_SECONDS = 0.1
"""So long before the caller's deadline, or half of a shorter one, an empty answer goes out rather than none."""


class Deliveries:
    """Serves what delivers."""

    def __init__(self, broker: Broker, requests: Requests, limits: Limits) -> None:
        self._broker = broker
        self._requests = requests
        self._limits = limits

    async def stream(self, request: pb.StreamEventsRequest, write: Write) -> None:
        """Deliver frames until the caller goes away or the broker drains."""
        checks = Checks()
        limits = self._limits
        queues = self._requests.subscriptions(checks, request.subscriptions)
        checks.count("max_in_flight", request.max_in_flight, lowest=0, highest=limits.max_in_flight)
        lease_duration = self._lease_duration(checks, request)
        checks.text("worker_id", request.worker_id, max_bytes=limits.id_bytes)
        checks.done()
        subscriber = self._broker.subscribe(
            queues, max_in_flight=request.max_in_flight or limits.default_in_flight, lease_duration=lease_duration
        )
        broken = True
        try:
            await write(pb.StreamEventsResponse(notice=pb.STREAM_NOTICE_HEARTBEAT))
            while not subscriber.draining:
                await subscriber.wake.wait()
                subscriber.wake.clear()
                await write(self._frame(subscriber))  # broken off here, it may have arrived: the leases stand
            await write(pb.StreamEventsResponse(notice=pb.STREAM_NOTICE_DRAINING))
            broken = False
        finally:
            self._broker.leave(subscriber, broken=broken)

    async def lease(self, request: pb.LeaseEventsRequest, time_remaining: float | None) -> pb.LeaseEventsResponse:
        """Deliver what is ready, or wait for the first event."""
        checks = Checks()
        limits = self._limits
        queues = self._requests.subscriptions(checks, request.subscriptions)
        checks.count("max_events", request.max_events, lowest=0, highest=limits.lease_events)
        wait = checks.span("wait", request.wait, lowest=0, highest=limits.lease_wait)
        lease_duration = self._lease_duration(checks, request)
        checks.text("worker_id", request.worker_id, max_bytes=limits.id_bytes)
        checks.done()
        subscriber = self._broker.ask(
            queues, events=request.max_events or 1, lease_duration=lease_duration, impatient=not wait
        )
        taken: list[Delivered] = []
        try:
            patience = wait / 1000 if wait else None
            if time_remaining is not None:
                margin = min(ANSWER_MARGIN_SECONDS, time_remaining / 2)
                patience = min(patience or time_remaining, time_remaining - margin)
            await _first_frame(subscriber, patience)
            taken = subscriber.take()
        finally:
            self._broker.leave(subscriber, broken=False)
        return pb.LeaseEventsResponse(
            deliveries=[messages.delivery(delivered, self._broker.incarnation) for delivered in taken]
        )

    def _frame(self, subscriber: Subscriber) -> pb.StreamEventsResponse:
        incarnation = self._broker.incarnation
        frame = pb.StreamEventsResponse(
            deliveries=[messages.delivery(delivered, incarnation) for delivered in subscriber.take()]
        )
        while subscriber.cancellations:
            key, job_id, ordinal = subscriber.cancellations.popleft()
            frame.cancellations.add(lease_id=lease_id(incarnation, key), event_id=f"{format_id(job_id)}.{ordinal}")
        if not frame.deliveries and not frame.cancellations:
            frame.notice = pb.STREAM_NOTICE_HEARTBEAT
        return frame

    def _lease_duration(self, checks: Checks, request: pb.StreamEventsRequest | pb.LeaseEventsRequest) -> int:
        if not request.HasField("lease_duration"):
            return self._limits.lease_default
        return checks.span(
            "lease_duration", request.lease_duration, lowest=self._limits.lease_min, highest=self._limits.lease_max
        )


async def _first_frame(subscriber: Subscriber, patience: float | None) -> None:
    """Wait until there is a frame, or nothing to wait for. patience is in seconds; None: as long as it takes."""
    loop = asyncio.get_running_loop()
    deadline = None if patience is None else loop.time() + patience
    while not (subscriber.frame or subscriber.empty_handed or subscriber.draining):
        subscriber.wake.clear()
        try:
            await asyncio.wait_for(subscriber.wake.wait(), None if deadline is None else deadline - loop.time())
        except TimeoutError:
            return
