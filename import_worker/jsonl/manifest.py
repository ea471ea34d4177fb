"""The manifest of an execution: the file that says that its set is whole, and what belongs to it.

Owns its form. It is made of what is on disk: files are counted and digested as they are read back.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from import_worker.jsonl.files import write_whole
from import_worker.jsonl.lines import count_types
from import_worker.jsonl.writer import CHUNK

NAME = "manifest.json"
VERSION = 1


def write_manifest(folder: Path, name: str) -> None:
    """Declare the set of a folder whole.

    Args:
        folder: of the execution; all its chunks are there.
        name: of the configured import.

    Raises:
        OSError: it could not be read or written.
    """
    write_whole(folder / NAME, _pieces(folder, name))


def _pieces(folder: Path, name: str) -> Iterator[bytes]:
    """The manifest, a line for each file: as many files as there may be, no list of them is held as text."""
    with os.scandir(folder) as entries:
        files = sorted(entry.name for entry in entries if entry.name.endswith(CHUNK))
    runs = sorted({file.partition("_")[0] for file in files})
    head = {"version": VERSION, "import": name, "runs": runs, "execution": folder.name}
    totals: dict[str, int] = {}
    yield orjson.dumps(head)[:-1] + b',"files":['
    separator = b"\n"
    for file in files:
        digest, objects = _examined(folder / file)
        for type_name, count in objects.items():
            totals[type_name] = totals.get(type_name, 0) + count
        yield separator + orjson.dumps({"file": file, "sha256": digest, "objects": objects})
        separator = b",\n"
    yield b'\n],"objects":' + orjson.dumps(totals, option=orjson.OPT_SORT_KEYS) + b"}\n"


def _examined(path: Path) -> tuple[str, dict[str, int]]:
    content = path.read_bytes()  # one chunk
    return hashlib.sha256(content).hexdigest(), count_types(content.splitlines())


def read_totals(folder: Path) -> Mapping[str, int] | None:
    """Objects of a whole set, by type name. None: the set of the folder has not been declared whole.

    Raises:
        OSError: the manifest could not be read.
    """
    try:
        found = orjson.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    totals: dict[str, int] = found["objects"]
    return totals
