"""Datasette: one table walked in three ways gives identical objects."""

from tests.e2e.sources.datasets import ZONE_TYPES, time_zones

SIZE = 60
OBJECTS = {"params": {"_shape": "objects", "_size": SIZE, "_sort": "place"}, "data_selector": "rows"}
WALKS = {
    "cursor": {**OBJECTS, "pagination": {"type": "cursor", "cursor_path": "next", "cursor_param": "_next"}},
    "json_link": {**OBJECTS, "pagination": {"type": "json_link", "next_url_path": "next_url"}},
    "header_link": {"params": {**OBJECTS["params"], "_shape": "array"}, "pagination": {"type": "header_link"}},
    "auto": {**OBJECTS, "pagination": {"type": "auto"}},
}
COUNTRIES = {
    "name": "countries",
    "path": "countries.json",
    "params": {"_shape": "array", "_size": "max"},
    "pagination": {"type": "header_link"},
}


async def test_one_table_walked_in_several_ways(carrier, serve_datasette):
    tables = time_zones()
    source = {"base_url": await serve_datasette(tables)}
    pages = set()
    for kind, walk in WALKS.items():
        await carrier.stage.reset()
        resources = [COUNTRIES, {"name": "zones", "path": "zones.json", **walk}]
        run = await carrier.carry(source, resources, ZONE_TYPES)
        await carrier.check_exact(run, ZONE_TYPES, tables)
        assert run.progress.records_read == len(tables["zones"]) + len(tables["countries"]), kind
        pages.add(run.progress.pages_read)
    assert pages == {1 + -(-len(tables["zones"]) // SIZE)}


async def test_a_walk_that_gives_rows_twice_and_leaves_others_out_is_not_whole(carrier, serve_datasette):
    """Datasette's pages overlap where it sorts by a column with nulls: it gives more rows than it counts."""
    tables = time_zones()
    source = {"base_url": await serve_datasette(tables)}
    walk = {
        "params": {**OBJECTS["params"], "_sort": "comment"},
        "data_selector": "rows",
        "pagination": {"type": "json_link", "next_url_path": "next_url", "total_path": "filtered_table_rows_count"},
    }
    run = await carrier.carry(source, [COUNTRIES, {"name": "zones", "path": "zones.json", **walk}], ZONE_TYPES)
    await carrier.check_failed(
        run, {}, "NOT_WHOLE", f"zones has {len(tables['zones'])} records by the source's own count"
    )
