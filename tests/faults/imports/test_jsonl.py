"""kill -9 of the worker while it writes files: a manifest stands for the whole set, and nothing else has one."""

import asyncio
import hashlib
import json
import random
import re

import pytest

from longshore import ImportState

KILLS = 3
PAGES = 16
SEEDS = 2
SECTION = re.compile(r"^assets:\n(  (info_url|token): .*\n)+", re.MULTILINE)


def read_set(folder):
    """The lines of the newest whole set, after its manifest was checked against the files."""
    *_, manifest = sorted(folder.glob("*/manifest.json"))
    lines = []
    for each in json.loads(manifest.read_text())["files"]:
        content = (manifest.parent / each["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        lines += [json.loads(line) for line in content.splitlines()]
    files = {path.name for path in manifest.parent.iterdir()} - {"manifest.json"}
    assert files == {each["file"] for each in json.loads(manifest.read_text())["files"]}
    return lines


def codes(lines, type_name):
    return sorted(line["attributes"]["Code"] for line in lines if line["type"] == type_name)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_worker_that_is_killed_while_it_writes(make_iso, tmp_path, seed):
    iso = await make_iso()
    folder = tmp_path / "out"
    folder.mkdir()
    file = iso.stage.configure("iso", "")
    iso.configure()
    file.write_text(SECTION.sub(f"jsonl:\n  folder: {folder}\n", file.read_text()))
    moments = sorted(random.Random(seed).sample(range(1, PAGES), KILLS))
    mark, restarts, manifests = iso.source.after, [], []

    async def restart(dead):
        await iso.stage.worker.kill()
        manifests.extend(folder.glob("*/manifest.json"))
        dead.set()
        await iso.stage.worker.start()

    async def kill_at_a_moment(call):
        """The page is on its way out, and what became of those before it is being written."""
        answer = await mark(call)
        if moments and call.number >= moments[0] and all(each.done() for each in restarts):
            moments.pop(0)
            dead = asyncio.Event()
            restarts.append(asyncio.create_task(restart(dead)))
            await dead.wait()
        return answer

    iso.source.after = kill_at_a_moment
    run = await asyncio.wait_for(iso.stage.run("iso"), 200)
    await asyncio.gather(*restarts)
    assert (run.state, run.failure, moments) == (ImportState.SUCCEEDED, None, [])
    assert manifests == []
    lines = read_set(folder)
    assert codes(lines, "Country") == sorted(row["alpha_2"] for row in iso.dataset.countries)
    assert codes(lines, "Subdivision") == sorted(row["code"] for row in iso.dataset.subdivisions)
