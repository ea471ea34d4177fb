"""The view: pages for people, JSON for tests, objects edited by hand, and a reset."""

import pytest


async def test_pages_show_what_there_is_and_escape_it(importer):
    evil = "<script>alert(1)</script>"
    await importer.carry(
        countries=[{"code": "NO", "name": evil}], regions=[{"code": "1", "title": "One", "country": "NO"}]
    )
    first = await importer.http.get("/_sandbox", headers={"Authorization": ""})
    assert first.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in first.headers["content-security-policy"]
    for shown in ("IDLE", "/_sandbox/types/Country", "DONE", "rate_limit_every"):
        assert shown in first.text
    countries = (await importer.http.get("/_sandbox/types/Country")).text
    regions = (await importer.http.get("/_sandbox/types/Region")).text
    assert "&lt;script&gt;" in countries
    assert "&lt;script&gt;" in regions
    assert evil not in countries + regions


async def test_the_first_page_of_an_empty_sandbox(serving):
    async with serving() as importer:
        assert "MISSING_MAPPING" in (await importer.http.get("/_sandbox")).text
        assert (await importer.http.get("/_sandbox/")).status_code == 200
        assert await importer.view("objects") == {}
        assert await importer.view("mapping") is None
        assert await importer.view("executions") == []
        assert (await importer.http.get("/_sandbox/objects/Country")).status_code == 404


async def test_objects_are_shown_in_pages(importer):
    await importer.carry(countries=[{"code": f"C{i}", "name": f"name {i}"} for i in range(150)])
    first = (await importer.http.get("/_sandbox/types/Country")).text
    second = (await importer.http.get("/_sandbox/types/Country", params={"page": 2})).text
    assert "150 objects" in first
    assert ("name 99<" in first, "name 100<" in first) == (True, False)
    assert ("name 99<" in second, "name 149<" in second) == (False, True)
    assert "?page=2" in first
    assert "?page=1" in second
    for wrong in ("0", "x", "-1"):
        assert (await importer.http.get("/_sandbox/types/Country", params={"page": wrong})).status_code == 400


async def test_objects_are_edited_by_hand(importer):
    await importer.carry(countries=[{"code": "NO", "name": "Norway"}], regions=[{"code": "1", "title": "One"}])
    norway = (await importer.view("objects/Country"))[0]
    edited = await importer.view("objects/Country", "POST", json={"attributes": {"Code": "NO", "Name": "Norge"}})
    assert edited == norway | {"label": "Norge", "attributes": {"Code": "NO", "Name": "Norge"}}
    region = {"Region Code": "1", "People": 3, "Country": {"key": norway["key"]}}
    edited = await importer.view("objects/Region", "POST", json={"attributes": region})
    assert edited["attributes"]["Country"] == {"key": norway["key"], "label": "Norge"}
    assert edited["attributes"]["Title"] == "One"
    new = await importer.view("objects/Country", "POST", json={"attributes": {"Code": "SE", "Name": "Sweden"}})
    assert new["key"] not in {norway["key"], edited["key"]}
    assert set(await importer.objects("Country")) == {"NO", "SE"}
    assert (await importer.view("objects")).keys() == {"Country", "Region"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"Code": "NO"}, 400),
        ({"attributes": {"code": "NO"}}, 400),
        ({"attributes": {"Region Code": "1", "People": "3"}}, 400),
        ({"attributes": {"Region Code": "1", "Country": "NO"}}, 400),
        ({"attributes": {"Region Code": "1", "Country": {"key": "GEOG-99"}}}, 400),
    ],
)
async def test_a_wrong_edit_is_refused(importer, body, status):
    assert (await importer.http.post("/_sandbox/objects/Region", json=body)).status_code == status
    assert (await importer.http.post("/_sandbox/objects/Town", json={"attributes": {}})).status_code == 404
    assert await importer.objects("Region") == {}


async def test_nothing_is_edited_while_objects_are_processed(serving, document):
    async with serving(processing_seconds=60) as importer:
        await importer.put(document)
        await importer.send(await importer.start(), completed=True)
        edit = {"attributes": {"Code": "NO"}}
        assert (await importer.http.post("/_sandbox/objects/Country", json=edit)).status_code == 409


async def test_a_reset_forgets_everything(serving, document):
    async with serving(processing_seconds=60) as importer:
        await importer.put(document)
        await importer.view("objects/Country", "POST", json={"attributes": {"Code": "NO", "Name": "Norway"}})
        await importer.send(await importer.start(), completed=True)
        await importer.http.post("/_sandbox/reset")
        assert await importer.status() == "MISSING_MAPPING"
        assert await importer.view("executions") == []
        assert (await importer.put(document)).status_code == 204
        assert await importer.objects("Country") == {}
