"""What `/_sandbox` offers: pages for people, JSON for tests, switches, objects edited by hand, and a reset.

It needs no token, and no fault ever touches it.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from import_worker.sandbox.api import json_body
from import_worker.sandbox.document import Document, ObjectType
from import_worker.sandbox.executions import Execution
from import_worker.sandbox.importsource import ImportSource
from import_worker.sandbox.objects import AssetObject, Reference, Snapshot
from import_worker.sandbox.page import objects_page, overview
from import_worker.sandbox.problems import refused
from import_worker.sandbox.report import moment


class View:
    """The view of one import source."""

    def __init__(self, source: ImportSource) -> None:
        self._source = source

    def routes(self) -> list[BaseRoute]:
        """All routes."""
        below = [
            Route("/", self._overview, methods=["GET"]),
            Route("/types/{type:path}", self._type_page, methods=["GET"]),
            Route("/objects", self._all_objects, methods=["GET"]),
            Route("/objects/{type:path}", self._objects, methods=["GET"]),
            Route("/objects/{type:path}", self._edit, methods=["POST"]),
            Route("/executions", self._executions, methods=["GET"]),
            Route("/mapping", self._mapping, methods=["GET"]),
            Route("/faults", self._faults, methods=["GET", "PUT", "PATCH"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]
        return [Route("/_sandbox", self._overview, methods=["GET"]), Mount("/_sandbox", routes=below)]

    async def _overview(self, _: Request) -> Response:
        self._source.expire()
        return _html(overview(self._source))

    async def _type_page(self, request: Request) -> Response:
        page = request.query_params.get("page", "1")
        if not page.isascii() or not page.isdigit() or page == "0":
            raise refused(400, "must be a number from 1", path="page")
        return _html(objects_page(self._source, self._type(request), int(page)))

    def _type(self, request: Request) -> ObjectType:
        name = request.path_params["type"]
        known = self._source.document.by_name if self._source.document else {}
        if name not in known:
            raise refused(404, f"there is no object type '{name}'; known are {', '.join(known) or 'none'}")
        return known[name]

    async def _all_objects(self, _: Request) -> Response:
        document = self._source.document
        types = document.types if document else ()
        return JSONResponse({each.name: self._listed(each.name) for each in types})

    async def _objects(self, request: Request) -> Response:
        return JSONResponse(self._listed(self._type(request).name))

    def _listed(self, type_name: str) -> list[Mapping[str, object]]:
        document, snapshot = self._source.document, self._source.snapshot
        return [object_json(document, snapshot, each) for each in snapshot.of(type_name)] if document else []

    async def _edit(self, request: Request) -> Response:
        object_type, body = self._type(request), await json_body(request)
        if not isinstance(body, dict) or body.keys() != {"attributes"} or not isinstance(body["attributes"], dict):
            raise refused(400, 'must be {"attributes": {name: value}}; a reference is {"key": "ISO-1"}')
        changed = self._source.edit(object_type.name, body["attributes"])
        document = self._source.document
        return JSONResponse(object_json(document, self._source.snapshot, changed) if document else None)

    async def _executions(self, _: Request) -> Response:
        self._source.expire()
        return JSONResponse([execution_json(each) for each in self._source.executions])

    async def _mapping(self, _: Request) -> Response:
        return JSONResponse(self._source.raw_document)

    async def _faults(self, request: Request) -> Response:
        faults = self._source.faults
        if request.method == "PUT":
            faults.replace(await json_body(request))
        elif request.method == "PATCH":
            faults.update(await json_body(request))
        return JSONResponse(faults.switches.json())

    async def _reset(self, _: Request) -> Response:
        self._source.reset()
        return Response(status_code=204)


def object_json(document: Document, snapshot: Snapshot, found: AssetObject) -> Mapping[str, object]:
    """An object for tests.

    Returns:
        `key`, `label`, `identity` (its parts as text, in the order of the mapping) and `attributes`: by name the value,
        or a list where the attribute may have several; a reference is {"key": ..., "label": ...}. An attribute without
        value is absent.
    """
    object_type = document.by_name[found.type_name]
    mapping = document.mapping_of.get(found.type_name)
    attributes: dict[str, object] = {}
    for name, values in found.values.items():
        shown = [_reference(document, snapshot, value) if isinstance(value, Reference) else value for value in values]
        attributes[name] = shown[0] if object_type.by_name[name].maximum == 1 else shown
    return {
        "key": found.key,
        "label": found.label(object_type),
        "identity": [part for name in (mapping.identity if mapping else ()) for part in found.texts(name)],
        "attributes": attributes,
    }


def _reference(document: Document, snapshot: Snapshot, value: Reference) -> Mapping[str, str]:
    target = snapshot.by_key[value.key]
    return {"key": target.key, "label": target.label(document.by_name[target.type_name])}


def execution_json(execution: Execution) -> Mapping[str, object]:
    """An execution for tests. `completions_refused` counts those that came when it was no longer INGESTING."""
    return {
        "id": execution.id,
        "state": execution.state,
        "gone": execution.gone,
        "scheduled": execution.scheduled,
        "started": moment(execution.started),
        "ended": None if execution.ended is None else moment(execution.ended),
        "data_calls": execution.data_calls,
        "chunks": execution.chunks,
        "client_ids": dict(execution.client_ids),
        "entries": execution.received,
        "completions": execution.completions,
        "completions_refused": execution.completions_refused,
        "progress": execution.progress,
        "failures": execution.failures,
        "result": execution.result,
    }


def _html(page: str) -> Response:
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
