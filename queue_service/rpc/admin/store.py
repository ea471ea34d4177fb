"""The store as operators look after it: the part of QueueAdminService that is about copies, checks and facts."""

from typing import Any

from grpc import aio

from longshore.v1 import queue_admin_service_pb2 as pb
from queue_service.rpc import messages
from queue_service.rpc.admin.base import AdminPart
from queue_service.rpc.checks import Checks

Context = aio.ServicerContext[Any, Any]

PATH_BYTES = 4_096
"""The longest path of Linux."""


class StorePart(AdminPart):
    """Serves the store."""

    async def BackupStore(self, request: pb.BackupStoreRequest, _context: Context) -> pb.BackupStoreResponse:
        """Write a copy of the store."""
        checks = Checks()
        checks.text("file", request.file, max_bytes=PATH_BYTES, required=True)
        checks.done()
        backup = await self._keeper.backup(request.file)
        return pb.BackupStoreResponse(file=backup.file, size_bytes=backup.size_bytes)

    async def CheckStore(self, _request: pb.CheckStoreRequest, _context: Context) -> pb.CheckStoreResponse:
        """Read the whole store."""
        faults = await self._keeper.check()
        return pb.CheckStoreResponse(faults=[pb.StoreFault(description=fault) for fault in faults])

    async def GetServerInfo(self, _request: pb.GetServerInfoRequest, _context: Context) -> pb.GetServerInfoResponse:
        """Tell about the broker."""
        info = await self._keeper.info()
        return pb.GetServerInfoResponse(
            version=info.server.version,
            start_time=messages.timestamp(info.server.start_time),
            store_incarnation=info.incarnation,
            store_kind=info.store.kind,
            store_size_bytes=info.store.size_bytes,
            schema_version=info.store.schema_version,
            streams=info.streams,
            leases=info.leases,
            settings=[pb.Setting(name=name, value=value) for name, value in info.server.settings],
        )
