"""A whole world in one process: broker, sandbox, a paginated source and a worker, all behind real servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import longshore
from import_worker.app import Worker
from import_worker.flow.pace import Growing, Pace
from import_worker.sandbox.app import build_app
from import_worker.sandbox.switches import Switches
from import_worker.settings import Settings
from longshore import RetryPolicy
from longshore.admin import QueueSettings

TOKEN = "a token of the tests"

QUICK = Pace(
    tries=3,
    retry=Growing(first=0.01, longest=0.05),
    window=Growing(first=0.01, longest=0.05),
    busy=Growing(first=0.02, longest=0.05),
    processing=Growing(first=0.01, longest=0.05),
    giving_up=Growing(first=0.01, longest=0.05),
)

CONFIG = """
version: 1
kind: import
name: places
window: {window}
resume_window: {resume_window}
source:
  type: rest
  base_url: "{source}"
  pagination: {{ type: json_link, next_url_path: next }}
  retry: {{ attempts: 1, max_inline_wait: 0 }}
resources:
  - {{ name: regions, path: regions, data_selector: rows }}
  - {{ name: countries, path: countries, data_selector: rows }}
assets:
  info_url: {info_url}
  token: ${{env:{token}}}
  start_wait: {start_wait}
  chunks: {{ max_objects: {max_objects} }}
  object_types:
    - name: Region
      resource: regions
      attributes:
        Code: {{ from: code, identity: true }}
        Name: {{ from: name, label: true }}
        People: {{ from: people, type: integer }}
        Country: {{ from: country, reference: {{ type: Country, by: Code }} }}
        Parent: {{ from: parent, reference: {{ type: Region, by: Code }} }}
    - name: Country
      resource: countries
      attributes:
        Code: {{ from: code, identity: true }}
        Name: {{ from: name, label: true }}
