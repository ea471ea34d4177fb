"""KvService over the key-value store."""

from typing import Any

from grpc import aio

from longshore.v1 import kv_service_pb2 as pb, kv_service_pb2_grpc
from queue_service.domain.limits import Limits
from queue_service.kv.entries import ABSENT, Check
from queue_service.kv.store import KeyValueStore
from queue_service.rpc import messages
from queue_service.rpc.checks import Checks
from queue_service.rpc.pages import make_token, page_size, read_position

Context = aio.ServicerContext[Any, Any]
ENVELOPE_BYTES = 128
"""Of an entry beside its key and payload."""


class KvServicer(kv_service_pb2_grpc.KvServiceServicer):
    """Serves entries."""

    def __init__(self, store: KeyValueStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def GetEntry(self, request: pb.GetEntryRequest, _context: Context) -> pb.GetEntryResponse:
        """Return one entry."""
        checks = Checks()
        checks.key("key", request.key)
        checks.done()
        return pb.GetEntryResponse(entry=messages.entry_message(await self._store.get(request.key)))

    async def BatchGetEntries(
        self, request: pb.BatchGetEntriesRequest, _context: Context
    ) -> pb.BatchGetEntriesResponse:
        """Return many entries."""
        checks = Checks()
        keys = list(request.keys)
        checks.count("keys", len(keys), lowest=1, highest=self._limits.entry_operations)
        checks.done()
        for number, key in enumerate(keys):
            checks.key(f"keys[{number}]", key)
            if key in keys[:number]:
                checks.fault(f"keys[{number}]", "stands here a second time")
        checks.done()
        found = await self._store.get_many(keys)
        response = pb.BatchGetEntriesResponse(missing_keys=[key for key in keys if key not in found])
        room = self._limits.response_bytes
        for key in keys:
            if key in found:
                entry = found[key]
                room -= len(key) + len(entry.payload.data if entry.payload else b"") + ENVELOPE_BYTES
                if room > 0:
                    response.entries.append(messages.entry_message(entry))
                else:
                    response.unread_keys.append(key)
        return response

    async def SetEntry(self, request: pb.SetEntryRequest, _context: Context) -> pb.SetEntryResponse:
        """Write one entry."""
        checks = Checks()
        checks.key("key", request.key)
        payload = checks.payload(
            "payload", request.payload, present=request.HasField("payload"), max_bytes=self._limits.entry_bytes
        )
        expire_after = None
        if request.HasField("expire_after"):
            expire_after = checks.span("expire_after", request.expire_after, lowest=1, highest=self._limits.entry_life)
        check = None
        match request.WhichOneof("condition"):
            case "if_absent":
                if not request.if_absent:
                    checks.fault("if_absent", "must be true when given")
                check = Check(key=request.key, version=ABSENT)
            case "if_version":
                check = _if_version(checks, request.key, request.if_version)
        checks.done()
        entry = await self._store.set(request.key, payload, check=check, expire_after=expire_after)
        return pb.SetEntryResponse(
            version=entry.version,
            update_time=messages.timestamp(entry.update_time),
            expire_time=messages.optional_timestamp(entry.expire_time),
        )

    async def DeleteEntry(self, request: pb.DeleteEntryRequest, _context: Context) -> pb.DeleteEntryResponse:
        """Remove one entry."""
        checks = Checks()
        checks.key("key", request.key)
        check = _if_version(checks, request.key, request.if_version) if request.HasField("if_version") else None
        checks.done()
        return pb.DeleteEntryResponse(deleted=await self._store.delete(request.key, check=check))

    async def ListEntries(self, request: pb.ListEntriesRequest, _context: Context) -> pb.ListEntriesResponse:
        """Page through entries."""
        checks = Checks()
        if request.prefix.strip(" "):  # a key may begin with spaces, although it may not be nothing else
            checks.key("prefix", request.prefix)
        limit = page_size(checks, request.page_size, self._limits)
        after = read_position(checks, request, request.page_token)
        checks.done()
        page = await self._store.list(
            prefix=request.prefix,
            after=after,
            limit=limit,
            max_bytes=self._limits.response_bytes - self._limits.list_page * ENVELOPE_BYTES,
            keys_only=request.keys_only,
        )
        return pb.ListEntriesResponse(
            entries=[messages.entry_message(entry) for entry in page.entries],
            next_page_token=make_token(request, page.entries[-1].key) if page.more else "",
        )


def _if_version(checks: Checks, key: str, version: int) -> Check:
    if version < 1:
        checks.fault("if_version", "must be the version of an entry, from 1")
    return Check(key=key, version=version)
