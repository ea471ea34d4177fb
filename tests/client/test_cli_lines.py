"""Lines with their numbers, whatever the pieces are in which they come."""

import io
import os

import pytest

from longshore.cli import lines
from longshore.cli.lines import numbered_lines, size_of


@pytest.fixture(params=[1, 3, 1000])
def small(request, monkeypatch):
    """Pieces of so many bytes, and lines of at most six."""
    monkeypatch.setattr(lines, "_CHUNK", request.param)
    monkeypatch.setattr(lines, "MAX_LINE", 6)


async def read(stream):
    return [(line.number, line.content, line.end) async for line in numbered_lines(stream)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"\n", [(1, b"", 1)]),
        (b"a\nbc", [(1, b"a", 2), (2, b"bc", 4)]),
        (b"a\r\n\nb\n", [(1, b"a\r", 3), (2, b"", 4), (3, b"b", 6)]),
        (b"123456\n1234567\n8\n", [(1, b"123456", 7), (2, None, 15), (3, b"8", 17)]),
        (b"1" * 30 + b"\n2\n" + b"3" * 30, [(1, None, 31), (2, b"2", 33), (3, None, 63)]),
    ],
)
async def test_lines_are_numbered_and_those_that_are_too_long_are_left_out(small, text, expected):
    assert await read(io.BytesIO(text)) == expected


async def test_a_pipe_is_read_to_its_end_and_left_as_it_was(small):
    ours, theirs = os.pipe()
    os.write(theirs, b"1\n12345678\n3")
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        assert await read(pipe) == [(1, b"1", 2), (2, None, 11), (3, b"3", 12)]
        assert os.get_blocking(ours)
        assert size_of(pipe) is None


async def test_a_file_has_a_size(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"1\n2\n")
    with file.open("rb") as stream:
        assert size_of(stream) == 4
        assert await read(stream) == [(1, b"1", 2), (2, b"2", 4)]
