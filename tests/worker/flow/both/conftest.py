"""The world with each of its destinations in turn: what the flow promises, it promises for all of them."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

TYPES = {"Region": "regions", "Country": "countries"}


class IntoAssets:
    """The sandbox as it comes with the world."""

    def __init__(self, world: Any, _folder: Path) -> None:
        self.world = world

    async def objects(self) -> dict[str, dict[str, Any]]:
        """Number of objects by type."""
        return {name: len((await self.world.view.get(f"/_sandbox/objects/{name}")).json()) for name in TYPES}

    async def check_equal(self) -> None:
        """What is there is exactly what the source holds."""
        await self.world.check_equal()

    async def ends(self) -> list[str]:
        """How the executions that were completed or given up ended, oldest first."""
        return [each["state"] for each in await self.world.executions()]

    async def vanish(self) -> None:
        """Lose the open execution."""
        await self.world.faults(vanish_execution_after=1)


class IntoFolder:
    """A folder of JSON Lines."""

    def __init__(self, world: Any, folder: Path) -> None:
        self.world = world
        self.folder = folder
        folder.mkdir()
        file = world.folder / "places.yaml"
        section = re.compile(r"^assets:\n(  (info_url|token): .*\n)+", re.MULTILINE)
        file.write_text(section.sub(f"jsonl:\n  folder: {folder}\n", file.read_text()))

    async def objects(self) -> dict[str, dict[str, Any]]:
        """Number of objects by type."""
        *_, newest = sorted(self.folder.glob("*/manifest.json"))
        return json.loads(newest.read_text())["objects"]

    async def check_equal(self) -> None:
        """What is there is exactly what the source holds."""
        *_, newest = sorted(self.folder.glob("*/manifest.json"))
        files = [each["file"] for each in json.loads(newest.read_text())["files"]]
        assert sorted(path.name for path in newest.parent.iterdir()) == sorted([*files, "manifest.json"])
        held = [json.loads(line) for file in files for line in (newest.parent / file).read_text().splitlines()]
        for type_name, resource in TYPES.items():
            found = [each["attributes"] for each in held if each["type"] == type_name]
            wanted = [
                {name.capitalize(): value for name, value in row.items() if value is not None}
                for row in self.world.source.tables[resource]
            ]
            assert sorted(found, key=lambda each: each["Code"]) == sorted(wanted, key=lambda each: each["Code"])

    async def ends(self) -> list[str]:
        """How the executions that were completed or given up ended, oldest first."""
        whole = [(path / "manifest.json").exists() for path in sorted(self.folder.iterdir())]
        return ["DONE" if each else "INGESTING" for each in whole]

    async def vanish(self) -> None:
        """Lose the open execution."""
        for path in self.folder.iterdir():
            shutil.rmtree(path)


@pytest.fixture(params=[IntoAssets, IntoFolder], ids=["assets", "jsonl"])
def into(request, world, tmp_path) -> Any:
    """The destination that the import of the world leads to."""
    return request.param(world, tmp_path / "out")
