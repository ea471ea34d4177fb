"""Entries over the wire."""

import pytest

from longshore.v1 import kv_service_pb2 as pb


@pytest.fixture
def put(kv):
    async def put(key, text="1", **values):
        return await kv.SetEntry(pb.SetEntryRequest(key=key, payload={"json": text}, **values))

    return put


async def test_set_get_delete(kv, put):
    first = await put("k")
    entry = (await kv.GetEntry(pb.GetEntryRequest(key="k"))).entry
    assert (entry.payload.json, entry.version) == ("1", first.version)
    second = await put("k", "2", if_version=first.version)
    assert second.version > first.version
    assert (await kv.DeleteEntry(pb.DeleteEntryRequest(key="k", if_version=second.version))).deleted
    assert not (await kv.DeleteEntry(pb.DeleteEntryRequest(key="k"))).deleted
    assert (await put("k", if_absent=True)).version > second.version


async def test_an_entry_expires(kv, put, clock, refused):
    answer = await put("k", expire_after={"seconds": 60})
    assert answer.expire_time.ToMilliseconds() - answer.update_time.ToMilliseconds() == 60_000
    clock.step(61)
    assert (await refused(kv.GetEntry(pb.GetEntryRequest(key="k")))).reason == "ENTRY_NOT_FOUND"


async def test_many_at_once_in_request_order(kv, put):
    for key in ("a", "b"):
        await put(key)
    answer = await kv.BatchGetEntries(pb.BatchGetEntriesRequest(keys=["x", "b", "y", "a"]))
    assert [entry.key for entry in answer.entries] == ["b", "a"]
    assert list(answer.missing_keys) == ["x", "y"]


async def test_what_does_not_fit_is_left_to_the_next_request(kv):
    keys = [f"k{number:02}" for number in range(20)]
    for key in keys:
        await kv.SetEntry(pb.SetEntryRequest(key=key, payload={"data": b"x" * 245_760}))
    answer = await kv.BatchGetEntries(pb.BatchGetEntriesRequest(keys=keys))
    assert [entry.key for entry in answer.entries] + list(answer.unread_keys) == keys
    assert len(answer.entries) == 14
    assert answer.ByteSize() < 3_500 * 1024
    found, token = [], ""
    while token or not found:
        page = await kv.ListEntries(pb.ListEntriesRequest(page_token=token, page_size=1_000))
        assert page.ByteSize() < 3_500 * 1024
        found += [entry.key for entry in page.entries]
        token = page.next_page_token
    assert found == keys


async def test_pages_of_keys(kv, put):
    keys = sorted(f"p{number}" for number in range(7))
    for key in [*keys, "other"]:
        await put(key)
    found, token, pages = [], "", 0
    while token or not found:
        request = pb.ListEntriesRequest(prefix="p", keys_only=True, page_size=3, page_token=token)
        page = await kv.ListEntries(request)
        assert not any(entry.HasField("payload") for entry in page.entries)
        found += [entry.key for entry in page.entries]
        token, pages = page.next_page_token, pages + 1
    assert (found, pages) == (keys, 3)


async def test_a_prefix_may_be_spaces(kv, put):
    for key in ("a", " b", "  c"):
        await put(key)
    page = await kv.ListEntries(pb.ListEntriesRequest(prefix=" ", keys_only=True))
    assert [entry.key for entry in page.entries] == ["  c", " b"]


async def test_a_page_is_of_its_prefix(kv, put, refused):
    for key in ("p1", "p2"):
        await put(key)
    page = await kv.ListEntries(pb.ListEntriesRequest(prefix="p", page_size=1))
    refusal = await refused(kv.ListEntries(pb.ListEntriesRequest(prefix="x", page_token=page.next_page_token)))
    assert (refusal.fields, "all other fields" in refusal.text) == (["page_token"], True)


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        ("GetEntry", pb.GetEntryRequest(key="ä"), ["key"]),
        ("BatchGetEntries", pb.BatchGetEntriesRequest(), ["keys"]),
        ("BatchGetEntries", pb.BatchGetEntriesRequest(keys=["a"] * 101), ["keys"]),
        ("BatchGetEntries", pb.BatchGetEntriesRequest(keys=["a", "", "a"]), ["keys[1]", "keys[2]"]),
        ("SetEntry", pb.SetEntryRequest(if_absent=False), ["key", "payload", "if_absent"]),
        ("SetEntry", pb.SetEntryRequest(key="k", payload={"json": "1"}, if_version=0), ["if_version"]),
        ("SetEntry", pb.SetEntryRequest(key="k", payload={"data": b"x" * 245_761}), ["payload.data"]),
        ("SetEntry", pb.SetEntryRequest(key="k", payload={"json": "1"}, expire_after={}), ["expire_after"]),
        ("DeleteEntry", pb.DeleteEntryRequest(key="k", if_version=-1), ["if_version"]),
        ("ListEntries", pb.ListEntriesRequest(page_size=-1, prefix="*"), ["prefix", "page_size"]),
        ("ListEntries", pb.ListEntriesRequest(page_token="no token"), ["page_token"]),
        ("ListEntries", pb.ListEntriesRequest(page_token="ä"), ["page_token"]),
        ("ListEntries", pb.ListEntriesRequest(page_token="////"), ["page_token"]),
    ],
)
async def test_each_fault_is_named(kv, refused, method, request_, fields):
    refusal = await refused(getattr(kv, method)(request_))
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", "INVALID_REQUEST", fields)
