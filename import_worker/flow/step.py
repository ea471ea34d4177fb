"""What the steps of a run have in common: what they work with, how they wait for the outside, how they fail."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import longshore
from import_worker.errors import Throttled
from import_worker.flow.benches import Benches
from import_worker.flow.configured import Configured
from import_worker.flow.events import Ask
from import_worker.flow.pace import Pace
from import_worker.ports import Clock, Hooks
from import_worker.runs.ledger import Ledger
from import_worker.runs.run import GIVING_UP, TERMINAL, Failure, Trigger, advance

MAX_RACES = 10
"""How often one step tries to write a run that others keep changing, before it makes room for them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What every step works with.

    Attributes:
        client: of the broker.
        ledger: entries of runs.
        benches: adapters of imports.
        clock: wall time.
        pace: how long to wait.
        hooks: who is told about runs.
        configured: the imports that can be started.
    """

    client: longshore.Client
    ledger: Ledger
    benches: Benches
    clock: Clock
    pace: Pace
    hooks: Hooks
    configured: Configured


async def wait_for_outside(flow: Flow, event: longshore.Event, problem: Throttled) -> None:
    """Release the event for as long as the outside asks, and show on the import until when."""
    ask = Ask.of(event)
    until = flow.clock.now() + problem.after
    kept = await flow.ledger.run(ask.import_id)
    tries = tries_data(event)
    if kept is None or kept.value.state in TERMINAL or (kept.value.throttled_until or 0.0) >= until:
        raise longshore.Release(after=problem.after, reason=problem.reason, data=tries)
    try:
        async with event.commit() as tx:
            flow.ledger.put_run(tx, kept, replace(kept.value, throttled_until=until))
            tx.release(after=problem.after, reason=problem.reason, data=tries)
    except longshore.VersionMismatch:
        # Someone else wrote the run meanwhile. Showing the wait is a courtesy; waiting is what matters.
        raise longshore.Release(after=problem.after, reason=problem.reason, data=tries) from None
    flow.ledger.changes.notify(ask.import_id)


def tries_of(event: longshore.Event) -> int:
    """How many attempts of the step met a transient problem so far."""
    context = event.retry_context
    data = None if context is None else context.data
    return int(data.get("tries", 0)) if isinstance(data, dict) else 0


def tries_data(event: longshore.Event) -> dict[str, int]:
    """What a release that is no failed attempt leaves for the next one."""
    return {"tries": tries_of(event)}


Extra = Callable[[longshore.Transaction], None]


async def fail(flow: Flow, event: longshore.Event, failure: Failure, extra: Extra | None = None) -> None:
    """End the event and the run: in one step the run is FAILING, then its other events are cancelled.

    Args:
        flow: what every step works with.
        event: of the step that found the failure.
        failure: why.
        extra: writes more in the same step.
    """
    ask = Ask.of(event)
    for _ in range(MAX_RACES):
        kept = await flow.ledger.run(ask.import_id)
        if kept is None or kept.value.number != ask.number or kept.value.state in GIVING_UP | TERMINAL:
            return
        failing = advance(kept.value, Trigger.FAIL, now=flow.clock.now(), failure=failure)
        try:
            async with event.commit() as tx:
                flow.ledger.put_run(tx, kept, failing)
                if extra is not None:
                    extra(tx)
        except longshore.VersionMismatch:
            continue
        log.warning("import %s (%s) fails: %s: %s", ask.import_id, failing.name, failure.reason, failure.message)
        flow.ledger.changes.notify(ask.import_id)
        await flow.client.group(failing.group_id).cancel()
        return
    raise longshore.Release(after=flow.pace.contention, reason="CONTENTION")
