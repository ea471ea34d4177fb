"""What a first page says about the pagination: conventions of well-known APIs, and the doubts that stay."""

import json

import pytest

from import_worker.config.document import parse_document
from import_worker.errors import SourceBroken
from import_worker.pagination.candidates import Sureness, scalar
from import_worker.pagination.detect import choose, detect
from import_worker.pagination.seen import Seen

URL = "http://source.test/api/items"


def seen(document=None, headers=None, url=URL, count=2):
    rows = [{"id": number} for number in range(count)]
    body = {"rows": rows, **document} if isinstance(document, dict) else rows
    return Seen(url=url, headers=headers or {}, document=body, records=rows)


CERTAIN = {
    "github": (seen(headers={"link": '<?page=2>; rel="next", <?page=9>; rel="last"'}), "{ type: header_link }"),
    "github, last page": (seen(headers={"link": '<?page=1>; rel="first"'}), "{ type: header_link }"),
    "kinto": (
        seen({}, {"next-page": f"{URL}?_limit=2&_token=x"}),
        "{ type: header_link, header: next-page }",
    ),
    "django": (
        seen({"count": 5, "next": f"{URL}?page=2", "previous": None}),
        "{ type: json_link, next_url_path: next }",
    ),
    "django, last page": (seen({"count": 2, "next": None}), "{ type: json_link, next_url_path: next }"),
    "datasette": (
        seen({"next": "0002", "next_url": f"{URL}?_next=0002", "truncated": False}),
        "{ type: json_link, next_url_path: next_url }",
    ),
    "odata": (
        seen({"@odata.nextLink": f"{URL}?$skiptoken=2"}),
        "{ type: json_link, next_url_path: '\"@odata.nextLink\"', optional: true }",
    ),
    "hal": (
        seen({"_links": {"self": {"href": "/1"}, "next": {"href": "/2"}}}),
        "{ type: json_link, next_url_path: _links.next.href, optional: true }",
    ),
    "roundup": (
        seen({"@links": {"next": [{"rel": "next", "uri": f"{URL}?@page_index=2"}]}, "@total_size": 9}),
        "{ type: json_link, next_url_path: '\"@links\".next[0].uri', optional: true }",
    ),
    "ogc": (
        seen({"links": [{"rel": "self", "href": "/1"}, {"rel": "next", "href": "/2"}]}),
        "{ type: json_link, next_url_path: 'links[?rel==''next''].href | [0]', optional: true }",
    ),
    "mediawiki": (
        seen({"continue": {"apcontinue": "Be", "continue": "-||"}}),
        "{ type: continue, continue_path: continue, optional: true }",
    ),
    "jira": (
        seen({"startAt": 0, "maxResults": 50, "total": 120}),
        "{ type: offset, total_path: total, limit: 50, limit_param: maxResults, offset_param: startAt }",
    ),
    "json-server": (
        seen(None, {"x-total-count": "9"}, f"{URL}?_start=0&_limit=2"),
        "{ type: offset, total_header: x-total-count, limit: 2, limit_param: _limit, offset_param: _start }",
    ),
    "pages": (
        seen({"page": 1, "per_page": 2, "total": 5, "total_pages": 3}),
        "{ type: page_number, total_path: total, page_param: page, total_pages_path: total_pages }",
    ),
    "pages from 0": (
        seen({"page": 0, "pageCount": 3}, url=f"{URL}?size=2"),
        (
            "{ type: page_number, base_page: 0, page_param: page, page_size: 2, page_size_param: size, "
            "total_pages_path: pageCount }"
        ),
    ),
    "a total that is all here": (seen({"total": 2}), "{ type: single_page, total_path: total }"),
    "nothing more": (seen({"has_more": False}), "{ type: single_page }"),
    "one page": (seen({"totalPages": 1}), "{ type: single_page }"),
    "no cursor": (
        seen({"meta": {"next_cursor": None}}),
        "{ type: cursor, cursor_path: meta.next_cursor, cursor_param: cursor }",
    ),
    "a link beside a has_more of false": (
        seen({"next": "?page=2", "has_more": False}),
        "{ type: json_link, has_more_path: has_more, next_url_path: next }",
    ),
}


