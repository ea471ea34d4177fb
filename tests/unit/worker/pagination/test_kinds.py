"""Each kind of pagination by example: what it asks, where it ends, and what it refuses."""

import json
from decimal import Decimal

import pytest

from import_worker.errors import SourceBroken
from import_worker.pagination.seen import Seen

URL = "http://source.test/api/items"


@pytest.fixture
def lane(made):
    """A walk and a memory of its cursor: each page answers the next call, or None at the end."""

    class Lane:
        def __init__(self, **settings):
            self.walk, self.cursor = made.walk_of(settings), None
            self.turn = None

        @property
        def call(self):
            return self.walk.call(self.cursor)

        def page(self, records=1, headers=None, **document):
            url = self.call.url
            rows = [{"id": f"{url}{number}"} for number in range(records)] if isinstance(records, int) else records
            seen = Seen(url=url, headers=headers or {}, document=document, records=rows)
            self.turn = self.walk.turn(self.cursor, seen)
            self.cursor = json.loads(json.dumps(self.turn.next_cursor))
            return None if self.cursor is None else self.call.url.removeprefix(URL)

    return Lane


def test_page_numbers_begin_at_base_page_and_end_at_an_empty_page(lane):
    pages = lane(type="page_number", base_page=0, page_param="p", page_size=2, page_size_param="n")
    assert pages.call.url == f"{URL}?n=2&p=0"
    assert pages.page(2) == "?n=2&p=1"
    assert pages.page(1) == "?n=2&p=2"
    assert pages.page(0) is None


def test_page_numbers_are_one_based_and_send_no_size_unless_told(lane):
    pages = lane(type="page_number")
    assert pages.call.url == f"{URL}?page=1"
    assert pages.page(9) == "?page=2"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"total_pages_path": "pages"}, {"pages": 2}),
        ({"total_pages_header": "X-Pages"}, {"headers": {"x-pages": "2"}}),
        ({"total_path": "total"}, {"total": 4}),
        ({"has_more_path": "!last"}, {"last": False}),
    ],
)
def test_totals_and_has_more_spare_the_page_beyond_the_end(lane, settings, said):
    pages = lane(type="page_number", **settings)
    assert pages.page(2, **said) == "?page=2"
    assert pages.page(2, **{**said, "last": True}) is None


def test_an_empty_page_before_the_stated_number_of_pages_is_an_error(lane):
    pages = lane(type="page_number", total_pages_path="pages")
    pages.page(2, pages=3)
    with pytest.raises(SourceBroken, match="is empty, although the source states 3 pages"):
        pages.page(0, pages=3)


@pytest.mark.parametrize("stated", [None, "3", -1, 2.5])
def test_a_number_of_pages_that_is_none_is_an_error(lane, stated):
    with pytest.raises(SourceBroken, match=r"total_pages_path 'pages' finds .* must find the number of all pages"):
        lane(type="page_number", total_pages_path="pages").page(2, pages=stated)


def test_a_total_that_counts_pages_is_noticed_on_the_first_page(lane):
    with pytest.raises(SourceBroken, match=r"answered 20 records and states 5 as the number of all.*total_pages_path"):
        lane(type="page_number", total_path="total").page(20, total=5)


@pytest.mark.parametrize("stated", [None, "no", 1, []])
def test_a_has_more_that_is_no_boolean_is_an_error(lane, stated):
    with pytest.raises(SourceBroken, match=r"has_more_path 'more' finds .* must find true or false"):
        lane(type="page_number", has_more_path="more").page(2, more=stated)


def test_has_more_ends_a_walk_whose_last_page_still_holds_a_cursor(lane):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after", has_more_path="more")
    assert pages.page(2, next="a", more=True) == "?after=a"
    assert pages.page(2, next="a", more=False) is None


def test_has_more_does_not_open_again_what_another_condition_ended(lane):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after", has_more_path="more")
    assert pages.page(2, next=None, more=True) is None
    counted = lane(type="offset", limit=2, has_more_path="more")
    assert counted.page(0, more=True) is None


def test_a_cursor_that_stays_the_same_is_a_circle(lane):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after")
    pages.page(2, next="a")
    pages.page([{"id": 3}], next="a")
    with pytest.raises(SourceBroken, match="run in a circle: page 3"):
        pages.page([{"id": 4}], next="a")


