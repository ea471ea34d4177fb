"""The read step: one page of a lane becomes chunks, and the lane moves on, in one Commit.

Until that Commit a page may be read again; after it the bytes of its chunks never change.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import longshore
from import_worker.flow import entries
from import_worker.flow.benches import Bench
from import_worker.flow.conduct import carry_out
from import_worker.flow.entries import Lane
from import_worker.flow.events import SUBMIT, Ask, Chunk, push_chunk, push_read
from import_worker.flow.ledger import Kept, grown
from import_worker.flow.run import Failure, Mode, Run, State
from import_worker.flow.step import Flow, fail, tries_data
from import_worker.flow.wholeness import empty_types
from import_worker.ports import Page
from import_worker.transform.chunks import ChunkId, encode_chunks
from import_worker.transform.mapper import Quarantined

MAX_COMMIT_BYTES = 3 * 1024 * 1024
"""Chunks of one Commit; a request holds 4 MiB."""
MAX_COMMIT_CHUNKS = 900
"""A Commit holds 1,000 settles and events."""
MAX_KEPT_PER_PAGE = 50
"""Quarantined records of one page that are kept: a Commit holds 100 entry operations."""
MAX_REHEARSED_CHUNKS = 3
"""Chunks of a page that a rehearsal sends."""
MAX_RECORD_BYTES = 16 * 1024
"""Larger quarantined records are kept without their content."""


@dataclass(frozen=True, kw_only=True)
class Yielded:
    """What a page came to.

    Attributes:
        chunks: of its objects, in order.
        objects: in them, by object type.
        quarantined: records that make no objects.
    """

    chunks: Sequence[Chunk]
    objects: dict[str, int]
    quarantined: Sequence[Quarantined]


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.read."""
    await carry_out(flow, event, {State.READING}, _read)


