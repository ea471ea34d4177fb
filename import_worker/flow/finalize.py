"""The finalize step: after the last event of a run it decides, records the decision, acts, and records the result.

One delivery goes through as many states as it can; what has to wait is released, what is interrupted begins again.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import longshore
from import_worker.errors import ExecutionLost, ImportProblem, Throttled, Transient
from import_worker.flow.benches import Bench
from import_worker.flow.ending import end_run
from import_worker.flow.events import Ask, group_of, push_start
from import_worker.flow.step import Flow, wait_for_outside
from import_worker.flow.suspend import not_resumed
from import_worker.ports import ExecutionStatus
from import_worker.runs import entries
from import_worker.runs.census_log import census_of, good_census, last_good_census
from import_worker.runs.entries import Lane
from import_worker.runs.ledger import Kept
from import_worker.runs.marks import moved
from import_worker.runs.run import BEFORE_READING, GIVING_UP, Effects, Failure, Mode, Run, State, Trigger, advance
from import_worker.runs.wholeness import Evidence, fault_of, total_objects

MAX_RUNS = 6
"""How many executions one import may use: the first, and five more when one vanishes."""
MAX_MOVES = 8
"""More states than a run has after its last event."""

log = logging.getLogger(__name__)


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.finalize."""
    ask = Ask.of(event)
    for _ in range(MAX_MOVES):
        kept = await flow.ledger.run(ask.import_id)
        if kept is None or kept.value.number != ask.number or kept.value.state not in _ACTS:
            return  # a step of the past
        try:
            async with flow.benches.use(ask.import_id) as bench:
                await _ACTS[kept.value.state](flow, event, kept, bench)
        except ImportProblem as problem:
            await _cope(flow, event, kept, problem)
        if event.settled:
            return


async def _cope(flow: Flow, event: longshore.Event, kept: Kept[Run], problem: ImportProblem) -> None:
    """Wait where waiting may help; else the run fails, and one that is being given up ends without Assets' word."""
    run = kept.value
    waited = flow.clock.now() - run.update_time
    if waited < flow.pace.patience and isinstance(problem, Throttled):
        await wait_for_outside(flow, event, problem)
    elif waited < flow.pace.patience and isinstance(problem, Transient):
        log.info("import %s is %s: %s", run.import_id, run.state, problem.message)
        raise longshore.Release(after=flow.pace.giving_up.after(waited), reason=problem.reason)
    elif run.state in GIVING_UP:
        log.warning("import %s: its execution could not be cancelled: %s", run.import_id, problem.message)
        await _conclude(flow, event, kept)
    else:
        await flow.ledger.move(kept, Trigger.FAIL, failure=Failure.of(problem))


async def _fail_early(flow: Flow, _event: longshore.Event, kept: Kept[Run], _bench: Bench) -> None:
    """All events ended and no execution was ever opened."""
    failure = Failure(
        reason="STEP_FAILED",
        message="the start step ended as a dead letter: the broker keeps its reason; mend that and start again",
    )
    await flow.ledger.move(kept, Trigger.FAIL, failure=failure)


async def _fail_suspended(flow: Flow, _event: longshore.Event, kept: Kept[Run], _bench: Bench) -> None:
    """All events ended although the run is suspended: an operator removed those that waited."""
    await flow.ledger.move(kept, Trigger.FAIL, failure=not_resumed(kept.value))


