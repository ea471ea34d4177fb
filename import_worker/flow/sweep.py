"""The sweep: finds runs that nothing moves any more, and gives them a push; those that no push can help it ends.

A run stops only when its finalize event became a dead letter, or a worker died between a decision and what follows.
"""

import logging

import longshore
from import_worker.flow.ending import abandon
from import_worker.flow.events import FINALIZE, Ask
from import_worker.flow.step import Flow
from import_worker.flow.suspend import wake
from import_worker.runs.entries import derived_id
from import_worker.runs.ledger import Kept
from import_worker.runs.run import GIVING_UP, TERMINAL, Run, State

MAX_SWEPT = 1_000
"""Runs looked at in one sweep."""
MAX_FINALIZERS = 20
"""Finalize events that one run number may get from sweeps."""

log = logging.getLogger(__name__)


async def sweep(flow: Flow) -> None:
    """Look at every run that holds a destination."""
    looked_at = 0
    async for kept in flow.ledger.running():
        if looked_at >= MAX_SWEPT:
            return
        looked_at += 1
        if kept.value.state in TERMINAL:
            continue
        try:
            await _mend(flow, kept)
        except longshore.GroupNotFound:
            await abandon(flow, kept, "the broker knows its group no more")
        except longshore.VersionMismatch:
            log.debug("import %s moves by itself", kept.value.import_id)


async def _mend(flow: Flow, kept: Kept[Run]) -> None:
    run = kept.value
    group = await flow.client.group(run.group_id).get()
    if group.state is not longshore.GroupState.COMPLETE:
        if run.state in GIVING_UP and group.cancel_time is None:
            await flow.client.group(run.group_id).cancel()
        if run.state is State.READING and run.suspended_until is not None:
            await wake(flow, run)  # whoever resumed it may have died before it did so
        return
    own = [derived_id(run.import_id, "sweep", run.number, attempt) for attempt in range(MAX_FINALIZERS)]
    finalizers = [group.on_complete_job_id or "", *own]
    known = await flow.client.job_stats([job_id for job_id in finalizers if job_id])
    if any(stats.in_progress for stats in known.values()):
        return
    unused = next((job_id for job_id in own if job_id not in known), None)
    if unused is None:
        await abandon(
            flow, kept, f"{MAX_FINALIZERS} finalize events became dead letters, whose reasons the broker keeps"
        )
        return
    log.warning("import %s is %s and nothing moves it: finalizing again", run.import_id, run.state)
    ask = Ask(import_id=run.import_id, number=run.number)
    await flow.client.queue(FINALIZE).push(ask.attributes(), attributes=ask.attributes(), job_id=unused)
