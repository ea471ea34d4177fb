"""Servers of other people as processes, filled with real data, and imports from them into the sandbox."""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from tests.e2e.sources.datasets import Objects, held, write_database
from tests.proxy import Call, Front

PROGRAMS = Path(__file__).parent / "programs"
JSON_SERVER = Path(__file__).parents[3] / ".ci" / "node_modules" / "json-server"
READER, SESAME = "reader", "sesame"
"""Who may read the servers that ask for a name and a password."""


def missing(what: str) -> None:
    """Skip a test for want of a tool, or fail it where all tools must be there."""
    if os.environ.get("LONGSHORE_REQUIRE_TOOLS"):
        pytest.fail(what)
    pytest.skip(what)


class Carrier:
    """A started stage, and imports that carry tables of a source into its sandbox."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage

    def configure(self, source: dict[str, Any], resources: list[dict[str, Any]], types: Any, **sections: Any) -> str:
        """Write the file of an import, in place of the one before. Answers its name."""
        assets = {"info_url": self.stage.info_url, "token": "${env:ASSETS_TOKEN}", "object_types": types}
        file = {
            "version": 1,
            "kind": "import",
            "name": "carried",
            "source": {"type": "rest", **source},
            "resources": resources,
            "assets": assets | sections.pop("assets", {}),
            **sections,
        }
        self.stage.configure("carried", json.dumps(file))
        return "carried"

    async def carry(self, *file: Any, **sections: Any) -> Any:
        """Run an import that is configured so, to its end."""
        return await self.stage.run(self.configure(*file, **sections))

    async def check_exact(self, run: Any, types: Any, tables: Any) -> Objects:
        """The import succeeded and the sandbox holds the tables, no more and no less. Answers what it holds."""
        assert run.failure is None, run.failure.message
        assert run.state == "SUCCEEDED"
        found = await self.stage.plain_objects()
        assert found == {kind["name"]: held(kind, tables[kind["resource"]]) for kind in types}
        return found

    async def check_failed(self, run: Any, before: Objects, reason: str, words: str) -> None:
        """The import failed with the reason and the words, completed nothing and changed no object."""
        assert run.state == "FAILED", run
        assert run.failure.reason == reason
        assert words in run.failure.message
        *_, last = await self.stage.executions()
        assert (last["state"], last["completions"]) == ("CANCELLED", 0)
        assert {kind: found for kind, found in (await self.stage.plain_objects()).items() if found} == before


@pytest.fixture
async def carrier(stage) -> Carrier:
    """A started stage and what runs imports on it."""
    stage.environment |= {"READER": READER, "SESAME": SESAME}
    await stage.start("--processing-seconds", "0")
    return Carrier(stage)


@pytest.fixture
async def front(serve) -> AsyncIterator[Front]:
    """A proxy that is served; its server behind is named later."""
    found = Front("", lambda request, _body: request.url.path)
    found.url = await serve(found.app)
    yield found
    await found.close()


@pytest.fixture
def statuses(front) -> list[tuple[float, float, int]]:
    """When each request arrived at the proxy, when it was answered and how, in the order of the answers."""
    found: list[tuple[float, float, int]] = []
    begun: dict[int, float] = {}

    async def before(call: Call) -> None:
        begun[call.number] = monotonic()

    async def after(call: Call) -> None:
        found.append((begun.pop(call.number), monotonic(), call.answer.status_code))

    front.before, front.after = before, after
    return found


@pytest.fixture
def serve_datasette(service, tmp_path) -> Callable[..., Any]:
    """Serves tables with Datasette: `url = await serve_datasette(tables)`; at most 1,000 rows a page."""

    async def start(tables: Any) -> str:
        write_database(tables, tmp_path / "cmdb.db")
        options = ("--host", "127.0.0.1", "--port", "0", "--setting", "max_returned_rows", "1000")
        return f"http://{await service('datasette', 'serve', str(tmp_path / 'cmdb.db'), *options).start()}/cmdb/"

    return start


@pytest.fixture
def serve_roundup(service, tmp_path) -> Callable[..., Any]:
    """Serves tables with a tracker of Roundup: `url = await serve_roundup(tables, calls=..., interval=...)`."""
    if importlib.util.find_spec("roundup") is None:
        missing("roundup is not installed (pip install roundup)")

    async def start(tables: Any, *, web: str = "", calls: int = 0, interval: int = 1, max_rows: int = 1000) -> str:
        named = {name: {"key": next(iter(rows[0])), "rows": rows} for name, rows in tables.items()}
        wanted = {"tables": named, "web": web, "calls": calls, "interval": interval, "max_rows": max_rows}
        (tmp_path / "tracker.json").write_text(json.dumps(wanted))
        program = (sys.executable, str(PROGRAMS / "roundup_tracker.py"))
        return f"http://{await service(*program, str(tmp_path / 'tracker'), str(tmp_path / 'tracker.json')).start()}"

    return start


@pytest.fixture
async def kinto(service) -> AsyncIterator[Callable[..., Any]]:
    """Serves collections with Kinto: `url, http = await kinto({"kinto.paginate_by": "50"})`; http may write to it."""
    if importlib.util.find_spec("kinto") is None:
        missing("kinto is not installed (pip install kinto)")
    async with AsyncExitStack() as stack:

        async def start(settings: dict[str, str]) -> tuple[str, httpx.AsyncClient]:
            program = (sys.executable, str(PROGRAMS / "kinto_server.py"))
            url = f"http://{await service(*program, json.dumps(settings)).start()}/v1/"
            http = httpx.AsyncClient(base_url=url, auth=(READER, SESAME), timeout=30, trust_env=False)
            await stack.enter_async_context(http)
            (await http.put("buckets/cmdb")).raise_for_status()
            return url, http

        yield start


@pytest.fixture
def serve_json(service, tmp_path) -> Callable[..., Any]:
    """Serves tables with json-server: `url = await serve_json(tables)`."""
    node = shutil.which("node")
    if node is None or not JSON_SERVER.exists():
        missing("json-server is not installed (npm install --prefix .ci)")

    async def start(tables: Any) -> str:
        (tmp_path / "tables.json").write_text(json.dumps(tables))
        program = (str(node), str(PROGRAMS / "json_server.cjs"), str(JSON_SERVER))
        return f"http://{await service(*program, str(tmp_path / 'tables.json')).start()}/"

    return start
