"""Lines carry the names of the configuration."""

import json

from import_worker.jsonl.lines import Lines, count_types
from import_worker.transform.naming import locator_of, selector_of


def test_names_stand_for_keys_again(folder, make_chunk):
    odd = {locator_of("Name"): "Łódź\n", locator_of("Since 1900?"): 2**62}
    body = make_chunk(3, **{selector_of("City & Town"): [odd], "Country": [{"Code": '},"attributes":{'}]})
    chunk_id, lines = Lines(folder.config).of(body)
    assert chunk_id == "run.1/places/0/3/0/d1"
    assert lines.endswith(b"\n")
    assert [json.loads(line) for line in lines.splitlines()] == [
        {"type": "City & Town", "attributes": {"Name": "Łódź\n", "Since 1900?": 2**62}},
        {"type": "Country", "attributes": {"Code": '},"attributes":{'}},
    ]
    assert count_types(lines.splitlines()) == {"City & Town": 1, "Country": 1}


def test_the_same_chunk_makes_the_same_bytes(folder, make_chunk):
    body = make_chunk(1, Country=[{"Code": "NO"}, {"Code": "004"}])
    assert Lines(folder.config).of(body) == Lines(folder.config).of(body)
