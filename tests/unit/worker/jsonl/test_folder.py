"""A folder as a destination: whole sets with a manifest, nothing else, and errors that say what to do."""

import asyncio
import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from import_worker.errors import DestinationBroken, DestinationUnavailable, ExecutionLost
from import_worker.ports import Execution


async def test_a_whole_set(folder, make_chunk):
    destination, execution = folder.destination, (await folder.destination.start())

    async def fill():
        chunks = [make_chunk(number, Country=[{"Code": str(number)}, {"Code": "x"}]) for number in range(5)]
        await asyncio.gather(*(destination.submit(execution, chunk) for chunk in [*chunks, chunks[0]]))
        assert (await destination.status(execution)).state == "INGESTING"
        await destination.complete(execution)
        await destination.complete(execution)
        return await destination.status(execution)

    status = await fill()
    assert status.state == "DONE"
    assert {name: each.created for name, each in status.outcomes.items()} == {"Country": 10}
    manifest = folder.manifest(execution)
    assert (manifest["version"], manifest["import"], manifest["runs"]) == (1, "places", ["run.1"])
    assert manifest["objects"] == {"Country": 10}
    own = folder.own(execution)
    assert {path.name for path in own.iterdir()} == {each["file"] for each in manifest["files"]} | {"manifest.json"}
    assert len(manifest["files"]) == 5
    for each in manifest["files"]:
        content = (own / each["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert each["objects"] == {"Country": len(content.splitlines())}


async def test_a_set_without_objects(folder):
    execution = await folder.destination.start()
    await folder.destination.complete(execution)
    assert folder.manifest(execution)["files"] == []
    assert (await folder.destination.status(execution)).outcomes == {}


async def test_what_a_dead_writer_left_is_no_part_of_the_set(folder, make_chunk):
    execution = await folder.destination.start()
    await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    (folder.own(execution) / "run.1_places_0_1_0_d1.jsonl.1234.tmp").write_text('{"type":"Country","attrib')
    await folder.destination.complete(execution)
    assert [path.suffix for path in folder.own(execution).iterdir()].count(".tmp") == 0
    assert folder.manifest(execution)["objects"] == {"Country": 1}


async def test_an_execution_that_is_given_up_leaves_nothing(folder, make_chunk):
    execution = await folder.destination.start()
    await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    await folder.destination.cancel(execution)
    await folder.destination.cancel(execution)
    assert folder.names() == []
    for call in (
        folder.destination.submit(execution, make_chunk(0)),
        folder.destination.complete(execution),
        folder.destination.status(execution),
    ):
        with pytest.raises(ExecutionLost, match=execution.links["folder"]):
            await call
    assert folder.names() == []


async def test_a_whole_set_is_not_given_up(folder):
    execution = await folder.destination.start()
    await folder.destination.complete(execution)
    await folder.destination.cancel(execution)
    assert (await folder.destination.status(execution)).state == "DONE"


async def test_the_set_before_stays_for_its_readers_and_older_ones_go(folder):
    orphan = await folder.destination.start()  # its answer was lost
    made = []
    for _ in range(3):
        made.append(await folder.destination.start())
        await folder.destination.complete(made[-1])
    begun = await folder.destination.start()
    names = [each.links["folder"] for each in (orphan, *made, begun)]
    assert names == sorted(names)
    assert folder.names() == names[2:]


async def test_what_a_dead_worker_did_not_finish_removing_goes(folder):
    left = folder.path / f"{(await folder.destination.start()).links['folder']}.given-up"
    left.mkdir()
    (left / "chunk.jsonl").touch()
    await folder.destination.complete(await folder.destination.start())
    assert not left.exists()


async def test_check_and_prepare_change_nothing(folder):
    assert str(folder.path) in await folder.destination.check()
    await folder.destination.prepare()
    assert folder.names() == []


async def test_a_folder_that_is_not_there(folder, make_chunk):
    folder.path.rmdir()
    lost = Execution(links={"folder": "00000001-" + "0" * 32})
    for call in (
        folder.destination.check(),
        folder.destination.prepare(),
        folder.destination.start(),
        folder.destination.submit(lost, make_chunk(0)),
        folder.destination.complete(lost),
        folder.destination.status(lost),
    ):
        with pytest.raises(DestinationBroken, match="create the folder, or mount"):
            await call
    assert not folder.path.exists()


async def test_a_folder_that_is_a_file(folder):
    folder.path.rmdir()
    folder.path.touch()
    with pytest.raises(DestinationBroken, match="name a folder, not a file"):
        await folder.destination.prepare()


async def test_a_folder_that_must_not_be_written(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DestinationBroken, match="let the worker's user write"):
        await folder.destination.prepare()


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.ENOSPC, DestinationUnavailable, "free some disk space"),
        (errno.EDQUOT, DestinationUnavailable, "quota"),
        (errno.EIO, DestinationUnavailable, "look at the disk"),
        (errno.EACCES, DestinationBroken, "let the worker's user"),
        (errno.EROFS, DestinationBroken, "read-only"),
    ],
    ids=str,
)
async def test_what_the_disk_refuses(folder, make_chunk, monkeypatch, number, kind, advice):
    execution = await folder.destination.start()
    sync = os.fsync

    def refused(_descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(kind, match=advice) as raised:
        await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    assert str(folder.path) in raised.value.message
    with pytest.raises(kind, match=advice):
        await folder.destination.complete(execution)
    assert list(folder.own(execution).iterdir()) == []
    monkeypatch.setattr(os, "fsync", sync)
    await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    assert len(list(folder.own(execution).iterdir())) == 1


async def test_nothing_is_whole_before_it_is_synced(folder, make_chunk, monkeypatch):
    """Content is synced before it gets its name, and the name before submit returns."""
    execution = await folder.destination.start()
    done = []
    sync, replace = os.fsync, type(folder.path).replace

    def synced(descriptor):
        done.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name[-4:])
        sync(descriptor)

    def replaced(path, target):
        done.append(f"rename {path.suffix} to {target.suffix}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(type(folder.path), "replace", replaced)
    await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    assert done == ["sync .tmp", "rename .tmp to .jsonl", "sync " + execution.links["folder"][-4:]]


async def test_chunks_that_arrive_together_share_the_sync_of_the_folder(folder, make_chunk, monkeypatch):
    execution = await folder.destination.start()
    synced = []
    sync = os.fsync

    def count(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").is_dir())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", count)

    async def submit():
        chunks = [make_chunk(number, Country=[{"Code": "NO"}]) for number in range(6)]
        await asyncio.gather(*(folder.destination.submit(execution, chunk) for chunk in chunks))

    await submit()
    assert (synced.count(False), synced.count(True)) == (6, 1)


async def test_a_manifest_is_json_that_others_read(folder, make_chunk):
    execution = await folder.destination.start()
    await folder.destination.submit(execution, make_chunk(0, Country=[{"Code": "NO"}]))
    await folder.destination.complete(execution)
    assert json.loads((folder.own(execution) / "manifest.json").read_bytes())["execution"] == execution.links["folder"]
