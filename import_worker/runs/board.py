"""Notes that all workers share, kept as entries of the broker. Implements import_worker.ports.Board."""

from typing import Any

import longshore
from import_worker.ports import Note


class KvBoard:
    """The board of the workers of one broker."""

    def __init__(self, client: longshore.Client) -> None:
        self._client = client

    async def read(self, key: str) -> Note:
        """See Board."""
        entry = await self._client.kv.entry(key)
        return Note(value=None, version=0) if entry is None else Note(value=entry.value, version=entry.version)

    async def write(self, key: str, value: Any, *, over: Note, life: float) -> Note | None:
        """See Board. A write whose answer is lost counts as one of someone else."""
        condition = {"if_version": over.version} if over.version else {"if_absent": True}
        try:
            version = await self._client.kv.set(key, value, **condition, expire_after=life, remembered=False)
        except (longshore.EntryExists, longshore.VersionMismatch):
            return None
        return Note(value=value, version=version)
