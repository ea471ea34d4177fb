"""dlt as a peer: installed into an environment of its own, and run as a process on the same source."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.imports.stage import Imported

PACKAGE = "dlt[filesystem]==1.31.0"
_PROGRAM = Path(__file__).with_name("dlt_pipeline.py")
_PATIENCE = 600.0


class PeerMissing(Exception):
    """dlt could not be installed. The text says why."""


async def install(environment: Path) -> Path:
    """The Python that has dlt; it is installed where it is not yet.

    Raises:
        PeerMissing: it cannot be.
    """
    python = environment / "bin" / "python"
    done = environment / "ready"
    if not done.exists():
        await _run(sys.executable, "-m", "venv", str(environment))
        await _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE)
        done.touch()
    return python


async def _run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    if process.returncode:
        last = (err.decode().strip().splitlines() or ["no word"])[-1]
        raise PeerMissing(f"{' '.join(command[:4])} ... ended with {process.returncode}: {last}")
    return out.decode()


async def run(python: Path, source: str, folder: Path, size: int) -> Imported:
    """Carry everything over once, into an empty folder.

    Raises:
        PeerMissing: it failed.
    """
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(folder.mkdir)
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = await _run(str(python), str(_PROGRAM), source, str(folder), str(size), environment=alone)
    records, seconds, processors = said.split()[-3:]
    return Imported(
        records=int(records),
        seconds=float(seconds),
        carrying=float(seconds),
        processors={"dlt": float(processors)},
        peaks={},
        store=0,
    )
