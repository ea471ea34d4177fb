"""The guides' programs, imported or run as people run them, against a real broker and the sandbox of Assets."""

import asyncio
import importlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from starlette.types import ASGIApp

import longshore
from queue_service.app import App
from queue_service.domain.limits import Limits
from queue_service.domain.retry import RetryPolicy
from queue_service.settings import Settings

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


@pytest.fixture
def guides() -> Path:
    """The folder of the guides."""
    return GUIDES


@pytest.fixture
def limits() -> Limits:
    """The bounds of the broker; a module may have its own."""
    return Limits()


@pytest.fixture
async def broker(tmp_path, limits) -> AsyncIterator[str]:
    """The address of a broker in this process, whose retries come soon."""
    retry = RetryPolicy(initial_backoff=20)
    app = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "broker.db", limits=limits, retry=retry))
    yield f"127.0.0.1:{app.port}"
    await app.stop()


@pytest.fixture
async def client(broker) -> AsyncIterator[longshore.Client]:
    """A client of the broker."""
    async with longshore.connect(broker, timeout=20) as client:
        yield client


@pytest.fixture
def program(monkeypatch) -> Callable[[str], ModuleType]:
    """Imports a program of the guides, or a module beside it: program("import_in_jobs/jobs.py")."""

    def load(path: str) -> ModuleType:
        file = GUIDES / path
        monkeypatch.syspath_prepend(str(file.parent))
        return importlib.import_module(file.stem)

    return load


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, and the lines that it printed."""

    code: int
    lines: list[str]


@pytest.fixture
def run(broker) -> Callable[..., object]:
    """Runs a program of the guides as people do: `await run("queue_storage.py", NAME="value")`."""

    async def to_its_end(path: str, **environment: str) -> Ended:
        async with started(str(GUIDES / path), LONGSHORE_ADDRESS=broker, **environment) as process:
            out, _ = await process.communicate()
        return Ended(code=process.returncode or 0, lines=out.decode().splitlines())

    return to_its_end


@asynccontextmanager
async def started(*arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of this Python, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def worker(broker) -> AsyncIterator[Callable[..., object]]:
    """Starts processes that work on imports as jobs.py or group.py do: `await worker("jobs", ASSETS_INFO_URL=url)`."""
    code = (
        "import asyncio, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import {name}, running\n"
        "async def main():\n"
        "    async with running.connected() as (client, assets):\n"
        "        await {name}.work(client, assets)\n"
        "asyncio.run(main())\n"
    )
    async with AsyncExitStack() as stack:

        async def start(name: str, **environment: str) -> asyncio.subprocess.Process:
            arguments = ("-c", code.format(name=name), str(GUIDES / "import_in_jobs"))
            return await stack.enter_async_context(started(*arguments, LONGSHORE_ADDRESS=broker, **environment))

        yield start


class Sandbox:
    """What a sandbox holds, seen from outside of its API."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.info_url = f"{url}/jsm/assets/v1/imports/info"
        self._url = url
        self._http = http

    async def _view(self, path: str) -> object:
        return (await self._http.get(f"{self._url}/_sandbox/{path}")).raise_for_status().json()

    async def serials(self) -> list[str]:
        """The serial numbers of all devices, sorted; one that is there twice is listed twice."""
        found = await self._view("objects")
        return sorted(device["attributes"]["Serial"] for device in found.get("Device", []))

    async def execution(self) -> dict:
        """The only execution that ever was."""
        (found,) = await self._view("executions")
        return found


@pytest.fixture
async def sandbox_at(monkeypatch) -> AsyncIterator[Callable[[str], Sandbox]]:
    """Looks into a sandbox, to which programs go from now on: `sandbox_at("http://127.0.0.1:50080")`."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:

        def look(url: str) -> Sandbox:
            sandbox = Sandbox(url, http)
            monkeypatch.setenv("ASSETS_INFO_URL", sandbox.info_url)
            return sandbox

        yield look


@pytest.fixture
def sandbox_of(serve, sandbox_at) -> Callable[[ASGIApp], Awaitable[Sandbox]]:
    """Serves a sandbox in this process: `await sandbox_of(build_app())`."""

    async def start(app: ASGIApp) -> Sandbox:
        return sandbox_at(await serve(app))

    return start