async def _read(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    ask, run = Ask.of(event), kept.value
    lane = await flow.ledger.lane(run, ask.resource, ask.lane)
    if lane.value.done or lane.value.page != ask.page:
        return  # a page of the past
    await _keep_window(flow, event, run, bench)
    page = await bench.source.read(ask.resource, lane.value.cursor)
    fault = _first_page_fault(bench, lane.value, page)
    if fault is not None:
        await fail(flow, event, fault)
        return
    yielded = _transform(bench, ask, lane.value, page)
    if run.mode is Mode.REHEARSAL:
        # One page of each resource, and so few chunks that it is over soon.
        page = replace(page, next_cursor=None)
        yielded = replace(yielded, chunks=yielded.chunks[:MAX_REHEARSED_CHUNKS])
    if yielded.quarantined:
        await _quarantine(flow, event, lane, page, yielded.quarantined)
    else:
        await _emit(flow, event, lane, page, yielded)


async def _keep_window(flow: Flow, event: longshore.Event, run: Run, bench: Bench) -> None:
    """Release the read while too many chunks are unsettled."""
    group = await flow.client.group(run.group_id).get()
    lanes = await flow.ledger.lanes(run, bench.config)
    reading = len(bench.config.resources) - sum(lane.done for lane in lanes)
    if group.in_progress - reading >= bench.config.window:
        waited = flow.clock.now() - event.push_time.timestamp()
        raise longshore.Release(after=flow.pace.window.after(waited), reason="WINDOW", data=tries_data(event))


def _first_page_fault(bench: Bench, lane: Lane, page: Page) -> Failure | None:
    if lane.page or page.records:
        return None
    needed = [kind.name for kind in bench.config.types_of(lane.resource) if not kind.allow_empty]
    return empty_types(needed, where=page.url) if needed else None


def _transform(bench: Bench, ask: Ask, lane: Lane, page: Page) -> Yielded:
    mapper = bench.mappers[ask.resource]
    if not lane.records:
        mapper.check_keys(page.records, page.url)
    mapped = mapper.map_records(page.records)
    chunk_id = ChunkId(run=f"{ask.import_id}.{ask.number}", resource=ask.resource, lane=ask.lane, page=ask.page)
    encoded = encode_chunks(mapped.objects, chunk_id, bench.config.destination.chunks)
    objects: dict[str, int] = {}
    for chunk in encoded.chunks:
        for name, count in chunk.per_type.items():
            objects[name] = objects.get(name, 0) + count
    return Yielded(
        chunks=[
            Chunk(ask=ask, part=str(chunk.part), objects=chunk.objects, body=chunk.body) for chunk in encoded.chunks
        ],
        objects=objects,
        quarantined=[*mapped.quarantined, *encoded.quarantined],
    )


async def _emit(flow: Flow, event: longshore.Event, lane: Kept[Lane], page: Page, yielded: Yielded) -> None:
    """Push the chunks of a page, and the read of the next one, and move the lane.

    A page of more chunks than one Commit can hold has its first ones pushed ahead, with this event's lease. If the
    Commit never comes, the page is read again: equal chunks are the same jobs then, and others do no harm, because
    what they hold was in the source and its identity makes it one object. Counts and the lane follow the Commit alone.
    """
    *ahead, last = _loads(yielded.chunks)
    for load in ahead:
        await asyncio.gather(*(_push_ahead(flow, event, chunk) for chunk in load))
    ask, before = Ask.of(event), lane.value
    after = grown(
        before,
        sizes=[chunk.objects for chunk in yielded.chunks],
        cursor=page.next_cursor,
        done=page.next_cursor is None,
        records=before.records + len(page.records),
        objects={
            name: before.objects.get(name, 0) + yielded.objects.get(name, 0)
            for name in before.objects.keys() | yielded.objects.keys()
        },
    )
    async with event.commit() as tx:
        flow.ledger.put_lane(tx, ask.import_id, lane, after)
        for chunk in last:
            push_chunk(tx, chunk)
        if not after.done:
            push_read(tx, ask.following())
    flow.ledger.changes.notify(ask.import_id)


def _loads(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """The chunks in as many parts as Commits are needed; the last part may be empty."""
    load: list[Chunk] = []
    size = 0
    for chunk in chunks:
        if load and (size + len(chunk.packed) > MAX_COMMIT_BYTES or len(load) == MAX_COMMIT_CHUNKS):
            yield load
            load, size = [], 0
        load.append(chunk)
        size += len(chunk.packed)
    yield load


async def _push_ahead(flow: Flow, event: longshore.Event, chunk: Chunk) -> None:
    await flow.client.queue(SUBMIT).push(
        chunk.packed, attributes=chunk.attributes(), job_id=chunk.job_id(), parent=event
    )


async def _quarantine(
    flow: Flow, event: longshore.Event, lane: Kept[Lane], page: Page, quarantined: Sequence[Quarantined]
) -> None:
    """Keep what could not be transformed. The budget for it is 0, so the run fails."""
    ask = Ask.of(event)
    reasons = "; ".join(f"{each.identity or f'record {each.record}'}: {each.reasons[0]}" for each in quarantined[:3])
    failure = Failure(
        reason="QUARANTINED",
        message=f"{len(quarantined)} of {len(page.records)} records of {page.url} could not be transformed: {reasons}. "
        "Mend the records or the mapping, then start again",
    )

    marked = replace(lane.value, quarantined=lane.value.quarantined + len(quarantined))

    def keep(tx: longshore.Transaction) -> None:
        flow.ledger.put_lane(tx, ask.import_id, lane, marked)
        for each in quarantined[:MAX_KEPT_PER_PAGE]:
            key = entries.quarantine_key(ask.import_id, ask.resource, ask.page, each.record)
            tx.set(key, _kept(each, page), expire_after=entries.LANE_SECONDS)

    await fail(flow, event, failure, keep)


def _kept(quarantined: Quarantined, page: Page) -> dict[str, Any]:
    text = json.dumps(page.records[quarantined.record], default=str)
    return {
        "url": page.url,
        "identity": quarantined.identity,
        "reasons": list(quarantined.reasons),
        "record": json.loads(text) if len(text) <= MAX_RECORD_BYTES else None,
    }
