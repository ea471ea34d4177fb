"""News inside this process: who watches an import is woken when this worker changes it.

Only a shortcut. Other workers change imports too, so a watcher also looks by itself.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class News:
    """What one watcher waits for. News that came before it waits are not lost."""

    def __init__(self) -> None:
        self._came = asyncio.Event()

    def tell(self) -> None:
        """There is something new."""
        self._came.set()

    def taken(self) -> None:
        """Everything up to now is known, or is about to be looked at."""
        self._came.clear()

    async def wait(self, at_most: float) -> bool:
        """Wait for something new, at most so many seconds. Answers whether there was."""
        try:
            async with asyncio.timeout(at_most):
                return await self._came.wait()
        except TimeoutError:
            return False


class Changes:
    """Wakes the watchers of an import. It holds nothing while nobody watches."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[News]] = {}
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether there will be no more news, because the worker stops."""
        return self._stopped

    def stop(self) -> None:
        """Wake everyone: the worker stops."""
        self._stopped = True
        for import_id in self._watchers:
            self.notify(import_id)

    def notify(self, import_id: str) -> None:
        """The import changed."""
        for news in self._watchers.get(import_id, ()):
            news.tell()

    @contextmanager
    def watched(self, import_id: str) -> Iterator[News]:
        """News of an import, for as long as the block lasts."""
        news = News()
        watchers = self._watchers.setdefault(import_id, set())
        watchers.add(news)
        try:
            yield news
        finally:
            watchers.discard(news)
            if not watchers:
                self._watchers.pop(import_id, None)
