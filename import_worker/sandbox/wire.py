"""The listening side: the socket, the ready line, a clean end on SIGTERM, and connections that can be cut.

A cut connection looks to the client like a server that died after it had done its work.
"""

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_GRACE_SECONDS = 2
_open: dict[tuple[object, object], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose connections NoAnswer finds by the addresses of both ends."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        _open[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _open.pop((self.client, self.server), None)
        super().connection_lost(exc)


class NoAnswer(Response):
    """Cuts the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  as ASGI calls it
        """Abort the connection and wait until the server has seen it go."""
        _open[scope["client"], scope["server"]].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class Server(uvicorn.Server):
    """A server for one application, on a socket that is bound already.

    Args:
        app: the application.
        on_ready: called once when connections are answered.
    """

    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=CuttableProtocol,
                ws="none",
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        self._on_ready()


def bind(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def address(bound: socket.socket) -> str:
    """The address of a bound socket, such as "http://127.0.0.1:50080"."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(server: Server, bound: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then return."""
    # uvicorn raises the signal again when it has stopped; these take it, so that the exit code is 0.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: None)
    server.run(sockets=[bound])
