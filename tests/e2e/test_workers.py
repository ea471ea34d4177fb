"""Workers as operators treat them: stopped in the middle, and several of them at once."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONFIG = """
version: 1
kind: import
name: hosts
window: 4
source:
  type: rest
  base_url: "{url}"
  headers: {{ X-Worker: "${{env:WORKER}}" }}
  pagination: {{ type: json_link, next_url_path: next }}
resources:
  - {{ name: hosts, path: hosts, data_selector: rows }}
  - {{ name: racks, path: racks, data_selector: rows }}
assets:
  info_url: {info_url}
  token: ${{env:ASSETS_TOKEN}}
  chunks: {{ max_objects: 5 }}
  object_types:
    - name: Host
      resource: hosts
      attributes: {{ Serial: {{ from: serial, identity: true }}, Name: {{ from: name, label: true }} }}
    - name: Rack
      resource: racks
      attributes: {{ Serial: {{ from: serial, identity: true }}, Name: {{ from: name, label: true }} }}
"""
LEASE_SECONDS = 10
"""After a stop nothing is leased any more; what is left behind would take so long to be taken over."""
PAGES, SIZE = 40, 20
ROWS = [{"serial": f"S{number:04}", "name": f"host {number}"} for number in range(PAGES * SIZE)]


class Hosts:
    """A source of hosts and racks, 40 pages each. It can be held at a page, and knows who read."""

    def __init__(self):
        self.hold_at = None
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.readers = set()
        self.url = ""
        self.app = Starlette(routes=[Route("/{table}", self.page)])

    async def page(self, request: Request) -> Response:
        page = int(request.query_params.get("page", 0))
        self.readers.add(request.headers["x-worker"])
        table = request.path_params["table"]
        if (table, page) == self.hold_at:
            self.reached.set()
            await self.go_on.wait()
        following = f"{self.url}/{table}?page={page + 1}" if page + 1 < PAGES else None
        return JSONResponse({"rows": ROWS[page * SIZE : (page + 1) * SIZE], "next": following})


@pytest.fixture
async def hosts(stage, serve):
    found = Hosts()
    found.url = await serve(found.app)
    stage.environment["WORKER"] = "first"
    return found


async def check_objects(stage):
    objects = await stage.objects()
    for kind in ("Host", "Rack"):
        found = sorted((each["attributes"]["Serial"], each["attributes"]["Name"]) for each in objects[kind])
        assert found == [(row["serial"], row["name"]) for row in ROWS]


async def until_not_serving(address):
    """Wait until a service says that it is on its way out."""
    async with grpc.aio.insecure_channel(address) as channel, asyncio.timeout(30):
        async for now in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()):
            if now.status == health_pb2.HealthCheckResponse.NOT_SERVING:
                return


async def test_a_worker_that_is_told_to_stop_finishes_its_steps_and_the_import_goes_on(stage, hosts):
    hosts.hold_at = ("hosts", 12)
    await stage.start("--processing-seconds", "0")
    stage.configure("hosts", CONFIG.format(url=hosts.url, info_url=stage.info_url))
    following = asyncio.create_task(stage.command("import", "run", "hosts"))
    await asyncio.wait_for(hosts.reached.wait(), 30)
    stopping = asyncio.create_task(stage.worker.end())
    await until_not_serving(stage.worker.address)
    hosts.go_on.set()
    assert await stopping == 0
    assert not any("Traceback" in line or "ERROR" in line for line in stage.worker.lines), stage.worker.lines
    await stage.worker.start()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    said = await following  # the command lost its worker, and found it again
    assert (said.code, said.err) == (0, "")
    assert loop.time() - begun < LEASE_SECONDS, "a step was left to its lease"
    await check_objects(stage)


async def test_a_worker_whose_source_hangs_stops_within_its_grace(stage, hosts):
    hosts.hold_at = ("hosts", 12)
    await stage.start("--processing-seconds", "0")
    await stage.worker.kill()
    stage.worker = await stage.add_worker("--grace", "1")
    stage.configure("hosts", CONFIG.format(url=hosts.url, info_url=stage.info_url))
    imports = stage.imports_of(stage.worker)
    started = await imports.start("hosts")
    await asyncio.wait_for(hosts.reached.wait(), 30)
    assert await asyncio.wait_for(stage.worker.end(), 10) == 0
    hosts.go_on.set()
    await stage.worker.start()
    async for run in imports.watch(started.run.import_id):
        last = run
    assert (last.state, last.failure) == ("SUCCEEDED", None)
    await check_objects(stage)


async def test_two_workers_share_an_import(stage, hosts):
    await stage.start("--processing-seconds", "0")
    stage.environment["WORKER"] = "second"
    second = await stage.add_worker()
    stage.configure("hosts", CONFIG.format(url=hosts.url, info_url=stage.info_url))
    run = await stage.run("hosts")
    assert (run.state, run.failure) == ("SUCCEEDED", None)
    await check_objects(stage)
    assert [each["completions"] for each in await stage.executions()] == [1]
    assert hosts.readers == {"first", "second"}
    seen = await stage.imports_of(second).get(run.import_id)
    assert seen == run
