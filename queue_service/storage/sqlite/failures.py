"""What SQLite's errors mean to the broker's callers. Everything else passes as it is."""

import logging
import sqlite3
from collections.abc import Callable

from queue_service.domain.errors import BrokerError, DataLoss, DiskFull, Unavailable

_FAILURES: dict[int, Callable[[str], BrokerError]] = {
    sqlite3.SQLITE_FULL: lambda _: DiskFull(),
    sqlite3.SQLITE_CORRUPT: DataLoss,
    sqlite3.SQLITE_NOTADB: DataLoss,
}

log = logging.getLogger(__name__)


def failure_of(error: Exception) -> Exception:
    """What to tell the caller instead of a database error."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    log.error("the store failed: %s", error)
    make = _FAILURES.get(code)
    return make(str(error)) if make is not None else Unavailable(f"the store is busy or out of order ({error})")
