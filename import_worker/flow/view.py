"""An import as people see it, put together from its run, its lanes and the counts of its group.

Numbers are taken so that they never promise too much: what has been submitted is what surely has been.
"""

from dataclasses import dataclass

import longshore
from import_worker.flow.step import Flow
from import_worker.ports import TypeOutcome
from import_worker.runs.entries import LISTING, Lane, listed_id
from import_worker.runs.lanes import reads_under_way, records_expected
from import_worker.runs.run import Effects, Mode, Run
from import_worker.runs.wholeness import total_objects


class NoSuchImport(Exception):
    """There is no import of that id."""


@dataclass(frozen=True, kw_only=True)
class TypeView:
    """Objects of one type: how many were mapped, what the destination reported, and what was expected of it."""

    name: str
    objects: int
    outcome: TypeOutcome
    expected: Effects | None


@dataclass(frozen=True, kw_only=True)
class ImportView:
    """An import at one moment.

    Attributes:
        run: as it stands.
        pages_read, records_read, quarantined: of the source.
        records_expected: in all. None: the source does not say.
        chunks: that were made.
        chunks_submitted: of these, how many have surely reached the destination.
        objects_submitted: in these chunks.
        types: in the order of the configuration.
        throttled_until: seconds since the epoch. None: nothing is waited for.
        allowed_empty: types of which the configuration allows an empty set.
    """

    run: Run
    pages_read: int
    records_read: int
    records_expected: int | None
    quarantined: int
    chunks: int
    chunks_submitted: int
    objects_submitted: int
    types: tuple[TypeView, ...]
    throttled_until: float | None
    allowed_empty: tuple[str, ...]


async def view(flow: Flow, import_id: str) -> ImportView:
    """The import as it is now.

    Raises:
        NoSuchImport: there is none.
    """
    kept = await flow.ledger.run(import_id)
    if kept is None:
        raise NoSuchImport(import_id)
    run = kept.value
    config = await flow.ledger.config(import_id)
    lanes = await flow.ledger.lanes(run, config)
    # The group after the lanes: what was emitted in between counts as unsettled, never as submitted.
    pending = await _pending_chunks(flow, run, reading=reads_under_way(config, lanes))
    chunks = sum(lane.chunks for lane in lanes)
    totals = total_objects(lanes)
    throttled_until = run.throttled_until
    return ImportView(
        run=run,
        pages_read=sum(lane.page for lane in lanes),
        records_read=sum(lane.records for lane in lanes),
        records_expected=records_expected(config, lanes) if run.mode is Mode.FULL else None,
        quarantined=sum(lane.quarantined for lane in lanes),
        chunks=chunks,
        chunks_submitted=max(0, chunks - pending),
        objects_submitted=max(0, sum(totals.values()) - objects_in(lanes, pending)),
        types=tuple(
            TypeView(
                name=kind.name,
                objects=totals.get(kind.name, 0),
                outcome=run.outcomes.get(kind.name, TypeOutcome()),
                expected=run.expected.get(kind.name),
            )
            for kind in config.destination.object_types
        ),
        throttled_until=throttled_until if throttled_until and throttled_until > flow.clock.now() else None,
        allowed_empty=tuple(kind.name for kind in config.destination.object_types if kind.allow_empty),
    )


async def _pending_chunks(flow: Flow, run: Run, *, reading: int) -> int:
    """Submits that have not succeeded, when so many reads are under way."""
    try:
        group = await flow.client.group(run.group_id).get()
    except longshore.GroupNotFound:
        return 0  # ended long ago
    return max(0, group.in_progress + group.failed + group.cancelled - reading)


def objects_in(lanes: list[Lane], chunks: int) -> int:
    """How many objects so many of the chunks hold at most."""
    largest = sorted((size for lane in lanes for size in lane.recent), reverse=True)[:chunks]
    return sum(largest) + (chunks - len(largest)) * max(largest, default=0)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A page of imports, and the key to go on after. Empty: this was the last page."""

    imports: tuple[ImportView, ...]
    next_key: str


async def list_imports(flow: Flow, *, name: str, size: int, after: str) -> Listed:
    """Imports that are kept, oldest first.

    Args:
        flow: what every step works with.
        name: of the configured import. Empty: all.
        size: at most so many.
        after: the key to go on after. Empty: from the beginning.
    """
    keys: list[str] = []
    async for entry in flow.client.kv.list(LISTING):
        if entry.key > after and name in {"", str(entry.value)}:
            keys.append(entry.key)
        if len(keys) > size:  # one more tells whether others follow
            break
    page = keys[:size]
    views = [await view(flow, listed_id(key)) for key in page]
    return Listed(imports=tuple(views), next_key=page[-1] if len(keys) > size else "")
