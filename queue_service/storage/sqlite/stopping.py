"""Stopping long work in a thread of its own: copies and checks."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from queue_service.domain.errors import Unavailable

STEPS = 100_000
"""Of SQLite's machine between two looks: some milliseconds."""


class Stop:
    """Says whether to go on."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Let the work end as soon as it can."""
        self._asked.set()

    def check(self) -> None:
        """Go on.

        Raises:
            Unavailable: it has to end.
        """
        if self._asked.is_set():
            raise Unavailable("it was broken off: the caller is gone, or the broker is stopping")

    def rest(self, seconds: float) -> None:
        """Wait, then go on.

        Raises:
            Unavailable: it has to end.
        """
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def watch(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Interrupt the statements of a connection when they have to end: they raise sqlite3.OperationalError."""
        connection.set_progress_handler(self._asked.is_set, STEPS)
        try:
            yield
        finally:
            connection.set_progress_handler(None, 0)
