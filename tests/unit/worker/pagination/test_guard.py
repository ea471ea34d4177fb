"""The progress guard: every circle is found soon, nothing else is taken for one, and its state is small."""

import json

import pytest
from hypothesis import given, strategies as st

from import_worker.pagination.guard import Guard, Repeated


@given(lead=st.integers(0, 150), length=st.integers(1, 150))
def test_every_circle_is_found_within_three_times_its_reach(lead, length):
    def go_round():
        guard, page = Guard.at("0"), 0
        for _ in range(3 * (lead + length) + 3):
            page = page + 1 if page + 1 < lead + length else lead
            guard = guard.advance(str(page))

    with pytest.raises(Repeated):
        go_round()


@given(st.lists(st.text(), unique=True, min_size=1, max_size=200))
def test_different_tokens_are_never_taken_for_a_circle(tokens):
    guard = Guard.at(tokens[0])
    for token in tokens[1:]:
        guard = guard.advance(token)


def test_its_state_survives_json_and_stays_small():
    guard = Guard.at("start")
    for number in range(5000):
        guard = Guard.restore(json.loads(json.dumps(guard.state()))).advance(f"https://example.com/?page={number}")
    assert len(json.dumps(guard.state())) < 200
