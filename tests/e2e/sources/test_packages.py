"""Larger sets that are on many machines: packages of Debian, with their sections and maintainers."""

import pytest

from tests.e2e.sources.datasets import PACKAGE_TYPES, apt, dpkg, packages


@pytest.mark.parametrize("read", [dpkg, apt])
async def test_packages_sections_and_maintainers(read, carrier, serve_datasette):
    text = read()
    if not text:
        pytest.skip(f"{read.__name__} knows no packages on this machine")
    tables = packages(text)
    source = {
        "base_url": await serve_datasette(tables),
        "pagination": {"type": "json_link", "next_url_path": "next_url", "total_path": "filtered_table_rows_count"},
    }
    resources = [
        {"name": table, "path": f"{table}.json", "params": {"_shape": "objects", "_size": 500}, "data_selector": "rows"}
        for table in tables
    ]
    run = await carrier.carry(source, resources, PACKAGE_TYPES)
    found = await carrier.check_exact(run, PACKAGE_TYPES, tables)
    references = [each[name] for each in found["Package"].values() for name in ("Section", "Maintainer")]
    assert len(references) == 2 * len(tables["packages"])
