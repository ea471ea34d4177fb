"""Carrying out runs of the simulation in a folder that costs nothing."""

import logging
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.faults.broker.simulation import driver
from tests.faults.broker.simulation.world import carry_out

MEMORY = Path("/dev/shm")


@pytest.fixture(params=["quick"])
def rule_broken_by(request, monkeypatch, tmp_path):
    """Carries a run out and answers what went wrong, or None: `await rule_broken_by(run)`."""
    logging.disable(logging.CRITICAL)  # faults are what it is about
    driver.install(monkeypatch, real=request.param == "real")
    folder = Path(tempfile.mkdtemp(dir=MEMORY)) if MEMORY.exists() and request.param == "quick" else tmp_path

    async def rule_broken_by(run):
        place = folder / "run"
        place.mkdir()
        try:
            await carry_out(run, place)
        except Exception as error:  # noqa: BLE001  whatever it is, the run found it
            return f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(place)
        return None

    yield rule_broken_by
    logging.disable(logging.NOTSET)
    if folder != tmp_path:
        shutil.rmtree(folder)
