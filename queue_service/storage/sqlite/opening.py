"""Opening a store: one broker a file, the right kind of file, the right settings."""

import fcntl
import logging
import os
import secrets
import sqlite3
from pathlib import Path
from typing import IO, NamedTuple

from queue_service.storage.sqlite.connection import Connection, connect, uri
from queue_service.storage.sqlite.file_check import FilesDamaged, check_files
from queue_service.storage.sqlite.statements import SQL, read_sql

APPLICATION_ID = 0x4C4F4E47
"""Marks the file as ours: "LONG"."""
SCHEMA_VERSION = 2
OLDEST_SQLITE = (3, 38, 0)
"""The first with the JSON operators that the statements use."""
WAL_RESET_FIXED = (3, 51, 3)

_START = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",  # the writer checkpoints between its turns
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA secure_delete = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_checkpoint(TRUNCATE)",  # what a crash left ends here
    "UPDATE store SET next_version = next_version",  # whether it can be written
    "ROLLBACK",
)

_DAMAGED = "is not a Longshore store, or it is damaged ({error}): restore a backup"
_FORBIDDEN = "cannot be opened ({error}): check that this user may read and write it and its folder"
_REFUSALS = {
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_BUSY: "is held by another program ({error}): let that end",
    sqlite3.SQLITE_FULL: "cannot be written ({error}): free some space on its disk",
    sqlite3.SQLITE_IOERR: "cannot be read or written ({error}): check its disk",
}
"""What an error at the start means. Any other: the file is damaged."""

log = logging.getLogger(__name__)


class StoreRefused(Exception):
    """The file cannot be used as a store. The text says why and what to do."""


class Counters(NamedTuple):
    """Where numbering goes on."""

    incarnation: str
    next_version: int
    last_event: int
    last_group: int
    last_key: int


def lock(path: Path) -> IO[str]:
    """Take the file for this process until the returned file is closed. Links to one file share its lock.

    Raises:
        StoreRefused: another broker has it, or the folder is not there.
    """
    real = os.path.realpath(path)
    lock_path = Path(f"{real}-lock")
    try:
        held = lock_path.open("w")
    except OSError as error:
        raise StoreRefused(f"cannot open {lock_path}: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise StoreRefused(f"{path} is in use by another broker: stop that one, or name another file") from error
    return held


async def open_writer(path: Path) -> tuple[Connection, Counters]:
    """Open the connection that writes and checkpoints; a new file gets its schema.

    Raises:
        StoreRefused: the file is of another kind, damaged or of a newer version.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreRefused(
            f"this Python has SQLite {sqlite3.sqlite_version}; Longshore needs {'.'.join(map(str, OLDEST_SQLITE))} "
            "or later"
        )
    if sqlite3.sqlite_version_info < WAL_RESET_FIXED:
        log.info(
            "SQLite %s: only one connection writes and checkpoints, which keeps clear of the WAL-reset fault that "
            "3.51.3 mends",
            sqlite3.sqlite_version,
        )
    try:
        check_files(path)
        connection = await connect(path, isolation_level="IMMEDIATE")
    except FilesDamaged as error:
        raise StoreRefused(f"{error}; restore a backup") from error
    except sqlite3.Error as error:
        raise _refusal(path, error) from error
    try:
        await _check_kind(connection, path)
        for statement in _START:
            await connection.execute_fetchall(statement)
        return connection, await _counters(connection)
    except sqlite3.Error as error:
        await connection.close()
        raise _refusal(path, error) from error
    except BaseException:
        await connection.close()
        raise


async def open_reader(path: Path) -> Connection:
    """Open a connection that only reads."""
    connection = await connect(uri(path, "ro"), uri=True, isolation_level=None)
    await connection.execute_fetchall("PRAGMA query_only = ON")
    return connection


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads, for long work in a thread of its own.

    It is not opened as one: SQLite would leave out CHECK constraints, and its check of the file would not know them.
    """
    connection = sqlite3.connect(uri(path, "rw"), uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection


def new_incarnation() -> str:
    """Names a store in lease ids."""
    return secrets.token_hex(4)


def _refusal(path: Path, error: sqlite3.Error) -> StoreRefused:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    return StoreRefused(f"{path} {_REFUSALS.get(code, _DAMAGED).format(error=error)}")


async def _check_kind(connection: Connection, path: Path) -> None:
    application_id = await _number(connection, "PRAGMA application_id")
    version = await _number(connection, "PRAGMA user_version")
    tables = await _number(connection, "SELECT count(*) FROM sqlite_schema")
    if not tables and not application_id:
        await _create(connection)
        return
    if application_id != APPLICATION_ID:
        raise StoreRefused(f"{path} is a SQLite file of another program: name another file")
    if version < SCHEMA_VERSION:
        raise StoreRefused(
            f"{path} has schema version {version} of a Longshore before its first release: begin with a new file"
        )
    if version > SCHEMA_VERSION:
        raise StoreRefused(
            f"{path} has schema version {version}, this broker knows {SCHEMA_VERSION}: use a newer Longshore"
        )


async def _create(connection: Connection) -> None:
    await connection.executescript(  # the incarnation is hexadecimal
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;"  # noqa: S608
        f"{read_sql('schema')}"
        f"INSERT INTO store (id, incarnation, next_version) VALUES (1, '{new_incarnation()}', 1);"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


async def _number(connection: Connection, statement: str) -> int:
    rows = list(await connection.execute_fetchall(statement))
    return int(rows[0][0])


async def _counters(connection: Connection) -> Counters:
    rows = list(await connection.execute_fetchall(SQL["counters"]))
    return Counters(*rows[0])
