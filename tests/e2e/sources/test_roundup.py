"""Roundup: its rate limiter, its largest page, its nested links and Basic auth."""

import pytest

from tests.e2e.sources.datasets import ZONE_TYPES, time_zones

SIZE = 90
BASIC = {"type": "http_basic", "username": "${env:READER}", "password": "${env:SESAME}"}
ONE_BY_ONE = {"auth": BASIC, "rate_limit": {"max_concurrency": 1}}
"""It answers 400 for faults of its own, now and then where several requests come at once."""
LINKS = {"type": "json_link", "next_url_path": 'data."@links".next[0].uri', "optional": True}
CALLS = 4
"""Of the rate limiter: so many requests at once, then one a second."""
RETRY_AFTER = 0.9
"""Seconds after a 429 in which nothing may be asked. It says 1; clocks differ a little."""
TABLES = time_zones()
PAGES = sum(-(-len(rows) // SIZE) for rows in TABLES.values())


def resources(size=SIZE, **pagination):
    return [
        {
            "name": table,
            "path": f"cmdb/rest/data/{table}",
            "params": {
                "@page_size": size,
                "@page_index": 1,
                "@fields": ",".join(rows[0]),
                "@sort": next(iter(rows[0])),
            },
            "data_selector": "data.collection",
            "pagination": {**LINKS, **pagination},
        }
        for table, rows in TABLES.items()
    ]


async def test_links_totals_and_basic_auth(carrier, serve_roundup):
    source = {**ONE_BY_ONE, "base_url": await serve_roundup(TABLES)}
    run = await carrier.carry(source, resources(total_path='data."@total_size"'), ZONE_TYPES)
    before = await carrier.check_exact(run, ZONE_TYPES, TABLES)
    assert run.progress.pages_read == PAGES
    again = await carrier.carry(source, resources(size=1000), ZONE_TYPES)
    await carrier.check_failed(
        again,
        before,
        "SOURCE_ERROR",
        'answered 400: { "error": { "status": 400, "msg": "Page size 1000 must be less than',
    )
    wrong = {**source, "auth": {**BASIC, "password": "${env:READER}"}}
    again = await carrier.carry(wrong, resources(), ZONE_TYPES)
    await carrier.check_failed(again, before, "SOURCE_ERROR", "answered 401")


async def test_a_count_that_is_none_is_no_total(carrier, serve_roundup):
    """Where there are more rows than an answer may have, Roundup states -1 of them."""
    source = {**ONE_BY_ONE, "base_url": await serve_roundup(TABLES, max_rows=SIZE + 1)}
    run = await carrier.carry(source, resources(total_path='data."@total_size"'), ZONE_TYPES)
    await carrier.check_failed(run, {}, "SOURCE_ERROR", "-1")
    run = await carrier.carry(source, resources(), ZONE_TYPES)
    await carrier.check_exact(run, ZONE_TYPES, TABLES)


HEADERS = {
    "remaining_header": "X-RateLimit-Remaining",
    "reset_header": "X-RateLimit-Reset",
    "reset_format": "seconds",
}


@pytest.mark.parametrize(
    ("limit", "refused"),
    [({}, True), (HEADERS, False), ({"requests": f"{CALLS}/{CALLS}s"}, False)],
    ids=["429 and Retry-After", "X-RateLimit headers", "a budget of its own"],
)
async def test_its_rate_limiter_is_respected(carrier, serve_roundup, front, statuses, limit, refused):
    front.lead_to(await serve_roundup(TABLES, web=front.url, calls=CALLS, interval=CALLS))
    source = {**ONE_BY_ONE, "base_url": front.url, "rate_limit": {"max_concurrency": 1, **limit}}
    run = await carrier.carry(source, resources(), ZONE_TYPES)
    await carrier.check_exact(run, ZONE_TYPES, TABLES)
    assert PAGES > CALLS
    assert (429 in [status for _, _, status in statuses]) is refused
    refusals = [ended for _, ended, status in statuses if status == 429]
    assert not any(ended < begun < ended + RETRY_AFTER for begun, _, _ in statuses for ended in refusals)
