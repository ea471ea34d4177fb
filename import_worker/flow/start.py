"""The start step: asks Assets for an execution, at most one at a time, and sends the first reads on their way.

That an execution is asked for is recorded before it is asked for: after a crash nobody could tell otherwise.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace

import longshore
from import_worker.errors import DestinationBusy
from import_worker.flow.benches import Bench
from import_worker.flow.conduct import carry_out
from import_worker.flow.events import Ask, push_read
from import_worker.flow.step import MAX_RACES, Flow, fail
from import_worker.ports import Execution
from import_worker.runs.lanes import first_lanes
from import_worker.runs.ledger import Kept
from import_worker.runs.run import BEFORE_READING, GIVING_UP, Failure, Run, State, Trigger, advance


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.start."""
    await carry_out(flow, event, BEFORE_READING, _start)


async def _start(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    if kept.value.state is State.QUEUED:
        kept = await flow.ledger.move(kept, Trigger.START)
    asked_before = kept.value.intent
    try:
        await bench.destination.prepare()
        kept = await flow.ledger.move(kept, Trigger.START, intent=True)
        await _finish_even_if_cancelled(_open(flow, event, kept, bench))
    except DestinationBusy as problem:
        # What we asked for just now was refused for sure; what was asked for before may be what is running.
        await _wait(
            flow, event, kept, _Busy(problem=problem, asked_before=asked_before), bench.config.destination.start_wait
        )


async def _finish_even_if_cancelled(work: Coroutine[None, None, None]) -> None:
    """Let the work come to its end even when the event is cancelled: an execution must not be left behind unknown."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at; what follows from it is for the next attempt to find out
        raise


async def _open(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    """Create the execution and record it."""
    execution = await bench.destination.start()
    try:
        await _record(flow, event, kept, bench, execution)
    except longshore.LeaseLost:
        # Another attempt has the event now, and only here are the links known.
        await bench.destination.cancel(execution)
        raise


async def _record(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench, execution: Execution) -> None:
    for _ in range(MAX_RACES):
        try:
            async with event.commit() as tx:
                _write(flow, tx, kept, bench, execution)
        except longshore.VersionMismatch:
            kept = await flow.ledger.run(kept.value.import_id) or kept
            continue
        flow.ledger.changes.notify(kept.value.import_id)
        return
    raise longshore.Release(after=flow.pace.contention, reason="CONTENTION")


def _write(flow: Flow, tx: longshore.Transaction, kept: Kept[Run], bench: Bench, execution: Execution) -> None:
    run = kept.value
    if run.state in GIVING_UP:
        # Given up meanwhile. The finalizer comes after this event ends, and finds what it has to cancel.
        flow.ledger.put_run(tx, kept, replace(run, execution=execution.links, intent=False))
        return
    reading = advance(
        run,
        Trigger.OPEN,
        now=flow.clock.now(),
        execution=execution.links,
        intent=False,
        waiting_since=None,
        throttled_until=None,
    )
    flow.ledger.put_run(tx, kept, reading)
    for resource, lane in first_lanes(bench.config):
        push_read(tx, Ask(import_id=run.import_id, number=run.number, resource=resource, lane=lane), bench.config)


@dataclass(frozen=True, kw_only=True)
class _Busy:
    """What the step was told, and whether an execution had been asked for before."""

    problem: DestinationBusy
    asked_before: bool


async def _wait(flow: Flow, event: longshore.Event, kept: Kept[Run], busy: _Busy, start_wait: float) -> None:
    """Release the event until Assets may be free, or fail the run when that took too long."""
    now = flow.clock.now()
    since = now if kept.value.waiting_since is None else kept.value.waiting_since
    waited = now - since
    if waited >= start_wait:
        await fail(flow, event, _still_busy(busy, waited))
        return
    after = flow.pace.busy.after(waited)
    waiting = advance(kept.value, Trigger.WAIT, now=now, intent=busy.asked_before, waiting_since=since)
    if waiting == kept.value:
        raise longshore.Release(after=after, reason=busy.problem.reason)
    async with event.commit() as tx:
        flow.ledger.put_run(tx, kept, waiting)
        tx.release(after=after, reason=busy.problem.reason)
    flow.ledger.changes.notify(waiting.import_id)


def _still_busy(busy: _Busy, waited: float) -> Failure:
    if busy.asked_before:
        return Failure(
            reason="ORPHAN_EXECUTION",
            message=f"an execution that this run may have created is still open in Assets after {waited:.0f} s, and "
            "only Assets can end it, because the answer with its links was lost: cancel it in Assets or wait for it to "
            "expire, then start again",
        )
    return Failure(
        reason=busy.problem.reason,
        message=f"{busy.problem.message}, still after {waited:.0f} s (assets.start_wait): wait for it to end or "
        "cancel it there, then start again",
    )
