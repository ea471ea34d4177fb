"""The adapters that work on an import, kept open between its steps: its source, its destination, its mapping.

Only a cache of what the frozen configuration says: losing it costs a few requests and nothing else.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from import_worker.config import ImportConfig
from import_worker.flow.ahead import ReadAhead
from import_worker.flow.window import Window
from import_worker.ports import Destination, Source
from import_worker.transform.mapper import Mapper

MAX_IDLE = 16
"""How many imports keep their connections although no step of theirs is running."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the steps of one import work with.

    Attributes:
        config: the frozen configuration.
        source: where the records come from.
        destination: where the objects go.
        mappers: what makes objects of records, by resource.
        ahead: pages that are read before their turn.
        window: what is known of unsettled chunks.
    """

    config: ImportConfig
    source: Source
    destination: Destination
    mappers: Mapping[str, Mapper]
    ahead: ReadAhead = field(default_factory=ReadAhead)
    window: Window = field(default_factory=Window)

    async def close(self) -> None:
        """Release connections."""
        self.ahead.close()
        await self.source.close()
        await self.destination.close()


Build = Callable[[ImportConfig], Bench]
"""Opens the adapters of a configuration. Raises Permanent where a secret has no value."""

ReadConfig = Callable[[str], Awaitable[ImportConfig]]
"""Reads the frozen configuration of an import."""


class Benches:
    """The benches of all imports that this worker has steps of."""

    def __init__(self, build: Build, read_config: ReadConfig) -> None:
        self._build = build
        self._read_config = read_config
        self._benches: OrderedDict[str, Bench] = OrderedDict()
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def use(self, import_id: str) -> AsyncIterator[Bench]:
        """The bench of an import, for one step."""
        bench = self._benches.get(import_id)
        if bench is None:
            config = await self._read_config(import_id)
            # Another step of the import may have been faster.
            bench = self._benches.get(import_id) or self._build(config)
            self._benches[import_id] = bench
        self._benches.move_to_end(import_id)
        self._users[import_id] = self._users.get(import_id, 0) + 1
        try:
            yield bench
        finally:
            self._users[import_id] -= 1
            if not self._users[import_id]:
                del self._users[import_id]
            await self._shrink()

    async def _shrink(self) -> None:
        idle = [import_id for import_id in self._benches if import_id not in self._users]
        for import_id in idle[: max(0, len(idle) - MAX_IDLE)]:
            await self._benches.pop(import_id).close()

    async def close(self) -> None:
        """Release all connections."""
        while self._benches:
            _, bench = self._benches.popitem()
            await bench.close()
