"""How reading is divided: which lanes there are, when they are through, and what contradicts a whole set."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from import_worker.config import parse_import
from import_worker.errors import SourceBroken
from import_worker.ports import Slice
from import_worker.runs.entries import Lane
from import_worker.runs.lanes import (
    MAX_INCLUDED_BYTES,
    MAX_KEY_BYTES,
    PARENTS_PER_CHAIN,
    ParentRecord,
    chains,
    children_of,
    faults_of_reading,
    first_lanes,
    lanes_of,
    page_id,
    parents_in,
    reads_under_way,
    records_expected,
    slice_of,
    unfinished,
)

TEXT = """
version: 1
kind: import
name: places
source: { type: rest, base_url: "http://127.0.0.1:8001/geo/", pagination: { type: offset, limit: 10 } }
resources:
  - { name: sites, path: sites, lanes: 3 }
  - { name: racks, path: "sites/{site}/racks", parent: { resource: sites, field: id, as: site, lanes: 2 } }
  - { name: users, path: users, lanes: 2, partition: { param: state, values: [on, off] } }
jsonl:
  folder: out
  object_types:
    - { name: Site, resource: sites, attributes: { Id: { from: id, identity: true, label: true } } }
    - { name: Rack, resource: racks, attributes: { Id: { from: id, identity: true, label: true } } }
    - { name: User, resource: users, attributes: { Id: { from: id, identity: true, label: true } } }
