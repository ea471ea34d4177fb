"""Properties of walks over APIs of every kind, with every choice that an API may make."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from import_worker.errors import SourceBroken
from import_worker.pagination.seen import Seen

PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)


def records_of(pages):
    return [record for _, records, _ in pages for record in records]


def attempt(made, api, settings):
    """The problem of a walk, or its pages."""
    try:
        return None, made.read_from(api, settings)
    except SourceBroken as error:
        return error.message, []


@PROPERTY
@given(data=st.data())
def test_a_walk_gives_exactly_the_records_of_the_source_or_says_why_it_cannot(made, data):
    api = data.draw(made.apis())
    problem, pages = attempt(made, api, api.settings())
    if problem is None:
        assert records_of(pages) == api.records
        assert pages[-1][2].total == (api.count if api.total else None)
    else:  # the one doubt: a full first page that comes again, and no word on how many there are
        assert "it is the first once more, and that was full" in problem
        assert (api.beyond, api.count) == ("last", api.size)


@PROPERTY
@given(data=st.data())
def test_a_walk_resumed_from_any_stored_cursor_gives_the_same_rest(made, data):
    api = data.draw(made.apis().filter(lambda api: (api.beyond, api.count) != ("last", api.size)))
    pages = made.read_from(api, api.settings())
    start = data.draw(st.integers(0, len(pages) - 1))
    rest = made.read_from(api, api.settings(), pages[start][0])
    assert rest == pages[start:]


@PROPERTY
@given(data=st.data())
def test_lanes_read_together_what_one_lane_reads(made, data):
    api = data.draw(
        made.apis(kinds=("page_number", "offset")).filter(lambda api: api.beyond == "empty" and api.most > 12)
    )
    lanes = data.draw(st.integers(2, 5))
    read = [page for lane in range(lanes) for page in made.read_from(api, api.settings(), lane=lane, lanes=lanes)]
    numbered = sorted(read, key=lambda page: page[2].number)
    assert records_of(numbered) == api.records
    assert len({turn.number for _, _, turn in read}) == len(read)
    last = max((turn.number for _, records, turn in read if records), default=-1)
    assert all(records and turn.full for _, records, turn in numbered if turn.number < last)
    assert len([turn for _, _, turn in numbered if turn.number <= last]) == last + 1


@PROPERTY
@given(data=st.data())
def test_auto_reads_exactly_the_records_or_says_that_it_is_unsure(made, data):
    api = data.draw(made.apis())
    problem, pages = attempt(made, api, {"type": "auto"})
    if problem is None:
        assert records_of(pages) == api.records
        assert len({json.dumps(cursor["pinned"]) for cursor, _, _ in pages if cursor is not None}) <= 1
    else:
        assert "auto cannot be sure" in problem


@PROPERTY
@given(
    successors=st.lists(st.integers(0, 30), min_size=31, max_size=31),
    kind=st.sampled_from(["json_link", "cursor", "continue"]),
)
def test_a_walk_over_any_graph_of_pages_ends(made, successors, kind):
    ways = {
        "json_link": ({"type": "json_link", "next_url_path": "next"}, lambda page: f"?p={page}"),
        "cursor": ({"type": "cursor", "cursor_path": "next", "cursor_param": "p"}, str),
        "continue": ({"type": "continue", "continue_path": "next"}, lambda page: {"p": str(page)}),
    }
    chosen, name = ways[kind]
    walk, cursor, here, ended = made.walk_of(chosen), None, 0, ""
    for _ in range(3 * 31 + 3):
        url = walk.call(cursor).url
        document = {"next": name(successors[here])}
        try:
            cursor = walk.turn(cursor, Seen(url=url, headers={}, document=document, records=[])).next_cursor
        except SourceBroken as error:
            ended = error.message
            break
        here = successors[here]
    assert "run in a circle" in ended


@PROPERTY
@given(rows=st.lists(st.integers(0, 3), min_size=1, max_size=20), kind=st.sampled_from(["page_number", "offset"]))
def test_a_source_that_ignores_the_count_is_noticed_at_the_second_page(made, rows, kind):
    size = {"page_number": {"page_size": len(rows)}, "offset": {"limit": len(rows)}}[kind]
    walk = made.walk_of({"type": kind, **size})
    page = Seen(url=made.FIRST, headers={}, document={}, records=[{"id": row} for row in rows])
    cursor = walk.turn(None, page).next_cursor
    with pytest.raises(SourceBroken, match="run in a circle"):
        walk.turn(cursor, page)
