"""Watching an import: told at once of what this worker changes, and by its group of what other workers do.

Changes that follow each other closely are told as one.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import longshore
from import_worker.flow.step import Flow
from import_worker.flow.view import ImportView, view
from import_worker.runs.changes import News
from import_worker.runs.run import TERMINAL

GAP_SECONDS = 0.1
"""From one look to the next, however many news there are."""
QUIET_SECONDS = 1.0
"""From one look to the next without news: what other workers do after the last event of the group makes none."""


class Stopping(Exception):
    """The worker stops and tells no more."""


async def watch(flow: Flow, import_id: str) -> AsyncGenerator[ImportView, None]:
    """The import at once, then at every change; ends with its terminal state.

    Raises:
        NoSuchImport: there is none.
        Stopping: the worker stops; another one, or this one later, can be asked.
    """
    with flow.ledger.changes.watched(import_id) as news:
        shown: ImportView | None = None
        group_id, following = "", None
        try:
            while True:
                news.taken()
                now = await view(flow, import_id)
                if now != shown:
                    shown = now
                    yield now
                if now.run.state in TERMINAL:
                    return
                if flow.ledger.changes.stopped:
                    raise Stopping
                if now.run.group_id != group_id:  # each number of a run has its own
                    await _stop(following)
                    group_id = now.run.group_id
                    following = asyncio.create_task(_follow_group(flow, group_id, news))
                await asyncio.sleep(GAP_SECONDS)
                await news.wait(QUIET_SECONDS)
        finally:
            await _stop(following)


async def _follow_group(flow: Flow, group_id: str, news: News) -> None:
    # Without it the import is looked at all the same, only later.
    with contextlib.suppress(longshore.LongshoreError):
        async with aclosing(flow.client.group(group_id).watch()) as changes:
            async for _ in changes:
                news.tell()


async def _stop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
