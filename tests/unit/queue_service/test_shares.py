"""How the events of one claim are split over who takes."""

import pytest
from hypothesis import given, strategies as st

from queue_service.broker.claim import Claim, Taker, _shares


def takers(*capacities):
    return tuple(Taker(capacity=capacity, lease_duration=1) for capacity in capacities)


@pytest.mark.parametrize(
    ("events", "capacities", "shares"),
    [
        (0, (5, 5), [0, 0]),
        (10, (5, 5), [5, 5]),
        (6, (5, 5), [3, 3]),
        (100, (3, 10), [3, 10]),
        (9, (1, 100), [1, 8]),
        (9, (100, 1, 100), [4, 1, 4]),
        (1, (4,), [1]),
        # A single event goes to whoever is the freest, so a chain of them is shared.
        (1, (16, 15), [1, 0]),
        (1, (15, 16), [0, 1]),
    ],
)
def test_shares_are_even_as_far_as_capacities_go(events, capacities, shares):
    assert _shares(events, takers(*capacities)) == shares


@given(st.integers(0, 500), st.lists(st.integers(1, 256), min_size=1, max_size=20))
def test_nothing_is_left_over_or_given_twice(events, capacities):
    shares = _shares(events, takers(*capacities))
    assert sum(shares) == min(events, sum(capacities))
    assert all(0 <= share <= capacity for share, capacity in zip(shares, capacities, strict=True))
    hungry = [share for share, capacity in zip(shares, capacities, strict=True) if share < capacity]
    assert not hungry or max(shares) - min(hungry) <= 1


def test_a_claim_wants_what_all_takers_together_take():
    assert Claim(queue="q", takers=takers(3, 4)).wanted == 7
