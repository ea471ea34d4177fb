"""The full check of a store: SQLite's own of every page and constraint, then ours of every count. As of one instant."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from queue_service.domain.limits import CALLED_UP
from queue_service.storage.sqlite.opening import reading
from queue_service.storage.sqlite.statements import SQL
from queue_service.storage.sqlite.stopping import Stop

MAX_FAULTS = 100
"""More do not help."""
BOUNDS = {"limit": MAX_FAULTS, "call_up": CALLED_UP}

log = logging.getLogger(__name__)


def faults_of(path: Path, stop: Stop) -> list[str]:
    """What is wrong with the store, at most MAX_FAULTS descriptions. Takes as long as reading all of it.

    Raises:
        Unavailable: it was stopped.
    """
    return list(islice(_faults(path, stop), MAX_FAULTS))


def integrity_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """What SQLite's own check finds."""
    for (found,) in connection.execute(f"PRAGMA integrity_check({MAX_FAULTS})"):
        if found != "ok":
            yield found


def _faults(path: Path, stop: Stop) -> Iterator[str]:
    try:
        with closing(reading(path)) as connection, stop.watch(connection):
            connection.execute("BEGIN")  # one snapshot for all statements
            yield from integrity_faults(connection)
            for name, statement in SQL.items():
                if name.startswith("check_"):
                    for (fault,) in connection.execute(statement, BOUNDS):
                        yield fault
    except sqlite3.Error as error:
        stop.check()
        log.error("the check of the store failed: %s", error)  # noqa: TRY400  it is an answer, and SQLite's words are enough
        yield f"it cannot be read further: {error}"
