"""A SQLite connection of the simulation: no thread, no syncs, and a trap that breaks it at a statement to come."""

import sqlite3
from types import SimpleNamespace

import aiosqlite

from queue_service.storage.sqlite import opening


class Connection:
    """What the store uses of a connection, carried out at once."""

    def __init__(self, path, **options):
        self._connection = sqlite3.connect(path, check_same_thread=False, **options)
        self.countdown, self.on_break = -1, lambda: None

    def arm(self, countdown, on_break):
        """Break at the so manieth statement from now; a commit is one before and one after it is done."""
        self.countdown, self.on_break = countdown, on_break

    def disarm(self):
        """Break no more. Answers whether it broke."""
        broke, self.countdown = self.countdown == 0, -1
        return broke

    def _step(self):
        if self.countdown > 0:
            self.countdown -= 1
            if self.countdown == 0:
                self.on_break()
        if self.countdown == 0:
            raise sqlite3.OperationalError("disk I/O error")

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    async def execute_fetchall(self, statement, parameters=()):
        self._step()
        return self._connection.execute(statement, parameters).fetchall()

    async def executescript(self, script):
        self._connection.executescript(script)

    async def commit(self):
        self._step()
        self._connection.commit()

    async def rollback(self):
        self._connection.rollback()

    async def close(self):
        self._connection.close()


async def connect(path, **options):
    return Connection(path, **options)


def install(monkeypatch):
    """Let stores open such connections."""
    monkeypatch.setattr(opening, "aiosqlite", SimpleNamespace(connect=connect, Connection=aiosqlite.Connection))
    monkeypatch.setattr(
        opening, "_PRAGMAS", (*opening._PRAGMAS, "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000")
    )
