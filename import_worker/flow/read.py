"""The read step: one page of a lane becomes chunks, and the lane moves on, in one Commit.

Until that Commit a page may be read again; after it the bytes of its chunks never change.
"""

from collections.abc import Sequence
from dataclasses import replace

import longshore
from import_worker.flow.benches import Bench
from import_worker.flow.conduct import carry_out
from import_worker.flow.emit import Place, Read, Yielded, emit, rejected_of
from import_worker.flow.events import Ask, Chunk
from import_worker.flow.position import Position
from import_worker.flow.quarantine import within_budget
from import_worker.flow.step import Flow, fail, tries_data
from import_worker.ports import Page, Slice
from import_worker.runs.census import marks_of
from import_worker.runs.entries import Lane, census_key
from import_worker.runs.lanes import children_of, parents_in, reads_under_way, slice_of
from import_worker.runs.ledger import Kept
from import_worker.runs.marks import Mark, greatest
from import_worker.runs.run import Failure, Mode, Run, State
from import_worker.runs.wholeness import empty_types
from import_worker.transform.chunks import ChunkId, encode_chunks

MAX_REHEARSED_CHUNKS = 3
"""Chunks of a page that a rehearsal sends."""


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.read."""
    await carry_out(flow, event, {State.READING}, _read)


async def _read(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    ask, run = Ask.of(event), kept.value
    log_key = census_key(ask.import_id, run.number, ask.resource, ask.lane)
    lanes, segment = await flow.ledger.lanes_and(run, bench.config, log_key)
    await _keep_window(flow, event, run, bench, [each.value for each in lanes])
    lane = next(each for each in lanes if (each.value.resource, each.value.lane) == (ask.resource, ask.lane))
    if not ask.chain and (lane.value.done or lane.value.page != ask.page):
        return  # a page of the past
    position = Position.of(event, lane.value)
    part = _part(bench, run, lane.value, position)
    name = (run.number, ask.resource, ask.lane)
    page = None if ask.chain else await bench.ahead.take(name, lane.version)
    page = position.filled(page or await bench.source.read(ask.resource, position.cursor, part))
    place = Place(lane=lane, log=segment, position=position)
    fault = _first_page_fault(bench, lane.value, page)
    if fault is not None:
        await fail(flow, event, fault)
        return
    if ask.chain or page.next_cursor is None or lane.value.page == 0 or run.mode is Mode.REHEARSAL:
        # No page follows, or it is not certain yet: a mapping that does not fit shows on the first page.
        await _carry_over(flow, event, run, bench, place, page)
        return
    async with bench.ahead.reading(name, bench.source.read(ask.resource, page.next_cursor, part)) as committing:
        committing.version = await _carry_over(flow, event, run, bench, place, page)


async def _carry_over(flow: Flow, event: longshore.Event, run: Run, bench: Bench, place: Place, page: Page) -> int:
    """Make chunks of a page and commit them. Answers the new version of the lane's entry; 0: the run fails."""
    yielded = _transform(bench, run, place.lane.value, page, Ask.of(event))
    if run.mode is Mode.REHEARSAL:
        # One page of each resource, and so few chunks that it is over soon.
        page = replace(page, next_cursor=None)
        yielded = replace(
            yielded,
            chunks=yielded.chunks[:MAX_REHEARSED_CHUNKS],
            families={name: parents[:1] for name, parents in yielded.families.items()},
        )
    read = Read(place=place, page=page, yielded=yielded)
    more = len(yielded.quarantined)
    if more and not await within_budget(flow, run, bench.config, more):
        await _fail_with(flow, event, read, bench)
        return 0
    return await emit(flow, event, read, bench)


async def _fail_with(flow: Flow, event: longshore.Event, read: Read, bench: Bench) -> None:
    """Keep what could not be transformed; it is more than the budget allows."""
    rejected = rejected_of(event, read, bench)
    lane = read.place.lane
    marked = replace(lane.value, quarantined=lane.value.quarantined + len(rejected.records))

    def keep(tx: longshore.Transaction) -> None:
        flow.ledger.put_lane(tx, rejected.import_id, lane, marked)
        rejected.put(tx)

    await fail(flow, event, rejected.failure(bench.config.quarantine.max_total), keep)


def _part(bench: Bench, run: Run, lane: Lane, position: Position) -> Slice:
    resource = bench.config.resource(lane.resource)
    params: dict[str, str] = {}
    if resource.incremental is not None and lane.resource in run.starts:
        params[resource.incremental.param] = run.starts[lane.resource]
    return slice_of(resource, lane.lane, position.parent, params)


async def _keep_window(flow: Flow, event: longshore.Event, run: Run, bench: Bench, before: Sequence[Lane]) -> None:
    """Release the read while too many chunks are unsettled. before: the lanes as they were read in this step."""
    if bench.window.surely_open(run.number, before):
        return
    # The group before the lanes: a read that ends in between counts as a chunk, never the other way round.
    group = await flow.client.group(run.group_id).get()
    lanes = await flow.ledger.lanes(run, bench.config)
    room = bench.config.window - (group.in_progress - reads_under_way(bench.config, lanes))
    bench.window.counted(run.number, before, room)
    if room <= 0:
        waited = flow.clock.now() - event.push_time.timestamp()
        raise longshore.Release(after=flow.pace.window.after(waited), reason="WINDOW", data=tries_data(event))


def _first_page_fault(bench: Bench, lane: Lane, page: Page) -> Failure | None:
    resource = bench.config.resource(lane.resource)
    divided = lane.lane or resource.partition or resource.parent or resource.incremental
    if lane.page or page.records or divided:
        return None  # an empty part is no sign of a fault; at the end the types are counted
    needed = [kind.name for kind in bench.config.types_of(lane.resource) if not kind.allow_empty]
    return empty_types(needed, where=page.url) if needed else None


def _transform(bench: Bench, run: Run, lane: Lane, page: Page, ask: Ask) -> Yielded:
    mapper = bench.mappers[ask.resource]
    if lane.records == lane.filtered:  # no record was mapped yet
        mapper.check_keys(page.records, page.url)
    mapped = mapper.map_records(page.records)
    chunk_id = ChunkId(run=f"{ask.import_id}.{ask.number}", resource=ask.resource, lane=ask.lane, page=lane.page)
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
        filtered=len(mapped.filtered),
        mark=_mark(bench, lane, page),
        families={
            child.name: parents_in(page.records, parent, page.url)
            for child, parent in children_of(bench.config, lane.resource)
        },
        census=marks_of(encoded.objects, bench.config.type_names, lane.objects) if run.mode is Mode.FULL else b"",
    )


def _mark(bench: Bench, lane: Lane, page: Page) -> Mark | None:
    incremental = bench.config.resource(lane.resource).incremental
    return greatest(page.records, incremental, lane.mark, page.url) if incremental else None