async def _judge(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    run = kept.value
    group = await flow.client.group(run.group_id).get()
    if run.mode is Mode.REHEARSAL and not (group.failed or group.cancelled):
        await bench.destination.cancel(run.open_execution)
        await _end(flow, event, kept, Trigger.REHEARSED)
        return
    evidence = Evidence(
        config=bench.config,
        lanes=await flow.ledger.lanes(run, bench.config),
        failed=group.failed,
        cancelled=group.cancelled,
        unsettled=group.in_progress,
        baseline=await flow.ledger.baseline(run.destination),
        mode=run.mode,
        accept_shrink=run.accept_shrink,
    )
    fault = fault_of(evidence)
    if fault is None:
        # Who looks before the point of no return, or after it, sees what it was expected to do.
        await flow.ledger.move(kept, Trigger.WHOLE, expected=await _expected(flow, run, bench, evidence.lanes))
    else:
        await flow.ledger.move(kept, Trigger.FAIL, failure=fault)


async def _expected(flow: Flow, run: Run, bench: Bench, lanes: Sequence[Lane]) -> Mapping[str, Effects]:
    before = await last_good_census(flow.client, run.destination) if run.mode is Mode.FULL else None
    if before is None:
        return {}
    return (await census_of(flow.client, run, bench.config, lanes)).effects_after(before)


async def _complete(flow: Flow, _event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    """Past the point of no return. Interrupted anywhere, it is asked again and says nothing twice."""
    await bench.destination.complete(kept.value.open_execution)
    await flow.ledger.move(kept, Trigger.COMPLETED, throttled_until=None)


async def _follow(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    run = kept.value
    status = await bench.destination.status(run.open_execution)
    if status.state == "DONE":
        await _succeed(flow, event, kept, bench, status)
        return
    if status.state == "CANCELLED":
        failure = Failure(
            reason="EXECUTION_CANCELLED",
            message="the execution was cancelled in Assets while it was processing: start the import again",
        )
        await _end(flow, event, kept, Trigger.DISCARDED, failure=failure)
        return
    waited = flow.clock.now() - run.update_time
    if waited < flow.pace.patience:
        raise longshore.Release(after=flow.pace.processing.after(waited), reason=status.state)
    failure = Failure(
        reason="PROCESSING_TIMEOUT",
        message=f"Assets has been {status.state} for {waited / 3600:.0f} hours: look at the import source there",
    )
    await flow.ledger.move(kept, Trigger.FAIL, failure=failure)


async def _succeed(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench, status: ExecutionStatus) -> None:
    lanes = await flow.ledger.lanes(kept.value, bench.config)
    totals = total_objects(lanes)
    errors = errors_of(status, totals)
    if not errors:
        good = await _good(flow, kept.value, bench, lanes)
        await _end(flow, event, kept, Trigger.DONE, good=good, outcomes=status.outcomes)
        return
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    failure = Failure(reason="ASSETS_ERRORS", message=f"Assets is done, but reports: {errors[0]}{more}")
    await _end(flow, event, kept, Trigger.DONE_WITH_ERRORS, failure=failure, outcomes=status.outcomes)


async def _good(flow: Flow, run: Run, bench: Bench, lanes: Sequence[Lane]) -> Mapping[str, object]:
    """What a good run leaves for the next one, as entries by key."""
    left: dict[str, object] = {}
    full = run.mode is Mode.FULL
    if full:
        left[entries.baseline_key(run.destination)] = total_objects(lanes)
        left |= good_census(run.destination, await census_of(flow.client, run, bench.config, lanes))
    if any(resource.incremental for resource in bench.config.resources):
        before = await flow.ledger.marks(run.destination, run.name)
        reached = [(lane.resource, lane.mark) for lane in lanes]
        marks = moved(before, reached, full_since=run.create_time if full else None)
        left[entries.marks_key(run.destination, run.name)] = entries.write_marks(marks)
    return left


def errors_of(status: ExecutionStatus, sent: Mapping[str, int]) -> list[str]:
    """What speaks against a finished execution: its own errors, and types whose objects did not arrive at all.

    Fewer objects written than sent is no error in itself: records with the same identity become one object. The
    destination's own accounts of them are among its errors.
    """
    errors = list(status.errors)
    for name, outcome in status.outcomes.items():
        errors += [f"{name}: {error}" for error in outcome.errors]
        written = (outcome.created, outcome.updated, outcome.identical)
        if sent.get(name) and all(count == 0 for count in written):
            errors.append(f"{name}: none of the {sent[name]} objects that were sent was written")
    return errors


async def _give_up(flow: Flow, event: longshore.Event, kept: Kept[Run], bench: Bench) -> None:
    """Cancel the execution, if there is one."""
    if kept.value.execution:
        await bench.destination.cancel(kept.value.open_execution)
    await _conclude(flow, event, kept)


async def _conclude(flow: Flow, event: longshore.Event, kept: Kept[Run]) -> None:
    """The run ends, or begins anew where only its execution was lost."""
    run = kept.value
    lost = run.failure is not None and run.failure.reason == ExecutionLost.reason
    if run.state is State.FAILING and lost and run.number < MAX_RUNS:
        await _begin_anew(flow, event, kept)
    else:
        await _end(flow, event, kept, Trigger.GIVEN_UP)


async def _begin_anew(flow: Flow, event: longshore.Event, kept: Kept[Run]) -> None:
    """The next number of the run: another execution, which receives the whole set from page one."""
    run = kept.value
    group = await group_of(flow.client, run.import_id, run.number + 1).create()
    following = advance(
        run,
        Trigger.RESTART,
        now=flow.clock.now(),
        number=run.number + 1,
        group_id=group.group_id,
        execution={},
        failure=None,
        waiting_since=None,
        throttled_until=None,
        expected={},
    )
    async with event.commit() as tx:
        flow.ledger.put_run(tx, kept, following)
        push_start(tx, following, group)
    flow.ledger.changes.notify(run.import_id)
    log.warning("import %s: the execution was lost; run %d begins", run.import_id, following.number)


async def _end(
    flow: Flow,
    event: longshore.Event,
    kept: Kept[Run],
    trigger: Trigger,
    *,
    good: Mapping[str, object] | None = None,
    **changes: object,
) -> None:
    ended = advance(kept.value, trigger, now=flow.clock.now(), throttled_until=None, **changes)
    await end_run(flow, event.commit(), kept, ended, good)


_ACTS: Mapping[State, Callable[[Flow, longshore.Event, Kept[Run], Bench], Awaitable[None]]] = {
    **dict.fromkeys(BEFORE_READING, _fail_early),
    State.READING: _judge,
    State.SUSPENDED: _fail_suspended,
    State.COMPLETING: _complete,
    State.PROCESSING: _follow,
    **dict.fromkeys(GIVING_UP, _give_up),
}
