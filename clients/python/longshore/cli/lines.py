"""Lines of a file or a pipe, with their numbers, read piece by piece without holding up the event loop."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 256 * 1024
MAX_LINE = 4 * 1024 * 1024
"""Bytes of a line that are kept: more than any event may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedLine:
    """One line.

    Attributes:
        number: from 1.
        content: without its end. None: it is longer than MAX_LINE.
        end: bytes of the stream up to its end.
    """

    number: int
    content: bytes | None
    end: int


async def numbered_lines(stream: BinaryIO) -> AsyncGenerator[NumberedLine, None]:
    """The lines of a stream, also a last one without an end; at most a line and a chunk are held."""
    number = end = 0
    held = b""
    too_long = False
    async with aclosing(_chunks(stream)) as chunks:
        async for chunk in chunks:
            *whole, rest = (held + chunk).split(b"\n")
            for content in whole:
                number += 1
                end += len(content) + 1
                too_long = too_long or len(content) > MAX_LINE
                yield NumberedLine(number=number, content=None if too_long else content, end=end)
                too_long = False
            if too_long or len(rest) > MAX_LINE:
                end += len(rest)
                rest, too_long = b"", True
            held = rest
    if held or too_long:
        yield NumberedLine(number=number + 1, content=None if too_long else held, end=end + len(held))


def size_of(stream: BinaryIO) -> int | None:
    """Bytes of a regular file. None: the stream has no size."""
    found = _status(stream)
    return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None


async def _chunks(stream: BinaryIO) -> AsyncGenerator[bytes, None]:
    found = _status(stream)
    if found is None or stat.S_ISREG(found.st_mode):
        while chunk := stream.read(_CHUNK):
            yield chunk
            await asyncio.sleep(0)  # a file is always there, and Ctrl-C should have its turn too
        return
    # A pipe or a terminal may be silent for long, while pushes are under way and Ctrl-C must work.
    reader = asyncio.StreamReader(limit=_CHUNK)
    pipe = os.fdopen(os.dup(stream.fileno()), "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while chunk := await reader.read(_CHUNK):
            yield chunk
    finally:
        transport.close()
        os.set_blocking(stream.fileno(), True)


def _status(stream: BinaryIO) -> os.stat_result | None:
    try:
        return os.fstat(stream.fileno())
    except OSError:
        return None
