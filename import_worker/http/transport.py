"""HTTP to one origin, bounded in time, size and reach. The only module that knows httpx.

Owns sending, redirects and time-outs, and carries out what an answer means; whose fault it is comes in as a `Peer`.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from import_worker.errors import Permanent, Throttled, Transient
from import_worker.http.addresses import DEFAULT_PORTS, AddressRefused, Origin, with_params, without_params
from import_worker.http.bodies import BodyCutOff, BodyTooLarge, BodyWrong, BoundedBody, parse_json
from import_worker.http.credentials import Proof
from import_worker.http.exchange import Access, Action, Gate, Limits, Peer, Request, Response, Verdict
from import_worker.http.limiter import Open
from import_worker.http.reach import Reach
from import_worker.http.resolution import resolve
from import_worker.http.retry import DEFAULT_THROTTLE, RetryPolicy, ThrottledVaguely
from import_worker.http.rules import built_in
from import_worker.ports import Clock

T = TypeVar("T")

# The library logs whole addresses, and a key may stand in their query.
logging.getLogger("httpx").setLevel(logging.WARNING)

_MAX_REDIRECTS = 3
_EXCERPT = 200
_MAX_EXCERPT_SOURCE = 64 * 1024
_ENCODING = {"Accept-Encoding": "gzip"}  # what bodies.py can unpack within a bound
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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
        gate: Gate | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            peer: whose problems these are.
            access: the origin, and what every request carries.
            retry: retries in place.
            clock: for Retry-After as a date.
            limits: bounds of every request.
            gate: what lets each of them through, repeats and redirects included. None: all pass.

        Raises:
            Permanent: as the peer's broken; base_url is no usable address.
        """
        self._peer = peer
        self._access = access
        self._retry = retry
        self._limits = limits
        self._gate = gate or Open(clock)
        try:
            self.origin = Origin.of(access.base_url)
        except AddressRefused as error:
            raise self._broken(str(error)) from None
        own = {"User-Agent": "longshore", "Accept": "application/json", **access.headers, **_ENCODING}
        self._client = httpx.AsyncClient(
            transport=_CheckedConnections(self.origin, access.reach),
            headers=self._sendable(own),
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            trust_env=False,
        )
        # Credentials differ from request to request, and what one of them was given is not for the others.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

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
            return response, self._document(request, response)

        return await self._repeated(request, once)

    async def _repeated(self, request: Request, once: Callable[[], Awaitable[T]]) -> T:
        return await self._retry.retrying()(once) if request.retry else await once()

    async def _once(self, request: Request) -> Response:
        """One attempt, and one more where the credentials were refused and there are others."""
        for may_renew in (True, False):
            proof = await request.credentials.proof()
            with self._named(request.shown):
                response = await self._followed(request, proof)
            if response.status in request.accept:
                return response
            verdict = request.judge(response) or built_in(
                response.status, pausing=self._gate.asked_pause(response) is not None
            )
            if verdict.action is not Action.RENEW or not (may_renew and await request.credentials.renew(proof)):
                break
        return self._carry_out(verdict, request, response)

    async def _followed(self, request: Request, proof: Proof) -> Response:
        url = self.origin.follow(f"{self.origin}/", request.url)
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._gate.admitted(), self._within_total():
                response = await self._exchange(request, url, proof)
            await self._gate.heed(response)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None or request.method != "GET":
                return response
            url = self.origin.follow(url, target)
        raise AddressRefused(f"redirected more than {_MAX_REDIRECTS} times")

    def _within_total(self) -> asyncio.Timeout:
        return asyncio.timeout(self._limits.total)

    async def _exchange(self, request: Request, url: str, proof: Proof) -> Response:
        headers = httpx.Headers(self._sendable(request.headers))
        headers.update(self._sendable(proof.headers))
        sent = self._client.build_request(
            request.method, with_params(url, proof.params), headers=headers, content=request.content
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
        shown = without_params(url, frozenset(proof.params))
        return Response(status=answer.status_code, headers=dict(answer.headers), body=content, url=shown)

    @contextmanager
    def _named(self, where: str) -> Iterator[None]:
        """Name every failure of sending, as a problem of the peer."""
        try:
            yield
        except TimeoutError:
            raise self._unavailable(f"{where} took longer than {self._limits.total:g} s in all") from None
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

    def _sendable(self, headers: Mapping[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
                problem = f"the header {name!r} is not sent: its name or value has characters that no header carries"
                raise self._broken(f"{problem}; check the reference it comes from")
        return dict(headers)

    def _carry_out(self, verdict: Verdict, request: Request, response: Response) -> Response:
        """The answer, or the problem that it stands for."""
        if verdict.action is Action.ACCEPT:
            return response
        if verdict.action is Action.EMPTY:
            return replace(response, emptied=True)
        words = f": {verdict.message}" if verdict.message else ""
        quoted = "" if request.confidential else self._excerpt(response.body)
        problem = f"{request.shown} answered {response.status}{words}{quoted}"
        if verdict.action is Action.RATE_LIMITED:
            raise self._throttled(problem, self._gate.asked_pause(response))
        if verdict.action is Action.RETRY:
            raise self._unavailable(problem)
        raise self._broken(f"{problem}{'' if words else _REMEDIES.get(response.status, '')}")

    def _throttled(self, problem: str, pause: float | None) -> Throttled:
        if pause is None:
            return ThrottledVaguely(self._said(problem), after=DEFAULT_THROTTLE)
        return Throttled(self._said(f"{problem}; it asks to wait {pause:.0f} s"), after=pause)

    def _document(self, request: Request, response: Response) -> Any:
        if response.emptied:
            return None
        try:
            return parse_json(response.body)
        except BodyCutOff:
            raise self._unavailable(f"the JSON of {response.url} breaks off in the middle") from None
        except BodyWrong as error:
            kind = response.headers.get("content-type", "no content type")
            quoted = "" if request.confidential else self._excerpt(response.body)
            raise self._broken(
                f"{response.url} answered {response.status} ({kind}) with {error} where JSON was expected; "
                f"check the address and the credentials{quoted}"
            ) from None

    def _excerpt(self, body: bytes) -> str:
        """The beginning of a body for a message. Secrets go first, so that none of them is cut and shown in part."""
        text = self._access.secrets.hide(body[:_MAX_EXCERPT_SOURCE].decode(errors="replace"))
        shown = " ".join(text.split())[:_EXCERPT]
        return f": {shown}" if shown else ""

    def _unavailable(self, problem: str) -> Transient:
        return self._peer.unavailable(self._said(problem))

    def _broken(self, problem: str) -> Permanent:
        return self._peer.broken(self._said(problem))

    def _said(self, problem: str) -> str:
        """The problem with its peer, and without secrets."""
        return f"{self._peer.name}: {self._access.secrets.hide(problem)}"


class _CheckedConnections(httpx.AsyncBaseTransport):
    """Resolves the host itself and connects to exactly the addresses that it checked."""

    def __init__(self, origin: Origin, reach: Reach) -> None:
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)
        self._origin = origin
        self._reach = reach

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._check_origin(request.url)
        host = request.url.host
        problem = httpx.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, request.url.port):
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

    def _check_origin(self, url: httpx.URL) -> None:
        """Two readers of one address may disagree about its host: what is sent goes where the origin says."""
        port = url.port or DEFAULT_PORTS[url.scheme]
        hosts = {url.host, url.raw_host.decode("ascii")}
        if self._origin.host not in hosts or (url.scheme, port) != (self._origin.scheme, self._origin.port):
            raise AddressRefused(f"the address is read in two ways, and only {self._origin} may be asked")

    async def _addresses(self, host: str, port: int | None) -> list[str]:
        try:
            return await resolve(host, port, self._reach)
        except OSError as error:
            raise httpx.ConnectError(f"{host} cannot be resolved ({error.strerror})") from None

    async def aclose(self) -> None:
        await self._inner.aclose()
