"""Walks: stop conditions, cursors that can be stored, and the errors that keep a lane from ending too early."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import TypeAdapter

from import_worker.config.pagination import Pagination
from import_worker.errors import SourceBroken
from import_worker.pagination.seen import Seen
from import_worker.pagination.walk import Walk

FIRST = "http://source.test/api/items?size=2"


def walk(secret_params=frozenset(), *, lane=0, lanes=1, **settings):
    pagination = TypeAdapter(Pagination).validate_json(json.dumps(settings))
    return Walk(pagination, first_url=FIRST, secret_params=frozenset(secret_params), lane=lane, lanes=lanes)


def seen(records=1, url=FIRST, document=None, headers=None):
    rows = [{"id": f"{url}{number}"} for number in range(records)] if isinstance(records, int) else records
    return Seen(url=url, headers=headers or {}, document=document or {}, records=rows)


def address(lane, cursor):
    return lane.call(cursor).url


def after(lane, cursor, page):
    return lane.turn(cursor, page).next_cursor


def stored(cursor):
    return json.loads(json.dumps(cursor))


def test_json_links_are_followed_and_resolved_against_the_page():
    lane = walk(type="json_link", next_url_path="links.next")
    assert address(lane, None) == FIRST
    cursor = stored(after(lane, None, seen(document={"links": {"next": "?page=2#top"}})))
    assert address(lane, cursor) == "http://source.test/api/items?page=2"
    assert (cursor["version"], cursor["kind"], cursor["page"]) == (2, "json_link", 1)


@pytest.mark.parametrize("document", [{"next": None}, {"next": ""}])
def test_no_next_link_ends_the_lane(document):
    assert after(walk(type="json_link", next_url_path="next"), None, seen(document=document)) is None


@pytest.mark.parametrize("document", [{"nextt": None}, {"links": {"prev": None}}, {"links": None}, []])
def test_a_first_page_without_the_key_is_an_error_because_the_path_may_be_misspelt(document):
    path = "links.next" if "links" in document else "next"
    with pytest.raises(SourceBroken, match=f"has no '{path}'.*optional: true"):
        after(walk(type="json_link", next_url_path=path), None, seen(document=document))


def test_a_later_page_or_an_optional_key_may_be_absent():
    lane = walk(type="json_link", next_url_path="next")
    cursor = stored(after(lane, None, seen(document={"next": "?page=2"})))
    assert after(lane, cursor, seen(document={})) is None
    assert after(walk(type="json_link", next_url_path="next", optional=True), None, seen(document={})) is None


@pytest.mark.parametrize("link", [7, ["http://source.test/2"], True, {"href": "x"}])
def test_a_next_link_of_another_type_is_an_error(link):
    with pytest.raises(SourceBroken, match=r"next_url_path 'next' finds .* must find the address of the next page"):
        after(walk(type="json_link", next_url_path="next"), None, seen(document={"next": link}))


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.test/api/items?page=2",
        "https://source.test/api/items?page=2",
        "http://source.test:8080/api/items",
        "//elsewhere.test/items",
        "http://source.test@elsewhere.test/",
        "http://user:pw@source.test/api",
        "ftp://source.test/items",
        "http://source.test:99999/",
        "http://[broken/",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("kind", ["json_link", "header_link"])
def test_next_links_never_leave_the_origin(kind, link):
    lane = walk(type=kind, **({"next_url_path": "next"} if kind == "json_link" else {}))
    with pytest.raises(SourceBroken, match=f"the next link of {FIRST.partition('?')[0]}.* is refused"):
        after(lane, None, seen(document={"next": link}, headers={"link": f"<{link}>; rel=next"}))


def test_the_refusal_names_both_origins():
    lane = walk(type="json_link", next_url_path="next")
    with pytest.raises(SourceBroken, match=r"leads to https://other\.test, but only http://source\.test may be asked"):
        after(lane, None, seen(document={"next": "https://other.test/2"}))


@pytest.mark.parametrize("link", ["HTTP://SOURCE.TEST/2", "http://source.test:80/2", "/2"])
def test_the_same_origin_may_be_written_in_several_ways(link):
    lane = walk(type="json_link", next_url_path="next")
    assert after(lane, None, seen(document={"next": link})) is not None


def test_secret_parameters_of_a_next_link_are_not_stored():
    lane = walk({"key"}, type="json_link", next_url_path="next")
    cursor = after(lane, None, seen(document={"next": "/items?page=2&key=s3cret&a=b"}))
    assert address(lane, cursor) == "http://source.test/items?page=2&a=b"
    assert "s3cret" not in json.dumps(cursor)


def test_header_links_of_another_relation():
    lane = walk(type="header_link", rel="following")
    assert after(lane, None, seen(headers={"link": "</2>; rel=next"})) is None
    assert address(lane, after(lane, None, seen(headers={"link": "</2>; rel=following"}))) == "http://source.test/2"


def test_a_circle_of_links_is_an_error():
    lane = walk(type="json_link", next_url_path="next")
    pages = {FIRST: "/b", "http://source.test/b": "/c", "http://source.test/c": "/b"}

    def go_round():
        cursor = None
        for _ in range(10):
            url = address(lane, cursor)
            cursor = stored(after(lane, cursor, seen(url=url, document={"next": pages[url]})))

    with pytest.raises(SourceBroken, match="the pages run in a circle: page"):
        go_round()


def test_reaching_max_pages_is_an_error_and_not_a_stop():
    lane = walk(type="json_link", next_url_path="next", max_pages=2)
    cursor = after(lane, None, seen(document={"next": "/2"}))
    assert after(lane, cursor, seen(url="http://source.test/2")) is None
    with pytest.raises(SourceBroken, match="more than max_pages = 2 pages"):
        after(lane, cursor, seen(url="http://source.test/2", document={"next": "/3"}))


def test_a_single_page_ends_at_once():
    lane = walk(type="single_page")
    assert address(lane, None) == FIRST
    assert after(lane, None, seen(5)) is None


def test_offsets_are_added_to_the_parameters_of_the_resource():
    lane = walk(type="offset", limit=2, limit_param="size", offset_param="start")
    assert address(lane, None) == "http://source.test/api/items?size=2&start=0"
    cursor = stored(after(lane, None, seen(2)))
    assert address(lane, cursor) == "http://source.test/api/items?size=2&start=2"


def test_without_a_total_only_an_empty_page_ends_the_walk_because_sources_may_lower_the_limit():
    lane = walk(type="offset", limit=500)
    cursor = after(lane, None, seen(100))
    assert address(lane, cursor).endswith("limit=500&offset=100")
    assert after(lane, cursor, seen(0)) is None


def test_a_total_ends_the_walk_without_one_more_page():
    lane = walk(type="offset", limit=2, total_path="total")
    cursor = after(lane, None, seen(2, document={"total": 4}))
    assert after(lane, cursor, seen(2, url="x", document={"total": 4})) is None


def test_a_source_with_smaller_pages_is_walked_on_while_the_total_says_more():
    lane = walk(type="offset", limit=500, total_header="X-Total-Count")
    cursor = after(lane, None, seen(100, headers={"x-total-count": "150"}))
    assert cursor["position"] == {"offset": 100}
    assert after(lane, cursor, seen(50, url="x", headers={"x-total-count": "150"})) is None


def test_an_empty_page_before_the_total_is_an_error():
    lane = walk(type="offset", limit=2, total_path="total")
    cursor = after(lane, None, seen(2, document={"total": 5}))
    with pytest.raises(SourceBroken, match=r"the pages end with .*, although the source states 5 records and gave 2"):
        after(lane, cursor, seen(0, document={"total": 5}))


def test_nothing_at_all_with_a_total_of_zero_is_an_empty_lane():
    assert after(walk(type="offset", limit=2, total_path="total"), None, seen(0, document={"total": 0})) is None


@pytest.mark.parametrize("total", [None, "7", -1, True, [7]])
def test_a_total_that_is_no_number_is_an_error(total):
    with pytest.raises(SourceBroken, match="must find the number of all records"):
        after(walk(type="offset", limit=2, total_path="total"), None, seen(1, document={"total": total}))


@pytest.mark.parametrize("headers", [{}, {"x-total": "many"}])
def test_a_total_header_that_is_missing_or_no_number_is_an_error(headers):
    with pytest.raises(SourceBroken, match="total_header 'X-Total' finds"):
        after(walk(type="offset", limit=2, total_header="X-Total"), None, seen(1, headers=headers))


def test_a_source_that_ignores_the_limit_is_an_error():
    with pytest.raises(SourceBroken, match="answered 3 records where 2 were asked for: the source ignores 'limit'"):
        after(walk(type="offset", limit=2), None, seen(3))


def test_a_source_that_ignores_the_offset_is_an_error():
    lane = walk(type="offset", limit=2)
    cursor = after(lane, None, seen([{"id": 1}, {"id": 2}]))
    with pytest.raises(SourceBroken, match="the pages run in a circle"):
        after(lane, cursor, seen([{"id": 1}, {"id": 2}]))


def test_a_selector_that_cannot_read_the_page_is_an_error():
    with pytest.raises(SourceBroken, match=r"selector 'lower\(next\)'.*\(at "):
        after(walk(type="json_link", next_url_path="lower(next)"), None, seen(document={"next": 5}))


@pytest.mark.parametrize("change", [{"version": 1}, {"kind": "offset"}, {"lane": [0, 2]}])
def test_a_cursor_of_another_version_or_kind_is_refused(change):
    lane = walk(type="json_link", next_url_path="next")
    cursor = {**after(lane, None, seen(document={"next": "/2"})), **change}
    with pytest.raises(SourceBroken, match="start the import anew"):
        address(lane, cursor)


STRIDES = [
    {"type": "offset", "limit": 2},
    {"type": "page_number", "page_size": 2, "page_size_param": "limit", "page_param": "p", "base_page": 0},
]


def read_by_lanes(settings, count, lanes, said=lambda total: {}):
    """What several lanes read of so many records: (number, records, full) of each page, and the calls."""
    rows = [{"id": number} for number in range(count)]
    pages, calls = [], []
    for lane in range(lanes):
        mine, cursor = walk(**settings, lane=lane, lanes=lanes), None
        while True:
            url = mine.call(cursor).url
            query = {name: int(value) for name, value in parse_qsl(urlsplit(url).query) if name != "size"}
            first = query["offset"] if "offset" in query else query["p"] * query["limit"]
            held = rows[first : first + query["limit"]]
            turn = mine.turn(cursor, seen(held, url=url, document=said(count)))
            pages.append((turn.number, held, turn.full))
            calls.append(first)
            cursor = stored(turn.next_cursor)
            if cursor is None:
                break
    return sorted(pages, key=lambda page: page[0]), sorted(calls)


@pytest.mark.parametrize("settings", STRIDES)
@pytest.mark.parametrize("count", range(12))
@pytest.mark.parametrize("lanes", [1, 2, 3, 5])
def test_lanes_share_the_pages_and_each_ends_where_a_page_is_not_full(settings, count, lanes):
    pages, _ = read_by_lanes(settings, count, lanes)
    assert [row["id"] for _, held, _ in pages for row in held] == list(range(count))
    assert [number for number, _, _ in pages] == list(range(len(pages)))
    last = max((number for number, held, _ in pages if held), default=-1)
    assert all(full and held for number, held, full in pages if number < last)


@pytest.mark.parametrize("settings", STRIDES)
def test_a_total_spares_lanes_the_pages_beyond_the_end(settings):
    _, calls = read_by_lanes({**settings, "total_path": "total"}, 10, 3, said=lambda total: {"total": total})
    assert calls == [0, 2, 4, 6, 8]


def test_a_source_with_smaller_pages_cannot_be_shared_by_lanes():
    lane = walk(type="offset", limit=50, total_path="total", lanes=2)
    with pytest.raises(SourceBroken, match=r"answered 40 records where 50 were asked for, although .* smaller pages"):
        lane.turn(None, seen(40, document={"total": 100}))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"type": "json_link", "next_url_path": "next"}, "pages of type json_link are found one after the other"),
        ({"type": "single_page"}, "several lanes need page_number or offset"),
        ({"type": "page_number"}, "several lanes need page_size"),
    ],
)
def test_pages_without_addresses_of_their_own_have_one_lane(settings, why):
    with pytest.raises(ValueError, match=why):
        walk(**settings, lanes=2)
