"""A long run at a steady load with everything in it: what grows? Prints memory and file sizes as it goes.

python -m benchmarks.soak --minutes 30
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

import longshore
from benchmarks import servers

QUEUES = ("soak.a", "soak.b")
SHORT = (
    "retention.jobs=1m",
    "retention.max_jobs=20000",
    "retention.dead_letters=2m",
    "retention.commit_answers=1m",
)
"""What is kept in a week is kept for a minute, so that pruning has its part."""
REPORT_SECONDS = 30.0
KEYED, DELAYED = 0.3, 0.3
"""Of the pushes."""
RETRIED, FAILED, WRITTEN = 0.05, 0.01, 0.14
"""Of the deliveries: how many end so, and how many write an entry."""


@click.command(context_settings={"show_default": True})
@click.option("--minutes", default=30.0, help="How long.")
@click.option("--rate", default=300.0, help="Jobs pushed a second.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the store is made.")
def main(minutes: float, rate: float, folder: Path | None) -> None:
    """Push, delay, retry, fail, lease, commit and watch for long, and print what the broker takes."""
    asyncio.run(_soak(minutes * 60, rate, folder))


async def _soak(seconds: float, rate: float, folder: Path | None) -> None:
    options = [part for setting in SHORT for part in ("--set", setting)]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        async with servers.broker(Path(place), *options) as served, longshore.connect(served.address) as client:
            load = Load(client)
            tasks = [asyncio.create_task(work) for work in (*load.consumers(), load.push(rate), load.watch())]
            try:
                await _report(load, served.pid, Path(place), seconds)
            finally:
                for task in tasks:
                    task.cancel()
                for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                    if not isinstance(outcome, asyncio.CancelledError):
                        print(f"the load broke off: {outcome!r}")


async def _report(load: "Load", pid: int, place: Path, seconds: float) -> None:
    print(
        f"{'seconds':>8}{'pushed':>10}{'handled':>10}{'RSS MiB':>9}{'CPU s':>8}{'file MiB':>10}{'log MiB':>9}",
        flush=True,
    )
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        await asyncio.sleep(min(REPORT_SECONDS, seconds - passed))
        memory, processor = _process(pid)
        print(
            f"{time.monotonic() - begun:>8.0f}{load.pushed:>10,}{load.handled:>10,}{memory / 2**20:>9.1f}"
            f"{processor:>8.1f}{_size(place / 'store.db') / 2**20:>10.1f}{_size(place / 'store.db-wal') / 2**20:>9.1f}",
            flush=True,
        )


def _process(pid: int) -> tuple[int, float]:
    """Resident bytes and seconds of processor of a process of this machine."""
    resident = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return resident, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Load:
    """A bit of everything."""

    def __init__(self, client: longshore.Client) -> None:
        self.pushed = 0
        self.handled = 0
        self._client = client
        self._random = random.Random(1)

    def consumers(self) -> list[Coroutine[Any, Any, None]]:
        """A consumer of each queue."""
        return [self._client.queue(name).consume(self._handle, concurrency=64) for name in QUEUES]

    async def push(self, rate: float) -> None:
        """Push at a rate: some delayed, some keyed, some urgent."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as pushes:
            while True:
                pushes.create_task(self._push_one())
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def watch(self) -> None:
        """Watch one job after the other."""
        while True:
            job = await self._client.queue(QUEUES[0]).push({"watched": True})
            async for _ in job.watch():
                pass

    async def _push_one(self) -> None:
        chance = self._random.random()
        concurrency = longshore.Concurrency(f"key-{self._random.randrange(100)}", 2) if chance < KEYED else None
        await self._client.queue(self._random.choice(QUEUES)).push(
            {"number": self.pushed, "fill": "x" * self._random.randrange(1_000)},
            delay=self._random.random() * 20 if chance >= 1 - DELAYED else None,
            priority=self._random.randrange(10),
            concurrency=concurrency,
        )
        self.pushed += 1

    async def _handle(self, _event: longshore.Event) -> None:
        self.handled += 1
        chance = self._random.random()
        if chance < RETRIED:
            raise longshore.Retry(after=1.0, reason="SOAK")
        if chance < RETRIED + FAILED:
            raise longshore.Fail(reason="SOAK")
        if chance < RETRIED + FAILED + WRITTEN:
            key = f"entry-{self._random.randrange(1_000)}"
            await self._client.kv.set(key, {"at": time.time()}, expire_after=60)


if __name__ == "__main__":
    main()
