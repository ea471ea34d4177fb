"""The bucket behind rates: what passes, what waits, and for how long."""

import pytest

from queue_service.domain.rates import Rate


@pytest.fixture
def rate():
    return Rate(10)


def test_a_second_of_tokens_is_there_at_once_and_no_more(rate):
    assert [rate.take(1, 100.0) for _ in range(10)] == [0.0] * 10
    assert rate.take(1, 100.0) == pytest.approx(0.1)


def test_who_waits_as_long_as_it_was_told_passes_at_any_time_of_the_clock():
    for now in (0.0, 1e3, 1e9 / 7):
        rate = Rate(7)
        rate.take(7, now)
        wait = rate.take(3, now)
        assert wait == pytest.approx(3 / 7)
        assert rate.take(3, now + wait) == 0.0


def test_a_refusal_takes_nothing(rate):
    rate.take(8, 0.0)
    assert [rate.take(3, 0.0) for _ in range(5)] == pytest.approx([0.1] * 5)
    assert rate.take(2, 0.0) == 0.0


def test_it_fills_all_the_time_and_never_above_one_second(rate):
    rate.take(10, 0.0)
    assert rate.take(5, 0.5) == 0.0
    assert rate.take(1, 0.5) == pytest.approx(0.1)
    assert rate.take(10, 60.0) == 0.0
    assert rate.take(1, 60.0) == pytest.approx(0.1)


def test_more_than_the_bucket_passes_when_it_is_full_and_is_paid_for_afterwards(rate):
    rate.take(1, 0.0)
    assert rate.take(35, 0.0) == pytest.approx(0.1)  # not full
    assert rate.take(35, 0.1) == 0.0
    assert rate.take(1, 0.1) == pytest.approx(2.6)  # 25 tokens of debt, and its own
    assert rate.take(35, 0.1) == pytest.approx(3.5)  # full again
    assert rate.take(1, 2.7) == 0.0
