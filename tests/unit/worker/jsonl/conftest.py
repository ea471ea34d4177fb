"""An import of two types into a folder, and its chunks."""

import json
from pathlib import Path
from typing import Any

import pytest

from import_worker.config.load import parse_import
from import_worker.jsonl.folder import JsonlFolder

CONFIG = """
version: 1
kind: import
name: places
source: {{ type: rest, base_url: "http://127.0.0.1:1/", pagination: {{ type: single_page }} }}
resources: [{{ name: places, path: places }}]
jsonl:
  folder: {folder}
  object_types:
    - name: City & Town
      resource: places
      attributes:
        Name: {{ from: name, identity: true, label: true }}
        Since 1900?: {{ from: since, type: integer }}
    - name: Country
      resource: places
      attributes: {{ Code: {{ from: code, identity: true, label: true }} }}
"""


class Folder:
    """The destination, and what is on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = parse_import(CONFIG.format(folder=path), "places.yaml")
        self.destination = JsonlFolder(self.config, str(path))

    def own(self, execution: Any) -> Path:
        return self.path / execution.links["folder"]

    def manifest(self, execution: Any) -> Any:
        return json.loads((self.own(execution) / "manifest.json").read_text())

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


def chunk(number: int, **data: Any) -> bytes:
    return json.dumps({"clientGeneratedId": f"run.1/places/0/{number}/0/d1", "data": data}).encode()


@pytest.fixture
def make_chunk() -> Any:
    """make_chunk(number, selector=[objects]) is the encoded chunk of a page."""
    return chunk


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A destination whose folder is there."""
    path = tmp_path / "out"
    path.mkdir()
    return Folder(path)
