"""Reading pages of a REST source: walks to their end, credentials, and answers that are no records."""

import json

import pytest

from import_worker.config.secrets import ReferenceUnresolved
from import_worker.errors import SourceBroken

ROWS = [{"id": number, "code": f"{number:03}", "note": None if number % 2 else "NO"} for number in range(7)]


async def test_json_links_header_links_and_offsets_give_the_same_records(server, replies, open_source, read_all):
    slices = [ROWS[0:3], ROWS[3:6], ROWS[6:7]]
    for number, rows in enumerate(slices):
        following = f"?page={number + 1}" if number < 2 else None
        target = f"/items?page={number}" if number else "/items"
        link = {"Link": f'<{following}>; rel="next"'} if following else {}
        server.on(target, replies.answer({"rows": rows, "next": following, "total": 7}, **link))
        server.on(f"/items?limit=3&offset={number * 3}", replies.answer({"rows": rows, "total": 7}))
    server.on("/items?limit=3&offset=7", replies.answer({"rows": [], "total": 7}))
    for pagination, pages in (
        ({"type": "json_link", "next_url_path": "next"}, 3),
        ({"type": "header_link"}, 3),
        ({"type": "offset", "limit": 3, "total_path": "total"}, 3),
        ({"type": "offset", "limit": 3}, 4),
    ):
        source = open_source(server.url, data_selector="rows", pagination=pagination)
        assert await read_all(source) == (ROWS, pages)


async def test_several_link_headers_are_read_as_one(server, replies, open_source, read_all):
    links = b'Link: <?page=0>; rel="first"\r\nlink: <?page=2>; rel="next"\r\n'
    server.on("/items", replies.raw(b"HTTP/1.1 200 OK\r\n" + links + b"\r\n" + json.dumps(ROWS[:4]).encode()))
    server.on("/items?page=2", replies.answer(ROWS[4:]))
    assert await read_all(open_source(server.url, pagination={"type": "header_link"})) == (ROWS, 2)


async def test_a_page_is_the_same_when_it_is_read_again(server, replies, open_source):
    server.on("/items", replies.answer({"rows": ROWS[:3], "next": "/items?page=2"}))
    server.on("/items?page=2", replies.answer({"rows": ROWS[3:], "next": None}))
    source = open_source(server.url, data_selector="rows", pagination={"type": "json_link", "next_url_path": "next"})
    first = await source.read("items", None)
    assert await source.read("items", first.next_cursor) == await source.read("items", first.next_cursor)
    assert first == await source.read("items", None)


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("/api/v1/", "items", "/api/v1/items?a=1"),
        ("/api/v1", "items.json?b=2", "/api/v1/items.json?b=2&a=1"),
        ("/api/v1/", "/other", "/other?a=1"),
        ("/api/v1/", "{url}/absolute", "/absolute?a=1"),
    ],
)
async def test_paths_are_resolved_against_the_base(server, replies, open_source, base, path, target):
    server.on(target, replies.answer(ROWS))
    source = open_source(server.url + base, path=path.format(url=server.url), params={"a": 1})
    page = await source.read("items", None)
    assert (page.records, page.next_cursor, page.url) == (ROWS, None, server.url + target)


async def test_a_path_on_another_origin_is_refused(open_source):
    with pytest.raises(SourceBroken, match=r"resource 'items': the link leads to http://elsewhere\.test"):
        open_source("http://127.0.0.1:9/", path="http://elsewhere.test/items")


async def test_bearer_headers_and_params_are_sent_with_every_page(server, replies, open_source, read_all):
    server.on("/items?full=true&site=BER", replies.answer(ROWS[:1], Link="</items?page=2>; rel=next"))
    server.on("/items?page=2", replies.answer(ROWS[1:]))
    source = open_source(
        server.url,
        env={"TOKEN": "s3cret-token", "CLIENT": "c1"},
        source={"auth": {"type": "bearer", "token": "${env:TOKEN}"}, "headers": {"X-Client": "ls/${env:CLIENT}"}},
        params={"full": True, "site": "BER"},
        headers={"Accept": "application/vnd.x+json"},
        pagination={"type": "header_link"},
    )
    assert await read_all(source) == (ROWS, 2)
    for asked in server.asked:
        assert asked.headers["authorization"] == "Bearer s3cret-token"
        assert asked.headers["x-client"] == "ls/c1"
        assert asked.headers["accept"] == "application/vnd.x+json"
        assert asked.headers["accept-encoding"] == "gzip"


