"""The processes of an import: source, broker, sandbox and workers, and what each of them takes."""

import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import longshore
from benchmarks.servers import running

TOKEN = "a token of the benchmark"

FILE = """
version: 1
kind: import
name: devices
source: {{ type: rest, base_url: "http://{source}/" }}
resources:
  - name: devices
    path: devices
    params: {{ limit: {size} }}
    data_selector: rows
    pagination: {pagination}{lanes}
{destination}
  chunks: {{ max_objects: {size}, max_bytes: 900KiB }}
  object_types:
    - name: Device
      resource: devices
      attributes:
        Serial: {{ from: serial, identity: true }}
        Name: {{ from: name, label: true }}
        Id: {{ from: id, type: integer }}
        Model: model
        Site: location.site
        Rack: location.rack
        Owner: {{ from: owner, type: email }}
        Address: {{ from: ip, type: ipaddress }}
        Price: {{ from: price, type: double }}
        Cores: {{ from: cores, type: integer }}
        Active: {{ from: active, type: boolean }}
        Bought: {{ from: bought, type: date }}
        Updated: {{ from: updated, type: date_time }}
        Description: {{ from: description, type: textarea }}
"""
LINKS = "{ type: json_link, next_url_path: next }"
OFFSETS = "{ type: offset, limit: 500, total_path: total }"
ASSETS = """assets:
  info_url: http://{sandbox}/jsm/assets/v1/imports/info
  token: ${{env:ASSETS_TOKEN}}"""
_CARRYING = {
    longshore.ImportState.QUEUED,
    longshore.ImportState.STARTING,
    longshore.ImportState.WAITING_FOR_ASSETS,
    longshore.ImportState.READING,
}
FOLDER = """jsonl:
  folder: {folder}"""


@dataclass(frozen=True, kw_only=True)
class Process:
    """What a process has taken so far.

    Attributes:
        seconds: of processors.
        peak: bytes it has had resident at most.
    """

    seconds: float
    peak: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """As the system counts it."""
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        return cls(seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak=peak * 1024)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import took.

    Attributes:
        records: how many were carried over.
        seconds: from its start to its end.
        carrying: of these, until every page was read and every chunk taken; the destination's processing follows.
        processors: seconds of processors, by process.
        peaks: bytes resident at most, by process.
        store: bytes of the broker's files at the end.
    """

    records: int
    seconds: float
    carrying: float
    processors: Mapping[str, float]
    peaks: Mapping[str, int]
    store: int

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


class Stage:
    """Running processes.

    Attributes:
        pids: by name.
        folder: of everything that is written.
        source: its address.
    """

    def __init__(self, folder: Path, source: str, pids: dict[str, int], imports: longshore.Imports) -> None:
        self.folder = folder
        self.source = source
        self.pids = pids
        self._imports = imports

    async def run(self) -> Imported:
        """Carry everything over once."""
        before = {name: Process.of(pid) for name, pid in self.pids.items()}
        begun = time.perf_counter()
        carrying = 0.0
        started = await self._imports.start("devices")
        async for now in self._imports.watch(started.run.import_id):
            run = now
            if not carrying and run.state not in _CARRYING:
                carrying = time.perf_counter() - begun
        seconds = time.perf_counter() - begun
        if run.state is not longshore.ImportState.SUCCEEDED:
            raise RuntimeError(f"the import ended {run.state}: {run.failure}")
        after = {name: Process.of(pid) for name, pid in self.pids.items()}
        return Imported(
            records=run.progress.records_read,
            seconds=seconds,
            carrying=carrying,
            processors={name: after[name].seconds - before[name].seconds for name in after},
            peaks={name: each.peak for name, each in after.items()},
            store=sum(path.stat().st_size for path in self.folder.glob("store.db*")),
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a stage is made of.

    Attributes:
        records, size: of the source.
        into: ASSETS or FOLDER.
        latency: seconds of each page, and of each chunk of the sandbox.
        workers: processes.
        pagination: LINKS or OFFSETS.
        lanes: of the resource.
    """

    records: int
    size: int = 500
    into: str = FOLDER
    latency: float = 0.0
    workers: int = 1
    pagination: str = LINKS
    lanes: int = 1


@contextlib.asynccontextmanager
async def stage(scene: Scene, folder: Path) -> AsyncIterator[Stage]:
    """Start everything for one scene, in an empty folder."""
    async with contextlib.AsyncExitStack() as stack:
        pids: dict[str, int] = {}

        async def start(name: str, *command: str) -> str:
            line, pids[name] = await stack.enter_async_context(
                running(list(command), marker=" on ", environment={"ASSETS_TOKEN": TOKEN})
            )
            return line.partition(" on ")[2].split()[0].rstrip(",").removeprefix("http://")

        source = await start(
            "source",
            "benchmarks.imports.source",
            *_options(records=scene.records, size=scene.size, latency=scene.latency),
        )
        broker = await start(
            "broker", "queue_service", "--address", "127.0.0.1:0", "--database", str(folder / "store.db")
        )
        sandbox = ""
        if scene.into == ASSETS:
            stalls = _options(stall_every=1, stall_seconds=scene.latency) if scene.latency else []
            stalls += _options(processing_seconds=0)
            sandbox = await start("sandbox", "import_worker.sandbox", "--port", "0", "--token", TOKEN, *stalls)
        (folder / "imports").mkdir()
        (folder / "out").mkdir()
        (folder / "imports" / "devices.yaml").write_text(
            FILE.format(
                source=source,
                size=scene.size,
                pagination=scene.pagination,
                lanes=f"\n    lanes: {scene.lanes}" if scene.lanes > 1 else "",
                destination=scene.into.format(sandbox=sandbox, folder=folder / "out"),
            )
        )
        where = _options(broker=broker, imports=folder / "imports", address="127.0.0.1:0")
        addresses = [await start(f"worker {number + 1}", "import_worker", *where) for number in range(scene.workers)]
        imports = await stack.enter_async_context(longshore.connect_imports(addresses[0]))
        yield Stage(folder, source, pids, imports)


def _options(**options: object) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
