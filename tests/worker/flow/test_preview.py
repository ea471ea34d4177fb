"""Looking before running: checks and previews answer from both ends and change nothing at either."""

import json

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

import longshore


async def test_a_check_reads_a_page_of_each_resource_and_asks_the_destination(world):
    checks = await world.imports.check("places")
    assert [(each.subject, each.ok) for each in checks] == [
        ("resource regions", True),
        ("resource countries", True),
        ("destination", True),
    ]
    assert f"4 records at {world.source.url}regions, pagination json_link, more follow" in checks[0].message
    assert "schema and mapping are put by the first run" in checks[2].message
    assert sorted(world.source.requests) == [("countries", 0), ("regions", 0)]
    assert await world.executions() == []


async def test_a_check_tells_every_fault_after_one_attempt(world):
    world.source.instead = lambda resource, _first: JSONResponse({}, status_code=500) if resource == "regions" else None
    world.configure(token="OLD_TOKEN")
    regions, countries, destination = await world.imports.check("places")
    assert not regions.ok
    assert "500" in regions.message
    assert countries.ok
    assert not destination.ok
    assert "OLD_TOKEN" in destination.message
    assert "an old token" not in destination.message
    assert world.source.requests.count(("regions", 0)) == 1


async def test_a_check_tells_of_misspelt_keys_and_of_records_that_fail(world):
    world.source.tables["regions"][1]["people"] = "many"
    world.source.tables["countries"] = [{"cde": "NO", "name": "Norge"}]
    regions, countries, _ = await world.imports.check("places")
    assert regions.ok
    assert "1 cannot be transformed, the first because of attribute 'People'" in regions.message
    assert not countries.ok
    assert "did you mean 'cde'?" in countries.message


async def test_a_preview_shows_record_object_and_body_and_sends_nothing(world):
    world.source.tables["regions"][2]["people"] = "many"
    found = await world.imports.preview("places", max_records=6)
    assert (found.url, found.pagination, found.truncated) == (f"{world.source.url}regions", "json_link", True)
    assert [each.record for each in found.records] == world.source.tables["regions"][:6]
    first, bad = found.records[0], found.records[2]
    assert first.objects[0].object_type == "Region"
    assert first.objects[0].values == {
        "Code": "NO-1", "Name": 'Region "1"', "People": 1000, "Country": "NO", "Parent": "NO-2"
    }  # fmt: skip
    assert not bad.objects
    assert bad.reasons == ("attribute 'People' of 'Region': 'many' is no whole number of 64 bits",)
    sent = [each for body in found.chunks for each in json.loads(body)["data"]["Region"]]
    assert [each["Code"] for each in sent] == ["NO-1", "004-1", "FR-1", "SE-1", "NO-2"]
    assert await world.executions() == []
    assert [entry.key async for entry in world.client.kv.list("imp:")] == []


async def test_the_bodies_of_a_preview_are_those_of_a_run(world):
    bodies = []

    async def note(_method, path):
        bodies.append(path)

    world.calls.before = note
    found = await world.imports.preview("places", resource="countries")
    assert bodies == []
    sent = json.loads(found.chunks[0])
    assert sent["data"] == {"Country": [{"Code": code, "Name": f"Land '{code}'"} for code in ("NO", "004", "DE")]}
    assert sent["clientGeneratedId"].startswith("preview/countries/0/0/0/")


async def test_a_preview_is_bounded_in_bytes(world):
    world.source.size = 50
    world.source.tables["countries"] = [{"code": str(number), "name": "x" * 60_000} for number in range(50)]
    found = await world.imports.preview("places", resource="countries", max_records=50)
    assert found.truncated
    assert 2 < len(found.records) < 10
    assert sum(map(len, found.chunks)) < 1024 * 1024


async def test_a_preview_shows_what_the_filter_leaves_out(world, config_text):
    world.configure(config_text.replace("path: countries,", "path: countries, filter: \"code != 'NO'\","))
    found = await world.imports.preview("places", resource="countries")
    assert [each.filtered for each in found.records] == [True, False, False, False, False]
    assert not found.records[0].objects


async def test_a_preview_of_children_reads_those_of_the_first_record_of_the_parent(world, config_text):
    parent = "parent: {{ resource: countries, field: code, as: code, include: {{ land: name }} }}"
    params = 'params: {{ of: "{{code}}" }}'
    world.configure(config_text.replace("path: regions,", f"path: regions, {params}, {parent},"))
    found = await world.imports.preview("places", max_records=5)
    assert found.url == f"{world.source.url}regions?of=NO"
    assert [each.record["land"] for each in found.records] == ["Land 'NO'"] * 5
    assert world.source.requests == [("countries", 0), ("regions", 0), ("regions", 4)]
    assert all(each.ok for each in await world.imports.check("places"))
    world.source.tables["countries"] = []
    regions, _, _ = await world.imports.check("places")
    assert (regions.ok, regions.message) == (False, "countries has no record to read regions for")


async def test_a_preview_tells_which_pagination_was_found(world, config_text):
    world.configure(config_text.replace("{{ type: json_link, next_url_path: next }}", "{{ type: auto }}"))
    assert (await world.imports.preview("places")).pagination == "json_link"


async def test_a_preview_of_a_source_that_fails_says_why(world):
    world.source.instead = lambda _resource, _first: PlainTextResponse("<html>")
    with pytest.raises(longshore.WrongState, match="JSON was expected"):
        await world.imports.preview("places")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resource": "region"}, "resource must be one of regions, countries; did you mean 'regions'?"),
        ({"max_records": 51}, "max_records must be 0 to 50"),
        ({"inputs": {"x": "y"}}, "input 'x' is none of this import"),
    ],
)
async def test_a_preview_that_is_asked_wrongly(world, options, message):
    with pytest.raises(longshore.InvalidRequest) as caught:
        await world.imports.preview("places", **options)
    assert message in caught.value.message