def test_a_token_that_comes_twice_in_a_row_is_noticed_at_once_however_long_the_walk_was(lane):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after")
    for token in "abcdef":
        pages.page(1, next=token)
    pages.page(1, next="f")
    with pytest.raises(SourceBroken, match="run in a circle: page 8"):
        pages.page(1, next="g")


def test_pages_with_the_same_content_are_no_circle_where_their_tokens_differ(lane):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after")
    for token in "abcdefgh":
        assert pages.page([{"status": "ok"}], next=token) == f"?after={token}"
    assert pages.page([{"status": "ok"}], next=None) is None


def test_counted_pages_with_the_same_content_can_be_accepted(lane):
    pages = lane(type="offset", limit=1, on_repeated_page="accept", total_path="total")
    for number in range(1, 6):
        assert pages.page([{"status": "ok"}], total=6) == f"?limit=1&offset={number}"
    assert pages.page([{"status": "ok"}], total=6) is None


def test_an_empty_page_in_the_middle_ends_nothing_where_pages_name_the_next(lane):
    pages = lane(type="json_link", next_url_path="next")
    assert pages.page(0, next="?p=2") == "?p=2"
    assert lane(type="json_link", next_url_path="next", stop_after_empty_page=True).page(0, next="?p=2") is None


def test_an_empty_page_in_the_middle_of_counted_pages_can_be_passed(lane):
    pages = lane(type="offset", limit=2, stop_after_empty_page=False, has_more_path="more")
    assert pages.page(0, more=True) == "?limit=2&offset=2"
    assert pages.page(1, more=True) == "?limit=2&offset=3"
    assert pages.page(0, more=False) is None


def test_a_walk_that_ends_before_the_total_is_an_error_on_every_kind(lane):
    pages = lane(type="header_link", total_header="X-Total")
    pages.page(2, headers={"x-total": "43", "link": '<?p=2>; rel="next"'})
    with pytest.raises(SourceBroken, match=r"the pages end with .*, although the source states 43 records and gave 4"):
        pages.page(2, headers={"x-total": "43"})
    with pytest.raises(SourceBroken, match="states 43 records and gave 2"):
        lane(type="single_page", total_path="total").page(2, total=43)


def test_the_last_page_once_more_ends_the_walk_where_the_file_says_so(lane):
    pages = lane(type="offset", limit=2, on_repeated_page="stop")
    last = [{"id": 3}]
    pages.page(2)
    pages.page(last)
    assert pages.page(last) is None
    assert pages.turn.repeated
    assert not pages.turn.full


def test_only_the_page_just_before_is_the_last_page_once_more(lane):
    pages = lane(type="offset", limit=1, on_repeated_page="stop")
    for row in (1, 2, 1):
        pages.page([{"id": row}])
    with pytest.raises(SourceBroken, match="run in a circle"):
        pages.page([{"id": 2}])


def test_a_full_first_page_once_more_may_be_a_source_that_ignores_the_count(lane):
    pages = lane(type="offset", limit=2, on_repeated_page="stop")
    pages.page([{"id": 1}, {"id": 2}])
    with pytest.raises(SourceBroken, match="it is the first once more, and that was full"):
        pages.page([{"id": 1}, {"id": 2}])
    short = lane(type="offset", limit=2, on_repeated_page="stop")
    short.page([{"id": 1}])
    assert short.page([{"id": 1}]) is None


def test_a_repeated_page_before_the_total_ends_nothing(lane):
    pages = lane(type="offset", limit=2, on_repeated_page="stop", total_path="total")
    pages.page(2, total=9)
    pages.page([{"id": 3}], total=9)
    with pytest.raises(SourceBroken, match="although the source states 9 records and gave 3"):
        pages.page([{"id": 3}], total=9)


@pytest.mark.parametrize("token", ["s0=/?&", 17, 2.5])
def test_a_cursor_is_sent_as_it_was_given(lane, token):
    pages = lane(type="cursor", cursor_path="next", cursor_param="after")
    shown = {"s0=/?&": "s0%3D%2F%3F%26"}.get(token, token)
    assert pages.page(1, next=token) == f"?after={shown}"


