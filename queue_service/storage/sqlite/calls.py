"""Calls of the database's thread: many statements, one wait.

A busy loop comes back to a waiting turn late; so what does not depend on one another is handed over together, and runs
in the order in which it was handed over.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiosqlite

from queue_service.storage.sqlite.rows import Row
from queue_service.storage.sqlite.statements import SQL


class Call(NamedTuple):
    """A named statement and its parameters."""

    statement: str
    parameters: dict[str, Any]


async def run_all(connection: aiosqlite.Connection, calls: Sequence[Call]) -> list[list[Row]]:
    """Run statements in order. Answers the rows of each; raises the first error when all have run."""
    running = [connection.execute_fetchall(SQL[call.statement], call.parameters) for call in calls]
    if len(running) == 1:
        return [list(await running[0])]
    outcomes = await asyncio.gather(*running, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [list(outcome) for outcome in outcomes if not isinstance(outcome, BaseException)]
