"""Where requests may go: the origin that a configuration names.

Owns the comparison of origins, the resolution of links, and query parameters that come and go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


class AddressRefused(ValueError):
    """An address that must not be requested. Its text says why."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Scheme, host and port: what a secret may be sent to.

    Attributes:
        scheme: http or https.
        host: lower-case, without brackets.
        port: never absent.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @classmethod
    def of(cls, url: str) -> "Origin":
        """The origin of an absolute address.

        Raises:
            AddressRefused: it is not http or https, has no host, or carries a user name or password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise AddressRefused(f"{_bare(url)} is no address: {error}") from None
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise AddressRefused(f"{_bare(url)} must be an absolute http or https address")
        if "@" in parts.netloc:
            raise AddressRefused(f"the address of {parts.hostname} holds a user name or password; write it as auth")
        return cls(scheme=parts.scheme, host=parts.hostname, port=port or DEFAULT_PORTS[parts.scheme])

    def follow(self, base: str, link: str) -> str:
        """The absolute address of a link found at `base`, without its fragment.

        Raises:
            AddressRefused: the link leaves this origin. The message names both.
        """
        try:
            url = urlunsplit(urlsplit(urljoin(base, link))._replace(fragment=""))
        except ValueError as error:
            raise AddressRefused(f"{_bare(link)} is no address: {error}") from None
        other = Origin.of(url)
        if other != self:
            raise AddressRefused(f"the link leads to {other}, but only {self} may be asked")
        return url


def _bare(url: str) -> str:
    """An address for a message: its query may hold a secret."""
    return repr(url.partition("?")[0][:200])


def without_params(url: str, names: frozenset[str]) -> str:
    """The address without the query parameters of these names; the rest stays byte for byte if there are none."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] not in names]
    return url if len(kept) == len(pairs) else urlunsplit(parts._replace(query=urlencode(kept)))


def with_params(url: str, params: Mapping[str, str]) -> str:
    """The address with query parameters added, each replacing those of its name."""
    parts = urlsplit(without_params(url, frozenset(params)))
    added = urlencode(params)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, added) if part)))
