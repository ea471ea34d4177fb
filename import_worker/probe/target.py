"""What is looked at: an address taken apart as a file has it, and the headers that are sent.

Owns what must not get into a file: keys and passwords in addresses and headers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from import_worker.config.secrets import has_reference, resolve_text
from import_worker.errors import Permanent
from import_worker.http.addresses import AddressRefused, Origin, with_params

_SECRET_NAME = re.compile(
    r"(^|[_-])(api[_-]?key|key|token|secret|password|auth|authorization|cookie|signature)$", re.IGNORECASE
)
_BEARER = re.compile(r"Bearer (\$\{(?:env|file):[^{}]+\})")
_MAX_NAME = 63


class TargetRefused(Permanent):
    """The address or a header cannot be used. The message says what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address and the headers for it, as they stand in a file: with references in place of secrets.

    Attributes:
        base_url: with a slash at its end.
        path: of the resource, relative to base_url.
        params: of its query.
        headers: of each request, by name.
        bearer: the reference of a bearer token, which is not among the headers.
    """

    base_url: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    bearer: str | None

    @classmethod
    def of(cls, url: str, headers: Sequence[str]) -> "Target":
        """Take an address apart.

        Args:
            url: absolute, http or https; without a scheme, http is meant.
            headers: such as "Accept: application/json".

        Raises:
            TargetRefused: the address is none, or a secret stands where a reference belongs.
        """
        whole = url if "://" in url else f"http://{url}"
        try:
            Origin.of(whole)
        except AddressRefused as error:
            raise TargetRefused(str(error)) from None
        parts = urlsplit(whole)
        before, _, path = parts.path.rpartition("/")
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name, value in params.items():
            _refuse_secret("the parameter", name, value)
        named = dict(_header(text) for text in headers)
        bearer = next(
            (_BEARER.fullmatch(value) for name, value in named.items() if name.lower() == "authorization"), None
        )
        return cls(
            base_url=f"{parts.scheme}://{parts.netloc}{before}/",
            path=path,
            params=params,
            headers={name: value for name, value in named.items() if bearer is None or name.lower() != "authorization"},
            bearer=bearer[1] if bearer else None,
        )

    def url(self) -> str:
        """The address, without the parameters that hold secrets."""
        return with_params(
            f"{self.base_url}{self.path}", {k: v for k, v in self.params.items() if not has_reference(v)}
        )

    def secret_params(self, env: Mapping[str, str]) -> dict[str, str]:
        """The parameters that hold secrets, with their values. Raises ReferenceUnresolved."""
        return {name: resolve_text(value, env) for name, value in self.params.items() if has_reference(value)}

    def sent_headers(self, env: Mapping[str, str]) -> dict[str, str]:
        """The headers to send. Raises ReferenceUnresolved."""
        own = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        return {name: resolve_text(value, env) for name, value in {**self.headers, **own}.items()}

    def texts(self) -> list[str]:
        """Every text that may hold a reference."""
        return [*self.params.values(), *self.headers.values(), *([self.bearer] if self.bearer else [])]

    def name(self) -> str:
        """What the resource may be called."""
        last = next((part for part in reversed(self.path.split("/")) if part), "")
        stem = last.rpartition(".")[0] or last
        above = [part for part in urlsplit(self.base_url).path.split("/") if part]
        word = re.sub(r"[^a-z0-9]+", "-", (stem or (above[-1] if above else "")).lower()).strip("-")
        return word[:_MAX_NAME].strip("-") or "items"


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not value.strip():
        raise TargetRefused(f"the header {text!r} has no value; write it as 'Name: value'")
    _refuse_secret("the header", name.strip(), value.strip())
    return name.strip(), value.strip()


def _refuse_secret(what: str, name: str, value: str) -> None:
    if _SECRET_NAME.search(name) and value and not has_reference(value):
        raise TargetRefused(
            f"{what} {name!r} looks like a secret, which must not stand in a file or a command; put it into an "
            f"environment variable and write '${{env:NAME}}' in its place"
        )
