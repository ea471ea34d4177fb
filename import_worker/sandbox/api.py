"""The imports REST API over HTTP: addresses, the token, bodies in and out. What calls mean is decided in importsource.

Every path below an import source holds random parts that belong to the token, so links can only be followed.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from import_worker.sandbox.executions import MAX_FAILURES, Execution
from import_worker.sandbox.importsource import ImportSource
from import_worker.sandbox.problems import Refused, refused
from import_worker.sandbox.wire import NoAnswer

MAX_BODY = 10 * 1024 * 1024
MAX_REASON = 1_024
ROOT = "/jsm/assets"
INFO_PATH = "/v1/imports/info"
_PROGRESS_FIELDS = {"steps": {"total", "current", "description"}, "objects": {"total", "processed"}}

_Endpoint = Callable[[Request], Awaitable[Response]]


class _Guard:
    """Lets nothing below ROOT pass without the token."""

    def __init__(self, app: ASGIApp, source: ImportSource, token: str) -> None:
        self._app = app
        self._source = source
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            raise refused(401, "Authorization must be Bearer and the token of this import source")
        self._source.expire()
        await self._app(scope, receive, send)


class Api:
    """The API of one import source.

    Args:
        source: the import source.
        token: what requests carry as "Authorization: Bearer <token>".
        prefix: the path of the import source below ROOT, with its random parts.
    """

    def __init__(self, source: ImportSource, token: str, prefix: str) -> None:
        self._source = source
        self._token = token
        self._prefix = prefix

    def routes(self) -> list[BaseRoute]:
        """All routes; none is reached without the token."""
        table: list[tuple[str, str, _Endpoint]] = [
            ("GET", "/configstatus", self._config_status),
            ("PUT", "/mapping", self._put_mapping),
            ("PATCH", "/mapping", self._patch_mapping),
            ("GET", "/mapping/progress/{resource}", self._mapping_progress),
            ("GET", "/schema-and-mapping", self._schema_and_mapping),
            ("POST", "/executions", self._start),
            ("GET", "/executions/status", self._latest_status),
            ("DELETE", "/executions/{execution}", self._cancel),
            ("POST", "/executions/{execution}/data", self._data),
            ("PUT", "/executions/{execution}/progress", self._progress),
            ("GET", "/executions/{execution}/status", self._status),
            ("POST", "/executions/{execution}/history/failed", self._failed),
        ]
        below = [Route(path, endpoint, methods=[method]) for method, path, endpoint in table]
        guard = Middleware(_Guard, source=self._source, token=self._token)
        info = Route(INFO_PATH, self._info, methods=["GET"])
        return [Mount(ROOT, routes=[info, Mount(self._prefix, routes=below)], middleware=[guard])]

    def _link(self, request: Request, path: str) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{ROOT}{self._prefix}{path}"

    async def _info(self, request: Request) -> Response:
        links = {"getStatus": "/configstatus", "start": "/executions", "mapping": "/mapping"}
        return JSONResponse({"links": {name: self._link(request, path) for name, path in links.items()}})

    async def _config_status(self, _: Request) -> Response:
        return self._fails() or JSONResponse({"status": self._source.status})

    def _fails(self) -> Response | None:
        return _broken() if self._source.faults.status_call_fails() else None

    async def _put_mapping(self, request: Request) -> Response:
        self._source.put_document(await json_body(request))
        return Response(status_code=204)

    async def _patch_mapping(self, request: Request) -> Response:
        self._source.patch_document(await json_body(request))
        if parse_qs(request.url.query).get("async") == ["true"]:
            location = self._link(request, f"/mapping/progress/{self._source.id}")
            return Response(status_code=303, headers={"Location": location})
        return Response(status_code=204)

    async def _mapping_progress(self, request: Request) -> Response:
        if request.path_params["resource"] != self._source.id or self._source.document is None:
            raise refused(404, "there is no such change of the mapping")
        return JSONResponse({"progressStatus": "FINISHED", "result": "OK", "resultMessage": ""})

    async def _schema_and_mapping(self, _: Request) -> Response:
        raw = self._source.raw_document
        if raw is None:
            raise refused(400, "no schema and mapping was put yet", code="MISSING_MAPPING")
        return JSONResponse(raw)

    async def _start(self, request: Request) -> Response:
        body = await json_body(request, optional=True)
        if body not in (None, {}) and not (
            isinstance(body, dict) and body.keys() == {"scheduled"} and isinstance(body["scheduled"], bool)
        ):
            raise refused(400, 'must be absent or {"scheduled": true}')
        execution = self._source.start(scheduled=bool(body and body["scheduled"]))
        if self._source.faults.start_answer_is_lost():
            return NoAnswer()
        here = self._link(request, f"/executions/{execution.id}")
        links = {
            "submitProgress": f"{here}/progress",
            "submitResults": f"{here}/data",
            "getExecutionStatus": f"{here}/status",
            "cancel": here,
        }
        return JSONResponse({"result": "success", "links": links})

    async def _data(self, request: Request) -> Response:
        raw = await _bounded_body(request)
        fate = self._source.faults.data_call()
        await asyncio.sleep(fate.stall)
        if fate.rate_limited:
            return self._too_many_requests()
        if fate.error:
            return _broken()
        self._source.expire()  # again: a stalled call may come too late
        execution = self._source.receive(request.path_params["execution"])
        limit = self._source.faults.switches.body_limit
        if limit is not None and len(raw) > limit:
            raise refused(413, f"the body has {len(raw)} bytes, more than the {limit} of body_limit")
        self._source.submit(execution, _parsed(request, raw))
        return NoAnswer() if fate.lose_answer else Response()

    def _too_many_requests(self) -> Response:
        after = self._source.faults.switches.retry_after
        headers = {} if after is None else {"Retry-After": f"{after:g}"}
        return JSONResponse(refused(429, "too many requests").body(), 429, headers)

    def _execution(self, request: Request) -> Execution:
        return self._source.find(request.path_params["execution"])

    async def _status(self, request: Request) -> Response:
        return self._fails() or _status_of(self._execution(request))

    async def _latest_status(self, _: Request) -> Response:
        return self._fails() or _status_of(self._source.executions.latest)

    async def _progress(self, request: Request) -> Response:
        body = await json_body(request)
        execution = self._execution(request)
        execution.require_ingesting()
        execution.progress = _checked_progress(body)
        return Response()

    async def _failed(self, request: Request) -> Response:
        body = await json_body(request)
        execution = self._execution(request)
        execution.require_ingesting()
        reason = body.get("failureReason") if isinstance(body, dict) and len(body) == 1 else None
        if not isinstance(reason, str) or not 1 <= len(reason) <= MAX_REASON:
            raise refused(400, f'must be {{"failureReason": text of 1 to {MAX_REASON} characters}}')
        if len(execution.failures) >= MAX_FAILURES:
            raise refused(400, f"the sandbox keeps {MAX_FAILURES} failures of an execution")
        execution.failures.append(reason)
        return Response(status_code=204)

    async def _cancel(self, request: Request) -> Response:
        self._source.cancel(self._execution(request))
        return Response()


def _status_of(execution: Execution) -> Response:
    return JSONResponse({"status": execution.state, "progressResult": execution.result})


def _broken() -> Response:
    return JSONResponse(refused(500, "a fault that was asked for").body(), 500)


def _checked_progress(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or not body or body.keys() - _PROGRESS_FIELDS.keys():
        raise refused(400, "must be a JSON object with steps, objects or both")
    for part, fields in _PROGRESS_FIELDS.items():
        values = body.get(part, {})
        if not isinstance(values, dict) or values.keys() - fields:
            raise refused(400, f"must be a JSON object of {', '.join(sorted(fields))}", path=part)
        for name, value in values.items():
            kind = str if name == "description" else int
            if not isinstance(value, kind) or isinstance(value, bool):
                raise refused(400, f"must be a {kind.__name__}", path=f"{part}.{name}")
    return body


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise refused(413, f"the body has more than {MAX_BODY} bytes")
    return bytes(body)


async def json_body(request: Request, *, optional: bool = False) -> Any:
    """The JSON body of a request, None where it may be absent and is. Raises Refused."""
    raw = await _bounded_body(request)
    return None if optional and not raw else _parsed(request, raw)


def _parsed(request: Request, raw: bytes) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise refused(415, "Content-Type must be application/json")
    return _parse_json(raw)


def _parse_json(raw: bytes) -> Any:
    """Read strict JSON: UTF-8, no NaN, no name twice in an object. Raises Refused, status 400."""
    try:
        return json.loads(raw.decode(), parse_constant=_no_constant, object_pairs_hook=_unique_names)
    except (ValueError, RecursionError) as error:
        raise refused(400, f"the body is not JSON: {error}") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


async def answer_problem(_: Request, problem: Exception) -> Response:
    """The answer to a request that was refused here, or that no route takes."""
    if isinstance(problem, HTTPException):
        return JSONResponse(refused(problem.status_code, problem.detail).body(), problem.status_code, problem.headers)
    if isinstance(problem, Refused):
        return JSONResponse(problem.body(), problem.status)
    raise problem
