"""Runs imports against a source of records of 1 KB and prints what they take, as ratios within the run.

python -m benchmarks.imports                 everything but the long one
python -m benchmarks.imports memory --long   10,000 and 1,000,000 records
"""

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.imports import peer
from benchmarks.imports.stage import ASSETS, FOLDER, OFFSETS, Imported, Scene, stage

KINDS = ("latency", "lanes", "dlt", "sandbox", "memory")
SIZE = 500
LATENCY = 0.2
SHORT_LIST, LONG_LIST = 10_000, 1_000_000
ENVIRONMENT = Path(tempfile.gettempdir()) / "longshore-benchmark-dlt"
_MIB = 2**20


@click.command(context_settings={"show_default": True})
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS))
@click.option("--records", default=50_000, help="Records of an import.")
@click.option("--rounds", default=3, help="Rounds of what is compared; medians are printed.")
@click.option("--long", is_flag=True, help=f"Memory: {LONG_LIST:,} records instead of {10 * SHORT_LIST:,}.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where everything is written.")
@click.option(
    "--dlt", "environment", default=ENVIRONMENT, type=click.Path(path_type=Path), help="Where dlt is, or goes."
)
def main(kinds: tuple[str, ...], records: int, rounds: int, long: bool, folder: Path | None, environment: Path) -> None:
    """Measure imports: LATENCY and LANES against a slow source and a slow sandbox, the folder beside DLT, the SANDBOX
    with two workers, and MEMORY over the length of an import.
    """
    bench = Bench(records=records, rounds=rounds, folder=folder)
    for kind in kinds or KINDS:
        match kind:
            case "latency":
                asyncio.run(bench.latency(lanes=1))
            case "lanes":
                asyncio.run(bench.latency(lanes=4))
            case "dlt":
                asyncio.run(bench.beside_dlt(environment))
            case "sandbox":
                asyncio.run(bench.sandbox())
            case "memory":
                asyncio.run(bench.memory(LONG_LIST if long else 10 * SHORT_LIST))


class Bench:
    """The measurements. Each prints a heading, a line for each import and its ratio."""

    def __init__(self, *, records: int, rounds: int, folder: Path | None) -> None:
        self._records = records
        self._rounds = rounds
        self._folder = folder

    async def latency(self, *, lanes: int) -> None:
        """How much longer than waiting for the other side takes."""
        pages = -(-self._records // SIZE)
        ideal = pages * LATENCY / lanes
        print(f"\n{pages} pages and chunks of {LATENCY:g} s each, lanes: {lanes}; waiting alone takes {ideal:.1f} s")
        scene = Scene(
            records=self._records,
            size=SIZE,
            into=ASSETS,
            latency=LATENCY,
            pagination=OFFSETS if lanes > 1 else Scene.pagination,
            lanes=lanes,
        )
        found = await self._once(scene)
        _show("Longshore", found)
        print(f"{found.carrying / ideal:>10.2f} x the wait, until the destination has everything")
        print(f"{found.seconds / ideal:>10.2f} x the wait, with the destination's own processing")

    async def beside_dlt(self, environment: Path) -> None:
        """The folder beside dlt's, in alternating rounds on one source."""
        print(f"\nno latency, {self._records:,} records into a folder: one broker and one worker, beside dlt")
        ours: list[Imported] = []
        theirs: list[Imported] = []
        try:
            python = await peer.install(environment)
        except peer.PeerMissing as problem:
            python = None
            print(f"dlt is missing, so there is nothing to compare with: {problem}")
        for _ in range(self._rounds):
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                async with stage(Scene(records=self._records, size=SIZE, into=FOLDER), Path(place)) as running:
                    ours.append(await running.run())
                    _show("Longshore", ours[-1])
                    if python is not None:
                        theirs.append(await peer.run(python, running.source, Path(place) / "dlt", SIZE))
                        _show("dlt", theirs[-1])
        if theirs:
            print(f"{_rate(ours) / _rate(theirs):>10.2f} x the records a second of dlt")
            print(f"{_processors(theirs) / _processors(ours):>10.2f} x the records a second of processor time of dlt")

    async def sandbox(self) -> None:
        """Two workers into the sandbox."""
        print(f"\nno latency, {self._records:,} records into the sandbox: one broker, two workers")
        scene = Scene(records=self._records, size=SIZE, into=ASSETS, workers=2)
        found = [await self._once(scene) for _ in range(self._rounds)]
        for each in found:
            _show("Longshore", each)
        print(
            f"{_rate(found):>10,.0f} records a second, and {self._records / _processors(found):,.0f} of processor time"
        )

    async def memory(self, records: int) -> None:
        """What grows with the length of an import."""
        print(f"\n{SHORT_LIST:,} and {records:,} records into a folder: what grows")
        short = await self._once(Scene(records=SHORT_LIST, size=SIZE))
        long = await self._once(Scene(records=records, size=SIZE))
        for each in (short, long):
            _show("Longshore", each)
        for name in ("worker 1", "broker"):
            print(f"{name:>10}: {short.peaks[name] / _MIB:.0f} MiB, then {long.peaks[name] / _MIB:.0f} MiB at most")
        print(f"{'its files':>10}: {short.store / _MIB:.1f} MiB, then {long.store / _MIB:.1f} MiB at the end")
        bound = short.peaks["worker 1"] * 1.1 + 30e6
        print(f"{long.peaks['worker 1'] / bound:>10.2f} x the bound of 10 % and 30 MB more")

    async def _once(self, scene: Scene) -> Imported:
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            async with stage(replace(scene), Path(place)) as running:
                return await running.run()


def _rate(found: Sequence[Imported]) -> float:
    return statistics.median(each.rate for each in found)


def _processors(found: Sequence[Imported]) -> float:
    return statistics.median(sum(each.processors.values()) - each.processors.get("source", 0) for each in found)


def _show(name: str, found: Imported) -> None:
    used = ", ".join(f"{process} {seconds:.2f}" for process, seconds in found.processors.items())
    print(
        f"{name:>10}: {found.records:,} in {found.seconds:.2f} s, {found.rate:,.0f}/s; processor seconds: {used}",
        flush=True,
    )


if __name__ == "__main__":
    main()
