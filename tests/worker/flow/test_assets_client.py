"""The client of Assets against a server that plays tricks: links, codes and answers that no good server gives."""

import json
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from import_worker.app import build_bench
from import_worker.clock import SystemClock
from import_worker.config import parse_import
from import_worker.errors import DestinationBroken, DestinationBusy, ExecutionLost, ImportProblem
from import_worker.sources.door import Outside

TEXT = """
version: 1
kind: import
name: places
source: {{ type: rest, base_url: "http://127.0.0.1:1/", pagination: {{ type: single_page }} }}
resources: [ {{ name: countries, path: countries }} ]
assets:
  info_url: {url}/info
  token: ${{env:TOKEN}}
  mapping: {mapping}
  object_types:
    - {{ name: Country, resource: countries, attributes: {{ Code: {{ from: code, identity: true, label: true }} }} }}
"""


class Tricks:
    """What the server answers, by "METHOD /path", and what it was asked.

    Attributes:
        origin: of the links that it gives.
    """

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.bodies = []
        self.origin = ""

    async def answer(self, request):
        call = f"{request.method} {request.url.path}"
        self.asked.append(call)
        self.bodies.append(await request.body())
        found = self.answers.get(call, self.usual(call))
        return found.pop(0) if isinstance(found, list) else found

    def usual(self, call):
        names = {
            "GET /info": ("getStatus", "start", "mapping"),
            "POST /start": ("submitResults", "getExecutionStatus", "cancel"),
        }.get(call)
        if names:
            return JSONResponse({"links": {name: f"{self.origin}/{name}" for name in names}})
        states = {"GET /getStatus": "IDLE", "GET /getExecutionStatus": "INGESTING"}
        return JSONResponse({"status": states.get(call)})


@pytest.fixture
def client(serve):
    """Opens a client of a server with tricks; gives both."""

    @asynccontextmanager
    async def open_client(mapping="keep"):
        tricks = Tricks()
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        tricks.origin = await serve(Starlette(routes=[Route("/{path}", tricks.answer, methods=methods)]))
        config = parse_import(TEXT.format(url=tricks.origin, mapping=mapping), "places.yaml")
        bench = build_bench(config, OUTSIDE)
        try:
            yield bench.destination, tricks
        finally:
            await bench.close()

    return open_client


async def _at_once(_seconds):
    pass


OUTSIDE = Outside(env={"TOKEN": "secret-token"}, clock=SystemClock(), board=None, sleep=_at_once, jitter=lambda: 1.0)


async def test_a_link_to_another_place_is_not_followed(client):
    async with client() as (assets, tricks):
        await assets.prepare()
        links = {name: f"http://127.0.0.2:1/{name}" for name in ("submitResults", "getExecutionStatus", "cancel")}
        tricks.answers["POST /start"] = JSONResponse({"links": links})
        with pytest.raises(DestinationBroken, match=r"127\.0\.0\.2"):
            await assets.start()


async def test_info_that_leads_to_two_places(client):
    async with client() as (assets, tricks):
        links = {
            "getStatus": f"{tricks.origin}/s",
            "start": "http://127.0.0.2:1/start",
            "mapping": f"{tricks.origin}/m",
        }
        tricks.answers["GET /info"] = JSONResponse({"links": links})
        with pytest.raises(DestinationBroken, match="more than one place"):
            await assets.prepare()


async def test_info_without_links(client):
    async with client() as (assets, tricks):
        tricks.answers["GET /info"] = JSONResponse({"hello": "world"})
        with pytest.raises(DestinationBroken, match=r"getStatus, start, mapping.*info_url"):
            await assets.prepare()


async def test_info_that_is_a_web_page(client):
    async with client() as (assets, tricks):
        tricks.answers["GET /info"] = Response("<html>", media_type="text/html")
        with pytest.raises(DestinationBroken, match=r"HTML.*info_url"):
            await assets.prepare()


