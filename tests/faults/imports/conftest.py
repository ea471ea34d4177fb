"""Imports from Datasette through proxies that see every call, so that faults strike at chosen moments."""

import asyncio
import math
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from import_worker.demo.dataset import Dataset, load_dataset, write_tables
from import_worker.demo.verify import compare
from tests.proxy import Call, CutOff, Front

ROWS = 1_500
PAGE = 100

CONFIG = """
version: 1
kind: import
name: {name}
source:
  type: rest
  base_url: {source}/iso/
  pagination: {{ type: json_link, next_url_path: next_url }}
  timeouts: {{ connect: 2s, read: 2s, total: 5s }}
  retry: {{ attempts: 2, max_inline_wait: 1s }}
resources:
  - {{ name: countries, path: countries.json, params: {{ _shape: objects, _size: 100 }}, data_selector: rows }}
  - {{ name: subdivisions, path: subdivisions.json, params: {{ _shape: objects, _size: 100 }}, data_selector: rows }}
assets:
  info_url: {info_url}
  token: ${{env:ASSETS_TOKEN}}
  start_wait: {start_wait}
  chunks: {{ max_objects: 40 }}
  object_types:
    - name: Country
      resource: countries
      attributes:
        Code: {{ from: alpha_2, identity: true }}
        Name: {{ from: name, label: true }}
        Alpha 3: alpha_3
        Numeric: numeric
        Official name: official_name
        Flag: flag
    - name: Subdivision
      resource: subdivisions
      attributes:
        Code: {{ from: code, identity: true }}
        Name: {{ from: name, label: true }}
        Kind: type
        Country: {{ from: country_code, reference: {{ type: Country, by: Code }} }}
        Parent: {{ from: parent_code, reference: {{ type: Subdivision, by: Code }} }}
        Read: {{ from: read, type: integer }}
"""


def kind_of_page(request: Request, _body: bytes) -> str:
    """The table that a request reads."""
    return request.url.path.rpartition("/")[2].removesuffix(".json")


def kind_of_assets_call(request: Request, body: bytes) -> str:
    """What a call of the imports API is for."""
    last = request.url.path.rpartition("/")[2]
    if last == "data":
        return "complete" if b'"completed"' in body[:40] else "chunk"
    return {"GET": last, "POST": "start", "DELETE": "cancel"}.get(request.method, last)


