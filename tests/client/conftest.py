"""A queue service that a test scripts: a real gRPC server in this process that answers, stalls, breaks and forgets."""

import asyncio
import contextlib
import json
import os
import pty
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from click.testing import CliRunner
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

import longshore
from longshore.cli.main import main
from longshore.v1 import (
    event_pb2,
    kv_service_pb2_grpc,
    queue_admin_service_pb2_grpc,
    queue_service_pb2,
    queue_service_pb2_grpc,
)

END = object()
SERVICES = {
    queue_service_pb2_grpc.QueueServiceServicer: queue_service_pb2_grpc.add_QueueServiceServicer_to_server,
    kv_service_pb2_grpc.KvServiceServicer: kv_service_pb2_grpc.add_KvServiceServicer_to_server,
    queue_admin_service_pb2_grpc.QueueAdminServiceServicer: (
        queue_admin_service_pb2_grpc.add_QueueAdminServiceServicer_to_server
    ),
}


class FakeStream:
    """The service's end of one stream of deliveries."""

    def __init__(self, request):
        self.request = request
        self.frames = asyncio.Queue()
        self.left = asyncio.Event()

    def send(self, *deliveries, cancellations=(), notice=queue_service_pb2.STREAM_NOTICE_UNSPECIFIED):
        self.frames.put_nowait(
            queue_service_pb2.StreamEventsResponse(
                deliveries=deliveries,
                cancellations=[queue_service_pb2.Cancellation(lease_id=lease) for lease in cancellations],
                notice=notice,
            )
        )

    def end(self):
        self.frames.put_nowait(END)

    def fail(self, code):
        self.frames.put_nowait(code)


