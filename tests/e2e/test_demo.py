"""The demo as people run it: what it prints, that its hints work, and that it leaves nothing running."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

LONGSHORE = str(Path(sys.executable).with_name("longshore"))
EQUAL = "Assets equals the source, attribute by attribute."


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the demo, in a group of its own; whatever is left of the group is ended."""
    process = await asyncio.create_subprocess_exec(
        LONGSHORE,
        "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def is_listening(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


async def test_the_demo_imports_and_compares(tmp_path):
    async with started("--folder", str(tmp_path / "new")) as process:
        out = (await process.communicate())[0].decode()
        assert process.returncode == 0, out
    lines = out.splitlines()
    assert lines[-1] == EQUAL
    countries, subdivisions = re.search(r"([\d,]+) countries, ([\d,]+) subdivisions", out).groups()
    rows = int(countries.replace(",", "")) + int(subdivisions.replace(",", ""))
    summary = {line.partition(" ")[0]: line for line in lines}
    assert f"{rows:,} in Assets, {rows:,} in the source" in summary["objects"]
    resolved, of = re.search(r"([\d,]+) of ([\d,]+) resolved", summary["references"]).groups()
    assert resolved == of
    assert "DONE; import SUCCEEDED" in summary["execution"]
    assert any("READING" in line and "records" in line for line in lines)
    assert not any(map(is_listening, set(re.findall(r"127\.0\.0\.1:\d+", out))))
    assert sorted(path.name for path in (tmp_path / "new").glob("*.log")) == [
        "broker.log",
        "datasette.log",
        "sandbox.log",
        "worker.log",
    ]


async def test_what_is_kept_can_be_tried_and_ends_with_ctrl_c(grpcurl):
    async with started("--keep") as process:
        lines: list[str] = []
        while sum("grpcurl " in line for line in lines) < 3:
            raw = await asyncio.wait_for(process.stdout.readline(), 60)
            assert raw, lines
            lines.append(raw.decode())
        out = "".join(lines)
        assert EQUAL in out
        answers = [await call(grpcurl, line) for line in lines if "grpcurl " in line]
        assert [run["state"] for run in answers[0]["imports"]] == ["IMPORT_STATE_SUCCEEDED"]
        assert answers[1]["group"]["state"] == "GROUP_STATE_COMPLETE"
        assert any(entry["key"].endswith(":run") for entry in answers[2]["entries"])
        view = re.search(r"http://[\d.:]+/_sandbox", out)[0]
        async with httpx.AsyncClient(trust_env=False) as http:
            assert "Subdivision" in (await http.get(view)).text
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 30)
        assert process.returncode == 130
        assert not any(map(is_listening, set(re.findall(r"127\.0\.0\.1:\d+", out))))
        store = Path(re.search(r"store (\S+)", out)[1])
        assert not store.parent.exists()


async def call(grpcurl: str, line: str) -> dict:
    """Run a line as it was printed."""
    program, *arguments = shlex.split(line)
    assert program == "grpcurl"
    process = await asyncio.create_subprocess_exec(
        grpcurl, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    async with started("--folder", str(tmp_path / "file")) as process:
        out = (await process.communicate())[0].decode()
    assert process.returncode == 2
    assert "is a file" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_end_in_the_middle_leaves_nothing_behind(number):
    async with started() as process:
        out = ""
        while "READING" not in out:
            raw = await asyncio.wait_for(process.stdout.readline(), 60)
            assert raw, out
            out += raw.decode()
        process.send_signal(number)
        await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 128 + number
    assert not any(map(is_listening, set(re.findall(r"127\.0\.0\.1:\d+", out))))