async def test_a_key_in_the_query_is_sent_but_neither_stored_nor_shown(server, replies, open_source):
    server.on(
        "/items?q=a+b&site=s3cret-site&key=s3cret%2Fkey",
        replies.answer({"rows": ROWS, "next": f"{server.url}/items?page=2&key=s3cret%2Fkey&site=s3cret-site"}),
    )
    server.on("/items?page=2&site=s3cret-site&key=s3cret%2Fkey", replies.status(403, b'{"denied": "s3cret/key"}'))
    source = open_source(
        server.url,
        env={"KEY": "s3cret/key", "SITE": "s3cret-site"},
        source={"auth": {"type": "api_key", "value": "${env:KEY}", "param": "key"}},
        params={"q": "a b", "site": "${env:SITE}"},
        data_selector="rows",
        pagination={"type": "json_link", "next_url_path": "next"},
    )
    page = await source.read("items", None)
    with pytest.raises(SourceBroken) as caught:
        await source.read("items", page.next_cursor)
    assert "answered 403" in caught.value.message
    assert "***" in caught.value.message
    for shown in (page.url, json.dumps(page.next_cursor), caught.value.message, repr(caught.value)):
        assert "s3cret" not in shown


async def test_a_key_in_a_header(server, replies, open_source):
    server.on("/items", replies.answer(ROWS))
    auth = {"type": "api_key", "value": "${env:KEY}", "header": "X-Api-Key"}
    await open_source(server.url, env={"KEY": "k-1234"}, source={"auth": auth}).read("items", None)
    assert server.asked[0].headers["x-api-key"] == "k-1234"


async def test_a_missing_secret_is_named_when_the_source_is_opened(open_source):
    with pytest.raises(ReferenceUnresolved, match="KEY is not set"):
        open_source("http://127.0.0.1:9/", source={"auth": {"type": "bearer", "token": "${env:KEY}"}})


async def test_an_empty_list_is_an_empty_page(server, replies, open_source):
    server.on("/items", replies.answer({"rows": []}))
    page = await open_source(server.url, data_selector="rows").read("items", None)
    assert (page.records, page.next_cursor) == ([], None)


@pytest.mark.parametrize(
    ("selector", "document", "message"),
    [
        ("rows", {"data": [], "n": 1}, "data_selector 'rows' is nothing at .*; write data_selector: data, where"),
        ("rows", {"n": 1, "m": 2}, "data_selector 'rows' is nothing at .*; the answer has the keys n, m"),
        ("rows", {"rows": None}, "data_selector 'rows' is nothing"),
        ("rows", {"rows": {"a": 1}}, "data_selector 'rows' is an object at .*, but must be a list of records"),
        ("rows", [], "the body is a list: leave data_selector out"),
        ("lower(n)", {"n": 1}, r"selector 'lower\(n\)'"),
        (None, {"rows": []}, "the body is an object at .*; write data_selector: rows, where the answer has lists"),
        (None, "text", "the body is text"),
        (None, [{"id": 1}, [1, 2]], r"record 1 at .* is a list, but must be an object .*_shape: objects"),
        (None, [None], "record 0 at .* is nothing"),
        (None, [7], "record 0 at .* is a number"),
    ],
)
async def test_absent_data_is_an_error_that_says_what_was_found(
    server, replies, open_source, selector, document, message
):
    server.on("/items", replies.answer(document))
    with pytest.raises(SourceBroken, match=message):
        await open_source(server.url, data_selector=selector).read("items", None)


async def test_a_next_link_to_another_host_is_refused_before_it_is_asked(start_server, replies, open_source):
    server, other = await start_server(), await start_server()
    server.on("/items", replies.answer({"rows": ROWS, "next": f"{other.url}/items?page=2"}))
    source = open_source(server.url, data_selector="rows", pagination={"type": "json_link", "next_url_path": "next"})
    with pytest.raises(SourceBroken, match=f"leads to {other.url}, but only {server.url} may be asked"):
        await source.read("items", None)
    assert other.asked == []


async def test_a_circle_of_pages_is_an_error(server, replies, open_source, read_all):
    server.on("/items", replies.answer({"rows": ROWS, "next": "/items?page=2"}))
    server.on("/items?page=2", replies.answer({"rows": ROWS, "next": "/items?page=3"}))
    server.on("/items?page=3", replies.answer({"rows": ROWS, "next": "/items?page=2"}))
    source = open_source(server.url, data_selector="rows", pagination={"type": "json_link", "next_url_path": "next"})
    with pytest.raises(SourceBroken, match="the pages run in a circle"):
        await read_all(source)
    assert len(server.asked) < 12


