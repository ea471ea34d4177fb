"""Executions: one at a time is open, takes chunks, is processed once, and ends as DONE or CANCELLED.

Ended executions are kept for the view, without their entries and in bounded number.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from import_worker.sandbox.entries import Entry
from import_worker.sandbox.problems import refused
from import_worker.sandbox.switches import ClientIds

MAX_KEPT = 1_000
MAX_ENTRIES = 1_000_000
MAX_CHUNKS = 200_000
MAX_FAILURES = 100


class State(StrEnum):
    """Where an execution stands."""

    INGESTING = "INGESTING"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


OPEN = frozenset({State.INGESTING, State.PROCESSING})


@dataclass(kw_only=True)
class Execution:
    """One execution.

    Attributes:
        id: random, unknown to the importer except inside links.
        scheduled: whether it was started by a schedule.
        state: where it stands.
        gone: the API knows it no longer.
        started, touched, processing, ended: seconds since the epoch: start, last request for it, end of ingestion, end.
        data_calls: data calls that reached it, refused ones included.
        chunks: data bodies that were stored.
        client_ids: how often each clientGeneratedId came with data.
        received: entries stored, repeated ones included.
        completions: how often `completed: true` took effect: 0 or 1.
        completions_refused: how often it came too late.
        entries: by the name of their object type; empty after processing.
        progress: what the importer last said about its progress.
        failures: reasons that the importer reported.
        result: `progressResult` once DONE.
    """

    id: str
    scheduled: bool
    state: State = State.INGESTING
    gone: bool = False
    started: float
    touched: float
    processing: float | None = None
    ended: float | None = None
    data_calls: int = 0
    chunks: int = 0
    client_ids: Counter[str] = field(default_factory=Counter)
    received: int = 0
    completions: int = 0
    completions_refused: int = 0
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    progress: Mapping[str, object] | None = None
    failures: list[str] = field(default_factory=list)
    result: Mapping[str, object] | None = None

    def require_ingesting(self) -> None:
        """Refuse with status 400 what is allowed during ingestion only."""
        if self.state is not State.INGESTING:
            raise refused(400, f"the execution is {self.state}; only INGESTING executions take this")

    def take(self, found: Mapping[str, Sequence[Entry]], client_id: str | None, mode: ClientIds) -> None:
        """Store one chunk, unless its client id says that it is known.

        Raises:
            Refused: status 400 for a repeated client id where they are refused, or beyond the bounds.
        """
        is_known = client_id is not None and self.client_ids[client_id] > 0
        if client_id is not None:
            self.client_ids[client_id] += 1
        if is_known and mode == "refused":
            raise refused(400, f"'{client_id}' came before", path="clientGeneratedId", code="DUPLICATE_CLIENT_ID")
        if is_known and mode == "deduplicated":
            return
        count = sum(map(len, found.values()))
        if self.received + count > MAX_ENTRIES or self.chunks >= MAX_CHUNKS:
            raise refused(400, f"the sandbox takes {MAX_ENTRIES} entries in {MAX_CHUNKS} chunks an execution")
        self.chunks += 1
        self.received += count
        for type_name, entries in found.items():
            self.entries.setdefault(type_name, []).extend(entries)

    def complete(self, now: float) -> None:
        """End the ingestion."""
        self.state = State.PROCESSING
        self.completions += 1
        self.processing = now

    def finish(self, state: State, now: float, result: Mapping[str, object] | None = None) -> None:
        """End the execution and let go of its entries."""
        self.state = state
        self.ended = now
        self.result = result
        self.entries = {}


class Executions:
    """All executions that are known, the open one among them."""

    def __init__(self) -> None:
        self._kept: deque[Execution] = deque(maxlen=MAX_KEPT)

    def __iter__(self) -> Iterator[Execution]:
        return iter(self._kept)

    @property
    def open(self) -> Execution | None:
        """The execution that has not ended."""
        return self._kept[-1] if self._kept and self._kept[-1].state in OPEN else None

    @property
    def latest(self) -> Execution:
        """The newest one. Raises Refused, status 404, when there is none."""
        found = next((each for each in reversed(self._kept) if not each.gone), None)
        if found is None:
            raise refused(404, "no execution was ever started")
        return found

    def add(self, execution: Execution) -> None:
        """Keep a new execution; the oldest one is forgotten beyond MAX_KEPT."""
        self._kept.append(execution)

    def find(self, execution_id: str) -> Execution:
        """The execution of that id. Raises Refused, status 404, when it is unknown or gone."""
        found = next((each for each in reversed(self._kept) if each.id == execution_id and not each.gone), None)
        if found is None:
            raise refused(404, "there is no such execution")
        return found

    def expire(self, now: float, idle_seconds: float | None) -> None:
        """Cancel the open execution, and forget it, when no request came for it for too long."""
        found = self.open
        if found is None or found.state is not State.INGESTING or idle_seconds is None:
            return
        if now - found.touched >= idle_seconds:
            found.finish(State.CANCELLED, now)
            found.gone = True
