"""What every gRPC tool expects of a server: health, reflection, and that the tools work."""

import asyncio
import json
import os
import shutil

import grpc
import pytest
from google.protobuf import descriptor_pb2, json_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from longshore.serving.server import AddressInUse
from longshore.v1 import queue_service_pb2 as pb, queue_service_pb2_grpc
from queue_service.app import App
from queue_service.settings import Settings

BOUND = 20.0
SERVICES = {"longshore.v1.QueueService", "longshore.v1.KvService"}
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def health(channel):
    return health_pb2_grpc.HealthStub(channel)


@pytest.mark.parametrize("service_name", ["", *sorted(SERVICES)])
async def test_every_service_is_healthy(health, service_name):
    answer = await health.Check(health_pb2.HealthCheckRequest(service=service_name))
    assert answer.status == SERVING


async def test_the_health_of_an_unknown_service_is_not_known(health):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await health.Check(health_pb2.HealthCheckRequest(service="nothing"))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


async def test_watchers_of_health_hear_of_a_stop_first(app, health):
    watching = health.Watch(health_pb2.HealthCheckRequest())
    assert (await asyncio.wait_for(watching.read(), BOUND)).status == SERVING
    await app._server.stop_being_healthy()
    assert (await asyncio.wait_for(watching.read(), BOUND)).status == NOT_SERVING
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
    watching.cancel()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_services_and_describes_symbols(channel, version):
    ask = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )()
    await ask.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    listed = await asyncio.wait_for(ask.read(), BOUND)
    names = {service.name for service in listed.list_services_response.service}
    assert names >= SERVICES | {"grpc.health.v1.Health"}
    symbol = "longshore.v1.QueueService"
    await ask.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
    described = await asyncio.wait_for(ask.read(), BOUND)
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(data)
        for data in described.file_descriptor_response.file_descriptor_proto
    ]
    methods = {method.name for file in files for service in file.service for method in service.method}
    assert {"Push", "StreamEvents", "Commit"} <= methods
    await ask.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol="longshore.v1.Nothing"))
    assert (await asyncio.wait_for(ask.read(), BOUND)).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    await ask.done_writing()


@pytest.fixture
def tool():
    """Runs a tool. Without it the test is skipped, or fails where LONGSHORE_REQUIRE_TOOLS is set."""

    async def tool(name, *arguments):
        path = shutil.which(name)
        if path is None:
            told = f"{name} is not installed"
            if os.environ.get("LONGSHORE_REQUIRE_TOOLS"):
                pytest.fail(told)
            pytest.skip(told)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(path, *arguments, stdout=pipe, stderr=pipe)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()

    return tool


async def test_grpcurl_works_through_reflection(app, tool):
    async def call(*arguments):
        return await tool("grpcurl", "-plaintext", *arguments)

    address = f"127.0.0.1:{app.port}"
    _, out, _ = await call(address, "list")
    assert set(out.split()) >= SERVICES
    _, out, _ = await call(address, "describe", "longshore.v1.PushRequest")
    assert "repeated .longshore.v1.EventSpec events" in out
    push = json.dumps({"queue": "q", "events": [{"payload": {"json": '{"a": 1}'}, "delay": "0.000s"}]})
    code, out, _ = await call("-d", push, address, "longshore.v1.QueueService/Push")
    job_id = json_format.Parse(out, pb.PushResponse()).job_id
    lease = json.dumps({"subscriptions": [{"queue": "q"}], "wait": "5s"})
    _, out, _ = await call("-d", lease, address, "longshore.v1.QueueService/LeaseEvents")
    (delivery,) = json_format.Parse(out, pb.LeaseEventsResponse()).deliveries
    assert (delivery.job_id, delivery.payload.json) == (job_id, '{"a": 1}')
    code, _, err = await call("-d", '{"queue": "!"}', address, "longshore.v1.QueueService/Push")
    assert code != 0
    assert "ERROR_REASON_INVALID_REQUEST" in err
    assert "google.rpc.BadRequest" in err


async def test_buf_curl_works_through_reflection(app, tool):
    async def call(method, request):
        url = f"http://127.0.0.1:{app.port}/longshore.v1.{method}"
        arguments = ("--protocol", "grpc", "--http2-prior-knowledge", "--data", json.dumps(request))
        return await tool("buf", "curl", *arguments, url)

    code, out, err = await call("KvService/SetEntry", {"key": "k", "payload": {"json": "1"}})
    assert (code, err) == (0, "")
    version = json.loads(out)["version"]
    _, out, _ = await call("KvService/GetEntry", {"key": "k"})
    assert json.loads(out)["entry"]["version"] == version
    code, _, err = await call("KvService/GetEntry", {"key": "absent"})
    assert code != 0
    assert "there is no entry 'absent'" in err
    assert "google.rpc.ErrorInfo" in err


async def test_what_a_stream_holds_can_be_settled_after_the_notice(tmp_path, monkeypatch):
    monkeypatch.setattr("queue_service.app.SETTLE_SECONDS", 10 * BOUND)  # only the settle can end the wait in time
    app = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "stopping.db"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        queue = queue_service_pb2_grpc.QueueServiceStub(channel)
        await queue.Push(pb.PushRequest(queue="q", events=[{"payload": {"json": "1"}}]))
        stream = queue.StreamEvents(pb.StreamEventsRequest(subscriptions=[{"queue": "q"}]))
        while not (frame := await asyncio.wait_for(stream.read(), BOUND)).deliveries:
            pass
        stopping = asyncio.ensure_future(app.stop())
        while (await asyncio.wait_for(stream.read(), BOUND)).notice != pb.STREAM_NOTICE_DRAINING:
            pass
        ack = pb.AckRequest(acknowledgements=[{"lease_id": frame.deliveries[0].lease_id, "success": {}}])
        assert (await queue.Ack(ack)).results[0].status == pb.ACK_STATUS_OK
        await asyncio.wait_for(stopping, BOUND)


async def test_a_watch_of_health_does_not_hold_up_the_stop(tmp_path, monkeypatch):
    monkeypatch.setattr("queue_service.app.STOP_GRACE_SECONDS", 10 * BOUND)
    app = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "stopping.db"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await asyncio.wait_for(watching.read(), BOUND)).status == SERVING
        await asyncio.wait_for(app.stop(), BOUND)
        watching.cancel()


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1", "127.0.0.1:http"])
async def test_an_address_without_a_usable_port_is_refused(tmp_path, address):
    with pytest.raises(AddressInUse, match="port from 0 to 65,535"):
        await App.start(Settings(address=address, database=tmp_path / "refused.db"))
