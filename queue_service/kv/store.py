"""The key-value store: what can be asked of it."""

from collections.abc import Sequence

from queue_service.domain.errors import EntryNotFound
from queue_service.domain.records import Entry, Payload
from queue_service.kv.entries import Check, Write, WriteEntry
from queue_service.kv.rates import EntryRates
from queue_service.ports import Clock, Store
from queue_service.ports.store import EntryPage


class KeyValueStore:
    """The use cases of entries. An expired entry is absent everywhere.

    Every one of them raises RateLimited, before it does anything, where rates are set and used up.
    """

    def __init__(self, store: Store, clock: Clock, rates: EntryRates) -> None:
        self._store = store
        self._clock = clock
        self._rates = rates

    async def get(self, key: str) -> Entry:
        """One entry.

        Raises:
            EntryNotFound: it is absent.
        """
        found = await self.get_many([key])
        if key not in found:
            raise EntryNotFound(key)
        return found[key]

    async def get_many(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Entries that are there, as of one instant."""
        self._rates.read(len(keys))
        return await self._store.get_entries(keys, self._clock.now())

    async def set(self, key: str, payload: Payload, *, check: Check | None, expire_after: int | None) -> Entry:
        """Write an entry.

        Raises:
            EntryExists, VersionMismatch: the condition does not hold.
        """
        self._rates.write(1)
        _, entry = await self._store.write(
            WriteEntry(Write(key=key, payload=payload, expire_after=expire_after), check=check)
        )
        assert entry is not None  # a write with a payload leaves an entry  # noqa: S101
        return entry

    async def delete(self, key: str, *, check: Check | None) -> bool:
        """Delete an entry. Answers whether it was there.

        Raises:
            VersionMismatch: the condition does not hold.
        """
        self._rates.write(1)
        before, _ = await self._store.write(WriteEntry(Write(key=key, payload=None), check=check))
        return before is not None

    async def list(self, *, prefix: str, after: str, limit: int, max_bytes: int, keys_only: bool) -> EntryPage:
        """Entries in bytewise order of their keys, behind a key."""
        self._rates.read(1)
        return await self._store.list_entries(
            prefix=prefix, after=after, limit=limit, max_bytes=max_bytes, keys_only=keys_only, now=self._clock.now()
        )
