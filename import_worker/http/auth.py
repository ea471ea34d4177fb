"""From an auth section to credentials: each kind of the configuration, and those that plug-ins add.

Owns the table of kinds, and how an endpoint that gives out tokens is asked.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from import_worker.config import auth as kinds
from import_worker.config.secrets import resolve_text
from import_worker.errors import Permanent
from import_worker.http.credentials import NO_CREDENTIALS, Asked, Credentials, Fixed, Plugin, PluginContext, Proof
from import_worker.http.exchange import Request
from import_worker.http.oauth import Client, ClientCredentials, Tokens
from import_worker.http.redaction import Secrets
from import_worker.http.transport import Transport
from import_worker.ports import Clock

_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What credentials are built with.

    Attributes:
        env: where `${env:}` finds its values.
        clock: wall time.
        tokens: of this process.
        secrets: told what must not be shown.
        connect: opens a transport to the origin of an address, with the bounds and limits of the source.
    """

    env: Mapping[str, str] = field(repr=False)
    clock: Clock
    tokens: Tokens
    secrets: Secrets
    connect: Callable[[str], Transport]

    def text(self, text: str) -> str:
        """A text with its references resolved."""
        return resolve_text(text, self.env)

    async def ask(self, url: str, headers: Mapping[str, str], body: bytes) -> Asked:
        """See credentials.Ask. The connection is closed again: tokens live long."""
        request = Request(
            method="POST", url=url, headers=headers, content=body, accept=_REFUSALS, retry=False, confidential=True
        )
        transport = self.connect(url)
        try:
            response, document = await transport.request_json(request)
        finally:
            await transport.close()
        return Asked(status=response.status, document=document)


def credentials_of(auth: kinds.Auth, around: Surroundings) -> Credentials:
    """The credentials that a configuration describes.

    Raises:
        ReferenceUnresolved: a reference has no value.
        Permanent: a plug-in is not installed, or refuses its options.
    """
    return _BUILD[type(auth)](auth, around)


def _none(_auth: kinds.NoAuth, _around: Surroundings) -> Credentials:
    return NO_CREDENTIALS


def _bearer(auth: kinds.BearerAuth, around: Surroundings) -> Credentials:
    return Fixed(value=Proof(headers={"Authorization": f"Bearer {auth.token.resolve(around.env)}"}))


def _api_key(auth: kinds.ApiKeyAuth, around: Surroundings) -> Credentials:
    key = auth.value.resolve(around.env)
    if auth.header is not None:
        return Fixed(value=Proof(headers={auth.header: key}))
    return Fixed(value=Proof(params={str(auth.param): key}))


def _http_basic(auth: kinds.HttpBasicAuth, around: Surroundings) -> Credentials:
    password = "" if auth.password is None else auth.password.resolve(around.env)
    pair = f"{around.text(auth.username)}:{password}"
    around.secrets.add(pair)
    return Fixed(value=Proof(headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}))


def _client_credentials(auth: kinds.ClientCredentialsAuth, around: Surroundings) -> Credentials:
    client = Client(
        auth=auth,
        url=around.text(auth.access_token_url),
        client_id=around.text(auth.client_id),
        client_secret=auth.client_secret.resolve(around.env),
    )
    return ClientCredentials(client, tokens=around.tokens, ask=around.ask, clock=around.clock, secrets=around.secrets)


def _plugin(auth: kinds.PluginAuth, around: Surroundings) -> Credentials:
    installed = kinds.plugins()
    if auth.name not in installed:
        raise Permanent(kinds.unknown_plugin(auth.name, installed), reason="CONFIG_INVALID")
    options = {name: around.text(text) for name, text in auth.options.items()}
    context = PluginContext(options=options, ask=around.ask, clock=around.clock, hide=around.secrets.add)
    try:
        plugin: Plugin = installed[auth.name].load()
        credentials = plugin(context)
    except (ImportError, AttributeError) as error:
        problem = f"the auth plug-in {auth.name!r} cannot be loaded: {error}"
        raise Permanent(problem, reason="CONFIG_INVALID") from None
    except ValueError as error:
        problem = around.secrets.hide(f"the auth plug-in {auth.name!r} refuses its options: {error}")
        raise Permanent(problem, reason="CONFIG_INVALID") from None
    return credentials


_BUILD: Mapping[type[kinds.Auth], Callable[[Any, Surroundings], Credentials]] = {
    kinds.NoAuth: _none,
    kinds.BearerAuth: _bearer,
    kinds.ApiKeyAuth: _api_key,
    kinds.HttpBasicAuth: _http_basic,
    kinds.ClientCredentialsAuth: _client_credentials,
    kinds.PluginAuth: _plugin,
}
