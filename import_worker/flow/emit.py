"""The Commit of a page: its chunks are pushed, its lane moves on, and the reads that follow from it begin.

Owns what goes with a page in one step, and how a page that is too large for one Commit is pushed ahead.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import longshore
from import_worker.errors import SourceBroken
from import_worker.flow.benches import Bench
from import_worker.flow.events import SUBMIT, Ask, Chunk, push_chunk, push_read
from import_worker.flow.position import Position
from import_worker.flow.quarantine import Rejected
from import_worker.flow.step import Flow
from import_worker.ports import Page
from import_worker.runs.census_log import appended
from import_worker.runs.entries import Lane, lane_key
from import_worker.runs.lanes import ParentRecord, chains
from import_worker.runs.ledger import Kept, grown
from import_worker.runs.marks import Mark
from import_worker.transform.mapper import Quarantined

MAX_COMMIT_BYTES = 3 * 1024 * 1024
"""Chunks and chains of one Commit; a request holds 4 MiB."""
MAX_COMMIT_EVENTS = 900
"""A Commit holds 1,000 settles and events."""


@dataclass(frozen=True, kw_only=True)
class Yielded:
    """What a page came to.

    Attributes:
        chunks: of its objects, in order.
        objects: in them, by object type.
        quarantined: records that make no objects.
        filtered: number of records that the filter left out.
        mark: the greatest incremental cursor of the lane so far.
        families: parents whose children are to be read, by child resource.
        census: marks of its objects.
    """

    chunks: Sequence[Chunk]
    objects: dict[str, int]
    quarantined: Sequence[Quarantined]
    filtered: int
    mark: Mark | None
    families: Mapping[str, Sequence[ParentRecord]]
    census: bytes


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a page is read.

    Attributes:
        lane: as it was before.
        log: the open segment of its census log; None where there is none yet.
        position: of the page.
    """

    lane: Kept[Lane]
    log: bytes | None
    position: Position


@dataclass(frozen=True, kw_only=True)
class Read:
    """A page that was read.

    Attributes:
        place: where.
        page: what it held.
        yielded: what that came to.
    """

    place: Place
    page: Page
    yielded: Yielded


def rejected_of(event: longshore.Event, read: Read, bench: Bench) -> Rejected:
    """The records of a page that make no objects."""
    lane = read.place.lane.value
    return Rejected(
        import_id=Ask.of(event).import_id,
        resource=bench.config.resource(lane.resource),
        lane=lane,
        page=read.page,
        records=read.yielded.quarantined,
        hide=bench.source.hide,
    )


async def emit(flow: Flow, event: longshore.Event, read: Read, bench: Bench) -> int:
    """Push the chunks of a page, and the read of the next one, and move the lane. Answers its entry's new version.

    A page of more chunks than one Commit can hold has its first ones pushed ahead, with this event's lease. If the
    Commit never comes, the page is read again: equal chunks are the same jobs then, and others do no harm, because
    what they hold was in the source and its identity makes it one object. Counts and the lane follow the Commit alone.
    """
    place, ask = read.place, Ask.of(event)
    following = place.position.after(read.page)
    begun = _chains(bench, ask, read.yielded)
    begun_bytes = _carried(begun, read.page)
    *ahead, last = _loads(read.yielded.chunks)
    size = sum(len(chunk.packed) for chunk in last)
    if size + begun_bytes > MAX_COMMIT_BYTES or len(last) + len(begun) > MAX_COMMIT_EVENTS:
        ahead, last = [*ahead, last], []
    for load in ahead:
        await asyncio.gather(*(_push_ahead(flow, event, chunk) for chunk in load))
    after = _grown(bench, ask, read, following, begun)
    log = appended(place.log, ask.import_id, place.lane.value, read.yielded.census)
    async with event.commit() as tx:
        flow.ledger.put_lane(tx, ask.import_id, place.lane, after)
        log.put(tx)
        for chunk in last:
            push_chunk(tx, chunk)
        rejected_of(event, read, bench).put(tx)
        for chain, position in begun:
            push_read(tx, chain, bench.config, position.rest())
        if following is not None:
            push_read(tx, ask.following(), bench.config, following.rest())
    flow.ledger.changes.notify(ask.import_id)
    return tx.result.versions[lane_key(ask.import_id, ask.resource, ask.lane)]


