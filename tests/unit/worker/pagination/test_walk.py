"""Walks: stop conditions, cursors that can be stored, and the errors that keep a lane from ending too early."""

import json

import pytest
from pydantic import TypeAdapter

from import_worker.config.pagination import Pagination
from import_worker.errors import SourceBroken
from import_worker.pagination.steps import Seen
from import_worker.pagination.walk import Walk

FIRST = "http://source.test/api/items?size=2"


def walk(secret_params=frozenset(), **settings):
    pagination = TypeAdapter(Pagination).validate_json(json.dumps(settings))
    return Walk(pagination, first_url=FIRST, secret_params=frozenset(secret_params))


def seen(records=1, url=FIRST, document=None, headers=None):
    rows = [{"id": f"{url}{number}"} for number in range(records)] if isinstance(records, int) else records
    return Seen(url=url, headers=headers or {}, document=document or {}, records=rows)


def stored(cursor):
    return json.loads(json.dumps(cursor))


def test_json_links_are_followed_and_resolved_against_the_page():
    lane = walk(type="json_link", next_url_path="links.next")
    assert lane.address(None) == FIRST
    cursor = stored(lane.after(None, seen(document={"links": {"next": "?page=2#top"}})))
    assert lane.address(cursor) == "http://source.test/api/items?page=2"
    assert (cursor["version"], cursor["kind"], cursor["page"]) == (1, "json_link", 1)


@pytest.mark.parametrize("document", [{"next": None}, {"next": ""}])
def test_no_next_link_ends_the_lane(document):
    assert walk(type="json_link", next_url_path="next").after(None, seen(document=document)) is None


@pytest.mark.parametrize("document", [{"nextt": None}, {"links": {"prev": None}}, {"links": None}, []])
def test_a_first_page_without_the_key_is_an_error_because_the_path_may_be_misspelt(document):
    path = "links.next" if "links" in document else "next"
    with pytest.raises(SourceBroken, match=f"has no '{path}'.*optional: true"):
        walk(type="json_link", next_url_path=path).after(None, seen(document=document))


def test_a_later_page_or_an_optional_key_may_be_absent():
    lane = walk(type="json_link", next_url_path="next")
    cursor = stored(lane.after(None, seen(document={"next": "?page=2"})))
    assert lane.after(cursor, seen(document={})) is None
    assert walk(type="json_link", next_url_path="next", optional=True).after(None, seen(document={})) is None


@pytest.mark.parametrize("link", [7, ["http://source.test/2"], True, {"href": "x"}])
def test_a_next_link_of_another_type_is_an_error(link):
    with pytest.raises(SourceBroken, match=r"next_url_path 'next' finds .* must find the address of the next page"):
        walk(type="json_link", next_url_path="next").after(None, seen(document={"next": link}))


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
        lane.after(None, seen(document={"next": link}, headers={"link": f"<{link}>; rel=next"}))


def test_the_refusal_names_both_origins():
    lane = walk(type="json_link", next_url_path="next")
    with pytest.raises(SourceBroken, match=r"leads to https://other\.test, but only http://source\.test may be asked"):
        lane.after(None, seen(document={"next": "https://other.test/2"}))


@pytest.mark.parametrize("link", ["HTTP://SOURCE.TEST/2", "http://source.test:80/2", "/2"])
def test_the_same_origin_may_be_written_in_several_ways(link):
    lane = walk(type="json_link", next_url_path="next")
    assert lane.after(None, seen(document={"next": link})) is not None


def test_secret_parameters_of_a_next_link_are_not_stored():
    lane = walk({"key"}, type="json_link", next_url_path="next")
    cursor = lane.after(None, seen(document={"next": "/items?page=2&key=s3cret&a=b"}))
    assert lane.address(cursor) == "http://source.test/items?page=2&a=b"
    assert "s3cret" not in json.dumps(cursor)


def test_header_links_of_another_relation():
    lane = walk(type="header_link", rel="following")
    assert lane.after(None, seen(headers={"link": "</2>; rel=next"})) is None
    assert lane.address(lane.after(None, seen(headers={"link": "</2>; rel=following"}))) == "http://source.test/2"


def test_a_circle_of_links_is_an_error():
    lane = walk(type="json_link", next_url_path="next")
    pages = {FIRST: "/b", "http://source.test/b": "/c", "http://source.test/c": "/b"}

    def go_round():
        cursor = None
        for _ in range(10):
            url = lane.address(cursor)
            cursor = stored(lane.after(cursor, seen(url=url, document={"next": pages[url]})))

    with pytest.raises(SourceBroken, match="the pages run in a circle: page"):
        go_round()


