"""The kinds of event: their queues, what they carry, and the ids that make pushing one again harmless.

The four of a run say in their attributes which step of which run they ask for; only submits have a body that matters.
"""

import hashlib
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import longshore
from import_worker.config import ImportConfig
from import_worker.runs.entries import derived_id
from import_worker.runs.run import Run

START = "import.start"
READ = "import.read"
SUBMIT = "import.submit"
FINALIZE = "import.finalize"
MAX_BODY_BYTES = 1024 * 1024
"""More than any configuration lets a chunk have."""
NOTIFY = "import.notify"
"""Tells somebody about a run."""
SCHEDULE = "import.schedule"
"""Asks to start an import whose time has come."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Which step of which run an event asks for.

    Attributes:
        import_id: the import.
        number: of the run.
        resource: that is read; empty for steps of the run as a whole.
        lane: of the resource.
        page: of the lane, or of the chain.
        chain: name of a chain of reads in a lane of a child resource; empty where the lane is the chain.
    """

    import_id: str
    number: int
    resource: str = ""
    lane: int = 0
    page: int = 0
    chain: str = ""

    @classmethod
    def of(cls, event: longshore.Event) -> "Ask":
        """What the event asks for."""
        given = event.attributes
        return cls(
            import_id=given["import"],
            number=int(given["run"]),
            resource=given.get("resource", ""),
            lane=int(given.get("lane", 0)),
            page=int(given.get("page", 0)),
            chain=given.get("chain", ""),
        )

    def attributes(self) -> dict[str, str]:
        """As the event carries it."""
        whole = {"import": self.import_id, "run": str(self.number)}
        if not self.resource:
            return whole
        whole |= {"resource": self.resource, "lane": str(self.lane), "page": str(self.page)}
        return whole | {"chain": self.chain} if self.chain else whole

    def following(self) -> "Ask":
        """The next page of the lane, or of the chain."""
        return replace(self, page=self.page + 1)

    @property
    def turns(self) -> str:
        """What the reads of one lane have in common."""
        return f"import/{self.import_id}/{self.number}/{self.resource}/{self.lane}"

    def job_id(self, kind: str, *more: object) -> str:
        """The id of the job that asks for it."""
        chain = (self.chain,) if self.chain else ()
        return derived_id(self.import_id, kind, self.number, self.resource, self.lane, self.page, *chain, *more)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One chunk on its way to the destination.

    Attributes:
        ask: the page it was made of.
        part: of the page, such as "3", or "3.0" for the first half of part 3.
        objects: how many it holds.
        body: exactly what is sent.
    """

    ask: Ask
    part: str
    objects: int
    body: bytes

    @classmethod
    def of(cls, event: longshore.Event) -> "Chunk":
        """The chunk that an event carries."""
        given = event.attributes
        body = zlib.decompressobj().decompress(event.data or b"", MAX_BODY_BYTES)
        return cls(ask=Ask.of(event), part=given["part"], objects=int(given["objects"]), body=body)

    @cached_property
    def packed(self) -> bytes:
        """The body as the event carries it. The broker writes, reads and sends a fraction of it."""
        return zlib.compress(self.body, level=1)

    def attributes(self) -> dict[str, str]:
        """As the event carries them."""
        return self.ask.attributes() | {"part": self.part, "objects": str(self.objects)}

    def job_id(self) -> str:
        """The id of the job that submits it. Other content of the same part, read at another time, is another job."""
        return self.ask.job_id(SUBMIT, self.part, hashlib.sha256(self.packed).hexdigest())


def group_id_of(import_id: str, number: int) -> str:
    """The group of a run number."""
    return derived_id(import_id, "group", number)


def group_of(client: longshore.Client, import_id: str, number: int) -> longshore.Group:
    """The group of a run number. Its completion asks for the finalize step."""
    ask = Ask(import_id=import_id, number=number)
    return client.group(
        group_id_of(import_id, number),
        on_complete=(FINALIZE, longshore.NewEvent(ask.attributes(), attributes=ask.attributes())),
    )


def push_start(tx: longshore.Transaction, run: Run, group: longshore.Group) -> None:
    """Push the first event of a run number. It seals the group: then only handlers of its events push into it."""
    ask = Ask(import_id=run.import_id, number=run.number)
    tx.push(
        START,
        ask.attributes(),
        attributes=ask.attributes(),
        group=group,
        seal_group=True,
        job_id=ask.job_id(START),
    )


def push_chunk(tx: longshore.Transaction, chunk: Chunk) -> None:
    """Push the submit of a chunk."""
    tx.push(SUBMIT, chunk.packed, attributes=chunk.attributes(), job_id=chunk.job_id())


def push_read(tx: longshore.Transaction, ask: Ask, config: ImportConfig, rest: Any = None) -> None:
    """Push the read of a page.

    Args:
        tx: that pushes it.
        ask: names the page.
        config: of the import; the broker keeps reads of its source to as many at a time as that allows.
        rest: what a chain has left to read; the reads of one lane's chains take turns.
    """
    most = config.source.rate_limit.max_concurrency
    limit = longshore.Concurrency(f"source:{config.source.shared_name}", most) if most else None
    turns = longshore.Concurrency(ask.turns, 1) if ask.chain else limit
    tx.push(READ, rest or ask.attributes(), attributes=ask.attributes(), job_id=ask.job_id(READ), concurrency=turns)
