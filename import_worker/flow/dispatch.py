"""From an event to its step, and what becomes of an event whose step lost a race or could not reach the broker."""

from collections.abc import Awaitable, Callable, Mapping

import longshore
from import_worker.flow import finalize, notify, read, schedule, start, submit
from import_worker.flow.events import FINALIZE, NOTIFY, READ, SCHEDULE, START, SUBMIT
from import_worker.flow.step import Flow, tries_data
from import_worker.runs.run import WrongTransition

STEPS: Mapping[str, Callable[[Flow, longshore.Event], Awaitable[None]]] = {
    START: start.step,
    READ: read.step,
    SUBMIT: submit.step,
    FINALIZE: finalize.step,
    NOTIFY: notify.step,
    SCHEDULE: schedule.step,
}

_RACES = (
    WrongTransition,
    longshore.VersionMismatch,
    longshore.EntryExists,
    longshore.LeaseLost,
    longshore.GroupCancelled,
)
"""Someone else changed what the step was about: it looks again."""

OUT_OF_REACH = (longshore.Unavailable, longshore.DeadlineExceeded, longshore.DiskFull)
"""The broker is not there, does not answer, or has no room."""


async def handle(flow: Flow, event: longshore.Event) -> None:
    """Carry out one event of any of the queues."""
    try:
        await STEPS[event.queue](flow, event)
    except _RACES:
        raise longshore.Release(after=flow.pace.contention, reason="CONTENTION", data=tries_data(event)) from None
    except OUT_OF_REACH:
        # The broker is going away or coming back. That is no fault of the event and must not end its retries.
        raise longshore.Release(
            after=flow.pace.retry.first, reason="BROKER_UNAVAILABLE", data=tries_data(event)
        ) from None
