"""Chunks: nothing lost, order kept, bounds held, the same bytes every time, and halves of halves."""

import json

from hypothesis import given, strategies as st

from import_worker.config.destination import Chunks
from import_worker.transform.chunks import ChunkId, encode_chunks, split_chunk
from import_worker.transform.mapper import MappedObject
from import_worker.transform.naming import locator_of, selector_of

PAGE = ChunkId(run="run-1", resource="devices", lane=0, page=3)


def made(number, type_name="Device", **values):
    values = {"Serial": str(number), **values}
    return MappedObject(type_name=type_name, record=number, identity=str(number), values=values)


def limits(max_objects=500, max_bytes=512 * 1024):
    return Chunks(max_objects=max_objects, max_bytes=max_bytes)


def contents(body):
    """Objects of a body by selector."""
    return json.loads(body)["data"]


def test_a_body_is_exactly_what_is_sent():
    (chunk,) = encode_chunks([made(1, Name="Ærø"), made(2, "Data Centre")], PAGE, limits()).chunks
    client_id = json.loads(chunk.body)["clientGeneratedId"]
    assert chunk.body.decode() == (
        f'{{"clientGeneratedId":"{client_id}","data":{{"Data_Centre":[{{"Serial":"2"}}],'
        '"Device":[{"Name":"Ærø","Serial":"1"}]}}'
    )
    assert client_id.startswith("run-1/devices/0/3/0/")
    assert (chunk.objects, chunk.part, dict(chunk.per_type)) == (2, 0, {"Device": 1, "Data Centre": 1})


def test_the_same_page_makes_the_same_bytes_and_other_content_another_id():
    first = encode_chunks([made(1, A="x", B="y")], PAGE, limits())
    assert first == encode_chunks([made(1, B="y", A="x")], PAGE, limits())
    other = encode_chunks([made(1, A="x", B="z")], PAGE, limits())
    ids = {json.loads(each.chunks[0].body)["clientGeneratedId"] for each in (first, other)}
    assert len(ids) == 2


def test_no_objects_make_no_chunks():
    assert encode_chunks([], PAGE, limits()).chunks == ()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
OBJECTS = st.lists(st.tuples(st.sampled_from(["Device", "Data Centre", "Größe"]), TEXTS), max_size=60)


@given(OBJECTS, st.integers(1, 20), st.integers(3000, 6000))
def test_nothing_is_lost_order_is_kept_and_bounds_hold(rows, max_objects, max_bytes):
    objects = [made(number, name, Text=text) for number, (name, text) in enumerate(rows)]
    encoded = encode_chunks(objects, PAGE, limits(max_objects, max_bytes))
    assert encoded.quarantined == ()
    assert [chunk.part for chunk in encoded.chunks] == list(range(len(encoded.chunks)))
    assert all(len(chunk.body) <= max_bytes and 1 <= chunk.objects <= max_objects for chunk in encoded.chunks)
    for name in {name for name, _ in rows}:
        sent = [values for chunk in encoded.chunks for values in contents(chunk.body).get(selector_of(name), [])]
        assert sent == [dict(each.values) for each in objects if each.type_name == name]
    assert sum(sum(chunk.per_type.values()) for chunk in encoded.chunks) == len(objects)


def test_chunks_are_filled_close_to_their_bound():
    encoded = encode_chunks([made(number, Text="x" * 90) for number in range(100)], PAGE, limits(max_bytes=2000))
    assert all(len(chunk.body) > 1700 for chunk in encoded.chunks[:-1])


def test_a_record_with_an_object_beyond_the_bound_is_quarantined_whole():
    objects = [made(0), made(1, "Site"), made(1, Text="x" * 3000), made(2)]
    encoded = encode_chunks(objects, PAGE, limits(max_bytes=2000))
    assert [each["Serial"] for chunk in encoded.chunks for each in contents(chunk.body)["Device"]] == ["0", "2"]
    (bad,) = encoded.quarantined
    assert (bad.record, bad.identity) == (1, "1")
    assert "its object of 'Device' takes 30" in bad.reasons[0]
    assert "a chunk takes 2000 in all" in bad.reasons[0]


@given(OBJECTS.filter(lambda rows: len(rows) > 1))
def test_halves_hold_everything_in_order_with_ids_of_their_own(rows):
    objects = [made(number, name, Text=text) for number, (name, text) in enumerate(rows)]
    (chunk,) = encode_chunks(objects, PAGE, limits()).chunks
    halves = split_chunk(chunk.body)
    assert halves == split_chunk(chunk.body)
    first, second = (contents(half) for half in halves)
    counts = [sum(map(len, half.values())) for half in (first, second)]
    assert abs(counts[0] - counts[1]) <= 1
    for selector, whole in contents(chunk.body).items():
        assert first.get(selector, []) + second.get(selector, []) == whole
    own = json.loads(chunk.body)["clientGeneratedId"]
    assert [json.loads(half)["clientGeneratedId"] for half in halves] == [f"{own}.1", f"{own}.2"]


def test_halving_ends_at_single_objects():
    (chunk,) = encode_chunks([made(number) for number in range(7)], PAGE, limits()).chunks
    waiting, single = [chunk.body], []
    while waiting:
        body = waiting.pop()
        halves = split_chunk(body)
        if halves is None:
            single.append(body)
        else:
            assert all(len(half) < len(body) for half in halves)
            waiting += halves
    assert sorted(contents(body)["Device"][0]["Serial"] for body in single) == list("0123456")
    assert len({json.loads(body)["clientGeneratedId"] for body in single}) == 7


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_make_safe_keys_that_differ_where_names_differ(one, other):
    assert selector_of(one).replace("_", "").isalnum()
    assert selector_of(one).isascii()
    assert (locator_of(one) == locator_of(other)) == (one == other)


def test_plain_names_stay_readable():
    assert [selector_of(name) for name in ("Device", "Serial No", "IPv4")] == ["Device", "Serial_No", "IPv4"]
    assert locator_of("Serial_No") != locator_of("Serial No")
