"""What tests of several folders share: a real broker in this process, and services as processes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from starlette.types import ASGIApp

import longshore
from import_worker.sandbox.wire import Server, address, bind
from queue_service.app import App
from queue_service.settings import Settings

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # connections that break are what many tests are about

settings.register_profile("tests", deadline=None)  # a machine may be busy: time-outs bound hangs, nothing else
settings.load_profile("tests")

READY = re.compile(r" on (?:http://)?([\w.]+:\d+)")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a broker on a SQLite file, in this process."""
    app = await App.start(Settings(address="127.0.0.1:0", database=tmp_path / "broker.db"))
    yield f"127.0.0.1:{app.port}"
    await app.stop()


class Service:
    """A service as a process of its own, which can be killed and started again."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._command = command
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.address = ""
        self.lines: list[str] = []

    async def start(self) -> str:
        """Start it and wait until it serves. Answers its address, which it keeps over restarts."""
        command = self._command
        if self.address:
            command = [
                self.address if last == "--address" else argument
                for last, argument in zip(["", *command], command, strict=False)
            ]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(ready))
        self.address = await asyncio.wait_for(ready, 30)
        return self.address

    async def _read(self, ready: asyncio.Future[str]) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            found = READY.search(line)
            if found and not ready.done() and not re.match(r"\d{4}-|Error", line):
                ready.set_result(found[1])
        if not ready.done():
            ready.set_exception(AssertionError("it did not start:\n" + "\n".join(self.lines)))

    async def kill(self) -> None:
        """kill -9."""
        await self.end(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal and go on."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end. Answers the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end. Answers the exit code."""
        assert self._process is not None
        code = await asyncio.wait_for(self._process.wait(), 30)
        assert self._reading is not None
        await self._reading
        return code

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.returncode is None


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Callable[..., Service]]:
    """Makes services: service("queue_service", "--address", "127.0.0.1:0", ...). They are killed at the end.

    The first argument is a module of this Python, or the absolute path of a program.
    """
    made: list[Service] = []

    def make(*arguments: str, **environment: str) -> Service:
        command = [*([] if Path(arguments[0]).is_absolute() else [sys.executable, "-m"]), *arguments]
        made.append(Service(command, tmp_path, environment))
        return made[-1]

    yield make
    for one in made:
        if one.running:
            await one.kill()


