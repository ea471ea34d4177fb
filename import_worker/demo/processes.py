"""The processes of the demo: started one after the other, each ready before the next, all ended at the end."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 60
END_SECONDS = 15


class DidNotStart(Exception):
    """A process ended, or stayed silent, before it served. The text shows what it said."""


class Processes:
    """Processes of this Python, with their output in files of one folder. Use it as an async context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, asyncio.subprocess.Process]] = []
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for _, process in reversed(self._running):
            if process.returncode is None:
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        await asyncio.gather(*self._readers)

    async def start(self, name: str, *arguments: str, ready: str, environment: Mapping[str, str] | None = None) -> str:
        """Start a module of this Python and wait until it says that it serves.

        Args:
            name: of the file that takes its output.
            arguments: the module and its arguments.
            ready: pattern of the line that says so; its first group is answered.
            environment: variables beside those of this process.

        Raises:
            DidNotStart: it ended or took too long.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            cwd=self._folder,
            env={**os.environ, **(environment or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._running.append((name, process))
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._readers.append(asyncio.create_task(self._read(name, process, re.compile(ready), found)))
        try:
            return await asyncio.wait_for(found, START_SECONDS)
        except TimeoutError:
            raise DidNotStart(f"{name} did not start within {START_SECONDS} s; see {self._log(name)}") from None

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    async def _read(
        self, name: str, process: asyncio.subprocess.Process, ready: re.Pattern[str], found: asyncio.Future[str]
    ) -> None:
        assert process.stdout is not None  # it was asked for as a pipe  # noqa: S101
        last = ""
        with self._log(name).open("w", encoding="utf-8") as log:
            async for raw in process.stdout:
                last = raw.decode(errors="replace")
                log.write(last)
                log.flush()
                match = ready.search(last)
                if match and not found.done():
                    found.set_result(match[1])
        if not found.done():
            found.set_exception(DidNotStart(f"{name} ended before it served: {last.strip()}"))
