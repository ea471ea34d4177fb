"""Runs the workloads in alternating rounds against a new store each and prints medians and ratios."""

import asyncio
import os
import platform
import sqlite3
import statistics
import tempfile
from pathlib import Path

import click
import grpc

from benchmarks import servers, workloads
from benchmarks.workloads import Measured

CALLERS = (64, 256)


@click.command(context_settings={"show_default": True})
@click.option("--operations", default=20_000, help="Operations of each workload and round.")
@click.option("--rounds", default=3, help="Rounds; medians are printed.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the stores are made.")
def main(operations: int, rounds: int, folder: Path | None) -> None:
    """Measure durable pushes, deliveries with acks, and both at once, beside bare grpc.aio calls."""
    print(
        f"{os.cpu_count()} processors, Python {platform.python_version()}, grpcio {grpc.__version__}, "
        f"SQLite {sqlite3.sqlite_version}; 256-byte payloads; every push is synced to disk before its answer"
    )
    _print(asyncio.run(_measure(operations, rounds, folder)))


async def _measure(operations: int, rounds: int, folder: Path | None) -> dict[str, list[Measured]]:
    results: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for name, measured in await _round(operations, folder):
            results.setdefault(name, []).append(measured)
    return results


async def _round(operations: int, folder: Path | None) -> list[tuple[str, Measured]]:
    results: list[tuple[str, Measured]] = []
    async with servers.echo() as address:
        for callers in CALLERS:
            measured = await workloads.echo(address, callers=callers, operations=operations // 4)
            results.append((f"bare grpc.aio echo, {callers} callers", measured))
    for callers in CALLERS:
        with tempfile.TemporaryDirectory(dir=folder) as store:
            async with servers.broker(Path(store)) as (address, _):
                measured = await workloads.push(address, callers=callers, operations=operations)
                results.append((f"durable push, {callers} callers", measured))
                measured = await workloads.consume(address, concurrency=callers, operations=operations)
                results.append((f"deliver + ack, concurrency {callers}", measured))
        with tempfile.TemporaryDirectory(dir=folder) as store:
            async with servers.broker(Path(store)) as (address, _):
                pushed, consumed = await workloads.both(address, callers=callers, operations=operations)
                results.append((f"both at once: push, {callers} callers", pushed))
                results.append((f"both at once: push to ack, concurrency {callers}", consumed))
    return results


def _print(results: dict[str, list[Measured]]) -> None:
    base = statistics.median(measured.rate for measured in results[f"bare grpc.aio echo, {CALLERS[0]} callers"])
    print(f"{'workload':<44}{'median/s':>10}{'spread':>16}{'x echo':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for name, rounds in results.items():
        rates = [measured.rate for measured in rounds]
        median = statistics.median(rates)
        spread = f"{min(rates):,.0f}-{max(rates):,.0f}"
        p50 = statistics.median(measured.p50 for measured in rounds) * 1000
        p99 = statistics.median(measured.p99 for measured in rounds) * 1000
        print(f"{name:<44}{median:>10,.0f}{spread:>16}{median / base:>8.2f}{p50:>9.1f}{p99:>9.1f}")
    print(
        "Latency of a push is its caller's wait; of a delivery, the time from push to handler (a backlog's is its age)."
    )


if __name__ == "__main__":
    main()
