"""The API of the sandbox over HTTP: states, links, codes, and what an import does to objects."""

import httpx
import pytest

COUNTRIES = [{"code": "NO", "name": "Norway"}, {"code": "CI", "name": "Côte d'Ivoire"}]
REGIONS = [
    {"code": "NO-1", "title": "Child", "people": 5, "country": "NO", "parent": "NO-0"},
    {"code": "NO-0", "title": "Parent", "people": None, "country": "NO"},
]


async def test_every_call_needs_the_token(serving):
    async with serving() as importer:
        for headers in ({"Authorization": "Bearer other"}, {"Authorization": ""}):
            for url in ("/jsm/assets/v1/imports/info", "/jsm/assets/unknown", *importer.links.values()):
                assert (await importer.http.get(url, headers=headers)).status_code == 401
            assert (await importer.http.post(importer.links["start"], headers=headers)).status_code == 401


async def test_what_no_route_takes_is_answered_in_json(importer):
    unknown = await importer.http.get("/jsm/assets/unknown")
    wrong = await importer.http.delete(importer.links["mapping"])
    assert [(each.status_code, each.json()["result"]) for each in (unknown, wrong)] == [(404, "error"), (405, "error")]
    assert set(wrong.headers["Allow"].split(", ")) >= {"PUT"}


async def test_links_are_absolute_follow_the_host_header_and_cannot_be_guessed(serving):
    async with serving() as importer, serving() as other:
        answer = await importer.http.get("/jsm/assets/v1/imports/info", headers={"Host": "assets.example:8080"})
        links = answer.json()["links"]
        assert set(links) == {"getStatus", "start", "mapping"}
        assert all(link.startswith("http://assets.example:8080/jsm/assets/workspace/") for link in links.values())
        theirs = httpx.URL(other.links["getStatus"]).path
        assert (await importer.http.get(theirs)).status_code == 404


async def test_an_import_source_goes_through_its_states(serving, document):
    async with serving() as importer:
        assert await importer.status() == "MISSING_MAPPING"
        early = await importer.http.post(importer.links["start"])
        assert (early.status_code, early.json()["errorCode"]) == (409, "MISSING_MAPPING")
        assert (await importer.put(document)).status_code == 204
        assert (await importer.put(document)).status_code == 409
        assert await importer.status() == "IDLE"
        execution = await importer.start()
        assert await importer.status() == "RUNNING"
        second = await importer.http.post(importer.links["start"])
        assert (second.status_code, second.json()["errorCode"]) == (409, "IN_PROGRESS")
        assert second.json()["result"] == "error"
        await importer.http.delete(execution["cancel"])
        assert await importer.status() == "IDLE"
        await importer.view("faults", "PATCH", json={"disabled": True})
        assert await importer.status() == "DISABLED"
        off = await importer.http.post(importer.links["start"])
        assert (off.status_code, off.json()["errorCode"]) == (409, "DISABLED")


async def test_a_start_gives_links_and_no_id(importer):
    answer = await importer.http.post(importer.links["start"], json={"scheduled": True})
    assert answer.json().keys() == {"result", "links"}
    assert answer.json()["links"].keys() == {"submitProgress", "submitResults", "getExecutionStatus", "cancel"}
    assert (await importer.view("executions"))[0]["scheduled"] is True


@pytest.mark.parametrize("body", [{"scheduled": "yes"}, {"schedule": True}, [], "x"])
async def test_a_start_takes_nothing_else_than_scheduled(importer, body):
    assert (await importer.http.post(importer.links["start"], json=body)).status_code == 400
    assert await importer.status() == "IDLE"


async def test_a_whole_import_with_children_before_parents(importer):
    results = await importer.carry(regions=REGIONS, countries=COUNTRIES)
    assert results["Region"]["objectsCreated"] == 2
    assert results["Region"]["errorMessages"] == []
    assert results["Country"]["entriesInSource"] == 2
    countries = {each["identity"][0]: each for each in await importer.view("objects/Country")}
    assert countries["CI"]["attributes"] == {"Code": "CI", "Name": "Côte d'Ivoire"}
    norway = {"key": countries["NO"]["key"], "label": "Norway"}
    regions = {each["identity"][0]: each for each in await importer.view("objects/Region")}
    assert regions["NO-1"]["attributes"] == {
        "Region Code": "NO-1",
        "Title": "Child",
        "People": 5,
        "Country": norway,
        "Parent": {"key": regions["NO-0"]["key"], "label": "Parent"},
    }
    assert regions["NO-0"]["attributes"] == {"Region Code": "NO-0", "Title": "Parent", "Country": norway}
    assert all(key.startswith("GEOG-") for key in (regions["NO-0"]["key"], norway["key"]))


