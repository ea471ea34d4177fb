"""A folder as a destination: each execution has a sub-folder of its own, and nothing else is ever shared.

Owns the life of these sub-folders: made, filled, declared whole by a manifest, given up, replaced by later ones.
"""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from import_worker.config import ImportConfig
from import_worker.errors import DestinationBroken, ExecutionLost
from import_worker.jsonl.files import TEMPORARY, problems_named, remove_all, sync_folder
from import_worker.jsonl.lines import Lines
from import_worker.jsonl.manifest import NAME, read_totals, write_manifest
from import_worker.jsonl.writer import Writer
from import_worker.ports import Execution, ExecutionStatus, TypeOutcome

T = TypeVar("T")

_EXECUTION = re.compile(r"([0-9]{8})-[0-9a-f]{32}")
_GIVEN_UP = ".given-up"
"""How the name of a sub-folder ends that is being removed."""


class JsonlFolder:
    """Implements import_worker.ports.Destination. Every call to the file system is made off the event loop.

    The name of an execution begins with a number greater than any before it and ends with a random part, so what a
    worker that was thought dead still writes can only ever reach the execution that it was meant for.
    """

    def __init__(self, config: ImportConfig, folder: str) -> None:
        """Prepare; nothing is touched yet. folder is that of the configuration with its references resolved."""
        self._name = config.name
        self._folder = Path(folder)
        self._writer = Writer(Lines(config))

    async def check(self) -> str:
        """See Destination."""
        await self.prepare()
        return f"the folder {self._folder} can be written"

    async def prepare(self) -> None:
        """See Destination. The folder is never made: one that is misspelt or not mounted would be made as well."""
        await self._do("looking", self._look)

    async def start(self) -> Execution:
        """See Destination. A start whose answer is lost leaves an empty sub-folder and stands in nobody's way."""
        name = await self._do("starting an execution", self._make)
        return Execution(links={"folder": name})

    async def submit(self, execution: Execution, body: bytes) -> None:
        """See Destination. On return the chunk is on disk; one that comes again replaces itself."""
        own = self._own(execution)
        with problems_named("writing a chunk", self._folder):
            try:
                await self._writer.write(own, body)
            except FileNotFoundError:
                await asyncio.to_thread(self._look)
                raise self._lost(execution) from None

    async def complete(self, execution: Execution) -> None:
        """See Destination: the manifest is written, and what is older than the set before is removed."""
        await self._do("completing an execution", lambda: self._complete(execution))

    async def status(self, execution: Execution) -> ExecutionStatus:
        """See Destination. Every object of an execution is new in it."""
        return await self._do("looking", lambda: self._status(execution))

    async def cancel(self, execution: Execution) -> None:
        """See Destination. A set that was declared whole stays."""
        await self._do("removing an execution", lambda: self._give_up(self._own(execution)))

    async def close(self) -> None:
        """See Destination: nothing is kept open."""

    async def _do(self, doing: str, work: Callable[[], T]) -> T:
        with problems_named(doing, self._folder):
            return await asyncio.to_thread(work)

    def _look(self) -> None:
        with os.scandir(self._folder):
            pass
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise DestinationBroken(f"the folder {self._folder} cannot be written: let the worker's user write there")

    def _make(self) -> str:
        newest = max((_number(name) for name in self._executions()), default=0)
        name = f"{newest + 1:08d}-{uuid4().hex}"
        (self._folder / name).mkdir()
        sync_folder(self._folder)
        return name

    def _complete(self, execution: Execution) -> None:
        own = self._own(execution)
        if self._status(execution).state == "INGESTING":
            remove_all(own, lambda name: name.endswith(TEMPORARY))
            write_manifest(own, self._name)
        self._prune(own)

    def _prune(self, own: Path) -> None:
        """Keep this set, the one before it for those who still read it, and what was begun since that one."""
        whole = sorted(name for name in self._executions() if (self._folder / name / NAME).exists())
        before = [name for name in whole if name < own.name][-1:]
        for name in self._executions():
            if before and name < before[0]:
                _remove(self._folder / name)
        with os.scandir(self._folder) as entries:
            left = [entry.name for entry in entries if entry.name.endswith(_GIVEN_UP)]
        for name in left:  # of workers that died while they removed it
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _status(self, execution: Execution) -> ExecutionStatus:
        own = self._own(execution)
        totals = read_totals(own)
        if totals is not None:
            return ExecutionStatus(
                state="DONE", outcomes={name: TypeOutcome(created=count) for name, count in totals.items()}
            )
        if not own.is_dir():
            self._look()
            raise self._lost(execution)
        return ExecutionStatus(state="INGESTING", outcomes={})

    def _give_up(self, own: Path) -> None:
        if not (own / NAME).exists():
            _remove(own)

    def _executions(self) -> list[str]:
        with os.scandir(self._folder) as entries:
            return [entry.name for entry in entries if _EXECUTION.fullmatch(entry.name)]

    def _own(self, execution: Execution) -> Path:
        return self._folder / execution.links["folder"]

    def _lost(self, execution: Execution) -> ExecutionLost:
        return ExecutionLost(f"the sub-folder {execution.links['folder']} of {self._folder} is gone")


def _number(name: str) -> int:
    return int(name.partition("-")[0])


def _remove(folder: Path) -> None:
    """Remove an execution at once for everyone: under its name nothing can be written from now on."""
    given_up = folder.with_name(folder.name + _GIVEN_UP)
    with contextlib.suppress(FileNotFoundError):  # removed before, if not to the end
        folder.replace(given_up)
    shutil.rmtree(given_up, ignore_errors=True)
