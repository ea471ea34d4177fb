"""Contract of a store: entries."""

import pytest

from queue_service.domain.errors import EntryExists, VersionMismatch
from queue_service.domain.records import Payload
from queue_service.kv.entries import Check, Write, WriteEntry


async def test_bytes(bench):
    """A value comes back byte for byte, also an empty one."""
    for value in (bytes(range(256)), b"x" * 245_760):
        await bench.set("k", value)
        assert (await bench.get("k")).payload.data == value
    await bench.write(WriteEntry(Write(key="k", payload=Payload(b"", is_json=False))))
    await bench.reopen()
    assert (await bench.get("k")).payload == Payload(b"", is_json=False)


async def test_read_your_write(bench):
    """A read after a write sees it, every time."""
    for number in range(50):
        await bench.set("k", b"%d" % number)
        assert (await bench.get("k")).payload.data == b"%d" % number


async def test_versions(bench):
    """Versions grow over the whole store and are never used again: not after a delete, not after a restart."""
    seen = []
    for _ in range(3):
        seen += [(await bench.set(key))[1].version for key in ("a", "b")]
        for key in ("a", "b"):
            await bench.set(key, None)
        await bench.reopen()
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("there", "version", "error"),
    [
        (False, 0, None),
        (True, 0, EntryExists),
        (True, 1, None),
        (True, 2, VersionMismatch),
        (False, 1, VersionMismatch),
    ],
)
async def test_conditions(bench, there, version, error):
    """A write on a condition happens only where it holds; a refused one says what is there."""
    if there:
        await bench.set("k", b"before")
    if error is None:
        await bench.set("k", b"after", version=version)
        assert (await bench.get("k")).payload.data == b"after"
        return
    with pytest.raises(error) as raised:
        await bench.set("k", b"after", version=version)
    assert raised.value.current_version == (1 if there else 0)
    assert (await bench.get("k") is None) is not there


async def test_one_of_rivals(bench):
    """Of conditional writes in one turn the first wins and the others see it."""
    write = Write(key="k", payload=Payload(b"1", is_json=False))
    rivals = [WriteEntry(write, check=Check(key="k", version=0)) for _ in range(3)]
    answers = await bench.together(*rivals)
    assert [type(answer) for answer in answers] == [tuple, EntryExists, EntryExists]


async def test_expiry(bench):
    """An expired entry is absent for reads, lists and conditions."""
    await bench.set("k", expire_after=1_000)
    bench.clock.step(999)
    assert await bench.get("k") is not None
    bench.clock.step(1)
    assert await bench.get("k") is None
    for keys_only in (True, False):
        page = await bench.store.list_entries(
            prefix="", after="", limit=9, max_bytes=10**6, keys_only=keys_only, now=bench.clock.now()
        )
        assert page.entries == []
    await bench.set("k", b"again", version=0)
    assert (await bench.get("k")).create_time == bench.clock.now()


async def test_expiry_is_cleared(bench):
    """A set without an expiry clears the one before; the time of creation stays."""
    created = bench.clock.now()
    await bench.set("k", expire_after=1_000)
    bench.clock.step(10)
    await bench.set("k")
    entry = await bench.get("k")
    assert (entry.expire_time, entry.create_time, entry.update_time) == (None, created, created + 10)


async def test_delete(bench):
    """Deleting tells whether something was there, and deleting nothing is no fault."""
    await bench.set("k")
    assert (await bench.set("k", None))[0] is not None
    assert (await bench.set("k", None))[0] is None
    assert await bench.get("k") is None


async def test_delete_on_condition(bench):
    """A delete on a version happens only over that version."""
    version = (await bench.set("k"))[1].version
    with pytest.raises(VersionMismatch):
        await bench.set("k", None, version=version + 1)
    await bench.set("k", None, version=version)
    with pytest.raises(VersionMismatch):
        await bench.set("k", None, version=version)
