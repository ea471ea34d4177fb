"""Contract of a store: reads."""

import asyncio

import pytest


@pytest.fixture
async def keys(bench):
    keys = ["a", "a#", "a-1", "a.1", "a/", "a:1", "a_1", "a1", "aA", "aa", "b", " c"]
    for key in keys:
        await bench.set(key, b"x" * 100)
    return keys


@pytest.fixture
def page(bench):
    """Reads one page."""

    def page(prefix="", after="", limit=100, max_bytes=10**6, keys_only=False):
        return bench.store.list_entries(
            prefix=prefix, after=after, limit=limit, max_bytes=max_bytes, keys_only=keys_only, now=bench.clock.now()
        )

    return page


async def test_order(keys, page):
    """Entries come in bytewise order of their keys."""
    assert [entry.key for entry in (await page()).entries] == sorted(keys)


async def test_prefix(keys, page):
    """A prefix brings every key that begins with it, and no other."""
    assert [entry.key for entry in (await page("a")).entries] == sorted(key for key in keys if key.startswith("a"))
    assert (await page("zz")).entries == []


@pytest.mark.parametrize("keys_only", [True, False])
async def test_pages(keys, page, keys_only):
    """Page by page every key comes once; only the last page says that nothing follows."""
    for limit in range(1, len(keys) + 2):
        found, more, after = [], True, ""
        while more:
            entries, more = await page(after=after, limit=limit, keys_only=keys_only)
            assert len(entries) <= limit
            assert entries
            found += [entry.key for entry in entries]
            after = found[-1]
        assert found == sorted(keys)


async def test_bytes_of_a_page(keys, page):
    """A page holds what fits into its bytes, at least one entry, and says that others follow."""
    entries, more = await page(max_bytes=500)
    assert (1 < len(entries) < 5, more) == (True, True)
    entries, more = await page(max_bytes=1)
    assert (len(entries), more) == (1, True)


async def test_keys_only(keys, page):
    """Without payloads the rest of an entry is there."""
    entry = (await page(keys_only=True, limit=1)).entries[0]
    assert (entry.key, entry.payload, entry.version > 0) == (" c", None, True)


async def test_a_page_does_not_hold_others_back(bench, page):
    """Reads see every finished write, also while long lists are read."""
    for number in range(40):
        await bench.set(f"k{number:02}", b"x" * 100_000)
    listing = [asyncio.ensure_future(page()) for _ in range(10)]
    for number in range(10):
        await bench.set("fresh", b"%d" % number)
        assert (await bench.get("fresh")).payload.data == b"%d" % number
    assert {len(one.entries) for one in await asyncio.gather(*listing)} <= {9, 10, 40, 41}


async def test_jobs(bench):
    """Jobs come with the names of what they point to; unknown ids are left out."""
    group = await bench.group()
    pushed = await bench.push("some.queue", group_id=group, request_id="r")
    found = await bench.store.get_jobs([pushed.job_id, bytes(16), pushed.job_id])
    view = found.pop(pushed.job_id)
    assert found == {}
    assert (view.queue, view.group_id, view.group_cancel_time) == ("some.queue", group, None)
    assert (view.job.request_id, view.job.events, view.job.in_progress) == ("r", 1, 1)
    await bench.cancel_group(group)
    assert (await bench.store.get_jobs([pushed.job_id]))[pushed.job_id].group_cancel_time == bench.clock.now()


async def test_leases(bench):
    """Every lease that is stored can be listed, with what a start needs of it."""
    group = await bench.group()
    await bench.push(group_id=group)
    await bench.push("other")
    await bench.lease("other")
    lease = await bench.lease()
    found = {leased.key: leased for leased in await bench.store.leased_events()}
    assert len(found) == 2
    assert found[lease].expire_time == bench.clock.now() + 60_000
    assert found[lease].group is not None


async def test_queues(bench):
    """Every queue that was pushed to is known, also after a restart."""
    await bench.push("b")
    await bench.push("a")
    await bench.claim("never-pushed")
    await bench.reopen()
    assert sorted(queue.name for queue in await bench.store.queues()) == ["a", "b"]
