"""The workloads: each runs for a number of operations against one server and answers rate and latencies."""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from grpc import aio

import longshore
from benchmarks.servers import ECHO_METHOD

PAYLOAD = bytes(range(256))
QUEUE = "benchmark"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a workload took. Latencies are in seconds, of single operations as their callers saw them."""

    operations: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


async def _callers(operation: Callable[[], Awaitable[object]], *, callers: int, operations: int) -> Measured:
    latencies: list[float] = []
    todo = iter(range(operations))

    async def call() -> None:
        for _ in todo:
            begun = time.perf_counter()
            await operation()
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return _measured(latencies, time.perf_counter() - begun)


def _measured(latencies: list[float], seconds: float) -> Measured:
    ordered = sorted(latencies)
    return Measured(
        operations=len(ordered),
        seconds=seconds,
        p50=ordered[len(ordered) // 2],
        p99=ordered[len(ordered) * 99 // 100],
    )


async def echo(address: str, *, callers: int, operations: int) -> Measured:
    """Bare unary calls of grpc.aio."""
    async with aio.insecure_channel(address) as channel:
        call = channel.unary_unary(ECHO_METHOD)
        return await _callers(lambda: call(PAYLOAD), callers=callers, operations=operations)


async def push(address: str, *, callers: int, operations: int) -> Measured:
    """Single pushes by independent callers of one client, each durable before it returns."""
    async with longshore.connect(address) as client:
        queue = client.queue(QUEUE)
        return await _callers(lambda: queue.push(PAYLOAD), callers=callers, operations=operations)


async def consume(address: str, *, concurrency: int, operations: int) -> Measured:
    """Deliveries to a handler that does nothing, and their acks. Latency: from push to handler."""
    latencies: list[float] = []
    done = asyncio.Event()

    async def handle(event: longshore.Event) -> None:
        latencies.append(time.time() - event.push_time.timestamp())
        if len(latencies) >= operations:
            done.set()

    async with longshore.connect(address) as client:
        begun = time.perf_counter()
        consuming = asyncio.create_task(client.queue(QUEUE).consume(handle, concurrency=concurrency, prefetch=1024))
        await done.wait()
        consuming.cancel()
        await asyncio.wait([consuming])
        return _measured(latencies, time.perf_counter() - begun)


async def both(address: str, *, callers: int, operations: int) -> tuple[Measured, Measured]:
    """Push in one process, consume in another, at once."""
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        consuming = loop.run_in_executor(pool, _consume_here, address, callers, operations)
        pushing = loop.run_in_executor(pool, _push_here, address, callers, operations)
        return await pushing, await consuming


def _push_here(address: str, callers: int, operations: int) -> Measured:
    return asyncio.run(push(address, callers=callers, operations=operations))


def _consume_here(address: str, concurrency: int, operations: int) -> Measured:
    return asyncio.run(consume(address, concurrency=concurrency, operations=operations))
