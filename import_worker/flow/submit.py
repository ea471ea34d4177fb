"""The submit step: sends one stored chunk, and halves it where the destination finds it too large.

The bytes were made when the page was read and never change. Success writes nothing: the group's counts say it.
"""

import json
from dataclasses import replace

import longshore
from import_worker.config import ImportConfig
from import_worker.errors import ChunkTooLarge
from import_worker.flow.benches import Bench
from import_worker.flow.conduct import carry_out
from import_worker.flow.events import Chunk, push_chunk
from import_worker.flow.quarantine import put_refused, within_budget
from import_worker.flow.step import Flow, fail
from import_worker.runs.ledger import Kept
from import_worker.runs.run import Failure, Run, State
from import_worker.transform.chunks import split_chunk
from import_worker.transform.naming import locator_of, selector_of


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.submit."""
    await carry_out(flow, event, {State.READING}, _submit)


async def _submit(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    chunk = Chunk.of(event)
    try:
        await bench.destination.submit(kept.value.open_execution, chunk.body)
    except ChunkTooLarge as problem:
        halves = chunk_halves(chunk)
        if halves is None:
            await _quarantine(flow, event, kept.value, bench, problem)
            return
        bench.window.forget()
        async with event.commit() as tx:
            for half in halves:
                push_chunk(tx, half)


async def _quarantine(flow: Flow, event: longshore.Event, run: Run, bench: Bench, problem: ChunkTooLarge) -> None:
    """A single object that the destination does not take: its lane has one object less, if the budget allows it."""
    chunk = Chunk.of(event)
    kind, identity = only_object(bench.config, chunk.body)
    message = f"{problem.message}, although it holds nothing but the {kind} {identity}"
    lane = await flow.ledger.lane(run, chunk.ask.resource, chunk.ask.lane)
    objects = {**lane.value.objects, kind: lane.value.objects.get(kind, 1) - 1}
    marked = replace(lane.value, quarantined=lane.value.quarantined + 1, objects=objects)

    def keep(tx: longshore.Transaction) -> None:
        flow.ledger.put_lane(tx, run.import_id, lane, marked)
        put_refused(tx, chunk, identity, message)

    if not await within_budget(flow, run, bench.config, 1):
        await fail(flow, event, Failure(reason=problem.reason, message=message), keep)
        return
    async with event.commit() as tx:
        keep(tx)
    flow.ledger.changes.notify(run.import_id)


def chunk_halves(chunk: Chunk) -> tuple[Chunk, Chunk] | None:
    """The two halves of a chunk. None: it holds a single object."""
    bodies = split_chunk(chunk.body)
    if bodies is None:
        return None
    first = chunk.objects // 2
    return (
        Chunk(ask=chunk.ask, part=f"{chunk.part}.1", objects=first, body=bodies[0]),
        Chunk(ask=chunk.ask, part=f"{chunk.part}.2", objects=chunk.objects - first, body=bodies[1]),
    )


def only_object(config: ImportConfig, body: bytes) -> tuple[str, str]:
    """What people call the object of a chunk that holds one: its type, and the values of its identity."""
    ((selector, (values,)),) = json.loads(body)["data"].items()
    kind = next(kind for kind in config.destination.object_types if selector_of(kind.name) == selector)
    identity = [str(values.get(locator_of(name))) for name, each in kind.attributes.items() if each.identity]
    return kind.name, "/".join(identity)
