"""A larger set that is on many machines: the packages of dpkg, with their sections and maintainers."""

import pytest

from tests.e2e.sources.datasets import DPKG, PACKAGE_TYPES, packages


@pytest.mark.skipif(not DPKG.exists(), reason=f"this machine has no {DPKG}")
async def test_packages_sections_and_maintainers(carrier, serve_datasette):
    tables = packages()
    source = {
        "base_url": await serve_datasette(tables),
        "pagination": {"type": "json_link", "next_url_path": "next_url", "total_path": "filtered_table_rows_count"},
    }
    resources = [
        {"name": table, "path": f"{table}.json", "params": {"_shape": "objects", "_size": 100}, "data_selector": "rows"}
        for table in tables
    ]
    run = await carrier.carry(source, resources, PACKAGE_TYPES, assets={"chunks": {"max_objects": 37}})
    found = await carrier.check_exact(run, PACKAGE_TYPES, tables)
    references = [each[name] for each in found["Package"].values() for name in ("Section", "Maintainer")]
    assert len(references) == 2 * len(tables["packages"])
