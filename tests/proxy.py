"""A proxy before an HTTP server that shows every call to a test, which may answer in the server's place."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from import_worker.sandbox.wire import NoAnswer

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DROPPED_HEADERS = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-encoding",
    "content-length",
    "date",
    "server",
}
"""Of a connection or of a packed body; the proxy hands bodies on unpacked."""


class CutOff(Response):
    """An answer whose connection breaks off before its body is whole."""

    def __init__(self, begin: bytes) -> None:
        super().__init__(begin, media_type="application/json")
        self._begin = begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = str(len(self._begin) + 1).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self._begin, "more_body": True})
        await NoAnswer()(scope, receive, send)


@dataclass(kw_only=True)
class Call:
    """A call that goes through a proxy.

    Attributes:
        number: how many came before it.
        kind: what it is for, such as "page", "chunk" or "complete".
        answer: of the server behind, once it has answered.
    """

    number: int
    kind: str
    request: Request
    body: bytes
    answer: httpx.Response | None = None


Act = Callable[[Call], Awaitable[Response | None]]


async def nothing(_call: Call) -> Response | None:
    return None


class Front:
    """A proxy before a server.

    Attributes:
        before: called before a call goes on to the server; a Response answers in its place.
        after: called when the server has answered; a Response goes out instead of its answer.
        calls: the kinds of all calls so far.
        url: where the proxy listens.
    """

    def __init__(self, behind: str, kind_of: Callable[[Request, bytes], str]) -> None:
        """Prepare.

        Args:
            behind: address of the server; empty where it is named later.
            kind_of: what a request is for, for Call.kind.
        """
        self._kind_of = kind_of
        self._http = httpx.AsyncClient(base_url=behind, timeout=30, trust_env=False)
        self.before: Act = nothing
        self.after: Act = nothing
        self.calls: list[str] = []
        self.url = ""
        self.app = Starlette(routes=[Route("/{path:path}", self._pass, methods=METHODS)])

    async def _pass(self, request: Request) -> Response:
        body = await request.body()
        call = Call(number=len(self.calls), kind=self._kind_of(request, body), request=request, body=body)
        self.calls.append(call.kind)
        if (answer := await self.before(call)) is not None:
            return answer
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        target = request.scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        try:
            call.answer = await self._http.request(request.method, target, headers=headers, content=body)
        except httpx.HTTPError:
            return NoAnswer()
        if (answer := await self.after(call)) is not None:
            return answer
        kept = {name: value for name, value in call.answer.headers.items() if name not in DROPPED_HEADERS}
        return Response(call.answer.content, call.answer.status_code, kept)

    def lead_to(self, server: str) -> None:
        """Name the server behind, in place of the one before."""
        self._http.base_url = server

    async def close(self) -> None:
        await self._http.aclose()
