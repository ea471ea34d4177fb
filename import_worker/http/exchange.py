"""What is asked and answered over HTTP, as plain values: requests, responses, bounds, and who is asked.

Owns these words, so that their users need no HTTP library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from import_worker.errors import (
    DestinationBroken,
    DestinationUnavailable,
    Permanent,
    SourceBroken,
    SourceUnavailable,
    Transient,
)


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
        total: seconds for all of it, redirects included.
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
        params: query parameters sent with every request, such as a key; never part of a Response's url.
        secrets: texts that must not appear in messages.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent, as often as needed.

    Attributes:
        method: HTTP method.
        url: absolute, or relative to the origin.
        headers: beside those of every request.
        content: the body to send.
        accept: statuses of 400 and above that are an answer rather than a problem.
        retry: whether it may be repeated in place.
    """

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    accept: frozenset[int] = frozenset()
    retry: bool = True


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: by lower-case name; repeated ones joined by a comma.
        body: decompressed.
        url: where it came from, after redirects, without the parameters of every request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