class FakeBroker:
    """Answers every method well unless a test puts a function of (request, context) into `answers`."""

    def __init__(self):
        self.requests = defaultdict(list)
        self.arrivals = defaultdict(asyncio.Queue)
        self.answers = {}
        self.streams = asyncio.Queue()
        self.acks = asyncio.Queue()
        self.port = 0
        self.server = None
        self.defaults = {
            "BatchPush": self._batch_push,
            "Ack": self._ack,
            "ExtendLeases": self._extend,
            "Commit": self._commit,
        }

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    async def start(self):
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        for service, add in SERVICES.items():
            add(self._servicer(service), self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        assert self.port
        await self.server.start()

    async def stop(self):
        await self.server.stop(None)

    def _servicer(self, base):
        methods = {name: self._method(name) for name in vars(base) if name[0].isupper()}
        if "StreamEvents" in methods:
            methods["StreamEvents"] = self._stream_method()
        return type(f"Fake{base.__name__}", (base,), methods)()

    def _method(self, name):
        async def method(_, request, context):
            self.requests[name].append(request)
            self.arrivals[name].put_nowait(request)
            answer = self.answers.get(name) or self.defaults[name]
            return await answer(request, context)

        return method

    def _stream_method(self):
        async def method(_, request, context):
            stream = FakeStream(request)
            self.streams.put_nowait(stream)
            try:
                yield queue_service_pb2.StreamEventsResponse(notice=queue_service_pb2.STREAM_NOTICE_HEARTBEAT)
                while (frame := await stream.frames.get()) is not END:
                    if isinstance(frame, grpc.StatusCode):
                        await context.abort(frame, "scripted")
                    yield frame
            finally:
                stream.left.set()

        return method

    async def _batch_push(self, request, context):
        return queue_service_pb2.BatchPushResponse(
            results=[
                queue_service_pb2.BatchPushResult(push=queue_service_pb2.PushResponse(job_id=push.job_id))
                for push in request.pushes
            ]
        )

    async def _ack(self, request, context):
        for ack in request.acknowledgements:
            self.acks.put_nowait(ack)
        return queue_service_pb2.AckResponse(
            results=[
                queue_service_pb2.AckResult(lease_id=ack.lease_id, status=queue_service_pb2.ACK_STATUS_OK)
                for ack in request.acknowledgements
            ]
        )

    async def _extend(self, request, context):
        return queue_service_pb2.ExtendLeasesResponse(
            results=[queue_service_pb2.ExtendResult(lease_id=item.lease_id) for item in request.extensions]
        )

    async def _commit(self, request, context):
        return queue_service_pb2.CommitResponse(
            pushes=[queue_service_pb2.PushResponse(job_id=push.job_id) for push in request.pushes],
            entry_writes=[
                queue_service_pb2.EntryWriteResult(key=write.key, version=7 if write.HasField("set") else 0)
                for write in request.entry_writes
            ],
        )


class Script:
    """A queue service for commands, which have an event loop of their own: each method answers what a test puts here.

    An answer is a message, a list of messages (one for each call, or all of them for a stream), or a function of
    (request, context).
    """

    def __init__(self):
        self.requests = defaultdict(list)
        self.answers = {"BatchPush": self._batch_push}
        self.address = ""

    def servicer(self, base):
        methods = {name: self._method(name) for name in vars(base) if name[0].isupper()}
        return type(f"Scripted{base.__name__}", (base,), methods)()

    def refuse(self, code, reason, *details, message="scripted", **metadata):
        """An answer that ends the call."""

        def answer(request, context):
            info = error_details_pb2.ErrorInfo(domain="longshore", reason=reason, metadata=metadata)
            context.abort_with_status(rpc_status.to_status(_status(code, message, info, *details)))

        return answer

    def _method(self, name):
        def method(_, request, context):
            self.requests[name].append(request)
            if name not in self.answers:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not in the script")
            answer = self.answers[name]
            if callable(answer):
                return answer(request, context)
            if name.startswith("Watch"):
                return iter(answer)
            return answer[min(len(self.requests[name]), len(answer)) - 1] if isinstance(answer, list) else answer

        return method

    def _batch_push(self, request, context):
        return queue_service_pb2.BatchPushResponse(
            results=[
                queue_service_pb2.BatchPushResult(push=queue_service_pb2.PushResponse(job_id=push.job_id))
                for push in request.pushes
            ]
        )


@pytest.fixture
def script():
    """A scripted queue service for commands."""
    script = Script()
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    for service, add in SERVICES.items():
        add(script.servicer(service), server)
    script.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield script
    server.stop(None).wait()


@pytest.fixture
def longshore_command(script):
    """Run the command line against the scripted service."""

    def run(*arguments, stdin=None):
        return CliRunner().invoke(main, arguments, input=stdin, env={"LONGSHORE_ADDRESS": script.address})

    return run


@pytest.fixture
def terminal(script):
    """Run a command on a terminal, type an answer when it asks, and return its exit code and what it showed."""

    def run(*arguments, answer=""):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", "from longshore.cli.main import main; main()", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "LONGSHORE_ADDRESS": script.address, "COLUMNS": "100"},
        )
        os.close(theirs)
        if answer:
            os.write(ours, answer.encode())
        shown = b""
        # A terminal that nobody holds any more answers with an error.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        return process.wait(timeout=30), shown.decode()

    return run


def _status(code, message, *details):
    packed = []
    for detail in details:
        packed.append(Any())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code.value[0], message=message, details=packed)


async def abort(context, code, message, *details):
    """End a call with rich details, as the services do."""
    await context.abort_with_status(rpc_status.to_status(_status(code, message, *details)))


@pytest.fixture
def fail_call():
    """Abort a call with an ErrorInfo and more details."""

    async def fail(context, code, reason, *details, message="scripted", **metadata):
        info = error_details_pb2.ErrorInfo(domain="longshore", reason=reason, metadata=metadata)
        await abort(context, code, message, info, *details)

    return fail


@pytest.fixture
async def fake():
    """A scripted queue service on a free port."""
    fake = FakeBroker()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def client(fake):
    """A client of the scripted service."""
    async with longshore.connect(fake.address, timeout=20) as client:
        yield client


@pytest.fixture
def delivery():
    """Make deliveries."""

    def make(lease_id, body=None, **fields):
        return event_pb2.Delivery(
            lease_id=lease_id,
            event_id=f"{lease_id}.0",
            job_id=lease_id,
            queue="work",
            payload=event_pb2.Payload(json=json.dumps(body)),
            attempt=fields.pop("attempt", 1),
            **fields,
        )

    return make


@pytest.fixture
async def consuming(client):
    """Start consuming in a task that ends with the test."""
    tasks = []

    def start(handler, **options):
        tasks.append(asyncio.ensure_future(client.queue("work").consume(handler, **options)))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