"""


@pytest.fixture(scope="module")
def config():
    return parse_import(TEXT, "places.yaml")


def lane(resource, number, **values):
    return Lane(number=1, resource=resource, lane=number, **values)


def test_lanes_of_a_child_follow_from_records(config):
    assert lanes_of(config) == [
        *(("sites", number) for number in range(3)),
        *(("racks", number) for number in range(2)),
        *(("users", number) for number in range(4)),
    ]
    assert [name for name, _ in first_lanes(config)] == ["sites"] * 3 + ["users"] * 4


def test_what_each_lane_reads(config):
    users = config.resource("users")
    assert [slice_of(users, number, None, {}) for number in range(4)] == [
        Slice(lane=0, lanes=2, params={"state": "on"}),
        Slice(lane=1, lanes=2, params={"state": "on"}),
        Slice(lane=0, lanes=2, params={"state": "off"}),
        Slice(lane=1, lanes=2, params={"state": "off"}),
    ]
    rack = slice_of(config.resource("racks"), 1, ParentRecord(key="7", include={}), {"since": "5"})
    assert rack == Slice(fields={"site": "7"}, params={"since": "5"})


def test_pages_of_all_lanes_have_ids_of_their_own(config):
    users = config.resource("users")
    ids = [page_id(users, lane("users", number, page=page)) for number in range(4) for page in range(5)]
    assert len(set(ids)) == 20


def test_reads_under_way_are_lanes_that_go_on_and_chains_that_are_open(config):
    assert reads_under_way(config, []) == 7
    known = [
        lane("sites", 0, done=True, opened={"racks": 5}),
        lane("racks", 0, closed=2),
        lane("racks", 1, closed=1),
        lane("users", 3, done=True),
    ]
    assert reads_under_way(config, known) == 5 + 2


def test_what_has_not_reached_its_end(config):
    ended = [lane("sites", number, done=True) for number in range(3)]
    users = [lane("users", number, done=True) for number in range(4)]
    assert unfinished(config, []) == ["sites", "racks", "users"]
    assert unfinished(config, [*ended[:2], *users]) == ["sites", "racks"]
    assert unfinished(config, [*ended, *users]) == []
    opened = [replace(ended[0], opened={"racks": 2}), *ended[1:]]
    assert unfinished(config, [*opened, *users, lane("racks", 1, closed=1)]) == ["racks"]
    assert unfinished(config, [*opened, *users, lane("racks", 1, closed=1), lane("racks", 0, closed=1)]) == []


@given(records=st.integers(0, 100), lanes=st.integers(1, 5), size=st.integers(1, 9), cap=st.integers(1, 9))
def test_lanes_agree_exactly_where_the_source_gives_the_pages_that_were_asked_for(config, records, lanes, size, cap):
    """A source that gives smaller pages than were asked for is noticed where more lanes than one read."""
    resource = replace_lanes(config, lanes)
    own = [lane("sites", number, **walked(number, lanes, records, size, min(size, cap))) for number in range(lanes)]
    read = sum(each.records for each in own)
    faults = list(faults_of_reading(resource, own))
    assert bool(faults) <= (read < records)
    if read < records and lanes > 1 and any(each.records for each in own[1:]):
        assert faults


def replace_lanes(config, lanes):
    return parse_import(TEXT.replace("lanes: 3 }", f"lanes: {lanes} }}"), "places.yaml")


def walked(number, lanes, records, size, cap):
    """What a lane sees that counts its offsets by the size that it asks for, and ends at a page that is not full."""
    seen, reach, short, page = 0, 0, False, number
    while True:
        count = max(0, min(cap, records - page * size))
        seen += count
        if count:
            reach, short = page + 1, count < size
        if count < size:
            return {"records": seen, "reach": reach, "short": short, "done": True}
        page += lanes


def test_fewer_records_than_the_source_states_are_not_whole(config):
    one = replace_lanes(config, 1)
    assert list(faults_of_reading(one, [lane("sites", 0, records=9, total=9)])) == []
    (fault,) = faults_of_reading(one, [lane("sites", 0, records=8, total=9)])
    assert "9 records by the source's own count, and 8 were read" in fault


def test_more_records_than_the_source_states_are_not_whole_as_some_came_twice(config):
    (fault,) = faults_of_reading(replace_lanes(config, 1), [lane("sites", 0, records=10, total=9)])
    assert "9 records by the source's own count, and 10 were read: some came twice" in fault


def test_a_source_that_grew_while_several_lanes_read_it_is_whole(config):
    found = [lane("sites", 0, records=10, total=30, reach=1), lane("sites", 1, records=10, total=30, reach=2)]
    found.append(lane("sites", 2, records=11, total=31, reach=3))
    assert list(faults_of_reading(config, found)) == []


def test_the_records_that_are_expected_are_known_where_the_source_states_them_or_all_were_read(config):
    flat = config.model_copy(update={"resources": tuple(each for each in config.resources if not each.parent)})
    sites = [lane("sites", number, records=10, total=100) for number in range(3)]
    users = [
        lane("users", 0, records=7, done=True),
        lane("users", 1, records=6, done=True),
        lane("users", 2, records=1, total=20),
        lane("users", 3, records=0, total=21),
    ]
    assert records_expected(flat, [*sites, *users]) == 100 + 13 + 21
    assert records_expected(flat, sites) is None
    assert records_expected(flat, [*sites, users[0], *users[2:]]) is None
    more = [lane("sites", number, records=40, total=100) for number in range(3)]
    assert records_expected(flat, [*more, *users]) == 120 + 13 + 21
    assert records_expected(config, [*sites, *users]) is None  # nobody counts the children of parents in advance


def test_parents_hand_down_a_key_and_what_is_included(config):
    (child, parent), *_ = children_of(config, "sites")
    assert child.name == "racks"
    including = parent.model_copy(update={"include": {"region": "where.region"}})
    found = parents_in([{"id": 7, "where": {"region": "N"}}, {"id": "8"}, {"id": 7}], including, "http://s/")
    assert found == [
        ParentRecord(key="7", include={"region": "N"}),
        ParentRecord(key="8", include={"region": None}),
    ]


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": ""}, {"id": []}, {"id": {"a": 1}}, {"id": "x" * 2000}])
def test_a_parent_without_a_usable_key_is_an_error(config, record):
    (_, parent), *_ = children_of(config, "sites")
    with pytest.raises(SourceBroken, match="record 0 at http://s/"):
        parents_in([record], parent, "http://s/")


def test_a_chain_of_the_largest_parents_fits_into_an_event(config):
    (_, parent), *_ = children_of(config, "sites")
    including = parent.model_copy(update={"include": {"note": "note"}})
    largest = {"id": "ä" * (MAX_KEY_BYTES // 2), "note": "n" * (MAX_INCLUDED_BYTES - len('{"note": ""}'))}
    (found,) = parents_in([largest], including, "http://s/")
    assert len(json.dumps([found.key, found.include])) * PARENTS_PER_CHAIN < 1000 * 1024
    with pytest.raises(SourceBroken, match=r"record 0 at http://s/ hands down 4097 bytes.*parent\.include"):
        parents_in([largest | {"note": largest["note"] + "n"}], including, "http://s/")


@given(count=st.integers(0, 2000), lanes=st.integers(1, 64))
def test_chains_hold_every_parent_once(count, lanes):
    parents = [ParentRecord(key=str(number), include={}) for number in range(count)]
    made = chains(parents, lanes)
    assert sorted(int(parent.key) for chain in made for parent in chain) == list(range(count))
    assert all(0 < len(chain) <= PARENTS_PER_CHAIN for chain in made)
    assert len(made) >= min(lanes, count)