class SteppedClock:
    """A clock that goes on only when a test says so."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000_000
        self.seconds = 1_000.0

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.seconds

    def step(self, milliseconds: int) -> None:
        """Let time pass."""
        self.wall += milliseconds
        self.seconds += milliseconds / 1000


@pytest.fixture
def stepped_clock() -> SteppedClock:
    """A clock that goes on only when the test says so."""
    return SteppedClock()


@pytest.fixture
def clock(stepped_clock: SteppedClock) -> SteppedClock:
    """The clock of what is tested, unless a folder or module has another."""
    return stepped_clock


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application of the test. Answers its address, such as "http://127.0.0.1:50080"."""
    ready = asyncio.Event()
    server = Server(app, ready.set)
    with bind("127.0.0.1", 0) as bound:
        running = asyncio.create_task(server.serve(sockets=[bound]))
        await ready.wait()
        try:
            yield address(bound)
        finally:
            server.should_exit = True
            await running


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[ASGIApp], Awaitable[str]]]:
    """Serves applications of the test until its end: `url = await serve(app)`."""
    async with AsyncExitStack() as stack:
        yield lambda app: stack.enter_async_context(served(app))


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended: its exit code, and what it said on both outputs."""

    code: int
    out: str
    err: str


class Stage:
    """Broker, sandbox and worker as processes, and the folder of the imports that the worker knows.

    Attributes:
        broker, sandbox, worker: the processes; start them with start(), or one by one.
        imports: a client of the worker, from start() on.
        environment: of workers; a test may add to it before they are made.
    """

    broker: Service
    sandbox: Service
    worker: Service
    imports: longshore.Imports

    def __init__(self, make: Callable[..., Service], folder: Path, stack: AsyncExitStack) -> None:
        self._make = make
        self._folder = folder
        self._stack = stack
        self.environment = {"ASSETS_TOKEN": "token-of-the-stage"}
        (folder / "imports").mkdir(parents=True)

    async def start(self, *switches: str) -> None:
        """Start all three; switches are options of the sandbox."""
        self.broker = self._make(
            "queue_service", "--address", "127.0.0.1:0", "--database", str(self._folder / "broker.db")
        )
        self.sandbox = self._make(
            "import_worker.sandbox", "--port", "0", "--token", self.environment["ASSETS_TOKEN"], *switches
        )
        await asyncio.gather(self.broker.start(), self.sandbox.start())
        self.worker = await self.add_worker()
        self.imports = self.imports_of(self.worker)
        self._view = await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://{self.sandbox.address}/_sandbox", timeout=30, trust_env=False)
        )

    async def add_worker(self, *options: str) -> Service:
        """Start a worker of this stage's broker."""
        where = ("--broker", self.broker.address, "--imports", str(self._folder / "imports"))
        worker = self._make("import_worker", "--address", "127.0.0.1:0", *where, *options, **self.environment)
        await worker.start()
        return worker

    def imports_of(self, worker: Service) -> longshore.Imports:
        """A client of a worker."""
        client = longshore.connect_imports(worker.address)
        self._stack.push_async_exit(client)
        return client

    @property
    def info_url(self) -> str:
        """Where the sandbox is asked for its links."""
        return f"http://{self.sandbox.address}/jsm/assets/v1/imports/info"

    def configure(self, name: str, text: str) -> Path:
        """Write the file of an import. Answers its path."""
        path = self._folder / "imports" / f"{name}.yaml"
        path.write_text(text)
        return path

    async def run(self, name: str, **options: Any) -> longshore.Import:
        """Start an import and follow it to its end."""
        started = await self.imports.start(name, **options)
        return await self.until(started.run.import_id, lambda run: run.state.terminal)

    async def until(self, import_id: str, holds: Callable[[longshore.Import], bool]) -> longshore.Import:
        """Follow an import until something holds."""
        async for run in self.imports.watch(import_id):
            if holds(run):
                return run
        raise AssertionError(f"the import ended first: {run}")

    async def objects(self) -> dict[str, list[dict[str, Any]]]:
        """What the sandbox holds, by type name."""
        return (await self._view.get("/objects")).raise_for_status().json()

    async def plain_objects(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the sandbox holds: type, identity and attribute; a reference is the identity that it points at."""
        objects = await self.objects()
        names = {each["key"]: each["identity"][0] for listed in objects.values() for each in listed}

        def plain(value: Any) -> Any:
            return names[value["key"]] if isinstance(value, dict) else value

        return {
            kind: {
                each["identity"][0]: {name: plain(value) for name, value in each["attributes"].items()}
                for each in listed
            }
            for kind, listed in objects.items()
        }

    async def executions(self) -> list[dict[str, Any]]:
        """Every execution of the sandbox, oldest first."""
        return (await self._view.get("/executions")).raise_for_status().json()

    async def faults(self, **switches: Any) -> None:
        """Set switches of the sandbox, leave the others."""
        (await self._view.patch("/faults", json=switches)).raise_for_status()

    async def reset(self) -> None:
        """Empty the sandbox, and put its switches back."""
        (await self._view.post("/reset")).raise_for_status()

    async def command(self, *arguments: str) -> Said:
        """Run `longshore` with these arguments as a process, against this stage."""
        addresses = {"LONGSHORE_ADDRESS": self.broker.address, "LONGSHORE_IMPORT_ADDRESS": self.worker.address}
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("longshore")),
            *arguments,
            env={**os.environ, **addresses},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Said(code=process.returncode or 0, out=out.decode(), err=err.decode())


@pytest.fixture
async def make_stage(service, tmp_path) -> AsyncIterator[Callable[[], Stage]]:
    """Makes stages, each with its own broker, sandbox and worker; they are not started."""
    number = count()
    async with AsyncExitStack() as stack:
        yield lambda: Stage(service, tmp_path / f"stage-{next(number)}", stack)


@pytest.fixture
def stage(make_stage) -> Stage:
    """One stage, not started."""
    return make_stage()
