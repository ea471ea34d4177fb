"""Suspending a run: what failed outside may pass, so its execution stays open for a while and its steps wait.

Nothing is lost meanwhile: every step that comes up is put off to the end of that time, and resuming makes it due.
"""

import logging
from datetime import UTC, datetime

import longshore
from import_worker.flow.events import READ, SUBMIT, Ask
from import_worker.flow.notify import push_notifications
from import_worker.flow.step import MAX_RACES, Flow, fail
from import_worker.runs import entries
from import_worker.runs.ledger import Kept
from import_worker.runs.run import Failure, Mode, Run, State, Trigger, advance
from longshore.admin import EventFilter, EventState

_PAUSED_QUEUES = (READ, SUBMIT)

log = logging.getLogger(__name__)


async def suspend(flow: Flow, event: longshore.Event, failure: Failure) -> None:
    """Suspend the run for the sake of what may pass, and put the event off; fail it where it cannot be suspended.

    A run can be while it reads, if its configuration has a resume_window.

    Args:
        flow: what every step works with.
        event: of the step that gave up.
        failure: why.
    """
    ask = Ask.of(event)
    config = await flow.ledger.config(ask.import_id)
    window = config.resume_window
    for _ in range(MAX_RACES):
        kept = await flow.ledger.run(ask.import_id)
        if kept is None or kept.value.number != ask.number:
            return
        run, now = kept.value, flow.clock.now()
        if run.state is State.SUSPENDED:
            await stay_suspended(flow, event, kept)
            return
        if run.state is not State.READING or run.mode is Mode.REHEARSAL or not window:
            await fail(flow, event, failure)
            return
        suspended = advance(
            run, Trigger.SUSPEND, now=now, failure=failure, suspended_until=now + window, throttled_until=None
        )
        try:
            async with event.commit() as tx:
                flow.ledger.put_run(tx, kept, suspended)
                push_notifications(tx, suspended, config)
                tx.release(after=window, reason=_reason(run))
        except longshore.VersionMismatch:
            continue
        log.warning("import %s (%s) is suspended: %s: %s", run.import_id, run.name, failure.reason, failure.message)
        flow.ledger.changes.notify(run.import_id)
        return
    raise longshore.Release(after=flow.pace.contention, reason="CONTENTION")


async def stay_suspended(flow: Flow, event: longshore.Event, kept: Kept[Run]) -> None:
    """Put off a step of a suspended run, or fail the run when nobody resumed it in time.

    Raises:
        longshore.VersionMismatch: the run changed meanwhile. Were the step put off all the same, a resume that made
            the others due would have missed it.
    """
    run = kept.value
    left = (run.suspended_until or 0.0) - flow.clock.now()
    if left <= 0:
        await fail(flow, event, not_resumed(run))
        return
    async with event.commit() as tx:
        tx.check(entries.run_key(run.import_id), version=kept.version)
        tx.release(after=left, reason=_reason(run))


def not_resumed(run: Run) -> Failure:
    """The failure of a suspended run that is given up."""
    why = run.failure or Failure(reason="SUSPENDED", message="the run was suspended")
    return Failure(reason=why.reason, message=f"{why.message}; suspended, and not resumed in time")


async def wake(flow: Flow, run: Run) -> None:
    """Make the steps due that wait since the run was suspended. Waking again changes nothing."""
    now = datetime.fromtimestamp(flow.clock.now(), UTC)
    for queue in _PAUSED_QUEUES:
        waiting = EventFilter(queue=queue, state=EventState.PENDING, reason=_reason(run))
        await flow.client.admin.events.update(waiting, due=now)


def _reason(run: Run) -> str:
    """What the waiting steps of a run are found by."""
    return f"SUSPENDED {run.import_id}"
