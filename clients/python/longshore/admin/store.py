"""The store of the queue service: a copy of it, a check of it, and facts about who serves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from longshore.channel import Channel
from longshore.times import instant
from longshore.v1 import queue_admin_service_pb2

if TYPE_CHECKING:
    from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceAsyncStub

_SECONDS = 3_600.0
"""Reading a large store from a slow disk takes a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of a store.

    Attributes:
        file: its absolute path on the service's machine.
        size_bytes: of the copy.
    """

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """Who serves the store, and how.

    Attributes:
        version: of Longshore.
        start_time: of the service, in UTC.
        store_incarnation: names the store in lease ids.
        store_kind: the engine and its version.
        store_size_bytes: the store with its log.
        schema_version: of the store.
        streams: open streams of deliveries.
        leases: live leases.
        settings: in force, by name; secrets are redacted.
    """

    version: str
    start_time: datetime
    store_incarnation: str
    store_kind: str
    store_size_bytes: int
    schema_version: int
    streams: int
    leases: int
    settings: Mapping[str, str]


class Store:
    """Asks about the store."""

    def __init__(self, channel: Channel, stub: "QueueAdminServiceAsyncStub") -> None:
        self._channel = channel
        self._stub = stub

    async def backup(self, file: str) -> Backup:
        """Copy the store, as of one instant, while the service goes on.

        It is not repeated: after a lost answer the file may be there.

        Args:
            file: path on the service's machine, absolute or from its working folder. It must not exist, and its folder
                must be the backup folder of the service's settings, or the store's own.

        Raises:
            InvalidRequest: the path is not allowed, or cannot be written.
            WrongState: the file exists, or another copy or check is under way.
            DiskFull: there is no room for it.
            DataLoss: the store is damaged.
        """
        request = queue_admin_service_pb2.BackupStoreRequest(file=file)
        response = await self._channel.call_once(self._stub.BackupStore, request, timeout=_SECONDS)
        return Backup(file=response.file, size_bytes=response.size_bytes)

    async def check(self) -> tuple[str, ...]:
        """Read the whole store and answer what is wrong with it, at most 100 faults. Empty: it is whole.

        Raises:
            WrongState: a copy or another check is under way.
        """
        request = queue_admin_service_pb2.CheckStoreRequest()
        response = await self._channel.call(self._stub.CheckStore, request, timeout=_SECONDS)
        return tuple(fault.description for fault in response.faults)

    async def info(self) -> ServerInfo:
        """The service, its store and the settings in force."""
        response = await self._channel.call(self._stub.GetServerInfo, queue_admin_service_pb2.GetServerInfoRequest())
        return ServerInfo(
            version=response.version,
            start_time=instant(response.start_time),
            store_incarnation=response.store_incarnation,
            store_kind=response.store_kind,
            store_size_bytes=response.store_size_bytes,
            schema_version=response.schema_version,
            streams=response.streams,
            leases=response.leases,
            settings={setting.name: setting.value for setting in response.settings},
        )
