"""News inside this process: who watches an import is woken when this worker changes it.

Only a shortcut. Other workers change imports too, so a watcher also looks by itself.
"""

import asyncio
import contextlib


class Changes:
    """Wakes the watchers of an import. It holds nothing while nobody watches."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether there will be no more news, because the worker stops."""
        return self._stopped

    def stop(self) -> None:
        """Wake everyone: the worker stops."""
        self._stopped = True
        for import_id in list(self._waiting):
            self.notify(import_id)

    def notify(self, import_id: str) -> None:
        """The import changed."""
        for waiter in self._waiting.get(import_id, ()):
            waiter.set()

    async def wait(self, import_id: str, *, at_least: float, at_most: float) -> None:
        """Wait for a change, at most so many seconds. What changes within the shortest wait is one change."""
        waiter = asyncio.Event()
        waiters = self._waiting.setdefault(import_id, set())
        waiters.add(waiter)
        try:
            await asyncio.sleep(at_least)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(at_most - at_least):
                    await waiter.wait()
        finally:
            waiters.discard(waiter)
            if not waiters:
                self._waiting.pop(import_id, None)
