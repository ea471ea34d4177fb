"""What tests of several folders share: a real broker in this process, and services as processes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from queue_service.app import App

READY = re.compile(r" on (?:http://)?([\w.]+:\d+)")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a broker on a SQLite file, in this process."""
    app = await App.start(address="127.0.0.1:0", database=tmp_path / "broker.db")
    yield f"127.0.0.1:{app.port}"
    await app.stop()


class Service:
    """A service as a process of its own, which can be killed and started again."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._arguments = arguments
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.address = ""
        self.lines: list[str] = []

    async def start(self) -> str:
        """Start it and wait until it serves. Answers its address, which it keeps over restarts."""
        arguments = self._arguments
        if self.address:
            arguments = [
                self.address if last == "--address" else argument
                for last, argument in zip(["", *arguments], arguments, strict=False)
            ]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
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
            if found and not ready.done() and not re.match(r"\d{4}-", line):
                ready.set_result(found[1])
        if not ready.done():
            ready.set_exception(AssertionError("it did not start:\n" + "\n".join(self.lines)))

    async def kill(self) -> None:
        """kill -9."""
        await self.end(signal.SIGKILL)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end. Answers the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
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
    """Makes services: service("queue_service", "--address", "127.0.0.1:0", ...). They are killed at the end."""
    made: list[Service] = []

    def make(*arguments: str, **environment: str) -> Service:
        made.append(Service(list(arguments), tmp_path, environment))
        return made[-1]

    yield make
    for one in made:
        if one.running:
            await one.kill()