@pytest.mark.parametrize(
    ("state", "found"),
    [("IDLE", "takes an import"), ("MISSING_MAPPING", "by the first run"), ("RUNNING", "a run would wait")],
)
async def test_a_check_asks_and_changes_nothing(client, state, found):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = JSONResponse({"status": state})
        assert found in await assets.check()
        assert tricks.asked == ["GET /info", "GET /getStatus"]


async def test_a_check_of_a_disabled_import_source_says_so(client):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = JSONResponse({"status": "DISABLED"})
        with pytest.raises(DestinationBroken, match="enable it there"):
            await assets.check()


@pytest.mark.parametrize("status", [204, 409])
async def test_a_missing_mapping_is_put_once(client, status):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = JSONResponse({"status": "MISSING_MAPPING"})
        tricks.answers["PUT /mapping"] = Response(status_code=status)
        await assets.prepare()
        assert tricks.asked == ["GET /info", "GET /getStatus", "PUT /mapping"]
        assert set(json.loads(tricks.bodies[-1])) == {"schema", "mapping"}


async def test_a_mapping_is_changed_only_where_the_file_says_so(client):
    async with client() as (assets, tricks):
        await assets.prepare()
        assert tricks.asked == ["GET /info", "GET /getStatus"]
    async with client(mapping="apply") as (assets, tricks):
        await assets.prepare()
        assert tricks.asked == ["GET /info", "GET /getStatus", "PATCH /mapping"]


async def test_a_mapping_that_is_worked_on_later(client):
    async with client(mapping="apply") as (assets, tricks):
        tricks.answers["PATCH /mapping"] = Response(status_code=303, headers={"location": f"{tricks.origin}/later"})
        await assets.prepare()
        assert tricks.asked[-1] == "PATCH /mapping"


async def test_a_mapping_that_is_refused(client):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = JSONResponse({"status": "MISSING_MAPPING"})
        tricks.answers["PUT /mapping"] = JSONResponse({"errorCode": "EXTERNAL_ID_MISMATCH"}, status_code=400)
        with pytest.raises(DestinationBroken, match="EXTERNAL_ID_MISMATCH"):
            await assets.prepare()


@pytest.mark.parametrize(
    ("code", "problem"),
    [("IN_PROGRESS", DestinationBusy), ("DISABLED", DestinationBroken), ("MISSING_MAPPING", DestinationBroken)],
)
async def test_reasons_against_a_start(client, code, problem):
    async with client() as (assets, tricks):
        tricks.answers["POST /start"] = JSONResponse({"result": "error", "errorCode": code}, status_code=409)
        with pytest.raises(problem):
            await assets.start()


@pytest.mark.parametrize("state", ["RUNNING", "DISABLED", "WEIRD"])
async def test_states_that_allow_no_start(client, state):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = JSONResponse({"status": state})
        with pytest.raises(DestinationBusy if state == "RUNNING" else DestinationBroken):
            await assets.prepare()


async def test_a_start_is_sent_once_even_when_its_answer_fails(client):
    async with client() as (assets, tricks):
        tricks.answers["POST /start"] = Response(status_code=500)
        with pytest.raises(Exception, match="500"):
            await assets.start()
        assert tricks.asked.count("POST /start") == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_is_named_not_shown(client, status):
    async with client() as (assets, tricks):
        tricks.answers["GET /getStatus"] = Response(status_code=status)
        with pytest.raises(DestinationBroken, match=r"\$\{env:TOKEN\}") as caught:
            await assets.prepare()
        assert "secret-token" not in caught.value.message


BODY = b'{"clientGeneratedId":"a","data":{"Country":[{"Code":"NO"}]}}'


async def test_a_chunk_that_only_its_id_spoils(client):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["POST /submitResults"] = [Response(status_code=400), Response()]
        await assets.submit(execution, BODY)
        first, second = [body for call, body in zip(tricks.asked, tricks.bodies, strict=True) if "submit" in call]
        assert first == BODY
        assert json.loads(second) == {"data": {"Country": [{"Code": "NO"}]}}