async def test_a_second_import_updates_keeps_and_removes(importer):
    await importer.carry(countries=COUNTRIES, regions=REGIONS)
    before = {each["identity"][0]: each["key"] for each in await importer.view("objects/Country")}
    await importer.view("objects/Country", "POST", json={"attributes": {"Code": "XX", "Name": "by hand"}})
    results = await importer.carry(countries=[COUNTRIES[0], {"code": "CI", "name": "Ivory Coast"}])
    country = results["Country"]
    counts = ("objectsCreated", "objectsUpdated", "objectsIdentical", "objectsMissingDeleted")
    assert tuple(country[name] for name in counts) == (0, 1, 1, 1)
    assert results["Region"]["objectsMissingDeleted"] == 2
    assert await importer.objects("Region") == {}
    after = {each["identity"][0]: each["key"] for each in await importer.view("objects/Country")}
    assert after == before


async def test_completion_without_data_removes_everything(importer):
    await importer.carry(countries=COUNTRIES)
    execution = await importer.start()
    await importer.send(execution, completed=True)
    result = await importer.done(execution)
    assert result["totalNumberEntriesInImport"] == 0
    assert await importer.objects("Country") == {}


async def test_cancel_writes_nothing_and_is_idempotent(importer):
    await importer.carry(countries=COUNTRIES)
    execution = await importer.start()
    await importer.send(execution, data={"countries": [{"code": "SE", "name": "Sweden"}]})
    for _ in range(2):
        assert (await importer.http.delete(execution["cancel"])).status_code == 200
    refused = await importer.send(execution, completed=True)
    assert refused.status_code == 400
    assert (await importer.http.get(execution["getExecutionStatus"])).json()["status"] == "CANCELLED"
    assert set(await importer.objects("Country")) == {"NO", "CI"}
    last = (await importer.view("executions"))[-1]
    assert (last["state"], last["completions"], last["completions_refused"]) == ("CANCELLED", 0, 1)


