"""HTTP to one origin, bounded in time, size and reach. The only module that knows httpx.

Owns sending, redirects, time-outs and what a status means; whose fault it is comes in as a `Peer`.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import httpx

from import_worker.errors import Permanent, Throttled, Transient
from import_worker.http.addresses import AddressRefused, Origin, check_reachable, with_params, without_params
from import_worker.http.bodies import BodyCutOff, BodyTooLarge, BodyWrong, BoundedBody, parse_json
from import_worker.http.exchange import Access, Limits, Peer, Request, Response
from import_worker.http.retry import DEFAULT_THROTTLE, RetryPolicy, ThrottledVaguely, retry_after
from import_worker.ports import Clock

T = TypeVar("T")

# The library logs whole addresses, and a key may stand in their query.
logging.getLogger("httpx").setLevel(logging.WARNING)

_MAX_REDIRECTS = 3
_MAX_ADDRESSES = 4
_EXCERPT = 200
_ENCODING = {"Accept-Encoding": "gzip"}  # what bodies.py can unpack within a bound
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_THROTTLING = frozenset({429, 503})
_PASSING = frozenset({408, 425})
_REMEDIES = {
    401: "; check the token or key",
    403: "; check what the token or key may read",
    404: "; check the base address and the path",
}


class Transport:
    """Requests to one origin. Use `request` or `request_json`; close it when done."""

    def __init__(
        self,
        *,
        peer: Peer,
        access: Access,
        retry: RetryPolicy,
        clock: Clock,
        limits: Limits,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            peer: whose problems these are.
            access: the origin, and what every request carries.
            retry: retries in place.
            clock: for Retry-After as a date.
            limits: bounds of every request.

        Raises:
            Permanent: as the peer's broken; base_url is no usable address.
        """
        self._peer = peer
        self._access = access
        self._retry = retry
        self._clock = clock
        self._limits = limits
        try:
            self.origin = Origin.of(access.base_url)
        except AddressRefused as error:
            raise self._broken(str(error)) from None
        own = {"User-Agent": "longshore", "Accept": "application/json", **access.headers, **_ENCODING}
        self._client = httpx.AsyncClient(
            transport=_CheckedConnections(),
            headers=self._sendable(own),
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            trust_env=False,
        )

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    async def request(self, request: Request) -> Response:
        """Send a request and read the whole answer.

        Raises:
            Permanent: as the peer's broken.
            Transient: as the peer's unavailable, after the last retry.
            Throttled: the peer asks to wait longer than is done in place.
        """
        return await self._repeated(request, partial(self._once, request))

    async def request_json(self, request: Request) -> tuple[Response, Any]:
        """Like request, for an answer that must be JSON; also gives its document. A document cut off is retried."""

        async def once() -> tuple[Response, Any]:
            response = await self._once(request)
            return response, self._document(response)

        return await self._repeated(request, once)

    async def _repeated(self, request: Request, once: Callable[[], Awaitable[T]]) -> T:
        return await self._retry.retrying()(once) if request.retry else await once()

    def _shown(self, url: str) -> str:
        return without_params(url, frozenset(self._access.params))

    async def _once(self, request: Request) -> Response:
        """One attempt, its redirects included, with every failure named."""
        where = f"{request.method} {self._shown(request.url)}"
        try:
            async with asyncio.timeout(self._limits.total):
                response = await self._followed(request)
        except TimeoutError:
            problem = f"{where} took longer than {self._limits.total:g} s in all"
            raise self._unavailable(problem) from None
        except httpx.TimeoutException as error:
            raise self._unavailable(f"{where} timed out ({type(error).__name__})") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, AddressRefused) as error:
            raise self._broken(f"{where}: {error}") from None
        except (httpx.HTTPError, BodyCutOff) as error:
            raise self._unavailable(f"{where} broke off: {error or type(error).__name__}") from None
        except BodyTooLarge:
            bound = self._limits.max_response_bytes
            problem = f"{where} answered more than {bound} bytes; ask for smaller pages or raise max_response_bytes"
            raise self._broken(problem) from None
        except BodyWrong as error:
            raise self._broken(f"{where} answered with {error}") from None
        if response.status not in request.accept:
            self._judge(where, response)
        return response

    async def _followed(self, request: Request) -> Response:
        url = self.origin.follow(f"{self.origin}/", request.url)
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._exchange(request, url)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None or request.method != "GET":
                return response
            url = self.origin.follow(url, target)
        raise AddressRefused(f"redirected more than {_MAX_REDIRECTS} times")

    async def _exchange(self, request: Request, url: str) -> Response:
        sent = self._client.build_request(
            request.method,
            with_params(url, self._access.params),
            headers=self._sendable(request.headers),
            content=request.content,
        )
        answer = await self._client.send(sent, stream=True)
        try:
            encoding = answer.headers.get("content-encoding", "").strip().lower()
            body = BoundedBody(limit=self._limits.max_response_bytes, encoding=encoding)
            async for piece in answer.aiter_raw():
                body.feed(piece)
            content = body.finish() if request.method != "HEAD" else b""
        finally:
            await answer.aclose()
        return Response(status=answer.status_code, headers=dict(answer.headers), body=content, url=self._shown(url))

    def _sendable(self, headers: Mapping[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
                problem = f"the header {name!r} is not sent: its name or value has characters that no header carries"
                raise self._broken(f"{problem}; check the reference it comes from")
        return dict(headers)

    def _judge(self, where: str, response: Response) -> None:
        """Raise the problem that a status stands for."""
        status = response.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        problem = f"{where} answered {status}{self._excerpt(response.body)}"
        wait = retry_after(response.headers.get("retry-after"), self._clock.now())
        if wait is not None and status in _THROTTLING:
            raise Throttled(self._said(f"{problem}; it asks to wait {wait:.0f} s"), after=wait)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise ThrottledVaguely(self._said(problem), after=DEFAULT_THROTTLE)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
            raise self._unavailable(problem)
        raise self._broken(f"{problem}{_REMEDIES.get(status, '')}")

    def _document(self, response: Response) -> Any:
        try:
            return parse_json(response.body)
        except BodyCutOff:
            raise self._unavailable(f"the JSON of {response.url} breaks off in the middle") from None
        except BodyWrong as error:
            kind = response.headers.get("content-type", "no content type")
            raise self._broken(
                f"{response.url} answered {response.status} ({kind}) with {error} where JSON was expected; "
                f"check the address and the credentials: {self._excerpt(response.body).lstrip(': ')}"
            ) from None

    def _excerpt(self, body: bytes) -> str:
        text = " ".join(body[: 4 * _EXCERPT].decode(errors="replace").split())[:_EXCERPT]
        return f": {text}" if text else ""

    def _unavailable(self, problem: str) -> Transient:
        return self._peer.unavailable(self._said(problem))

    def _broken(self, problem: str) -> Permanent:
        return self._peer.broken(self._said(problem))

    def _said(self, problem: str) -> str:
        """The problem with its peer, and without secrets in any form they have in addresses."""
        for secret in self._access.secrets:
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                problem = problem.replace(form, "***")
        return f"{self._peer.name}: {problem}"


class _CheckedConnections(httpx.AsyncBaseTransport):
    """Resolves the host itself and connects to exactly the addresses that it checked."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        problem = httpx.ConnectError(f"{host} has no address")
        for address in await _resolve(host, request.url.port):
            attempt = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(attempt)
            except httpx.ConnectError as error:
                problem = error
        raise problem

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _resolve(host: str, port: int | None) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx.ConnectError(f"{host} cannot be resolved ({error.strerror})") from None
    addresses = [str(sockaddr[0]) for *_, sockaddr in found][:_MAX_ADDRESSES]
    for address in addresses:
        check_reachable(address)
    return addresses
