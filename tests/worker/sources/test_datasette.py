"""Real pages of a server that is not ours: Datasette over a SQLite file."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from import_worker.config import load_import
from import_worker.errors import SourceBroken
from import_worker.probe.command import init

ROWS = [
    {"code": f"{number:04}", "name": "NO" if number % 3 else "O'Brien \u00e9", "size": number / 4, "parent": None}
    for number in range(1234)
]


@pytest.fixture(scope="module")
def datasette(tmp_path_factory) -> Iterator[str]:
    """The address of a served database `places` with one table of 1,234 rows."""
    path = tmp_path_factory.mktemp("data") / "places.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE items (code TEXT PRIMARY KEY, name TEXT, size REAL, parent TEXT) STRICT")
        database.execute("CREATE TABLE empty (code TEXT PRIMARY KEY)")
        database.executemany("INSERT INTO items VALUES (:code, :name, :size, :parent)", ROWS)
    database.close()
    command = [
        sys.executable,
        "-m",
        "datasette",
        "serve",
        str(path),
        "--port",
        "0",
        "--setting",
        "max_returned_rows",
        "500",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = next(line for line in process.stderr if "running on" in line)
            yield re.search(r"http://[\w.:]+", line)[0] + "/places/"
        finally:
            process.kill()


OBJECTS = {
    "path": "items.json",
    "params": {"_shape": "objects", "_size": 500},
    "data_selector": "rows",
    "pagination": {"type": "json_link", "next_url_path": "next_url"},
}
ARRAY = {
    "path": "items.json",
    "params": {"_shape": "array", "_size": 500},
    "pagination": {"type": "header_link"},
}


CURSOR = {**OBJECTS, "pagination": {"type": "cursor", "cursor_path": "next", "cursor_param": "_next"}}
AUTO = {**OBJECTS, "pagination": {"type": "auto"}}
TOTAL = {
    **OBJECTS,
    "pagination": {"type": "json_link", "next_url_path": "next_url", "total_path": "filtered_table_rows_count"},
}


@pytest.mark.parametrize(
    "resource", [OBJECTS, ARRAY, CURSOR, AUTO, TOTAL], ids=["link", "header", "cursor", "auto", "total"]
)
async def test_every_row_is_read_once_in_order_with_its_types(datasette, open_source, read_all, resource):
    assert await read_all(open_source(datasette, **resource)) == (ROWS, 3)


async def test_init_finds_how_its_pages_follow_one_another(datasette, tmp_path):
    file = tmp_path / "items.yaml"
    arguments = [f"{datasette}items.json?_shape=objects&_size=500", "--output", str(file)]
    result = await asyncio.to_thread(CliRunner().invoke, init, arguments)
    assert result.exit_code == 0, result.output
    config = load_import(file, {"ASSETS_TOKEN": "t"})
    assert config.resources[0].pagination.type == "header_link"
    assert config.resources[0].data_selector == "rows"
    assert [name for name, each in config.assets.object_types[0].attributes.items() if each.identity] == ["Code"]


async def test_an_empty_table_is_an_empty_page(datasette, open_source, read_all):
    assert await read_all(open_source(datasette, **{**OBJECTS, "path": "empty.json"})) == ([], 1)


async def test_the_default_shape_is_refused_with_the_remedy(datasette, open_source):
    with pytest.raises(SourceBroken, match=r"record 0 at .* is a list, .*_shape: objects"):
        await open_source(datasette, **{**OBJECTS, "params": {}}).read("items", None)


async def test_a_size_that_the_server_does_not_allow_is_explained_in_its_words(datasette, open_source):
    with pytest.raises(SourceBroken, match=r"answered 400: .*_size must be <= 500"):
        await open_source(datasette, **{**OBJECTS, "params": {"_size": 501}}).read("items", None)


async def test_html_instead_of_json_is_explained(datasette, open_source):
    with pytest.raises(
        SourceBroken,
        match=r"places/items\?_shape=objects&_size=500 answered 200 \(text/html; charset=utf-8\) with HTML where",
    ):
        await open_source(datasette, **{**OBJECTS, "path": "items"}).read("items", None)