class Iso:
    """An import of countries and subdivisions, with proxies before its source and its sandbox.

    Every page of subdivisions that is read says, in each of its rows, the how manieth read it is. So a page that was
    read again is other content, and what became of one page must all come from the same read.

    Attributes:
        stage: the processes.
        source, assets: the proxies.
        dataset: what the source holds.
        reads: the codes on the page, by the number of the read.
    """

    def __init__(self, stage: Any, dataset: Dataset, source: Front, assets: Front) -> None:
        self.stage = stage
        self.dataset = dataset
        self.source = source
        self.assets = assets
        self.reads: dict[int, frozenset[str]] = {}

    def configure(self, name: str = "iso", start_wait: str = "1h") -> None:
        info_url = f"{self.assets.url}/jsm/assets/v1/imports/info"
        self.stage.configure(
            name, CONFIG.format(name=name, source=self.source.url, info_url=info_url, start_wait=start_wait)
        )

    async def marked(self, call: Call) -> Response | None:
        """The answer of the source with the number of the read in each row."""
        number = len(self.reads) + 1
        found = _with_read(call, number)
        if found is not None:
            self.reads[number] = frozenset(row["code"] for row in found["rows"])
        return found and JSONResponse(found)

    async def unmarked(self, call: Call) -> Response | None:
        """The answer of the source with the same number in all rows, for runs that are compared with each other."""
        found = _with_read(call, 0)
        return found and JSONResponse(found)

    async def check_exact(self, run: Any, *, executions: int = 1) -> None:
        """The import succeeded, the sandbox equals the source, and nothing was forked or said twice."""
        assert (run.state, run.failure) == ("SUCCEEDED", None)
        objects = await self.stage.objects()
        found = compare(self.dataset, objects)
        assert found.differences == ()
        assert (found.objects, found.references) == (len(self.dataset), self.dataset.references)
        known = await self.stage.executions()
        assert [each["completions"] for each in known] == [0] * (executions - 1) + [1]
        assert [each["completions_refused"] for each in known] == [0] * executions
        assert known[-1]["state"] == "DONE"
        self._check_chains(known[-1]["client_ids"])
        self._check_reads(objects["Subdivision"])

    def _check_chains(self, client_ids: dict[str, int]) -> None:
        """Each part of each page came with one content only, and no page is missing."""
        digests: dict[str, set[str]] = {}
        for client_id in client_ids:
            if "/completed/" not in client_id:
                place, _, digest = client_id.rpartition("/")
                digests.setdefault(place, set()).add(digest.partition(".")[0])  # halves have .1 and .2 behind it
        assert [place for place, each in digests.items() if len(each) > 1] == []
        pages = {place.rpartition("/")[0] for place in digests}
        tables = (self.dataset.countries, self.dataset.subdivisions)
        assert len(pages) == sum(math.ceil(len(table) / PAGE) for table in tables)

    def _check_reads(self, subdivisions: list[dict[str, Any]]) -> None:
        """All objects of a page come from one read of it."""
        by_read: dict[int, set[str]] = {}
        for each in subdivisions:
            by_read.setdefault(each["attributes"]["Read"], set()).add(each["attributes"]["Code"])
        assert by_read == {number: set(self.reads[number]) for number in by_read}


def _with_read(call: Call, number: int) -> dict[str, Any] | None:
    if call.kind != "subdivisions" or call.answer is None or call.answer.status_code != HTTPStatus.OK:
        return None
    document = call.answer.json()
    for row in document["rows"]:
        row["read"] = number
    return document


@pytest.fixture
def cut_off() -> Response:
    return CutOff(b'{"rows": [{"code": "N')


@pytest.fixture(scope="session")
def subset() -> Dataset:
    """Countries, and as many subdivisions as make 1,500 rows; every reference leads to a row among them."""
    whole = load_dataset()
    chosen = {row["code"]: row for row in whole.subdivisions[: ROWS - len(whole.countries)]}
    by_code = {row["code"]: row for row in whole.subdivisions}
    for row in list(chosen.values()):
        while (parent := row["parent_code"]) is not None and parent not in chosen:
            row = chosen[parent] = by_code[parent]  # noqa: PLW2901  up the tree
    return Dataset(countries=whole.countries, subdivisions=tuple(chosen.values()))


@pytest.fixture
def database(subset, tmp_path: Path) -> Path:
    """The file of the source."""
    path = tmp_path / "iso.db"
    write_tables(subset, path)
    return path


@pytest.fixture
async def datasette(service, database) -> str:
    """The address of a Datasette that serves the file."""
    return await service("datasette", "serve", str(database), "--host", "127.0.0.1", "--port", "0").start()


@pytest.fixture
async def make_iso(datasette, subset, make_stage, serve) -> Any:
    """Makes imports, each with a started stage of its own: `iso = await make_iso("--idle-expiry-seconds", "3")`."""
    fronts: list[Front] = []

    async def make(*switches: str) -> Iso:
        stage = make_stage()
        await stage.start("--processing-seconds", "0.1", *switches)
        source = Front(f"http://{datasette}", kind_of_page)
        assets = Front(f"http://{stage.sandbox.address}", kind_of_assets_call)
        for front in (source, assets):
            front.url = await serve(front.app)
            fronts.append(front)
        iso = Iso(stage, subset, source, assets)

        source.after = iso.marked
        iso.configure()
        return iso

    yield make
    await asyncio.gather(*(front.close() for front in fronts))
