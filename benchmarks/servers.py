"""The servers that are measured, each a process of its own on loopback: the broker, and a bare grpc.aio echo."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

import grpc
from grpc import aio

ECHO_METHOD = "/benchmark.Echo/Echo"


class Served(NamedTuple):
    """A running server."""

    address: str
    pid: int


@contextlib.asynccontextmanager
async def broker(folder: Path, *options: str) -> AsyncIterator[Served]:
    """A broker on the SQLite file store.db of the folder."""
    command = ["queue_service", "--address", "127.0.0.1:0", "--database", str(folder / "store.db"), *options]
    async with running(command, marker="broker on ") as (line, pid):
        yield Served(line.partition("broker on ")[2].partition(",")[0], pid)


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """A server that returns what it gets: what grpc.aio alone can do here. Yields its address."""
    async with running(["benchmarks.servers"], marker="echo on ") as (line, _):
        yield line.partition("echo on ")[2].strip()


@contextlib.asynccontextmanager
async def running(
    module: list[str], marker: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, int]]:
    """A module with its arguments as a process. Yields the line that says where it serves, and its process id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *module,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    try:
        assert process.stdout is not None
        async for raw in process.stdout:
            if marker in raw.decode():
                yield raw.decode(), process.pid
                return
        raise RuntimeError(f"{module[0]} did not start")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _echo(request: bytes, _context: aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


async def _serve_echo() -> None:
    server = aio.server()
    handler = grpc.unary_unary_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("benchmark.Echo", {"Echo": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"echo on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve_echo())
