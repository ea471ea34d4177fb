"""The client of the import worker: following a run over broken connections."""

import asyncio

import grpc
import pytest

import longshore
from longshore.v1 import import_service_pb2, import_service_pb2_grpc


class FakeWorker(import_service_pb2_grpc.ImportServiceServicer):
    """Each watch sends what the next script says: states, waits, then the end or an error."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.starts = []

    async def StartImport(self, request, context):  # noqa: N802  the service's name
        self.starts.append(request)
        if len(self.starts) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return import_service_pb2.StartImportResponse(run=import_service_pb2.Import(import_id="i"))

    async def WatchImport(self, request, context):  # noqa: N802
        for step in self.scripts.pop(0) if self.scripts else [grpc.StatusCode.UNAVAILABLE]:
            if isinstance(step, grpc.StatusCode):
                await context.abort(step, "scripted")
            if isinstance(step, asyncio.Event):
                await step.wait()
                continue
            state = import_service_pb2.ImportState.Value(f"IMPORT_STATE_{step}")
            run = import_service_pb2.Import(import_id=request.import_id, state=state)
            yield import_service_pb2.WatchImportResponse(run=run)


@pytest.fixture
async def serving():
    """Serve a scripted worker and answer its address."""
    servers = []

    async def serve(fake):
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        import_service_pb2_grpc.add_ImportServiceServicer_to_server(fake, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield serve
    await asyncio.gather(*(server.stop(None) for server in servers))


async def test_a_watch_goes_on_over_broken_streams_and_ends_with_the_run(serving):
    broken = grpc.StatusCode.UNAVAILABLE
    address = await serving(FakeWorker(["QUEUED", broken], [broken], ["READING"], ["READING", "FAILED", "QUEUED"]))
    async with longshore.connect_imports(address) as imports:
        states = [run.state async for run in imports.watch("i")]
    assert states == ["QUEUED", "READING", "FAILED"]
    assert states[-1].terminal
    assert not states[0].terminal


async def test_a_watch_outlives_a_break_after_a_long_silence(serving, monkeypatch):
    """An import may have nothing to tell for longer than the timeout; a break after that is made up for."""
    silence, later = asyncio.Event(), 0
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda ask=loop.time: ask() + later)
    address = await serving(FakeWorker(["READING", silence, grpc.StatusCode.UNAVAILABLE], ["FAILED"]))
    async with longshore.connect_imports(address, timeout=5) as imports:
        watch = imports.watch("i")
        states = [(await anext(watch)).state]
        following = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)  # it reads on
        later = 6
        silence.set()
        states.append((await following).state)
    assert states == ["READING", "FAILED"]


async def test_a_watch_of_nothing_ends_with_its_error(serving):
    address = await serving(FakeWorker([grpc.StatusCode.NOT_FOUND]))
    async with longshore.connect_imports(address) as imports:
        with pytest.raises(longshore.NotFound):
            await anext(imports.watch("i"))


async def test_a_watch_gives_up_when_the_worker_stays_away(serving):
    address = await serving(FakeWorker())
    async with longshore.connect_imports(address, timeout=0.2) as imports:
        with pytest.raises(longshore.Unavailable):
            await anext(imports.watch("i"))


async def test_a_lost_start_is_asked_for_again_with_one_request_id(serving):
    fake = FakeWorker()
    async with longshore.connect_imports(await serving(fake)) as imports:
        assert (await imports.start("devices")).run.import_id == "i"
    first, second = fake.starts
    assert first.request_id == second.request_id != ""
