"""Kinto: Next-Page, what changed since the last run with tombstones, and Backoff on answers that are fine."""

import pytest

from tests.e2e.sources.datasets import ZONE_TYPES, time_zones

SIZE = 200
TABLES = time_zones()
RECORDS = "buckets/cmdb/collections/{}/records"
BASIC = {"type": "http_basic", "username": "${env:READER}", "password": "${env:SESAME}"}
SETTINGS = {"kinto.paginate_by": str(SIZE), "kinto.batch_max_requests": "1000"}


def resources(**zones):
    found = [
        {
            "name": table,
            "path": RECORDS.format(table),
            "data_selector": "data",
            "pagination": {"type": "header_link", "header": "Next-Page"},
        }
        for table in TABLES
    ]
    found[-1].update(zones)
    return found


def place_of(table, row):
    """Where a row is kept; ids of Kinto are plain."""
    return f"{RECORDS.format(table)}/{row[next(iter(row))].replace('/', '_')}"


@pytest.fixture
async def filled(kinto, request):
    """Kinto with the tables: its address, and a client that may write."""
    url, http = await kinto({**SETTINGS, **getattr(request, "param", {})})
    for table, rows in TABLES.items():
        (await http.put(f"buckets/cmdb/collections/{table}")).raise_for_status()
        puts = [{"method": "PUT", "path": f"/{place_of(table, row)}", "body": {"data": row}} for row in rows]
        answers = (await http.post("batch", json={"requests": puts})).raise_for_status().json()["responses"]
        assert {each["status"] for each in answers} == {201}
    return url, http


async def test_what_changed_is_read_and_tombstones_are_left_out(carrier, filled):
    url, http = filled
    source = {"base_url": url, "auth": BASIC}
    since = {"cursor_path": "last_modified", "param": "_since"}
    zones = {"incremental": since, "filter": "!deleted", "params": {"_sort": "last_modified"}}
    file = (source, resources(**zones), ZONE_TYPES)
    await carrier.stage.faults(keep_missing=True)
    ignoring = {"missing_objects": {"policy": "ignore"}}

    run = await carrier.carry(*file, assets=ignoring)
    await carrier.check_exact(run, ZONE_TYPES, TABLES)
    assert run.mode == "FULL"
    assert run.progress.pages_read == sum(-(-len(rows) // SIZE) for rows in TABLES.values())

    changed, gone, *others = TABLES["zones"]
    changed, new = {**changed, "comment": "changed"}, {**changed, "name": "Nowhere/New"}
    for row in (changed, new):
        (await http.put(place_of("zones", row), json={"data": row})).raise_for_status()
    (await http.delete(place_of("zones", gone))).raise_for_status()
    run = await carrier.carry(*file, assets=ignoring)
    await carrier.check_exact(run, ZONE_TYPES, {**TABLES, "zones": [changed, gone, *others, new]})
    assert run.mode == "INCREMENTAL"
    assert run.progress.records_read == len(TABLES["countries"]) + len([changed, new, gone])

    run = await carrier.carry(*file, assets=ignoring)
    assert run.progress.records_read == len(TABLES["countries"])

    await carrier.stage.faults(keep_missing=False)
    run = await carrier.stage.run("carried", full=True)
    await carrier.check_exact(run, ZONE_TYPES, {**TABLES, "zones": [changed, *others, new]})
    assert run.mode == "FULL"


@pytest.mark.parametrize("filled", [{"kinto.backoff": "1"}], indirect=True)
async def test_a_backoff_on_a_good_answer_is_respected(carrier, filled, front, statuses):
    url, _ = filled
    front.lead_to(url.removesuffix("/v1/"))
    source = {"base_url": f"{front.url}/v1/", "auth": BASIC, "rate_limit": {"max_concurrency": 1}}
    run = await carrier.carry(source, resources(), ZONE_TYPES)
    await carrier.check_exact(run, ZONE_TYPES, TABLES)
    assert {status for _, _, status in statuses} == {200}
    ends = [ended for _, ended, _ in statuses]
    assert all(begun - ended > 0.9 for (begun, _, _), ended in zip(statuses[1:], ends, strict=False))
