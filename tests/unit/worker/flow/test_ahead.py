"""A page that was read ahead is used in its turn and never else."""

import asyncio

import pytest

from import_worker.errors import Throttled
from import_worker.flow import ahead
from import_worker.flow.ahead import REST_AFTER_MISS, ReadAhead
from import_worker.ports import Page

LANE = (1, "regions", 0)
PAGE = Page(records=[], next_cursor=None, url="http://source/2")


@pytest.fixture
async def reads(monkeypatch):
    """What is read ahead; nothing waits for a request to leave."""
    monkeypatch.setattr(ahead, "HEAD_START_SECONDS", 0)
    found = ReadAhead()
    yield found
    found.close()


async def read():
    return PAGE


async def commit(reads, version, lane=LANE, page=read):
    async with reads.reading(lane, page()) as committing:
        committing.version = version


async def test_the_step_after_the_commit_gets_the_page_once(reads):
    await commit(reads, 7)
    assert await reads.take(LANE, 7) is PAGE
    assert await reads.take(LANE, 7) is None


async def test_a_lane_that_someone_else_moved_is_read_anew(reads):
    await commit(reads, 7)
    assert await reads.take(LANE, 9) is None


async def test_a_commit_that_fails_leaves_nothing(reads):
    with pytest.raises(RuntimeError):
        async with reads.reading(LANE, read()):
            raise RuntimeError
    assert await reads.take(LANE, 0) is None
    await commit(reads, 8)  # and that is no reason to rest
    assert await reads.take(LANE, 8) is PAGE


async def test_a_step_that_is_faster_than_the_commit_waits_for_it(reads):
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow():
        async with reads.reading(LANE, read()) as committing:
            entered.set()
            await leave.wait()
            committing.version = 7

    committing = asyncio.create_task(slow())
    await entered.wait()
    taking = [asyncio.create_task(reads.take(LANE, 7)) for _ in range(2)]
    await asyncio.sleep(0)
    leave.set()
    await committing
    assert await asyncio.gather(*taking) == [PAGE, None]


async def test_what_the_source_says_is_told_to_who_takes_the_page(reads):
    async def throttled():
        raise Throttled("busy", after=3)

    await commit(reads, 7, page=throttled)
    with pytest.raises(Throttled):
        await reads.take(LANE, 7)


async def test_after_a_page_that_nobody_took_none_is_read_ahead_for_a_while(reads):
    asked = []

    async def counted():
        asked.append(1)
        return PAGE

    await commit(reads, 7, page=counted)
    assert await reads.take(LANE, 9) is None
    for version in range(REST_AFTER_MISS):
        await commit(reads, version + 10, page=counted)
        assert await reads.take(LANE, version + 10) is None
    await commit(reads, 40, page=counted)
    assert await reads.take(LANE, 40) is PAGE
    assert len(asked) == 2


async def test_lanes_do_not_get_each_others_pages(reads):
    other = Page(records=[], next_cursor=None, url="http://source/other")

    async def read_other():
        return other

    await commit(reads, 7)
    await commit(reads, 8, lane=(1, "regions", 1), page=read_other)
    assert await reads.take((1, "regions", 1), 8) is other
    assert await reads.take(LANE, 7) is PAGE


async def test_the_next_number_of_a_run_finds_the_entry_of_the_one_before_but_not_its_page(reads):
    await commit(reads, 7)
    assert await reads.take((2, *LANE[1:]), 7) is None


async def test_a_page_that_nobody_takes_goes(reads, monkeypatch):
    monkeypatch.setattr(ahead, "KEEP_SECONDS", 0)
    gone = asyncio.Event()

    async def hangs():
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    await commit(reads, 7, page=hangs)
    await gone.wait()
    assert await reads.take(LANE, 7) is None


async def test_nothing_is_read_after_the_end(reads):
    cancelled = asyncio.Event()

    async def hangs():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    await commit(reads, 7, page=hangs)
    reads.close()
    await cancelled.wait()
    assert await reads.take(LANE, 7) is None
