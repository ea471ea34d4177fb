"""The seams of an import: where records come from, where objects go, and what time it is.

Adapters in sources/ and assets/ implement them; flow/ uses them and knows no adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Record = Mapping[str, Any]
Cursor = Mapping[str, Any]
"""A lane's position: JSON-serialisable, versioned, opaque to the flow."""


class Clock(Protocol):
    """Wall time, injected so that tests never sleep."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a Board has under a key.

    Attributes:
        value: a JSON value; None where there is nothing.
        version: of it; 0 where there is nothing.
    """

    value: Any
    version: int


class Board(Protocol):
    """Small notes that all workers share, such as what is left of a source's budget."""

    async def read(self, key: str) -> Note:
        """What stands there now."""
        ...

    async def write(self, key: str, value: Any, *, over: Note, life: float) -> Note | None:
        """Write over what was read. None: someone else wrote meanwhile, and nothing was changed.

        Args:
            key: of the note.
            value: a JSON value.
            over: what was read, or written before.
            life: seconds after which it is gone.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Which part of a resource is read. The default is all of it.

    Attributes:
        lane: pages lane, lane + lanes, lane + 2 x lanes ... are read.
        lanes: how many share the pages.
        fields: values of placeholders in path and parameters: "7" for {"site_id": "7"}.
        params: query parameters of this part alone.
    """

    lane: int = 0
    lanes: int = 1
    fields: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


WHOLE = Slice()
"""All of a resource."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a source returned for one request.

    Attributes:
        records: the records in source order. Empty only where the source said so with an empty list.
        next_cursor: where to go on. None: the lane ended by a stop condition.
        url: the address that was read, without secrets, for messages.
        number: of the page within the resource, over all of its lanes, from 0.
        full: the page held as many records as were asked for; True where the pagination names no page size. Lanes
            have read a resource without a gap where, in the order of `number` over all lanes, every page before the
            last one with records was full and has records itself.
        total: records that the source has in all, by its own statement on this page; None where it makes none.
        emptied_by_rule: an error rule says that the page is empty; whether the source has records is not known.
        pagination: kind of pagination that was followed, such as "json_link"; empty where nothing says.
    """

    records: list[Record]
    next_cursor: Cursor | None
    url: str
    number: int = 0
    full: bool = True
    total: int | None = None
    pagination: str = ""
    emptied_by_rule: bool = False


class Source(Protocol):
    """A paginated source of records."""

    async def read(self, resource: str, cursor: Cursor | None, part: Slice = WHOLE) -> Page:
        """Read one page.

        Args:
            resource: name of a configured resource.
            cursor: next_cursor of the page before in the same part. None: its first page.
            part: of the resource.

        Raises:
            SourceBroken: no retry mends it.
            SourceUnavailable: a retry may mend it.
            Throttled: the source asks to wait.
        """
        ...

    def hide(self, text: str) -> str:
        """The text without the secrets that its requests carry: sources like to repeat them."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An open execution of the destination.

    Attributes:
        links: the addresses that the destination gave for it, by name. They are followed, never built.
    """

    links: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class TypeOutcome:
    """What the destination reports about one object type after processing. None: it does not report this.

    Attributes:
        created: objects that were new.
        updated: objects that changed.
        identical: objects that were the same before.
        removed: objects that were there before and missing from the import.
        errors: messages for people.
    """

    created: int | None = None
    updated: int | None = None
    identical: int | None = None
    removed: int | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExecutionStatus:
    """Where an execution stands.

    Attributes:
        state: INGESTING (takes chunks), PROCESSING, DONE or CANCELLED.
        outcomes: by object type name, once DONE.
        errors: messages that belong to no type, once DONE.
    """

    state: str
    outcomes: Mapping[str, TypeOutcome]
    errors: tuple[str, ...] = ()


class Hooks(Protocol):
    """Tells somebody outside, by webhook."""

    async def deliver(self, webhook: str, body: bytes, *, public_only: bool) -> None:
        """POST a JSON document.

        Args:
            webhook: a reference to the address, such as "${env:HOOK}".
            body: the document.
            public_only: whether the address must not be in a private network.

        Raises:
            Permanent: no other attempt helps.
            Transient: another one may.
            Throttled: the other side asks to wait.
        """
        ...


class Destination(Protocol):
    """Something that receives the whole set of objects in one execution, chunk by chunk.

    Every method raises DestinationBroken, DestinationUnavailable or Throttled where its cause fits.
    """

    async def check(self) -> str:
        """Ask whether it could take this import, and change nothing. Answers what was found, for people."""
        ...

    async def prepare(self) -> None:
        """Make the destination ready to take the objects of this import: schema and mapping, put once.

        Raises:
            DestinationBusy: another execution runs there.
        """
        ...

    async def start(self) -> Execution:
        """Open an execution.

        Raises:
            DestinationBusy: another execution runs there.
        """
        ...

    async def submit(self, execution: Execution, body: bytes) -> None:
        """Send one encoded chunk. Sending it again is harmless.

        Raises:
            ChunkTooLarge: the destination takes no chunk of this size.
            ExecutionLost: the execution is no longer open.
        """
        ...

    async def complete(self, execution: Execution) -> None:
        """Say that the set is whole, unless that was said before. From here on missing objects may be removed.

        Raises:
            ExecutionLost: the execution is no longer open.
        """
        ...

    async def status(self, execution: Execution) -> ExecutionStatus:
        """Ask where the execution stands.

        Raises:
            ExecutionLost: the destination does not know the execution.
        """
        ...

    async def cancel(self, execution: Execution) -> None:
        """Give the execution up. Cancelling what has ended or is unknown is OK."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