"""


class Source:
    """A paginated API with tables that tests change, and answers that tests put in place of pages.

    Attributes:
        tables: rows by resource.
        size: rows a page, where the request does not say.
        most: rows that a page ever has.
        instead: asked for every page: a Response to answer with instead, or None.
        hold: asked for every page: an event to wait for before answering, or None.
        requests: (resource, first row) of every page that was asked for.
        queries: the query parameters of each.
    """

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.size = 4
        self.most = 1000
        self.instead: Callable[[str, int], Response | None] = lambda _resource, _first: None
        self.hold: Callable[[str, int], asyncio.Event | None] = lambda _resource, _first: None
        self.requests: list[tuple[str, int]] = []
        self.queries: list[dict[str, str]] = []
        self.url = ""

    def app(self) -> Starlette:
        """/TABLE, and /countries/CODE/regions. A parameter or part of the path that names a field filters.

        A POST has its parameters in its body.
        """
        methods = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/countries/{country}/regions", self.page, methods=methods),
                Route("/{resource}", self.page, methods=methods),
            ]
        )

    async def page(self, request: Request) -> Response:
        resource = request.path_params.get("resource", "regions")
        query = await request.json() if request.method == "POST" else request.query_params
        first = int(query.get("first", query.get("offset", 0)))
        size = min(self.most, int(query.get("limit", self.size)))
        self.requests.append((resource, first))
        self.queries.append(dict(query))
        if (held := self.hold(resource, first)) is not None:
            await held.wait()
        if (answer := self.instead(resource, first)) is not None:
            return answer
        wanted = {**request.path_params, **query}
        rows = [
            row
            for row in self.tables[resource]
            if all(str(row[name]) == value for name, value in wanted.items() if name in row)
            and str(row.get("updated", "")) >= query.get("since", "")
        ]
        following = request.url.include_query_params(first=first + size) if first + size < len(rows) else None
        page = {"rows": rows[first : first + size], "next": following and str(following), "count": len(rows)}
        return JSONResponse(page)


class Calls:
    """Calls to the sandbox, each of which a test may hold back after it took effect.

    Attributes:
        before: done before every call, with its method and path.
        instead: asked for every call: a Response to answer with instead, or None.
        hold: asked for every call: an event to wait for before the answer goes out, or None.
    """

    def __init__(self) -> None:
        self.instead: Callable[[str, str], Response | None] = lambda _method, _path: None
        self.before: Callable[[str, str], Awaitable[None]] | None = None
        self.hold: Callable[[str, str], asyncio.Event | None] = lambda _method, _path: None

    def of(self, app: ASGIApp) -> ASGIApp:
        async def held(scope: Scope, receive: Receive, send: Send) -> None:
            call = scope["method"], scope["path"]
            if self.before is not None and not call[1].startswith("/_sandbox"):
                await self.before(*call)
            if (answer := self.instead(*call)) is not None:
                await answer(scope, receive, send)
                return
            waiting = self.hold(*call)

            async def pass_on(message: Message) -> None:
                if waiting is not None:
                    await waiting.wait()
                await send(message)

            await app(scope, receive, pass_on)

        return held


class World:
    """Everything that an import needs.

    Attributes:
        client: of the broker.
        imports: of the worker.
        source: the paginated API.
        calls: to the sandbox.
        folder: of the configured imports.
        env: where references of the configuration find their values.
    """

    client: longshore.Client
    imports: longshore.Imports
    source: Source
    calls: "Calls"
    folder: Path
    pace = QUICK
    impatient = replace(QUICK, patience=0.0)
    at_once = QueueSettings(retry_policy=RetryPolicy(initial_backoff=0.01, max_backoff=0.05))

    def __init__(self, view: httpx.AsyncClient, info_url: str, broker: str) -> None:
        self.view = view
        self.info_url = info_url
        self.broker = broker
        self.env = {"ASSETS_TOKEN": TOKEN, "OLD_TOKEN": "an old token"}
        self._workers: list[tuple[Worker, asyncio.Event, asyncio.Task[Any]]] = []

    def configure(self, text: str = CONFIG, **changes: Any) -> None:
        """Write the import's file."""
        values = {
            "window": 8,
            "resume_window": "1h",
            "token": "ASSETS_TOKEN",
            "start_wait": "1h",
            "max_objects": 3,
        } | changes
        text = text.format(source=self.source.url, info_url=self.info_url, **values)
        (self.folder / "places.yaml").write_text(text)

    async def work(self, *, serve_only: bool = False, pace: Pace = QUICK, allow_inline: bool = False) -> None:
        """Start a worker and ask it from now on.

        Args:
            serve_only: it takes no steps.
            pace: of its steps.
            allow_inline: a start may bring its own configuration.
        """
        settings = Settings(
            address="127.0.0.1:0",
            broker=self.broker,
            imports=self.folder,
            grace_seconds=5,
            allow_inline=allow_inline,
            inline_env=("ASSETS_TOKEN",),
        )
        worker = Worker(settings, env=self.env, pace=pace, sleep=_at_once)
        await worker.__aenter__()
        stop = asyncio.Event()
        running = asyncio.create_task(stop.wait() if serve_only else worker.run_until(stop))
        self._workers.append((worker, stop, running))
        self.imports = longshore.connect_imports(f"127.0.0.1:{worker.port}")

    async def rest(self) -> None:
        """Stop all workers."""
        while self._workers:
            worker, stop, running = self._workers.pop()
            stop.set()
            await running
            await self.imports.close()
            await worker.__aexit__(None, None, None)

    async def faults(self, **switches: Any) -> None:
        """Set switches of the sandbox."""
        (await self.view.patch("/_sandbox/faults", json=switches)).raise_for_status()

    async def executions(self) -> list[dict[str, Any]]:
        return (await self.view.get("/_sandbox/executions")).raise_for_status().json()

    async def run(self, **options: Any) -> longshore.Import:
        """Start the import and follow it to its end."""
        started = await self.imports.start("places", **options)
        return await self.until(started.run.import_id, lambda run: run.state.terminal)

    async def until(self, import_id: str, holds: Callable[[longshore.Import], bool]) -> longshore.Import:
        """Follow an import until something holds."""
        async with aclosing(self.imports.watch(import_id)) as changes:
            async for run in changes:
                if holds(run):
                    return run
        raise AssertionError(f"the import ended first: {run}")

    async def open_execution(self) -> dict[str, str]:
        """Have another client open an execution; its links."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        info = (await self.view.get(self.info_url, headers=headers)).raise_for_status().json()
        started = await self.view.post(info["links"]["start"], headers=headers)
        return started.raise_for_status().json()["links"]

    async def cancel_execution(self, links: dict[str, str]) -> None:
        """Have that client cancel it."""
        (await self.view.delete(links["cancel"], headers={"Authorization": f"Bearer {TOKEN}"})).raise_for_status()

    async def check_equal(self) -> None:
        """The sandbox holds exactly what the source holds, attribute by attribute."""
        keys = {each["key"]: each["identity"][0] for name in ("Region", "Country") for each in await self._all(name)}

        def code(value: Any) -> Any:
            return keys[value["key"]] if isinstance(value, dict) else value

        for type_name, resource in (("Region", "regions"), ("Country", "countries")):
            held = {
                each["identity"][0]: {name.lower(): code(value) for name, value in each["attributes"].items()}
                for each in await self._all(type_name)
            }
            rows = self.source.tables[resource]
            wanted = {
                row["code"]: {name: value for name, value in row.items() if value is not None and name != "updated"}
                for row in rows
            }
            assert held == wanted

    async def _all(self, type_name: str) -> list[dict[str, Any]]:
        return (await self.view.get(f"/_sandbox/objects/{type_name}")).raise_for_status().json()


async def _at_once(_seconds: float) -> None:
    """Retries in place do not wait."""


def country(code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Land '{code}'"}


def region(code: str, number: int, parent: str | None = None) -> dict[str, Any]:
    return {
        "code": f"{code}-{number}",
        "name": f'Region "{number}"',
        "people": number * 1000,
        "country": code,
        "parent": parent,
    }


@pytest.fixture
async def world(tmp_path, monkeypatch, broker, serve) -> AsyncIterator[World]:
    """A world with a small source whose parents come after their children, configured and with one worker."""
    monkeypatch.setattr("import_worker.http.transport.DEFAULT_THROTTLE", 0.05)  # where no Retry-After says how long
    async with AsyncExitStack() as stack:
        source = Source()
        source.url = await serve(source.app()) + "/"
        codes = ["NO", "004", "DE", "FR", "SE"]
        source.tables = {
            "countries": [country(code) for code in codes],
            "regions": [
                region(code, number, f"{code}-{number + 1}" if number < 3 else None)
                for number in range(1, 4)
                for code in codes
            ],
        }
        calls = Calls()
        sandbox = build_app(token=TOKEN, switches=Switches(processing_seconds=0))
        url = await serve(Starlette(routes=[Mount("/", calls.of(sandbox))]))
        view = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))
        found = World(view, f"{url}/jsm/assets/v1/imports/info", broker)
        found.source, found.calls = source, calls
        found.folder = tmp_path / "imports"
        found.folder.mkdir()
        found.configure()
        found.client = await stack.enter_async_context(longshore.connect(found.broker))
        stack.push_async_callback(found.rest)
        await found.work()
        yield found


@pytest.fixture
def config_text() -> str:
    """The text of the import's file, before its values are put in place."""
    return CONFIG