def _chains(bench: Bench, ask: Ask, yielded: Yielded) -> list[tuple[Ask, Position]]:
    """The reads of children that a page leads to: one chain after another for each lane of the child."""
    found: list[tuple[Ask, Position]] = []
    for name, parents in yielded.families.items():
        lanes = bench.config.resource(name).lane_count
        for index, chain in enumerate(chains(parents, lanes)):
            own = Ask(
                import_id=ask.import_id,
                number=ask.number,
                resource=name,
                lane=index % lanes,
                chain=f"{ask.lane}.{ask.page}.{index}",
            )
            found.append((own, Position(cursor=None, parents=chain)))
    return found


def _carried(begun: Sequence[tuple[Ask, Position]], page: Page) -> int:
    """Bytes of the reads that begin with a page. They have to begin in one step, as the lane counts them."""
    carried = sum(len(json.dumps(position.rest())) for _, position in begun)
    if carried > MAX_COMMIT_BYTES or len(begun) > MAX_COMMIT_EVENTS:
        raise SourceBroken(
            f"the {len(page.records)} records of {page.url} lead to more reads of children than begin in one step: ask "
            "for smaller pages, or hand down fewer fields with parent.include"
        )
    return carried


def _grown(
    bench: Bench, ask: Ask, read: Read, following: Position | None, begun: Sequence[tuple[Ask, Position]]
) -> Lane:
    """The lane after the page."""
    before, page, yielded = read.place.lane.value, read.page, read.yielded
    opened = Counter(before.opened) + Counter(chain.resource for chain, _ in begun)
    parents = Counter(before.parents) + Counter({name: len(found) for name, found in yielded.families.items()})
    _check_parents(bench, parents)
    changes: dict[str, Any] = {}
    if ask.chain:
        changes["closed"] = before.closed + (following is None)
    else:
        changes |= {"cursor": page.next_cursor, "done": following is None}
        if page.total is not None:
            changes["total"] = max(page.total, before.total or 0)
        if page.records:
            changes |= {"reach": page.number + 1, "short": not page.full}
    return grown(
        before,
        sizes=[chunk.objects for chunk in yielded.chunks],
        records=before.records + len(page.records),
        quarantined=before.quarantined + len(yielded.quarantined),
        filtered=before.filtered + yielded.filtered,
        emptied=before.emptied + page.emptied_by_rule,
        objects=dict(Counter(before.objects) + Counter(yielded.objects)),
        mark=yielded.mark,
        opened=dict(opened),
        parents=dict(parents),
        **changes,
    )


def _check_parents(bench: Bench, parents: Mapping[str, int]) -> None:
    for name, count in parents.items():
        parent = bench.config.resource(name).parent
        if parent is not None and count > parent.max_parents:
            raise SourceBroken(
                f"a lane of {parent.resource} has more than max_parents = {parent.max_parents} records, and each leads "
                f"to requests for {name}; raise parent.max_parents if that is right"
            )


def _loads(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """The chunks in as many parts as Commits are needed; the last part may be empty."""
    load: list[Chunk] = []
    size = 0
    for chunk in chunks:
        if load and (size + len(chunk.packed) > MAX_COMMIT_BYTES or len(load) == MAX_COMMIT_EVENTS):
            yield load
            load, size = [], 0
        load.append(chunk)
        size += len(chunk.packed)
    yield load


async def _push_ahead(flow: Flow, event: longshore.Event, chunk: Chunk) -> None:
    await flow.client.queue(SUBMIT).push(
        chunk.packed, attributes=chunk.attributes(), job_id=chunk.job_id(), parent=event
    )
