"""How requests to a source prove who sends them.

Owns the shape of each kind; its secrets are references.
"""

from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Literal

from pydantic import Field, model_validator

from import_worker.config.base import Key, Model
from import_worker.config.secrets import SecretRef, Text

PLUGINS = "longshore.auth"
"""The entry point group of kinds that other packages add."""


class NoAuth(Model):
    type: Literal["none"]


class BearerAuth(Model):
    type: Literal["bearer"]
    token: SecretRef


class ApiKeyAuth(Model):
    """A key sent as a header or as a query parameter: name exactly one of them."""

    type: Literal["api_key"]
    value: SecretRef
    header: Key | None = None
    param: Key | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "ApiKeyAuth":
        if (self.header is None) == (self.param is None):
            raise ValueError("name either the header or the query parameter (param) that carries the key")
        return self


class HttpBasicAuth(Model):
    """User name and password. Without a password an empty one is sent, for sources that take a key as the user."""

    type: Literal["http_basic"]
    username: Text
    password: SecretRef | None = None


class ClientCredentialsAuth(Model):
    """A token of OAuth 2, got with a client's own credentials and sent as a bearer token.

    `expiry_ratio` is the part of a token's life after which the next one is asked for.
    """

    type: Literal["oauth2_client_credentials"]
    access_token_url: Text
    client_id: Text
    client_secret: SecretRef
    client_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    scopes: tuple[Key, ...] = Field(default=(), max_length=100)
    expiry_ratio: float = Field(default=0.9, ge=0.1, le=1)


class PluginAuth(Model):
    """A kind of auth that an installed package adds under the entry point group `longshore.auth`."""

    type: Literal["plugin"]
    name: Key
    options: dict[Key, Text] = Field(default_factory=dict)


Auth = Annotated[
    NoAuth | BearerAuth | ApiKeyAuth | HttpBasicAuth | ClientCredentialsAuth | PluginAuth,
    Field(discriminator="type"),
]


def plugins() -> dict[str, EntryPoint]:
    """The plug-ins that are installed here, by name."""
    return {each.name: each for each in sorted(entry_points(group=PLUGINS))}


def unknown_plugin(name: str, installed: Collection[str]) -> str:
    """What to say about a plug-in that is not installed."""
    there = f"installed here: {', '.join(sorted(installed))}" if installed else "none is installed here"
    return f"there is no auth plug-in {name!r} (entry point group {PLUGINS}); {there}"
