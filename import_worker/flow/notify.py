"""Notifications: who is told by webhook how a run ended, or that it is suspended.

Each is an event of its own, pushed in the Commit that it tells of, so it is neither lost nor does a run wait for it.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import longshore
from import_worker.config import ImportConfig
from import_worker.config.operation import Occasion
from import_worker.errors import ImportProblem, Permanent, Throttled
from import_worker.flow.events import NOTIFY
from import_worker.flow.step import Flow
from import_worker.runs.entries import derived_id
from import_worker.runs.run import Run, State

MAX_MESSAGE = 2_000
"""Characters of a failure's message that are told."""

_OCCASIONS: Mapping[State, Occasion] = {
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.SUSPENDED: "suspended",
    State.SUCCEEDED: "succeeded",
    State.SUCCEEDED_WITH_ERRORS: "succeeded_with_errors",
}

log = logging.getLogger(__name__)


def push_notifications(tx: longshore.Transaction, run: Run, config: ImportConfig) -> None:
    """Push what the configuration wants told about the state that the run gets in the same step."""
    occasion = _OCCASIONS[run.state]
    for index, notification in enumerate(config.notifications):
        if occasion in notification.events:
            job_id = derived_id(run.import_id, NOTIFY, run.number, occasion, run.update_time, index)
            tx.push(
                NOTIFY,
                document(run, occasion, job_id),
                attributes={
                    "import": run.import_id,
                    "webhook": notification.webhook.reference,
                    "public_only": str(config.inline),
                },
                job_id=job_id,
                parent=None,  # the run's group must not wait for it
            )


def document(run: Run, occasion: Occasion, notification_id: str) -> dict[str, Any]:
    """What is told: the body of the POST. The id stays the same when it is sent again."""
    failure = run.failure
    return {
        "id": notification_id,
        "event": occasion,
        "import": {
            "import_id": run.import_id,
            "name": run.name,
            "state": run.state,
            "mode": run.mode,
            "run_number": run.number,
            "create_time": _instant(run.create_time),
            "end_time": _instant(run.end_time),
            "suspended_until": _instant(run.suspended_until) if run.state is State.SUSPENDED else None,
            "failure": failure and {"reason": failure.reason, "message": failure.message[:MAX_MESSAGE]},
        },
    }


def _instant(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds")


async def step(flow: Flow, event: longshore.Event) -> None:
    """Carry out an event of import.notify: tell it once more, until it was heard or the queue's policy ends it."""
    try:
        await flow.hooks.deliver(
            event.attributes["webhook"],
            json.dumps(event.body).encode(),
            public_only=event.attributes["public_only"] == str(True),
        )
    except Permanent as problem:
        log.error("a notification of import %s is given up: %s", event.attributes["import"], problem)  # noqa: TRY400
        raise longshore.Fail(problem.reason, problem.message) from None
    except ImportProblem as problem:
        after = problem.after if isinstance(problem, Throttled) else None
        raise longshore.Retry(after=after, reason=problem.reason, message=problem.message) from None
