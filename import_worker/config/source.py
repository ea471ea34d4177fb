"""The source of an import: where its resources are, and what holds for all of them."""

import hashlib
import json
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from import_worker.config.auth import Auth, NoAuth
from import_worker.config.base import Key, Model
from import_worker.config.pagination import Pagination
from import_worker.config.quantities import ByteSize
from import_worker.config.requests import ErrorRules, RateLimit, Retry, Timeouts
from import_worker.config.secrets import Text


class Source(Model):
    """A REST source. `auth`, `headers` and `pagination` hold for every resource; a resource's own pagination wins."""

    type: Literal["rest"]
    base_url: Text
    headers: dict[Key, Text] = Field(default_factory=dict)
    auth: Auth = NoAuth(type="none")
    pagination: Pagination | None = None
    timeouts: Timeouts = Timeouts()
    max_response_bytes: ByteSize = Field(default=32 * 1024 * 1024, le=1024 * 1024 * 1024)
    retry: Retry = Retry()
    rate_limit: RateLimit = RateLimit()
    error_rules: ErrorRules = ()

    @property
    def shared_name(self) -> str:
        """What imports that ask the same place in the same way share: their limits. It holds no secret."""
        parts = urlsplit(self.base_url)
        place = f"{parts.scheme}://{parts.netloc}" if parts.netloc else self.base_url
        who = json.dumps(self.auth.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(f"{place.lower()}\n{who}".encode()).hexdigest()[:16]
