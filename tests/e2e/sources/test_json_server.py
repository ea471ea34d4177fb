"""json-server 0.17: Link, offset with X-Total-Count and page numbers, by one lane and by several."""

import pytest

from tests.e2e.sources.datasets import ZONE_TYPES, time_zones

SIZE = 40
LINKS = {"params": {"_page": 1, "_limit": SIZE}, "pagination": {"type": "header_link", "total_header": "X-Total-Count"}}
OFFSET = {"type": "offset", "limit": SIZE, "limit_param": "_limit", "offset_param": "_start"}
PAGES = {"type": "page_number", "page_size": SIZE, "page_param": "_page", "page_size_param": "_limit"}
TOTAL = {"total_header": "X-Total-Count"}
WALKS = {
    "Link": LINKS,
    "offset to the total": {"pagination": {**OFFSET, **TOTAL}},
    "offset to an empty page": {"pagination": OFFSET},
    "page numbers to the total": {"pagination": {**PAGES, **TOTAL}},
    "page numbers to an empty page": {"pagination": PAGES},
    "three lanes by offset": {"pagination": {**OFFSET, **TOTAL}, "lanes": 3},
    "two lanes by page numbers": {"pagination": PAGES, "lanes": 2},
}


@pytest.fixture
async def source(serve_json):
    return {"base_url": await serve_json(time_zones())}


async def test_every_way_to_walk_gives_the_same_objects(source, carrier):
    tables = time_zones()
    for kind, walk in WALKS.items():
        await carrier.stage.reset()
        resources = [{"name": table, "path": table, **walk} for table in tables]
        run = await carrier.carry(source, resources, ZONE_TYPES)
        await carrier.check_exact(run, ZONE_TYPES, tables)
        assert run.progress.records_read == sum(map(len, tables.values())), kind