@pytest.mark.parametrize("page", list(CERTAIN))
def test_what_is_beyond_doubt_is_chosen(page):
    first, written = CERTAIN[page]
    best = detect(first)[0]
    assert (best.written(), best.sureness) == (written, Sureness.CERTAIN)
    assert choose(first) == best.pagination
    assert best.evidence


DOUBTS = {
    "a bare list": (seen(), r"\{ type: single_page \} if nothing else tells whether 2 records are all"),
    "a token": (seen({"next_cursor": "abc"}), r"\{ type: cursor, cursor_path: next_cursor, .*cursor_param: cursor"),
    "google's token": (seen({"nextPageToken": "abc"}), "cursor_param: pageToken"),
    "graphql": (seen({"pageInfo": {"endCursor": "x", "hasNextPage": True}}), "cursor_param: after"),
    "a token in a header": (seen({}, {"x-next-token": "q1"}), "cursor_header: x-next-token"),
    "a total, and no word on how": (seen({"total": 90}), "type: page_number, total_path: total"),
    "more, and no word on how": (seen({"has_more": True}), "type: page_number"),
    "a null beside a larger total": (seen({"next": None, "total": 90}), "something else says that more follows"),
    "a page number of unknown base": (seen({"total_pages": 4}), "type: page_number"),
}


@pytest.mark.parametrize("page", list(DOUBTS))
def test_doubt_is_an_error_that_says_what_to_write(page):
    first, wanted = DOUBTS[page]
    with pytest.raises(SourceBroken, match=rf"auto cannot be sure .* Write it in the file: pagination: .*{wanted}"):
        choose(first)


def test_records_are_not_searched_for_signs():
    rows = [{"next": "http://source.test/other", "total": 7}]
    page = Seen(url=URL, headers={}, document={"rows": rows}, records=rows)
    assert detect(page)[0].sureness is Sureness.GUESS


def test_a_body_of_any_size_is_searched_within_bounds():
    deep = {"next": "/2"}
    for _ in range(10):
        deep = {"inner": deep}
    wide = {f"key{number}": number for number in range(2_000)} | {"next": "/2"}
    for document in (deep, wide):
        assert detect(seen(document))[0].sureness is Sureness.GUESS


def test_the_choice_is_pinned_in_the_cursor_and_holds_for_later_pages(made):
    walk = made.walk_of({"type": "auto", "max_pages": 3})
    assert walk.call(None).url == URL
    first = seen({"page": 1, "total_pages": 9})
    cursor = json.loads(json.dumps(walk.turn(None, first).next_cursor))
    assert cursor["pinned"]["type"] == "page_number"
    other = made.walk_of({"type": "auto", "max_pages": 3})
    assert other.call(cursor).url == f"{URL}?page=2"
    second = Seen(url=URL, headers={"link": "</x>; rel=next"}, document={"total_pages": 9}, records=[{"id": 7}])
    following = other.turn(cursor, second).next_cursor
    assert (following["pinned"], following["position"]) == (cursor["pinned"], {"page": 2})
    third = Seen(url=URL, headers={}, document={"total_pages": 9}, records=[{"id": 8}])
    with pytest.raises(SourceBroken, match="more than max_pages = 3"):
        other.turn(following, third)


@pytest.mark.parametrize("value", ["no", "004", "a: b", "it's", "", "$skip", "1e5", "_limit", "a.b-c", "null", "@x"])
def test_what_is_written_is_read_back_as_the_same_text(value):
    assert parse_document(f"key: {{ a: {scalar(value)} }}", "f").value == {"key": {"a": value}}
