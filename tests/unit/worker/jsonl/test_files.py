"""A file is there whole or not at all."""

import subprocess
import sys

import pytest

from import_worker.jsonl.files import TEMPORARY, write_whole

HALF = """
import sys, time
from pathlib import Path
from import_worker.jsonl.files import write_whole

def pieces():
    yield b"x" * 1_000_000
    print("half", flush=True)
    sys.stdin.read()
    yield b"y"

write_whole(Path(sys.argv[1]), pieces())
"""


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "manifest.json"
    write_whole(path, [b"old"])
    command = [sys.executable, "-c", HALF, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "half\n"
        writer.kill()
        writer.wait()
    assert path.read_bytes() == b"old"
    assert [each.name.endswith(TEMPORARY) for each in tmp_path.iterdir() if each != path] == [True]


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def pieces():
        yield b"x"
        raise OSError(5, "broken")

    with pytest.raises(OSError, match="broken"):
        write_whole(tmp_path / "file", pieces())
    assert list(tmp_path.iterdir()) == []
