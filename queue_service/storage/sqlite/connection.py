"""A connection of the driver that also runs many statements in one crossing to its thread and back.

A crossing costs more than most statements, and a busy loop comes back to a waiting turn late; so what does not depend
on one another is handed over together.
"""

import os
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import aiosqlite

from queue_service.storage.sqlite.rows import Row
from queue_service.storage.sqlite.statements import SQL


class Call(NamedTuple):
    """A named statement and its parameters."""

    statement: str
    parameters: dict[str, Any]


class Connection(aiosqlite.Connection):
    """A connection with a thread of its own. Made by connect()."""

    async def run(self, calls: Sequence[Call], *, commit: bool = False) -> list[list[Row]]:
        """Run statements in order, and commit behind them if that is asked. Answers the rows of each.

        Raises:
            sqlite3.Error: a statement or the commit failed; what stood behind it was not run.
        """
        answers: list[list[Row]] = await self._execute(self._run, calls, commit)  # type: ignore[no-untyped-call]
        return answers

    def _run(self, calls: Sequence[Call], commit: bool) -> list[list[Row]]:
        answers = [self._conn.execute(SQL[call.statement], call.parameters).fetchall() for call in calls]
        if commit:
            self._conn.commit()
        return answers


def uri(path: Path, mode: str) -> str:
    """Names a file for SQLite, to be opened in a mode such as "ro"."""
    return f"file:{quote(os.path.abspath(path))}?mode={mode}"  # noqa: PTH100  resolves no links


async def connect(database: Path | str, **options: Any) -> Connection:
    """Open a connection, with the options of the standard library's."""
    return await Connection(partial(sqlite3.connect, str(database), **options), iter_chunk_size=64)  # type: ignore[return-value]
