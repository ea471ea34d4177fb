"""The timer of leases, with a clock that the tests set."""

import asyncio

import pytest

from queue_service.broker.leases import EXPIRE_AT_ONCE, Leases
from queue_service.domain.ids import LeaseKey


class Holder:
    def __init__(self):
        self.ended = []
        self.cancelled = []

    def lease_ended(self, key):
        self.ended.append(key)

    def cancel_requested(self, key):
        self.cancelled.append(key)


@pytest.fixture
def expired():
    return []


@pytest.fixture
async def leases(clock, expired):
    leases = Leases(clock, expired.extend)
    yield leases
    leases.stop()


A, B, C = (LeaseKey(number, 1) for number in (1, 2, 3))


async def test_leases_run_out_in_order_and_not_before_their_time(leases, clock, expired):
    leases.add(B, queue=1, job=1, group=None, duration=2_000)
    leases.add(A, queue=1, job=1, group=None, duration=1_000)
    clock.step(999)
    leases.run_out()
    assert expired == []
    clock.step(1)
    leases.run_out()
    assert expired == [A]
    clock.step(1_000)
    leases.run_out()
    assert expired == [A, B]


async def test_a_lease_that_ran_out_is_told_once(leases, clock, expired):
    leases.add(A, queue=1, job=1, group=None, duration=1)
    clock.step(10)
    leases.run_out()
    leases.run_out()
    assert expired == [A]


async def test_an_extended_lease_lasts_until_its_new_end(leases, clock, expired):
    leases.add(A, queue=1, job=1, group=None, duration=1_000)
    clock.step(900)
    leases.extend(A, 1_000)
    clock.step(999)
    leases.run_out()
    assert expired == []
    assert not leases.is_over(A)
    clock.step(1)
    leases.run_out()
    assert expired == [A]
    assert leases.is_over(A)


async def test_a_settled_lease_never_runs_out_and_its_holder_is_told(leases, clock, expired):
    holder = Holder()
    leases.add(A, queue=1, job=1, group=None, duration=1_000, holder=holder)
    leases.end(A)
    leases.end(A)
    clock.step(5_000)
    leases.run_out()
    assert expired == []
    assert holder.ended == [A]
    assert len(leases) == 0


async def test_a_jump_of_the_wall_clock_changes_nothing(leases, clock, expired):
    leases.add(A, queue=1, job=1, group=None, duration=1_000)
    clock.wall += 10**9
    leases.run_out()
    clock.wall -= 10**10
    leases.run_out()
    assert expired == []
    clock.step(1_000)
    leases.run_out()
    assert expired == [A]


async def test_what_a_broken_stream_held_is_cut_unless_it_was_extended(leases, clock, expired):
    holder = Holder()
    for key in (A, B):
        leases.add(key, queue=1, job=1, group=None, duration=60_000, holder=holder)
    leases.add(C, queue=1, job=1, group=None, duration=5_000, holder=holder)
    leases.extend(B, 59_000)
    leases.leave([A, B, C], remaining=10_000)
    clock.step(5_000)
    leases.run_out()
    assert expired == [C]  # never moved later
    clock.step(5_000)
    leases.run_out()
    assert expired == [C, A]
    clock.step(50_000)
    leases.run_out()
    assert expired == [C, A, B]  # the extension was shorter than the lease: an end is never moved earlier
    leases.end(A)
    assert holder.ended == []  # it is gone


async def test_a_stream_that_ends_well_leaves_its_leases_as_they_are(leases, clock, expired):
    leases.add(A, queue=1, job=1, group=None, duration=60_000)
    leases.leave([A])
    clock.step(59_999)
    leases.run_out()
    assert expired == []


async def test_holders_are_told_of_cancels_of_jobs_groups_and_queues(leases):
    holder = Holder()
    leases.add(A, queue=1, job=1, group=None, duration=1_000, holder=holder)
    leases.add(B, queue=1, job=2, group=7, duration=1_000, holder=holder)
    leases.add(C, queue=1, job=3, group=None, duration=1_000, holder=holder)
    leases.request_cancel(jobs={1}, groups={7}, purged={})
    assert holder.cancelled == [A, B]
    leases.add(LeaseKey(8, 1), queue=2, job=8, group=None, duration=1_000, holder=holder)
    leases.add(LeaseKey(9, 1), queue=2, job=9, group=None, duration=1_000, holder=holder)
    leases.request_cancel(jobs=set(), groups=set(), purged={2: 9})
    assert holder.cancelled == [A, B, LeaseKey(8, 1)]


async def test_a_crowd_that_runs_out_together_is_taken_back_in_bounded_steps(clock):
    steps = []
    leases = Leases(clock, steps.append)
    for number in range(1, EXPIRE_AT_ONCE + 10):
        leases.add(LeaseKey(number, 1), queue=1, job=1, group=None, duration=1_000)
    clock.step(1_000)
    leases.run_out()
    leases.run_out()
    assert [len(step) for step in steps] == [EXPIRE_AT_ONCE, 9]
    leases.stop()


async def test_ends_that_were_moved_do_not_pile_up(leases, clock, expired):
    leases.add(A, queue=1, job=1, group=None, duration=1_000)
    for _ in range(5 * EXPIRE_AT_ONCE):
        clock.step(1)
        leases.extend(A, 1_000)
    assert len(leases._ends) <= EXPIRE_AT_ONCE + 3
    clock.step(1_000)
    leases.run_out()
    assert expired == [A]


async def test_the_timer_fires_by_itself(clock):
    told = asyncio.get_running_loop().create_future()
    leases = Leases(clock, told.set_result)
    leases.add(A, queue=1, job=1, group=None, duration=60_000)
    leases.add(B, queue=1, job=1, group=None, duration=1)
    clock.step(1)
    assert await asyncio.wait_for(told, 10) == [B]
    leases.stop()
