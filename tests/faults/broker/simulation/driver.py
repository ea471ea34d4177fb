"""SQLite connections of the simulation: quick ones without thread and sync, and a trap that breaks at a statement."""

import sqlite3

from queue_service.storage.sqlite import connection, opening
from queue_service.storage.sqlite.statements import SQL


class Direct:
    """What the store uses of a connection, carried out at once."""

    def __init__(self, path, **options):
        self._connection = sqlite3.connect(path, check_same_thread=False, **options)
        self._connection.execute("PRAGMA synchronous = OFF")

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    async def execute_fetchall(self, statement, parameters=()):
        if "synchronous" in statement:
            return []
        return self._connection.execute(statement, parameters).fetchall()

    async def run(self, calls, *, commit=False):
        answers = [self._connection.execute(SQL[call.statement], call.parameters).fetchall() for call in calls]
        if commit:
            self._connection.commit()
        return answers

    async def executescript(self, script):
        self._connection.executescript(script)

    async def commit(self):
        self._connection.commit()

    async def rollback(self):
        self._connection.rollback()

    async def close(self):
        self._connection.close()


class Trap:
    """A connection that breaks when it is told so, until it is told otherwise."""

    def __init__(self, connection):
        self._connection = connection
        self._countdown, self._on_break = -1, None

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def arm(self, countdown, on_break):
        """Break at the so manieth statement from now, a commit being one, and from then on."""
        self._countdown, self._on_break = countdown, on_break

    def disarm(self):
        """Break no more. Answers whether it broke."""
        broke, self._countdown = self._countdown == 0, -1
        return broke

    def _step(self):
        if self._countdown > 0:
            self._countdown -= 1
            if self._countdown == 0:
                self._on_break()
        if self._countdown == 0:
            raise sqlite3.OperationalError("disk I/O error")

    async def execute_fetchall(self, *arguments):
        self._step()
        return await self._connection.execute_fetchall(*arguments)

    async def run(self, calls, *, commit=False):
        answers = []
        for call in calls:
            self._step()
            answers += await self._connection.run([call])
        if commit:
            await self.commit()
        return answers

    async def commit(self):
        self._step()
        await self._connection.commit()


def install(monkeypatch, *, real=False):
    """Let stores open connections with traps: quick ones, or those of the driver that the broker has."""

    async def connect(path, **options):
        return Trap(await connection.connect(path, **options) if real else Direct(path, **options))

    monkeypatch.setattr(opening, "connect", connect)
