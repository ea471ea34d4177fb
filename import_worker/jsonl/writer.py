"""Chunks that arrive together are written together: the folder is synced once for all of them.

Owns the thread that writes. What waits is bounded by the steps that a worker carries out at a time.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from import_worker.jsonl.files import write_all
from import_worker.jsonl.lines import Lines


@dataclass(frozen=True, kw_only=True, eq=False)
class _Waiting:
    body: bytes
    written: "asyncio.Future[None]"


class Writer:
    """Writes the chunks of one import as files."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._waiting: dict[Path, list[_Waiting]] = defaultdict(list)
        self._writing: asyncio.Task[None] | None = None

    async def write(self, folder: Path, body: bytes) -> None:
        """Return when a chunk is on disk.

        Raises:
            OSError: it, or one that was written with it, is not.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting[folder].append(_Waiting(body=body, written=written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        """Write what waits until nothing does; what arrives meanwhile makes the next load."""
        while self._waiting:
            folder, load = self._waiting.popitem()
            problem: Exception | None = None
            try:
                await asyncio.to_thread(self._write_load, folder, [each.body for each in load])
            except Exception as error:  # noqa: BLE001  it belongs to those who wait for it
                problem = error
            for each in load:
                if each.written.done():
                    continue  # nobody waits for it any more
                if problem is None:
                    each.written.set_result(None)
                else:
                    each.written.set_exception(problem)
        self._writing = None

    def _write_load(self, folder: Path, bodies: list[bytes]) -> None:
        chunks = map(self._lines.of, bodies)
        write_all(folder, ((file_name(chunk_id), [lines]) for chunk_id, lines in chunks))


CHUNK = ".jsonl"
"""How the names of chunks end."""


def file_name(chunk_id: str) -> str:
    """The name of a chunk's file. No part of an id holds a slash or a low line."""
    return chunk_id.replace("/", "_") + CHUNK