def test_reaching_max_pages_is_an_error_and_not_a_stop():
    lane = walk(type="json_link", next_url_path="next", max_pages=2)
    cursor = lane.after(None, seen(document={"next": "/2"}))
    assert lane.after(cursor, seen(url="http://source.test/2")) is None
    with pytest.raises(SourceBroken, match="more than max_pages = 2 pages"):
        lane.after(cursor, seen(url="http://source.test/2", document={"next": "/3"}))


def test_a_single_page_ends_at_once():
    lane = walk(type="single_page")
    assert lane.address(None) == FIRST
    assert lane.after(None, seen(5)) is None


def test_offsets_are_added_to_the_parameters_of_the_resource():
    lane = walk(type="offset", limit=2, limit_param="size", offset_param="start")
    assert lane.address(None) == "http://source.test/api/items?size=2&start=0"
    cursor = stored(lane.after(None, seen(2)))
    assert lane.address(cursor) == "http://source.test/api/items?size=2&start=2"


def test_without_a_total_only_an_empty_page_ends_the_walk_because_sources_may_lower_the_limit():
    lane = walk(type="offset", limit=500)
    cursor = lane.after(None, seen(100))
    assert lane.address(cursor).endswith("limit=500&offset=100")
    assert lane.after(cursor, seen(0)) is None


def test_a_total_ends_the_walk_without_one_more_page():
    lane = walk(type="offset", limit=2, total_path="total")
    cursor = lane.after(None, seen(2, document={"total": 4}))
    assert lane.after(cursor, seen(2, url="x", document={"total": 4})) is None


def test_a_source_with_smaller_pages_is_walked_on_while_the_total_says_more():
    lane = walk(type="offset", limit=500, total_header="X-Total-Count")
    cursor = lane.after(None, seen(100, headers={"x-total-count": "150"}))
    assert cursor["position"] == {"offset": 100}
    assert lane.after(cursor, seen(50, url="x", headers={"x-total-count": "150"})) is None


def test_an_empty_page_before_the_total_is_an_error():
    lane = walk(type="offset", limit=2, total_path="total")
    cursor = lane.after(None, seen(2, document={"total": 5}))
    with pytest.raises(SourceBroken, match="is empty, although the source has 5 records and gave 2"):
        lane.after(cursor, seen(0, document={"total": 5}))


def test_nothing_at_all_with_a_total_of_zero_is_an_empty_lane():
    assert walk(type="offset", limit=2, total_path="total").after(None, seen(0, document={"total": 0})) is None


@pytest.mark.parametrize("total", [None, "7", -1, True, [7]])
def test_a_total_that_is_no_number_is_an_error(total):
    with pytest.raises(SourceBroken, match="must find the number of all records"):
        walk(type="offset", limit=2, total_path="total").after(None, seen(1, document={"total": total}))


@pytest.mark.parametrize("headers", [{}, {"x-total": "many"}])
def test_a_total_header_that_is_missing_or_no_number_is_an_error(headers):
    with pytest.raises(SourceBroken, match="total_header 'X-Total' finds"):
        walk(type="offset", limit=2, total_header="X-Total").after(None, seen(1, headers=headers))


def test_a_source_that_ignores_the_limit_is_an_error():
    with pytest.raises(SourceBroken, match="answered 3 records where 2 were asked for: the source ignores 'limit'"):
        walk(type="offset", limit=2).after(None, seen(3))


def test_a_source_that_ignores_the_offset_is_an_error():
    lane = walk(type="offset", limit=2)
    cursor = lane.after(None, seen([{"id": 1}, {"id": 2}]))
    with pytest.raises(SourceBroken, match="the pages run in a circle"):
        lane.after(cursor, seen([{"id": 1}, {"id": 2}]))


def test_a_selector_that_cannot_read_the_page_is_an_error():
    with pytest.raises(SourceBroken, match=r"selector 'lower\(next\)'.*\(at "):
        walk(type="json_link", next_url_path="lower(next)").after(None, seen(document={"next": 5}))


@pytest.mark.parametrize("change", [{"version": 2}, {"kind": "offset"}])
def test_a_cursor_of_another_version_or_kind_is_refused(change):
    lane = walk(type="json_link", next_url_path="next")
    cursor = {**lane.after(None, seen(document={"next": "/2"})), **change}
    with pytest.raises(SourceBroken, match="start the import anew"):
        lane.address(cursor)
