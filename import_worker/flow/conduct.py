"""How a step of a run goes: events of the past, what waits while a run is suspended, trying again, giving up.

A step returns when its event is done with nothing to say, commits what it has to say, or raises a Release.
"""

import logging
from collections.abc import Awaitable, Callable, Collection

import longshore
from import_worker.errors import ExecutionLost, Permanent, Throttled, Transient
from import_worker.flow.benches import Bench
from import_worker.flow.events import Ask
from import_worker.flow.step import Flow, fail, tries_of, wait_for_outside
from import_worker.flow.suspend import stay_suspended, suspend
from import_worker.runs.ledger import Kept
from import_worker.runs.run import Failure, Run, State

log = logging.getLogger(__name__)

Work = Callable[[Flow, longshore.Event, Kept[Run], Bench], Awaitable[None]]


async def carry_out(flow: Flow, event: longshore.Event, states: Collection[State], work: Work) -> None:
    """Do the work of a step if its run is in one of the states, and answer for what may go wrong in it."""
    ask = Ask.of(event)
    kept = await flow.ledger.run(ask.import_id)
    if kept is None or kept.value.number != ask.number:
        return  # a step of the past
    if kept.value.state is State.SUSPENDED and State.READING in states:
        await stay_suspended(flow, event, kept)
        return
    if kept.value.state not in states:
        return
    try:
        async with flow.benches.use(ask.import_id) as bench:
            await work(flow, event, kept, bench)
    except Throttled as problem:
        if _waited(flow, event, kept.value) < flow.pace.patience:
            await wait_for_outside(flow, event, problem)
        else:
            await suspend(flow, event, Failure.of(problem))
    except Transient as problem:
        await _try_again(flow, event, problem)
    except (Permanent, ExecutionLost) as problem:
        await fail(flow, event, Failure.of(problem))


def _waited(flow: Flow, event: longshore.Event, run: Run) -> float:
    """How long the step has been due: since its push, or since the run was resumed."""
    return flow.clock.now() - max(event.push_time.timestamp(), run.update_time)


async def _try_again(flow: Flow, event: longshore.Event, problem: Transient) -> None:
    """Release the event for another attempt, or suspend the run when there were enough."""
    tries = tries_of(event)
    if tries + 1 >= flow.pace.tries:
        message = f"{problem.message} (given up after {flow.pace.tries} attempts)"
        await suspend(flow, event, Failure(reason=problem.reason, message=message))
        return
    log.info("%s: attempt %d: %s", event, tries + 1, problem.message)
    raise longshore.Release(after=flow.pace.retry.attempt(tries), reason=problem.reason, data={"tries": tries + 1})