async def test_a_posted_query_carries_its_position_in_the_body(server, replies, open_source, read_all):
    pages = [(ROWS[:3], [2, "002"]), (ROWS[3:6], [5, "005"]), (ROWS[6:], [6, "006"]), ([], None)]
    server.on("/items", *(replies.answer({"hits": rows, "last": last}) for rows, last in pages))
    source = open_source(
        server.url,
        env={"TENANT": "zrh-7"},
        method="POST",
        body={"query": {"tenant": "${env:TENANT}"}, "page": {"size": 3}},
        data_selector="hits",
        pagination={"type": "cursor", "cursor_path": "last", "cursor_body_path": "page.search_after"},
    )
    assert await read_all(source) == (ROWS, 4)
    sent = [json.loads(asked.body) for asked in server.asked]
    assert [asked.method for asked in server.asked] == ["POST"] * 4
    assert all(asked.headers["content-type"] == "application/json" for asked in server.asked)
    assert sent[0] == {"query": {"tenant": "zrh-7"}, "page": {"size": 3}}
    assert sent[1] == {"query": {"tenant": "zrh-7"}, "page": {"size": 3, "search_after": [2, "002"]}}
    assert [each["page"].get("search_after") for each in sent] == [None, [2, "002"], [5, "005"], [6, "006"]]


async def test_graphql_pages_by_variables(server, replies, open_source, read_all):
    def answered(rows, cursor, *, more):
        return replies.answer(
            {"data": {"hosts": {"nodes": rows, "pageInfo": {"endCursor": cursor, "hasNextPage": more}}}}
        )

    server.on("/items", answered(ROWS[:4], "c4", more=True), answered(ROWS[4:], "c7", more=False))
    source = open_source(
        server.url,
        method="POST",
        body={"query": "query ($after: String) { hosts(after: $after) { nodes { id } } }"},
        data_selector="data.hosts.nodes",
        pagination={
            "type": "cursor",
            "cursor_path": "data.hosts.pageInfo.endCursor",
            "cursor_body_path": "variables.after",
            "has_more_path": "data.hosts.pageInfo.hasNextPage",
        },
    )
    assert await read_all(source) == (ROWS, 2)
    assert [json.loads(asked.body).get("variables") for asked in server.asked] == [None, {"after": "c4"}]


async def test_data_that_is_missing_is_an_error_unless_the_file_says_that_it_means_none(server, replies, open_source):
    server.on("/items", replies.answer({"start": 0, "total_size": 0}))
    with pytest.raises(SourceBroken, match="data_selector 'entries' is nothing at"):
        await open_source(server.url, data_selector="entries").read("items", None)
    page = await open_source(server.url, data_selector="entries", on_missing_data="empty").read("items", None)
    assert (page.records, page.next_cursor) == ([], None)
    server.on("/items", replies.answer({"entries": {"a": 1}}))
    with pytest.raises(SourceBroken, match="must be a list of records"):
        await open_source(server.url, data_selector="entries", on_missing_data="empty").read("items", None)


async def test_a_page_tells_its_number_its_fullness_and_the_total(server, replies, open_source):
    for number, rows in enumerate((ROWS[:3], ROWS[3:6], ROWS[6:])):
        server.on(f"/items?limit=3&offset={number * 3}", replies.answer({"rows": rows, "total": 7}))
    pagination = {"type": "offset", "limit": 3, "total_path": "total"}
    source, cursor, told = open_source(server.url, data_selector="rows", pagination=pagination), None, []
    for _ in range(3):
        page = await source.read("items", cursor)
        told.append((page.number, page.full, page.total))
        cursor = page.next_cursor
    assert told == [(0, True, 7), (1, True, 7), (2, False, 7)]


async def test_the_last_page_once_more_brings_no_records_twice(server, replies, open_source, read_all):
    for number, rows in enumerate((ROWS[:4], ROWS[4:], ROWS[4:])):
        server.on(f"/items?page={number + 1}", replies.answer(rows))
    pagination = {"type": "page_number", "on_repeated_page": "stop"}
    assert await read_all(open_source(server.url, pagination=pagination)) == (ROWS, 3)
    with pytest.raises(SourceBroken, match=r"run in a circle.*on_repeated_page: stop"):
        await read_all(open_source(server.url, pagination={"type": "page_number"}))


async def test_auto_that_is_unsure_says_what_to_write(server, replies, open_source):
    server.on("/items", replies.answer(ROWS))
    with pytest.raises(SourceBroken, match=r"auto cannot be sure .* pagination: \{ type: single_page \} if"):
        await open_source(server.url, pagination={"type": "auto"}).read("items", None)
