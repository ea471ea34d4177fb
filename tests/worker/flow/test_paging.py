"""Kinds of pagination through the whole flow: their positions are stored between pages, and any worker goes on."""

import pytest

from longshore import ImportState

WHOLE = "{{ name: regions, path: regions, data_selector: rows }}"
OFFSET = "type: offset, limit: 3"
IN_BODY = "limit_body_path: limit, offset_body_path: offset"


@pytest.fixture
def paged(config_text):
    """The import with other words for its regions."""

    def paged(words):
        assert WHOLE in config_text
        return config_text.replace(WHOLE, f"{{{{ name: regions, path: regions, data_selector: rows, {words} }}}}")

    return paged


@pytest.mark.parametrize(
    ("words", "pages"),
    [
        ("pagination: {{ type: auto }}", 4),
        ("pagination: {{ type: json_link, next_url_path: next, total_path: count }}", 4),
        (f"pagination: {{{{ {OFFSET}, has_more_path: 'next != `null`' }}}}", 5),
        (f"method: POST, body: {{{{ a: {{{{}}}} }}}}, pagination: {{{{ {OFFSET}, {IN_BODY}, total_path: count }}}}", 5),
        (f"method: POST, lanes: 3, pagination: {{{{ {OFFSET}, {IN_BODY} }}}}", 8),
    ],
    ids=["auto", "a link with a total", "has more", "posted", "posted in lanes"],
)
async def test_the_same_set_arrives_by_every_way(world, paged, words, pages):
    world.configure(paged(words))
    run = await world.run()
    assert (run.state, run.failure) == (ImportState.SUCCEEDED, None)
    await world.check_equal()
    assert len([resource for resource, _ in world.source.requests if resource == "regions"]) == pages


async def test_pages_that_end_before_the_stated_total_never_complete(world, paged):
    world.configure(paged("pagination: {{ type: offset, limit: 3, total_path: '`99`' }}"))
    run = await world.run()
    assert run.state == ImportState.FAILED
    assert "the pages end with" in run.failure.message
    assert "the source states 99 records and gave 15" in run.failure.message


async def test_a_row_that_goes_while_pages_are_read_leaves_a_gap(world, paged):
    """The next page begins one row too late, and all that tells is that the total has fallen."""
    world.configure(paged(f"pagination: {{{{ {OFFSET}, total_path: count }}}}"))
    rows = world.source.tables["regions"]
    stated = len(rows)
    world.source.instead = lambda resource, first: (
        rows.pop(0) and None if (resource, first) == ("regions", 6) and len(rows) == stated else None
    )
    run = await world.run()
    assert (run.state, run.failure.reason) == (ImportState.FAILED, "NOT_WHOLE")
    assert f"{stated} records by the source's own count, and {stated - 1} were read" in run.failure.message
