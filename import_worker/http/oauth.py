"""Tokens of OAuth 2 that a client gets with its own credentials, and their life in this process.

Owns the form of the request, what its answer means, and that one refresh is in flight for each token.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from import_worker.config.auth import ClientCredentialsAuth
from import_worker.errors import SourceBroken, Throttled, Transient
from import_worker.http.credentials import Ask, Asked, Proof
from import_worker.http.redaction import Secrets
from import_worker.ports import Clock

MAX_TOKENS = 64
"""Tokens that one process keeps; the one that was used least recently goes."""
TRY_AGAIN_SECONDS = 30.0
"""After a refresh that failed while the token was still good."""

_MAX_WORDS = 300
_FOR_EVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token. Times are seconds since the epoch.

    Attributes:
        value: what is sent.
        refresh_time: when the next one is asked for.
        end_time: when it is no longer good.
    """

    value: str
    refresh_time: float
    end_time: float


Fetch = Callable[[], Awaitable[Token]]


@dataclass
class _Slot:
    token: Token | None = None
    refresh: asyncio.Task[Token] | None = None


class Tokens:
    """The tokens of this process. Whatever asks for the same one at the same time shares one refresh."""

    def __init__(self) -> None:
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()

    async def token(self, key: Hashable, fetch: Fetch, *, now: float, refused: str | None = None) -> Token:
        """A token that is good, from memory or fresh.

        Args:
            key: what tells it from others.
            fetch: gets a new one.
            now: seconds since the epoch.
            refused: a value that is no longer good, whatever its times say.
        """
        slot = self._slot(key)
        known = slot.token if slot.token is not None and slot.token.value != refused else None
        if known is not None and now < known.refresh_time:
            return known
        if slot.refresh is None:
            slot.refresh = asyncio.create_task(_refresh(slot, fetch))
        try:
            # Who gives up waiting takes the refresh from nobody else.
            return await asyncio.shield(slot.refresh)
        except (Transient, Throttled):
            if known is None or now >= known.end_time:
                raise
            slot.token = replace(known, refresh_time=min(now + TRY_AGAIN_SECONDS, known.end_time))
            return known

    def _slot(self, key: Hashable) -> _Slot:
        slot = self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        if len(self._slots) > MAX_TOKENS:
            self._slots.popitem(last=False)
        return slot


async def _refresh(slot: _Slot, fetch: Fetch) -> Token:
    try:
        slot.token = await fetch()
        return slot.token
    finally:
        slot.refresh = None


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who asks for a token, and where. Its secret goes to that address alone.

    Attributes:
        auth: the configuration.
        url: of the token endpoint, resolved.
        client_id: resolved.
        client_secret: resolved.
    """

    auth: ClientCredentialsAuth
    url: str
    client_id: str
    client_secret: str

    def request(self) -> tuple[dict[str, str], bytes]:
        """Headers and body that ask for a token."""
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.auth.scopes:
            form["scope"] = " ".join(self.auth.scopes)
        if self.auth.client_auth_method == "client_secret_post":
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            headers["Authorization"] = f"Basic {base64.b64encode(self.pair().encode()).decode()}"
        return headers, urlencode(form).encode()

    def pair(self) -> str:
        """What is encoded for HTTP Basic; OAuth encodes both parts as in a form first."""
        return f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"


class ClientCredentials:
    """Bearer tokens of OAuth 2. Implements import_worker.http.credentials.Credentials."""

    def __init__(self, client: Client, *, tokens: Tokens, ask: Ask, clock: Clock, secrets: Secrets) -> None:
        """Prepare; nothing is asked yet.

        Args:
            client: who asks.
            tokens: of this process.
            ask: sends the request for a token.
            clock: wall time.
            secrets: told of every token.
        """
        self._client, self._tokens, self._ask = client, tokens, ask
        self._clock, self._secrets = clock, secrets
        for text in (client.pair(), f"{client.client_id}:{client.client_secret}"):
            secrets.add(text)

    async def proof(self) -> Proof:
        """See Credentials."""
        return self._proof(await self._token())

    async def renew(self, refused: Proof) -> bool:
        """See Credentials. A token that came meanwhile is as good as a new one."""
        await self._token(refused=refused.headers["Authorization"].removeprefix("Bearer "))
        return True

    async def _token(self, refused: str | None = None) -> Token:
        token = await self._tokens.token(self._client, self._fetch, now=self._clock.now(), refused=refused)
        self._secrets.add(token.value)
        return token

    @staticmethod
    def _proof(token: Token) -> Proof:
        return Proof(headers={"Authorization": f"Bearer {token.value}"})

    async def _fetch(self) -> Token:
        asked = self._clock.now()
        headers, body = self._client.request()
        return self._read(await self._ask(self._client.url, headers, body), asked)

    def _read(self, answer: Asked, asked: float) -> Token:
        document: dict[str, Any] = answer.document if isinstance(answer.document, dict) else {}
        if answer.status >= 400:  # noqa: PLR2004  classes of statuses
            words = [str(document[key])[:_MAX_WORDS] for key in ("error", "error_description") if document.get(key)]
            raise self._broken(
                f"answered {answer.status}{''.join(f': {each}' for each in words)}; check client_id, client_secret, "
                "scopes and client_auth_method"
            )
        value, kind = document.get("access_token"), document.get("token_type", "bearer")
        if not isinstance(value, str) or not value:
            raise self._broken("answered no access_token; check access_token_url")
        if str(kind).lower() != "bearer":
            raise self._broken(f"answered a token of type {str(kind)[:20]!r}; only bearer tokens can be sent")
        life = _seconds(document.get("expires_in"))
        ratio = self._client.auth.expiry_ratio
        return Token(value=value, refresh_time=asked + life * ratio, end_time=asked + life)

    def _broken(self, problem: str) -> SourceBroken:
        return SourceBroken(self._secrets.hide(f"the token endpoint {self._client.url} {problem}"))


def _seconds(expires_in: Any) -> float:
    """The life of a token. One that does not say so is good until it is refused."""
    try:
        return float(expires_in) if not isinstance(expires_in, bool) else _FOR_EVER
    except (TypeError, ValueError):
        return _FOR_EVER
