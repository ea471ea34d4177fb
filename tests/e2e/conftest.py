"""An Assets server that is not our sandbox: written from Atlassian's pages alone, with plain checks of its own."""

import os
import re
import shutil
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "container-token-7"
TYPES = {
    *("text", "integer", "boolean", "double", "date", "time", "date_time", "url", "email", "textarea", "select"),
    *("ipaddress", "referenced_object", "status"),
}
AQL = re.compile(r'"(?P<attribute>[^"]+)" = \$\{(?P<locator>\w+)\}')
PATH = "/jsm/insight/workspace/w-1/v1/importsource/17"


def bad(message: str, status: int = 400) -> Response:
    return JSONResponse({"errorMessages": [message], "errors": {}}, status)


class AssetsServer:
    """One import source. Objects are kept by type and identity.

    Attributes:
        door, url: where info is, and where its links lead: another origin, as at Atlassian.
        objects: type -> identity -> attributes; references as the identity they point at.
        log: every call, as "METHOD /path".
    """

    def __init__(self) -> None:
        self.door = self.url = ""
        self.mapping: dict[str, Any] | None = None
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}
        self.runs: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/jsm/assets/v1/imports/info", self.info),
                Route(f"{PATH}/configstatus", self.config_status),
                Route(f"{PATH}/mapping", self.put_mapping, methods=["PUT"]),
                Route(f"{PATH}/executions", self.start, methods=["POST"]),
                Route(PATH + "/executions/{number:int}/data", self.data, methods=["POST"]),
                Route(PATH + "/executions/{number:int}/status", self.status),
                Route(PATH + "/executions/{number:int}", self.cancel, methods=["DELETE"]),
            ]
        )

    def _refused(self, request: Request, *, body: bool = False) -> Response | None:
        self.log.append(f"{request.method} {request.url.path.removeprefix(PATH)}")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return bad("Unauthorized", 401)
        if body and request.headers.get("content-type") != "application/json":
            return bad("Unsupported Media Type", 415)
        return None

    async def info(self, request: Request) -> Response:
        links = {"getStatus": "configstatus", "start": "executions", "mapping": "mapping"}
        found = {name: f"{self.url}{PATH}/{path}" for name, path in links.items()}
        return self._refused(request) or JSONResponse({"links": found, "apiVersion": 1})

    async def config_status(self, request: Request) -> Response:
        running = self.runs and self.runs[-1]["status"] in {"INGESTING", "PROCESSING"}
        status = "MISSING_MAPPING" if self.mapping is None else "RUNNING" if running else "IDLE"
        return self._refused(request) or JSONResponse({"status": status})

    async def put_mapping(self, request: Request) -> Response:
        if refused := self._refused(request, body=True):
            return refused
        if self.mapping is not None:
            return bad("A mapping exists already", 409)
        document = await request.json()
        if fault := _fault_in(document):
            return bad(fault)
        self.mapping = {each["selector"]: each for each in document["mapping"]["objectTypeMappings"]}
        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        if self.mapping is None or (self.runs and self.runs[-1]["status"] in {"INGESTING", "PROCESSING"}):
            code = "MISSING_MAPPING" if self.mapping is None else "IN_PROGRESS"
            return JSONResponse({"result": "error", "errorCode": code}, 409)
        self.runs.append({"status": "INGESTING", "entries": [], "looks": 0})
        here = f"{self.url}{PATH}/executions/{len(self.runs) - 1}"
        links = {"submitProgress": f"{here}/progress", "submitResults": f"{here}/data"}
        return JSONResponse(
            {"result": "success", "links": {**links, "getExecutionStatus": f"{here}/status", "cancel": here}}
        )

    async def data(self, request: Request) -> Response:
        if refused := self._refused(request, body=True):
            return refused
        run, body = self.runs[request.path_params["number"]], await request.json()
        if run["status"] != "INGESTING":
            return bad(f"The import execution is {run['status']}")
        if body.keys() - {"data", "clientGeneratedId", "completed"} or body.get("completed", True) is not True:
            return bad("Unrecognized field")
        for selector, records in body.get("data", {}).items():
            mapped = (self.mapping or {}).get(selector)
            if mapped is None:
                return bad(f"No mapping has the selector {selector}")
            locators = {locator for each in mapped["attributesMapping"] for locator in each["attributeLocators"]}
            if any(record.keys() - locators for record in records):
                return bad(f"A record of {selector} has a key that no locator names")
            run["entries"] += [(mapped, record) for record in records]
        if "completed" in body:
            run["status"] = "PROCESSING"
        return Response()

    async def status(self, request: Request) -> Response:
        """Done at the third look after the completion."""
        if refused := self._refused(request):
            return refused
        run = self.runs[request.path_params["number"]]
        if run["status"] == "PROCESSING":
            run["looks"] += 1
            if run["looks"] > 2:
                run["status"], run["result"] = "DONE", self._process(run["entries"])
        return JSONResponse({"status": run["status"], "progressResult": run.get("result")})

    async def cancel(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        self.runs[request.path_params["number"]]["status"] = "CANCELLED"
        return Response()

    def _process(self, entries: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for mapped, record in entries:
            values, identity = {}, []
            for each in mapped["attributesMapping"]:
                value = record.get(each["attributeLocators"][0])
                if value is not None:
                    values[each["attributeName"]] = value
                if each.get("externalIdPart"):
                    identity.append(str(value))
            found.setdefault(mapped["objectTypeName"], {})["/".join(identity)] = values
        results = {}
        for number, (name, objects) in enumerate(found.items()):
            before = self.objects.get(name, {})
            same = sum(before.get(identity) == values for identity, values in objects.items())
            results[str(number)] = {
                "objectTypeName": name,
                "objectsCreated": len(objects.keys() - before.keys()),
                "objectsUpdated": len(objects.keys() & before.keys()) - same,
                "objectsIdentical": same,
                "objectsMissingDeleted": len(before.keys() - objects.keys()),
                "duplicateEnries": sum(each["objectTypeName"] == name for each, _ in entries) - len(objects),
                "entriesInSource": sum(each["objectTypeName"] == name for each, _ in entries),
                "errorMessages": {},
            }
        self.objects = found
        return {"type": "IMPORT", "result": "OK", "objectTypeResultMap": results, "errorMessages": {}}


def _fault_in(document: dict[str, Any]) -> str:
    """What is wrong with a schema and mapping; empty when nothing is."""
    known: dict[str, dict[str, Any]] = {}
    ids: list[str] = []
    for kind in document["schema"]["objectSchema"]["objectTypes"]:
        if not all(isinstance(kind.get(name), str) and kind[name] for name in ("name", "description", "externalId")):
            return "An object type needs name, description and externalId"
        known[kind["name"]] = {each["name"]: each for each in kind["attributes"]}
        ids += [kind["externalId"], *(each["externalId"] for each in kind["attributes"])]
        if sum(each.get("label", False) for each in kind["attributes"]) != 1:
            return f"{kind['name']} needs one label"
    if len(set(ids)) != len(ids):
        return "DUPLICATE_EXTERNAL_ID_ILLEGAL"
    faults = (
        _mapping_fault(known, mapped["objectTypeName"], each)
        for mapped in document["mapping"]["objectTypeMappings"]
        for each in mapped["attributesMapping"]
    )
    return next(filter(None, faults), "")


def _mapping_fault(known: dict[str, dict[str, Any]], kind: str, mapped: dict[str, Any]) -> str:
    name, locators = mapped["attributeName"], mapped["attributeLocators"]
    attribute = known.get(kind, {}).get(name)
    if attribute is None or attribute["type"] not in TYPES or len(locators) != 1:
        return f"UNKNOWN_EXTERNAL_ID_MAPPING {name}"
    if attribute["type"] != "referenced_object":
        return ""
    match = AQL.fullmatch(mapped.get("objectMappingIQL", ""))
    if match is None or match["attribute"] not in known.get(attribute["referenceObjectTypeName"], {}):
        return f"UNKNOWN_REFERENCE {name}"
    return "" if match["locator"] in locators else f"The AQL of {name} names another locator"


@pytest.fixture
async def assets(serve) -> AssetsServer:
    """A server of our own making, behind two origins."""
    server = AssetsServer()
    server.door, server.url = await serve(server.app), await serve(server.app)
    return server


@pytest.fixture
def grpcurl() -> str:
    """The path of grpcurl."""
    found = shutil.which("grpcurl")
    if found is None:
        message = "grpcurl is not installed (go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest)"
        if os.environ.get("LONGSHORE_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    return found
