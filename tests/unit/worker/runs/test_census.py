"""The census: exact for few objects, fair for many, and the same whatever way the pages came."""

import random

import pytest

from import_worker.runs.census import MAX_BYTES, MAX_ENTRY_BYTES, MAX_KEPT, Census, marks_of
from import_worker.transform.chunks import Packed

TYPES = ("Region", "Country")


def members(numbers, content=b"x", type_name="Country"):
    return [Packed(type_name=type_name, identity=f"id {number}", content=content) for number in numbers]


def census(everything, page=500, lanes=1, types=TYPES):
    """The census of members that came in pages, over lanes that took turns."""
    found = Census(types)
    counted = [dict.fromkeys(types, 0) for _ in range(lanes)]
    marks = []
    for number, start in enumerate(range(0, len(everything), page)):
        here = everything[start : start + page]
        lane = counted[number % lanes]
        marks.append(marks_of(here, types, lane))
        for each in here:
            lane[each.type_name] += 1
    for lane in counted:
        found.add_lane(lane)
    for each in marks:
        found.add_marks(each)
    return found


def numbers(effects):
    return effects.created, effects.updated, effects.missing, effects.estimated


def effects(now, before):
    found = now.effects_after(before)
    return {name: numbers(each) for name, each in found.items()}


@pytest.mark.parametrize("lanes", [1, 4])
def test_few_objects_are_compared_exactly(lanes):
    before = census([*members(range(8_000)), *members(range(10), type_name="Region")], lanes=lanes)
    changed = [
        *members(range(100, 7_000)),
        *members(range(7_000, 8_100), b"y"),
        *members(range(10), type_name="Region"),
    ]
    assert effects(census(changed, lanes=lanes), before) == {
        "Country": (100, 1_000, 100, False),
        "Region": (0, 0, 0, False),
    }


def test_the_order_of_records_and_duplicates_make_no_difference():
    one = members(range(5_000))
    other = [*one, *one[:700]]
    random.Random(7).shuffle(other)
    assert effects(census(other, page=13), census(one, page=800))["Country"] == (0, 0, 0, False)


def test_equal_identities_of_two_types_are_two_objects():
    both = [*members(range(3)), *members(range(3), type_name="Region")]
    assert effects(census(members(range(3))), census(both)) == {
        "Country": (0, 0, 0, False),
        "Region": (0, 0, 3, False),
    }


@pytest.mark.parametrize("lanes", [1, 3])
def test_many_objects_are_estimated_closely(lanes):
    before = census(members(range(60_000)), lanes=lanes)
    now = census([*members(range(6_000, 54_000)), *members(range(54_000, 66_000), b"y")], page=777, lanes=lanes)
    created, updated, missing, estimated = effects(now, before)["Country"]
    assert estimated
    assert created == pytest.approx(6_000, rel=0.15)
    assert missing == pytest.approx(6_000, rel=0.15)
    assert updated == pytest.approx(6_000, rel=0.15)
    assert effects(now, now)["Country"] == (0, 0, 0, True)


def test_what_grew_over_the_bound_is_compared_with_what_had_not():
    before, now = census(members(range(8_000))), census(members(range(16_000)))
    created, updated, missing, estimated = effects(now, before)["Country"]
    assert (updated, missing, estimated) == (0, 0, True)
    assert created == pytest.approx(8_000, rel=0.15)


def test_marks_become_fewer_as_objects_become_more():
    page = members(range(1_000))
    sizes = [len(marks_of(page, TYPES, {"Country": before})) for before in (0, MAX_KEPT, MAX_KEPT + 1, MAX_KEPT * 16)]
    assert sizes[0] == sizes[1] == 1_000 * 14
    assert sizes[2] == pytest.approx(sizes[0] / 2, rel=0.2)
    assert sizes[3] == pytest.approx(sizes[0] / 16, rel=0.5)


def test_it_is_written_in_parts_that_entries_hold_and_read_back():
    types = [f'Type "{number}"' for number in range(40)]
    everything = [each for name in types for each in members(range(6_000), type_name=name)]
    found = census(everything, page=5_000, types=types)
    parts = found.write()
    assert Census.parts_in(parts[0]) == len(parts) > 1
    assert max(map(len, parts)) <= MAX_ENTRY_BYTES + 2
    assert sum(map(len, parts)) <= MAX_BYTES + 4_096
    again = Census.read(parts)
    assert again.types == tuple(types)
    assert {numbers(each) for each in again.effects_after(found).values()} == {(0, 0, 0, True)}


def test_a_type_that_only_one_run_has_is_not_compared():
    now, before = census(members(range(3))), census(members(range(3)), types=("Country",))
    assert list(effects(now, before)) == ["Country"]
