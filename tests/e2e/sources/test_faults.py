"""A source behind a proxy with faults: a run ends with exactly its set, or says why not and removes nothing."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.e2e.sources import faults
from tests.e2e.sources.datasets import ZONE_TYPES, time_zones

SIZE = 20
TABLES = time_zones()
RESOURCES = [
    {"name": table, "path": f"{table}.json", "params": {"_shape": "objects", "_size": SIZE}, "data_selector": "rows"}
    for table in TABLES
]
PAGES = {"type": "json_link", "next_url_path": "next_url", "total_path": "filtered_table_rows_count", "max_pages": 40}
SETTINGS = {
    "timeouts": {"connect": "2s", "read": "2s", "total": "5s"},
    "retry": {"attempts": 4, "max_inline_wait": "2s"},
    "max_response_bytes": "1MiB",
    "pagination": PAGES,
}
STRUCK = 3
"""The page of zones from which on a lasting fault strikes, counted from 0."""


@pytest.fixture
async def over():
    """Set at the end of the test: what stalls goes on."""
    event = asyncio.Event()
    yield event
    event.set()


@pytest.fixture
async def source(serve_datasette, front, over):
    """Datasette behind the proxy."""
    base_url = await serve_datasette(TABLES)
    front.lead_to(base_url.removesuffix("/cmdb/"))
    return {"base_url": f"{front.url}/cmdb/"}


async def test_faults_that_pass(carrier, source, front, over):
    """Each page of zones meets the next of these, one at each time that it is asked for."""
    waiting = [
        [],
        [faults.reset, faults.reset],
        [faults.cut_off, faults.half_of_the_json, faults.half_of_the_gzip],
        [faults.silent(over)],
        [faults.stalled(over)],
        [faults.status(500), faults.status(502), faults.status(504)],
        [faults.status(503, Retry_After="1")],
        [faults.status(429, Retry_After="1")],
        [faults.status(408), faults.status(425)],
        [faults.wrong_content_type],
    ]
    met: dict[str, list] = {}

    async def strike(call) -> Response | None:
        if call.kind != "/cmdb/zones.json":
            return None
        here = met.setdefault(str(call.request.url), waiting.pop(0) if waiting else [])
        return await here.pop(0)(call) if here else None

    front.after = strike
    run = await carrier.carry({**source, **SETTINGS}, RESOURCES, ZONE_TYPES)
    await carrier.check_exact(run, ZONE_TYPES, TABLES)
    assert waiting == []
    assert not any(met.values())


async def test_faults_that_last(carrier, source, front, serve):
    """None of them lets a run complete, and none changes an object."""
    asked = []

    async def elsewhere(request: Request) -> Response:
        asked.append(str(request.url))
        return JSONResponse({"rows": [], "next_url": None})

    other = f"{await serve(Starlette(routes=[Route('/{path:path}', elsewhere)]))}/cmdb/zones.json"
    lasting = {
        "a gzip bomb": (faults.bomb(20_000_000), "SOURCE_ERROR", "answered more than 1048576 bytes"),
        "a next link to another host": (faults.leading_to(other), "SOURCE_ERROR", "may be asked"),
        "a next link inside the cloud": (faults.leading_to("http://169.254.169.254/latest"), "SOURCE_ERROR", "169.254"),
        "a redirect to another host": (faults.redirecting_to(other), "SOURCE_ERROR", "may be asked"),
        "a page for people": (faults.web_page, "SOURCE_ERROR", "with HTML where JSON was expected"),
        "an error with status 200": (faults.another_shape, "SOURCE_ERROR", "must be a list of records"),
        "no list of rows": (faults.no_rows, "SOURCE_ERROR", "must be a list of records"),
        "a page that is gone": (faults.status(404), "SOURCE_ERROR", "answered 404"),
        "rows left out": (faults.fewer_rows, "SOURCE_ERROR", f"states {len(TABLES['zones'])} records"),
        "rows that come twice": (faults.rows_twice, "NOT_WHOLE", "some came twice"),
        "the same page for ever": (faults.the_same_page_next, "SOURCE_ERROR", "in a circle"),
        "pages in a circle": (faults.the_first_page_next, "SOURCE_ERROR", "in a circle"),
        "tokens without an end": (faults.endless(), "SOURCE_ERROR", "max_pages = 40"),
    }
    run = await carrier.carry({**source, **SETTINGS}, RESOURCES, ZONE_TYPES)
    before = await carrier.check_exact(run, ZONE_TYPES, TABLES)
    untotalled = {name: value for name, value in PAGES.items() if name != "total_path"}
    for name, (fault, reason, words) in lasting.items():
        totalled = reason == "NOT_WHOLE" or "states" in words  # else a total might end what has no end
        pages: list[str] = []

        async def strike(call, fault=fault, pages=pages) -> Response | None:
            if call.kind != "/cmdb/zones.json":
                return None
            pages.append(call.kind)
            return await fault(call) if len(pages) > STRUCK else None

        front.after = strike
        pagination = PAGES if totalled else untotalled
        run = await carrier.carry({**source, **SETTINGS, "pagination": pagination}, RESOURCES, ZONE_TYPES)
        try:
            await carrier.check_failed(run, before, reason, words)
        except AssertionError as error:
            error.add_note(f"the fault is {name}")
            raise
    assert asked == []


class Moving:
    """Rows by offset, which change after a page has been read."""

    def __init__(self) -> None:
        self.rows = [dict(row) for row in TABLES["countries"]]
        self.change = lambda _rows: None
        self.at = -1
        self.app = Starlette(routes=[Route("/countries", self.page)])

    async def page(self, request: Request) -> Response:
        first, limit = int(request.query_params["offset"]), int(request.query_params["limit"])
        found = {"rows": self.rows[first : first + limit], "total": len(self.rows)}
        if first == self.at:
            self.change(self.rows)
        return JSONResponse(found)


NEW = {"code": "XX", "name": "New"}
MOVES = {
    "a row that was read goes": (lambda rows: rows.pop(0), True),
    "a row comes before those that were read": (lambda rows: rows.insert(0, NEW), False),
    "a row comes behind": (lambda rows: rows.append(NEW), False),
}


async def test_rows_that_move_between_pages(carrier, serve):
    """Pages that were read are not asked for again, so a row that goes makes the next page begin one row too late."""
    moving = Moving()
    source = {"base_url": await serve(moving.app)}
    pagination = {"type": "offset", "limit": SIZE, "total_path": "total"}
    resources = [{"name": "countries", "path": "countries", "data_selector": "rows", "pagination": pagination}]
    file = (source, resources, ZONE_TYPES[:1])
    for name, (change, lost) in MOVES.items():
        moving.at = -1
        before = await carrier.check_exact(await carrier.carry(*file), ZONE_TYPES[:1], {"countries": moving.rows})
        moving.change, moving.at = change, 2 * SIZE
        run = await carrier.carry(*file)
        if lost:
            await carrier.check_failed(run, before, "NOT_WHOLE", "it changed meanwhile")
        else:
            found = (await carrier.stage.plain_objects())["Country"]
            assert found.keys() - {NEW["code"]} == before["Country"].keys() - {NEW["code"]}, name
            assert run.state == "SUCCEEDED"
