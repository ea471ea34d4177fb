"""The end of a run: the one step after which its record is terminal and its destination free."""

import logging
from collections.abc import Mapping

import longshore
from import_worker.errors import Permanent
from import_worker.flow.notify import push_notifications
from import_worker.flow.step import Flow
from import_worker.runs.census_log import logs_to_delete
from import_worker.runs.ledger import Kept
from import_worker.runs.run import GIVING_UP, Failure, Run, Trigger, advance

log = logging.getLogger(__name__)


async def end_run(
    flow: Flow,
    commit: longshore.Transaction,
    kept: Kept[Run],
    ended: Run,
    good: Mapping[str, object] | None = None,
) -> None:
    """End a run, and tell those who want to know.

    Args:
        flow: what every step works with.
        commit: the step to do it in; one of an event ends the event too.
        kept: the run as it was read.
        ended: the run at its end.
        good: what a good run leaves for the next one, as entries by key.
    """
    try:
        config = await flow.ledger.config(ended.import_id)
    except Permanent:
        config = None  # only an operator can remove it; the run ends all the same
    logs = await logs_to_delete(flow.client, ended.import_id)

    def extra(tx: longshore.Transaction) -> None:
        if config is not None:
            push_notifications(tx, ended, config)
        for key, value in (good or {}).items():
            tx.set(key, value)
        for key in logs:
            tx.delete(key)

    await flow.ledger.end(commit, kept, ended, extra)
    log.info("import %s (%s) ended: %s", ended.import_id, ended.name, ended.state)


async def abandon(flow: Flow, kept: Kept[Run], why: str) -> None:
    """End a run that nothing can move any more, without a word of its destination."""
    run, now = kept.value, flow.clock.now()
    if run.state not in GIVING_UP:
        failure = Failure(
            reason="ABANDONED",
            message=f"the run stood at {run.state} and {why}: its execution may still be open in Assets, so look there "
            "and cancel it, then start again",
        )
        run = advance(run, Trigger.FAIL, now=now, failure=run.failure or failure)
    ended = advance(run, Trigger.GIVEN_UP, now=now, throttled_until=None)
    await end_run(flow, flow.client.commit(), kept, ended)