async def test_a_chunk_that_is_refused_for_what_it_holds(client):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["POST /submitResults"] = Response("no such selector", status_code=400)
        with pytest.raises(DestinationBroken, match="no such selector"):
            await assets.submit(execution, BODY)


@pytest.mark.parametrize("state", ["PROCESSING", "DONE", "CANCELLED"])
async def test_a_chunk_for_an_execution_that_is_closed(client, state):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["POST /submitResults"] = Response(status_code=400)
        tricks.answers["GET /getExecutionStatus"] = JSONResponse({"status": state})
        with pytest.raises(ExecutionLost, match=state):
            await assets.submit(execution, BODY)


@pytest.mark.parametrize(("state", "said"), [("INGESTING", 1), ("PROCESSING", 0), ("DONE", 0)])
async def test_completion_is_said_only_where_it_was_not(client, state, said):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["GET /getExecutionStatus"] = JSONResponse({"status": state})
        await assets.complete(execution)
        assert tricks.asked.count("POST /submitResults") == said
        if said:
            assert json.loads(tricks.bodies[-1])["completed"] is True


async def test_a_completion_that_another_one_preceded(client):
    async with client() as (assets, tricks):
        execution = await assets.start()
        states = [JSONResponse({"status": "INGESTING"}), JSONResponse({"status": "PROCESSING"})]
        tricks.answers["GET /getExecutionStatus"] = states
        tricks.answers["POST /submitResults"] = Response(status_code=400)
        await assets.complete(execution)
        assert states == []


@pytest.mark.parametrize("answer", [JSONResponse({"status": "CANCELLED"}), Response(status_code=404)])
async def test_completing_what_is_lost(client, answer):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["GET /getExecutionStatus"] = answer
        with pytest.raises(ExecutionLost):
            await assets.complete(execution)


async def test_cancelling_what_is_unknown(client):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["DELETE /cancel"] = Response(status_code=404)
        await assets.cancel(execution)
        assert tricks.asked[-1] == "DELETE /cancel"


ECHO = "Bearer secret-token was sent"


@pytest.mark.parametrize("call", ["submit", "complete", "status", "start"])
async def test_a_token_that_assets_repeats_is_not_shown(client, call):
    async with client() as (assets, tricks):
        execution = await assets.start()
        tricks.answers["POST /submitResults"] = Response(ECHO, status_code=400)
        if call == "status":
            tricks.answers["GET /getExecutionStatus"] = Response(ECHO, status_code=404)
        tricks.answers["POST /start"] = JSONResponse({"errorCode": ECHO}, status_code=409)
        arguments = {"submit": (execution, BODY), "start": ()}.get(call, (execution,))
        with pytest.raises(ImportProblem) as caught:
            await getattr(assets, call)(*arguments)
        assert "was sent" in caught.value.message
        assert "secret-token" not in f"{caught.value.message}{caught.value!r}"


async def test_a_token_that_a_report_repeats_is_not_kept(client):
    async with client() as (assets, tricks):
        execution = await assets.start()
        report = {"status": "DONE", "progressResult": {"errorMessages": [ECHO]}}
        tricks.answers["GET /getExecutionStatus"] = JSONResponse(report)
        assert (await assets.status(execution)).errors == ("Bearer *** was sent",)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("call", "name"), [("GET /getStatus", "getStatus"), ("PUT /mapping", "mapping")])
async def test_a_link_is_called_by_its_name(client, status, call, name):
    """Who reads the message of a failed import must not be able to use the link."""
    async with client() as (assets, tricks):
        if call == "PUT /mapping":
            tricks.answers["GET /getStatus"] = JSONResponse({"status": "MISSING_MAPPING"})
        tricks.answers[call] = Response("no", status)
        with pytest.raises(ImportProblem) as caught:
            await assets.prepare()
    assert f"{tricks.origin} ({name}) answered {status}" in caught.value.message
    assert f"/{name}" not in caught.value.message
