"""What is asked and answered over HTTP, as plain values: requests, responses, bounds, and who is asked.

Owns these words, so that their users need no HTTP library.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from import_worker.errors import (
    DestinationBroken,
    DestinationUnavailable,
    Permanent,
    SourceBroken,
    SourceUnavailable,
    Transient,
)
from import_worker.http.credentials import NO_CREDENTIALS, Credentials
from import_worker.http.reach import Reach
from import_worker.http.redaction import Secrets


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Who is asked: how messages call it, and which problems it makes.

    Attributes:
        name: such as "the source".
        unavailable: the class of problems that pass.
        broken: the class of problems that stay.
    """

    name: str
    unavailable: type[Transient]
    broken: type[Permanent]


SOURCE = Peer(name="the source", unavailable=SourceUnavailable, broken=SourceBroken)
DESTINATION = Peer(name="Assets", unavailable=DestinationUnavailable, broken=DestinationBroken)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one request.

    Attributes:
        connect: seconds to reach the other side.
        read: seconds between two pieces of an answer.
        total: seconds for a whole answer. A redirect begins anew; there are few.
        max_response_bytes: bytes of a body after decompression.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0
    max_response_bytes: int = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where requests go and what each of them carries.

    Attributes:
        base_url: its origin is the only one that is ever asked.
        headers: sent with every request.
        secrets: what must not appear in messages.
        reach: the networks that its host may be in.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Secrets = field(default_factory=Secrets)
    reach: Reach = Reach.ANY


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: by lower-case name; repeated ones joined by a comma.
        body: decompressed.
        url: where it came from, after redirects, without the parameters of the credentials.
        emptied: a rule says that it stands for no records at all; its body means nothing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    emptied: bool = False


class Action(StrEnum):
    """What is done about an answer. The names are those of error rules, but for the first."""

    ACCEPT = "accept"
    RETRY = "retry"
    RATE_LIMITED = "rate_limited"
    FAIL = "fail"
    EMPTY = "empty"
    RENEW = "refresh_token_then_retry"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an answer means.

    Attributes:
        action: what is done about it.
        message: the words of the rule; empty where it has none.
    """

    action: Action
    message: str = ""


Judge = Callable[[Response], Verdict | None]
"""What an answer means by the rules of a configuration. None: they say nothing about it."""


def no_rules(_response: Response) -> None:
    """A Judge that leaves everything to the built-in rules."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent, as often as needed.

    Attributes:
        method: HTTP method.
        url: absolute, or relative to the origin.
        headers: beside those of every request.
        content: the body to send.
        accept: statuses that are an answer whatever the rules say.
        retry: whether it may be repeated in place.
        credentials: what it carries to prove who sends it.
        judge: the rules that come before the built-in ones.
        confidential: the answer holds a secret: no message quotes it.
        called: what messages call the address. Empty: the address itself, which then is no secret.
    """

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    accept: frozenset[int] = frozenset()
    retry: bool = True
    credentials: Credentials = NO_CREDENTIALS
    judge: Judge = no_rules
    confidential: bool = False
    called: str = ""

    @property
    def shown(self) -> str:
        """Method and address, for messages."""
        return f"{self.method} {self.called or self.url}"


class Gate(Protocol):
    """What lets requests through to a source: its limits, and what it said about them."""

    def admitted(self) -> AbstractAsyncContextManager[None]:
        """Lets one request through, after a short wait at most, and knows until when it is under way.

        Raises:
            Throttled: the wait would be long.
        """
        ...

    async def heed(self, response: Response) -> None:
        """Take in what an answer says about further requests."""
        ...

    def asked_pause(self, response: Response) -> float | None:
        """Seconds for which an answer asks to send nothing. None: it does not."""
        ...