async def test_exactly_one_completion_takes_effect(serving, document):
    async with serving(processing_seconds=60) as importer:
        await importer.put(document)
        execution = await importer.start()
        assert (await importer.send(execution, data={}, completed=True)).status_code == 200
        assert (await importer.http.get(execution["getExecutionStatus"])).json() == {
            "status": "PROCESSING",
            "progressResult": None,
        }
        assert (await importer.send(execution, completed=True)).status_code == 400
        assert (await importer.send(execution, data={"countries": []})).status_code == 400
        assert await importer.status() == "RUNNING"
        found = (await importer.view("executions"))[0]
        assert (found["completions"], found["completions_refused"]) == (1, 1)
        assert (await importer.http.delete(execution["cancel"])).status_code == 200
        assert await importer.status() == "IDLE"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"data": {"Countries": []}}, "data.Countries"),
        ({"data": {"countries": [], "towns": []}}, "data.towns"),
        ({"data": {"countries": ["NO"]}}, "data.countries[0]"),
        ({"data": {"countries": 3}}, "data.countries"),
        ({"data": []}, "data"),
        ({"Data": {}}, "Data"),
        ({"data": {}, "clientGeneratedId": 7}, "clientGeneratedId"),
        ({"data": {}, "completed": "yes"}, "completed"),
        ({}, ""),
        ([], ""),
    ],
)
async def test_a_wrong_chunk_is_refused_with_its_place(importer, body, place):
    execution = await importer.start()
    answer = await importer.http.post(execution["submitResults"], json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == place
    assert (await importer.view("executions"))[0]["chunks"] == 0


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"data": {}', "application/json", 400),
        (b'{"data": {}, "data": {}}', "application/json", 400),
        (b'{"data": {"countries": [{"code": NaN}]}}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"data": {}}', "text/plain", 415),
        (b" " * (10 * 1024 * 1024 + 1), "application/json", 413),
    ],
)
async def test_a_body_that_is_no_bounded_json_is_refused(importer, body, kind, status):
    execution = await importer.start()
    answer = await importer.http.post(execution["submitResults"], content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["errorMessages"]


async def test_an_unknown_execution_is_not_found(importer):
    execution = await importer.start()
    for method, name in (("GET", "getExecutionStatus"), ("POST", "submitResults"), ("DELETE", "cancel")):
        known = execution["cancel"]
        url = execution[name].replace(known, known[:-1] + ("0" if known[-1] != "0" else "1"))
        body = {"data": {}} if method == "POST" else None
        assert (await importer.http.request(method, url, json=body)).status_code == 404


async def test_the_latest_status_needs_no_execution_link(importer):
    latest = f"{importer.links['start']}/status"
    assert (await importer.http.get(latest)).status_code == 404
    await importer.carry(countries=COUNTRIES)
    await importer.start()
    assert (await importer.http.get(latest)).json() == {"status": "INGESTING", "progressResult": None}


async def test_the_result_has_the_published_shape(importer):
    execution = await importer.start()
    await importer.send(execution, data={"countries": COUNTRIES}, completed=True)
    result = await importer.done(execution)
    assert set(result) == {
        *("type", "id", "started", "ended", "objectSchemaId", "result", "status", "infoMessage", "jobId"),
        *("importSourceId", "populatedObjectTypes", "onlyExecutedForObjectTypes", "objectTypeResultMap"),
        *("errorMessages", "totalNumberEntriesInImport"),
    }
    assert (result["type"], result["result"], result["status"]) == ("IMPORT", "OK", "FINISHED")
    (country,) = [
        (type_id, each)
        for type_id, each in result["objectTypeResultMap"].items()
        if each["objectTypeName"] == "Country"
    ]
    assert country[0] == country[1]["objectTypeId"]
    assert set(country[1]) == {
        *("objectTypeName", "objectTypeId", "objectsCreated", "objectsUpdated", "objectsIdentical"),
        *("objectsMissingUpdated", "objectsMissingDeleted", "objectsWithUpdatedReferences", "entriesInSource"),
        *("duplicateEnries", "emptyLabelEntries", "emptyExternalIdEntries", "objectsFilteredWithQlQuery"),
        *("errorMessages", "readExternalDataTimeInMs", "mapExternalDataTimeInMs", "qlQueryFilteringTimeInMs"),
        *("decidingActionsTimeInMs", "writeInsightDataTimeInMs", "postFunctionTimeInMs", "executionTimeInMs"),
    }


async def test_progress_and_failures_are_for_ingestion_only(importer):
    execution = await importer.start()
    failed = f"{execution['cancel']}/history/failed"
    progress = {"steps": {"total": 2, "current": 1, "description": "reading"}, "objects": {"total": 9, "processed": 3}}
    assert (await importer.http.put(execution["submitProgress"], json=progress)).status_code == 200
    assert (await importer.http.post(failed, json={"failureReason": "no luck"})).status_code == 204
    for wrong in ({}, {"failureReason": ""}, {"failureReason": "x" * 1_025}, {"reason": "x"}):
        assert (await importer.http.post(failed, json=wrong)).status_code == 400
    for wrong in ({}, {"step": {}}, {"objects": {"total": "9"}}, {"objects": []}, {"steps": {"done": 1}}):
        assert (await importer.http.put(execution["submitProgress"], json=wrong)).status_code == 400
    found = (await importer.view("executions"))[0]
    assert (found["progress"], found["failures"]) == (progress, ["no luck"])
    await importer.http.delete(execution["cancel"])
    assert (await importer.http.put(execution["submitProgress"], json=progress)).status_code == 400
    assert (await importer.http.post(failed, json={"failureReason": "late"})).status_code == 400


async def test_schema_and_mapping_shows_generated_ids_and_the_system_attribute(serving, document):
    for each in document["schema"]["objectSchema"]["objectTypes"]:
        del each["externalId"]
        for attribute in each["attributes"]:
            del attribute["externalId"]
    for mapping in document["mapping"]["objectTypeMappings"]:
        del mapping["objectTypeExternalId"]
        for attribute in mapping["attributesMapping"]:
            del attribute["attributeExternalId"]
    async with serving() as importer:
        url = importer.links["mapping"].removesuffix("/mapping") + "/schema-and-mapping"
        assert (await importer.http.get(url)).status_code == 400
        assert (await importer.put(document)).status_code == 204
        shown = (await importer.http.get(url)).json()
        country = shown["schema"]["objectSchema"]["objectTypes"][0]
        assert [each["name"] for each in country["attributes"]] == ["Key", "Code", "Name"]
        mapped = shown["mapping"]["objectTypeMappings"][0]
        assert mapped["objectTypeExternalId"] == country["externalId"]
        assert country["externalId"].startswith("cmdb::externalId/")
        assert (await importer.patch(shown)).status_code == 204


async def test_an_update_of_the_mapping_may_be_followed(importer, document):
    answer = await importer.patch(document, params={"async": "true"})
    assert answer.status_code == 303
    progress = (await importer.http.get(answer.headers["Location"])).json()
    assert (progress["progressStatus"], progress["result"]) == ("FINISHED", "OK")
    execution = await importer.start()
    assert (await importer.patch(document)).status_code == 409
    await importer.http.delete(execution["cancel"])
