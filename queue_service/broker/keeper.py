"""Looking after the store and the broker that serves it, for operators."""

from dataclasses import dataclass

from queue_service.broker.broker import Broker
from queue_service.ports import Store
from queue_service.ports.safekeeping import Backup, StoreFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerFacts:
    """What does not change while the broker runs.

    Attributes:
        version: of Longshore.
        start_time: milliseconds since the epoch.
        settings: in force, by name; secrets are redacted.
    """

    version: str
    start_time: int
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """The broker as it is now."""

    server: ServerFacts
    store: StoreFacts
    incarnation: str
    streams: int
    leases: int


class Keeper:
    """The use cases."""

    def __init__(self, store: Store, broker: Broker, server: ServerFacts) -> None:
        self._store = store
        self._broker = broker
        self._server = server

    async def backup(self, file: str) -> Backup:
        """Write a copy of the store; see Safekeeping."""
        return await self._store.safekeeping.backup(file)

    async def check(self) -> list[str]:
        """What is wrong with the store; see Safekeeping."""
        return await self._store.safekeeping.check()

    async def info(self) -> ServerInfo:
        """Versions, sizes, settings, and who is connected."""
        return ServerInfo(
            server=self._server,
            store=await self._store.safekeeping.facts(),
            incarnation=self._store.incarnation,
            streams=self._broker.streams,
            leases=self._broker.leases,
        )