@pytest.mark.parametrize("token", [True, {"a": 1}, [1]])
def test_a_cursor_that_no_query_carries_is_an_error(lane, token):
    with pytest.raises(SourceBroken, match="must find the token of the next page"):
        lane(type="cursor", cursor_path="next", cursor_param="after").page(1, next=token)


def test_a_first_page_without_the_cursor_is_an_error_unless_it_is_optional(lane):
    with pytest.raises(SourceBroken, match=r"has no 'next'.*fields there: nexxt.*optional: true beside cursor_path"):
        lane(type="cursor", cursor_path="next", cursor_param="after").page(1, nexxt="a")
    assert lane(type="cursor", cursor_path="next", cursor_param="after", optional=True).page(1) is None


def test_a_cursor_in_a_header(lane):
    pages = lane(type="cursor", cursor_header="X-Next-Page", cursor_param="page")
    assert pages.page(1, headers={"x-next-page": "2"}) == "?page=2"
    assert pages.page(1, headers={"x-next-page": ""}) is None


def test_a_cursor_in_the_body_may_be_any_json(lane):
    pages = lane(type="cursor", cursor_path="rows[-1].sort", cursor_body_path="search_after")
    assert pages.call.body == {}
    assert pages.page(1, rows=[{"sort": [1, "a"]}]) == ""
    assert pages.call.body == {"search_after": [1, "a"]}
    assert pages.page(0, rows=[]) is None


def test_counts_can_stand_in_the_body(lane):
    pages = lane(type="offset", limit=5, limit_body_path="page.limit", offset_body_path="page.start")
    assert pages.page(5) == ""
    assert pages.call.body == {"page.limit": 5, "page.start": 5}
    pages = lane(type="page_number", page_body_path="p", page_size=7, page_size_body_path="n")
    assert pages.call.body == {"n": 7, "p": 1}


def test_a_named_header_holds_the_whole_address(lane):
    pages = lane(type="header_link", header="Next-Page")
    assert pages.page(1, headers={"next-page": f"{URL}?_token=x,y"}) == "?_token=x,y"
    assert pages.page(1, headers={}) is None
    with pytest.raises(SourceBroken, match=r"leads to http://other\.test"):
        lane(type="header_link", header="Next-Page").page(1, headers={"next-page": "http://other.test/"})


def test_continue_merges_its_parameters_and_forgets_those_of_the_page_before(lane):
    pages = lane(type="continue", continue_path="continue")
    assert pages.page(1, **{"continue": {"apcontinue": "Be", "continue": "-||"}}) == "?apcontinue=Be&continue=-%7C%7C"
    assert pages.page(1, **{"continue": {"lecontinue": 7}}) == "?lecontinue=7"
    assert pages.page(1) is None


@pytest.mark.parametrize("found", ["x", ["a"], {"a": {"b": 1}}, {"a": None}, 0, False])
def test_continue_takes_an_object_of_parameters_only(lane, found):
    with pytest.raises(SourceBroken, match="must find an object of parameters"):
        lane(type="continue", continue_path="continue").page(1, **{"continue": found})


def test_a_position_that_cannot_be_stored_is_an_error(lane):
    with pytest.raises(SourceBroken, match="names the next page by 20014 characters; at most 16384 are kept"):
        lane(type="cursor", cursor_path="next", cursor_param="a").page(1, next="x" * 20_000)
    with pytest.raises(SourceBroken, match="by a number that cannot be stored exactly"):
        lane(type="cursor", cursor_path="next", cursor_body_path="a").page(1, next=[Decimal("0.1")])


def test_max_pages_counts_the_pages_of_all_lanes(made):
    walk = made.walk_of({"type": "offset", "limit": 1, "max_pages": 5}, lane=1, lanes=3)
    page = Seen(url=URL, headers={}, document={}, records=[{"id": 1}])
    cursor = walk.turn(None, page).next_cursor
    assert cursor["page"] == 1
    with pytest.raises(SourceBroken, match="more than max_pages = 5"):
        walk.turn(cursor, Seen(url=URL, headers={}, document={}, records=[{"id": 2}]))
