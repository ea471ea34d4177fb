"""Secrets of a source in whole runs: neither the broker's files nor any log line ever holds one."""

import logging
import sqlite3

import pytest
from starlette.responses import JSONResponse

from longshore import ImportState

TOKEN, SITE = "s3cret-t0ken/with+signs", "s3cret-s1te"


@pytest.fixture
def secretive(world):
    """The world's source asks for a token and a parameter, which are references in its file."""
    path = world.folder / "places.yaml"
    text = path.read_text().replace(
        "resources:\n", "  auth: { type: bearer, token: '${env:SOURCE_TOKEN}' }\nresources:\n", 1
    )
    path.write_text(text.replace("path: regions,", "path: regions, params: { site: '${env:SITE}' },", 1))
    world.env = {**world.env, "SOURCE_TOKEN": TOKEN, "SITE": SITE}
    return world


def kept(folder):
    """Everything that the broker's files hold."""
    with sqlite3.connect(folder / "broker.db") as database:
        dump = "\n".join(database.iterdump())
    database.close()
    files = b"".join(path.read_bytes() for path in folder.glob("broker.db*"))
    return dump + files.decode(errors="replace")


@pytest.mark.parametrize("failing", [False, True])
async def test_no_file_of_the_broker_and_no_log_line_holds_a_secret(secretive, tmp_path, caplog, failing):
    """Also where the source repeats them in its errors, and in its links."""
    caplog.set_level(logging.DEBUG)
    world = secretive
    await world.rest()
    await world.work()
    if failing:
        echo = {"error": f"Bearer {TOKEN} may not see {SITE}"}
        world.source.instead = lambda _resource, first: JSONResponse(echo, status_code=403) if first else None
    run = await world.run()
    assert run.state is (ImportState.FAILED if failing else ImportState.SUCCEEDED)
    if failing:
        assert "Bearer *** may not see ***" in run.failure.message
    held = kept(tmp_path) + caplog.text + repr(run)
    assert run.import_id in held
    for secret in ("s3cret", "t0ken", "s1te", "with+signs", "with%2Bsigns"):
        assert secret not in held
