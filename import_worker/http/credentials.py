"""What a request carries to prove who sends it: fixed values, or a token that is renewed.

Owns the protocol that every kind of auth fulfils, those of plug-ins included.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from import_worker.ports import Clock


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What one request carries.

    Attributes:
        headers: to send; they win over those of the configuration.
        params: query parameters to send; they are never part of a Response's url.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


class Credentials(Protocol):
    """One kind of auth, as it is configured. Used by many requests at once."""

    async def proof(self) -> Proof:
        """What the next request carries.

        Raises:
            SourceBroken: there is none, and no retry mends it.
            SourceUnavailable: a retry may mend it.
            Throttled: whoever gives it asks to wait.
        """
        ...

    async def renew(self, refused: Proof) -> bool:
        """Get another proof in place of one that was refused; whether there may be another at all."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """Credentials that never change."""

    value: Proof = field(default_factory=Proof)

    async def proof(self) -> Proof:
        """See Credentials."""
        return self.value

    async def renew(self, _refused: Proof) -> bool:
        """See Credentials."""
        return False


NO_CREDENTIALS = Fixed()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an endpoint of a plug-in answered.

    Attributes:
        status: 200, 400, 401 or 403; any other one is a problem that is raised.
        document: the JSON of the body.
    """

    status: int
    document: Any


Ask = Callable[[str, Mapping[str, str], bytes], Awaitable[Asked]]
"""POST of a body with headers to an absolute address: one attempt, within the bounds and limits of all requests.

Raises SourceBroken, SourceUnavailable or Throttled; no message quotes the answer.
"""


@dataclass(frozen=True, kw_only=True)
class PluginContext:
    """What a plug-in is built with.

    Attributes:
        options: of the configuration, with references resolved.
        ask: how it asks an endpoint of its own, if it needs one. It must use nothing else to send requests.
        clock: wall time.
        hide: told every secret that the plug-in gets, so that no message shows it.
    """

    options: Mapping[str, str] = field(repr=False)
    ask: Ask
    clock: Clock
    hide: Callable[[str], None]


Plugin = Callable[[PluginContext], Credentials]
"""What an entry point of the group longshore.auth names. Raises ValueError where the options do not fit."""
