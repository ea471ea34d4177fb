"""A broker in this process, asked through generated stubs; its inside is looked at where the wire cannot tell."""

import asyncio
import time

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from longshore.v1 import (
    kv_service_pb2_grpc,
    queue_admin_service_pb2_grpc,
    queue_service_pb2 as pb,
    queue_service_pb2_grpc,
)
from queue_service.app import App
from queue_service.domain.limits import Limits
from queue_service.settings import Settings

DETAILS = {
    kind.DESCRIPTOR.name: kind
    for kind in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.ResourceInfo,
        error_details_pb2.PreconditionFailure,
        error_details_pb2.QuotaFailure,
        error_details_pb2.RetryInfo,
    )
}
BOUND = 20.0
"""Seconds after which something hangs."""


class MovableClock:
    """The machine's clock, which tests can put forward."""

    def __init__(self):
        self._ahead = 0.0

    def now(self):
        return time.time_ns() // 1_000_000 + round(self._ahead * 1000)

    def monotonic(self):
        return time.monotonic() + self._ahead

    def step(self, seconds):
        self._ahead += seconds


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def limits():
    """The bounds of the broker; a module may have its own."""
    return Limits()


@pytest.fixture
def settings(tmp_path, limits):
    """All settings of the broker."""
    return Settings(address="127.0.0.1:0", database=tmp_path / "broker.db", limits=limits)


@pytest.fixture
async def app(settings, clock):
    """A running broker."""
    app = await App.start(settings, clock=clock)
    yield app
    await app.stop()


@pytest.fixture
async def channel(app):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        yield channel


@pytest.fixture
def queue(channel):
    return queue_service_pb2_grpc.QueueServiceStub(channel)


@pytest.fixture
def admin(channel):
    return queue_admin_service_pb2_grpc.QueueAdminServiceStub(channel)


@pytest.fixture
def kv(channel):
    return kv_service_pb2_grpc.KvServiceStub(channel)


class Refusal:
    """An error of a call: its code, its text, and its details by name."""

    def __init__(self, error):
        self.code = error.code().name
        self.text = error.details()
        (data,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
        self.status = status_pb2.Status.FromString(data)
        self.details = {}
        for packed in self.status.details:
            name = packed.type_url.rpartition(".")[2]
            self.details[name] = DETAILS[name]()
            packed.Unpack(self.details[name])
        self.reason = self.details["ErrorInfo"].reason.removeprefix("ERROR_REASON_")
        self.metadata = dict(self.details["ErrorInfo"].metadata)

    @property
    def fields(self):
        return [violation.field for violation in self.details["BadRequest"].field_violations]


@pytest.fixture
def refused():
    """Awaits a call that must fail, and tells how."""

    async def refused(call):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(call, BOUND)
        return Refusal(raised.value)

    return refused


@pytest.fixture
def until():
    """Waits for a condition that the wire cannot tell of."""

    async def until(condition):
        async with asyncio.timeout(BOUND):
            while not condition():  # noqa: ASYNC110  conditions of others have no event
                await asyncio.sleep(0.001)

    return until


@pytest.fixture
def push(queue):
    """Pushes a job of events with a JSON text each."""

    async def push(name="q", *, texts=("1",), **values):
        events = [{"payload": {"json": text}} for text in texts]
        return await queue.Push(pb.PushRequest(**{"queue": name, "events": events, **values}))

    return push


@pytest.fixture
def lease(queue):
    """Leases what is ready."""

    async def lease(*names, count=1, **values):
        subscriptions = [{"queue": name} for name in names or ("q",)]
        request = pb.LeaseEventsRequest(subscriptions=subscriptions, max_events=count, **values)
        return list((await queue.LeaseEvents(request, timeout=BOUND)).deliveries)

    return lease


@pytest.fixture
def ack(queue):
    """Settles one delivery; success unless said otherwise."""

    async def ack(delivery, **outcome):
        lease_id = delivery if isinstance(delivery, str) else delivery.lease_id
        request = pb.AckRequest(acknowledgements=[{"lease_id": lease_id, **(outcome or {"success": {}})}])
        return (await queue.Ack(request)).results[0]

    return ack


class Stream:
    """The client's end of a stream, past the first heartbeat."""

    def __init__(self, call):
        self.call = call

    async def read(self):
        """The next response; None at the end."""
        response = await asyncio.wait_for(self.call.read(), BOUND)
        return None if response is grpc.aio.EOF else response

    async def deliveries(self, count):
        """So many deliveries."""
        found = []
        while len(found) < count:
            found += (await self.read()).deliveries
        assert len(found) == count
        return found

    async def next(self, part):
        """The next response that has this part."""
        while not getattr(response := await self.read(), part):
            pass
        return response


@pytest.fixture
async def stream(queue):
    """Opens streams; they are broken off at the end."""
    opened = []

    async def stream(*names, **values):
        subscriptions = [{"queue": name} for name in names or ("q",)]
        call = queue.StreamEvents(pb.StreamEventsRequest(subscriptions=subscriptions, **values))
        opened.append(call)
        made = Stream(call)
        first = await made.read()
        assert first == pb.StreamEventsResponse(notice=pb.STREAM_NOTICE_HEARTBEAT)
        return made

    yield stream
    for call in opened:
        call.cancel()
