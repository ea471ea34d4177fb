"""Halving a chunk keeps every object, and a single one is called by its name."""

import json
from types import SimpleNamespace

from import_worker.flow.events import Ask, Chunk
from import_worker.flow.submit import chunk_halves, only_object
from import_worker.transform.naming import selector_of

ASK = Ask(import_id="5f2c7f2e-66a1-4b5c-9d0a-0d5a8f3f9c11", number=1, resource="countries", page=2)


def chunk(*codes):
    body = {"clientGeneratedId": "c", "data": {selector_of("Country"): [{"Code": code} for code in codes]}}
    return Chunk(ask=ASK, part="3", objects=len(codes), body=json.dumps(body).encode())


def test_halves_hold_all_objects_in_order():
    whole = chunk("a", "b", "c")
    first, second = chunk_halves(whole)
    assert (first.objects, second.objects) == (1, 2)
    assert (first.part, second.part) == ("3.1", "3.2")
    codes = [each["Code"] for half in (first, second) for each in json.loads(half.body)["data"]["Country"]]
    assert codes == ["a", "b", "c"]
    assert len({whole.job_id(), first.job_id(), second.job_id()}) == 3


def test_a_single_object_has_no_halves_but_a_name(config):
    single = chunk("NO")
    assert chunk_halves(single) is None
    assert only_object(config, single.body) == ("Country", "NO")


def test_a_chunk_travels_packed_and_arrives_as_it_was():
    body = json.dumps([{"code": str(number)} for number in range(500)]).encode()
    sent = Chunk(ask=ASK, part="0", objects=500, body=body)
    assert len(sent.packed) < len(body) / 4
    event = SimpleNamespace(attributes=sent.attributes(), data=sent.packed)
    assert Chunk.of(event) == sent
