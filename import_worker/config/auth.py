"""How requests to a source prove who sends them.

Owns the shape of each kind; its secrets are references.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from import_worker.config.base import Key, Model
from import_worker.config.secrets import SecretRef


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


Auth = Annotated[NoAuth | BearerAuth | ApiKeyAuth, Field(discriminator="type")]
