"""Budgets: however permits are taken and used, no window ever sees more requests than it allows."""

import json
from bisect import bisect_left

import pytest
from hypothesis import given, settings, strategies as st

from import_worker.http.budget import (
    SLOTS,
    Budget,
    life_of,
    pause,
    read_budget,
    shortest_life,
    take,
    write_budget,
)

RATES = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([1.0, 7.0, 60.0, 3600.0])), min_size=1, max_size=3)
ASKS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 12), st.lists(st.floats(0, 1), max_size=12)), max_size=60)


def check_windows(uses, rates):
    """No half-open span of a window's length holds more uses than the window allows."""
    uses = sorted(uses)
    for most, seconds in rates:
        for index, begin in enumerate(uses):
            inside = bisect_left(uses, begin + seconds) - index
            assert inside <= most, (most, seconds, begin)


@settings(max_examples=300)
@given(rates=RATES, asks=ASKS)
def test_no_window_ever_sees_more_than_it_allows_however_late_permits_are_used(rates, asks):
    budget, now, uses = Budget(), 1_000_000.0, []
    life = shortest_life(rates)
    for gap, wanted, delays in asks:
        now += gap
        grant = take(budget, rates, now=now, wanted=wanted, life=life)
        assert (grant.permits > 0) == (grant.wait == 0)
        assert grant.permits <= wanted
        uses += [now + delay * (grant.until - now) for delay in delays[: grant.permits]]
        # Between the asks the budget travels as JSON.
        budget = read_budget(json.loads(json.dumps(write_budget(grant.budget))))
    check_windows(uses, rates)


@given(rates=RATES, wanted=st.integers(1, 5))
def test_what_is_waited_for_is_there_afterwards(rates, wanted):
    budget, now = Budget(), 500.25
    for _ in range(60):
        grant = take(budget, rates, now=now, wanted=wanted, life=0.1)
        budget = grant.budget
        if not grant.permits:
            now += grant.wait + 1e-6
            assert take(budget, rates, now=now, wanted=1, life=0.1).permits == 1
            return


@pytest.mark.parametrize("seconds", [1.0, 60.0, 3600.0])
def test_permits_that_are_used_at_their_very_end_count_from_there(seconds):
    rates, now = [(5, seconds)], 1000.0
    life = shortest_life(rates)
    held = take(Budget(), rates, now=now, wanted=5, life=life)
    uses, budget = [held.until] * held.permits, held.budget
    while len(uses) < 15:
        grant = take(budget, rates, now=now, wanted=5, life=life)
        uses += [now] * grant.permits
        budget, now = grant.budget, now + grant.wait
    check_windows(uses, rates)


def test_a_steady_worker_gets_nearly_the_whole_rate():
    """A window is longer than it says by the life of permits and a slot, and by no more."""
    rates, budget, now, taken = [(10, 1.0)], Budget(), 100.0, 0
    while now < 200.0:
        grant = take(budget, rates, now=now, wanted=1, life=shortest_life(rates))
        budget, taken = grant.budget, taken + grant.permits
        now += grant.wait or 0.001
    assert 100 * 10 / (1 + 0.1 + 1 / SLOTS) * 0.97 <= taken <= 1000


def test_windows_of_others_are_kept_while_they_count_and_gone_afterwards():
    budget = take(Budget(), [(10, 60.0)], now=0.0, wanted=3, life=1.0).budget
    budget = take(budget, [(5, 1.0)], now=30.0, wanted=1, life=0.1).budget
    assert sorted(budget.granted) == [1.0, 60.0]
    assert life_of(budget, 30.0) > 60
    assert sorted(take(budget, [(5, 1.0)], now=200.0, wanted=1, life=0.1).budget.granted) == [1.0]


def test_an_entry_stays_small():
    budget, now = Budget(), 0.0
    for _ in range(5000):
        budget = take(budget, [(10**6, 3600.0), (10**6, 86400.0)], now=now, wanted=1, life=5.0).budget
        now += 40.0
    assert len(json.dumps(write_budget(budget))) < 2000


def test_a_pause_stops_everything_and_never_becomes_shorter():
    paused = pause(pause(Budget(), 50.0), 20.0)
    grant = take(paused, [], now=10.0, wanted=1, life=1.0)
    assert (grant.permits, grant.wait) == (0, 40.0)
    assert take(paused, [], now=50.0, wanted=1, life=1.0).permits == 1
    assert life_of(paused, 10.0) >= 40


@pytest.mark.parametrize(("rates", "life"), [([], 5.0), ([(1, 1.0)], 0.1), ([(1, 20.0), (9, 3600.0)], 2.0)])
def test_permits_live_for_a_tenth_of_the_shortest_window(rates, life):
    assert shortest_life(rates) == life
