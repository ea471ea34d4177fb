"""The key-value store next to the queue: small state, read by whoever and written on conditions.

Several keys at once, or keys together with events: Client.commit and Event.commit.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any

from longshore import payloads
from longshore.errors import EntryNotFound
from longshore.pages import paged
from longshore.session import Session
from longshore.times import Span, duration, instant, instant_or_none
from longshore.v1 import kv_service_pb2

_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key, its value and its version.

    Attributes:
        key: of the entry.
        value: the parsed JSON value, or bytes. None where only keys were asked for.
        version: grows over the whole store and is never reused.
        create_time: when the key was first written, in UTC.
        update_time: when this version was written.
        expire_time: when the entry becomes absent. None: never.
    """

    key: str
    value: Any
    version: int
    create_time: datetime
    update_time: datetime
    expire_time: datetime | None


class Kv:
    """Reads and writes entries. Keys are 1 to 500 letters, digits, spaces and ": . _ - # /"; values to 240 KiB."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of an entry, or default where there is none."""
        entry = await self.entry(key)
        return default if entry is None else entry.value

    async def entry(self, key: str) -> Entry | None:
        """The entry with its version and times, or None."""
        request = kv_service_pb2.GetEntryRequest(key=key)
        try:
            response = await self._session.channel.call(self._session.entries.GetEntry, request)
        except EntryNotFound:
            return None
        return _entry(response.entry)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those entries that exist, by key. Up to 100 keys are read as of one instant."""
        return {key: entry.value for key, entry in (await self.entries(keys)).items()}

    async def entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Those entries that exist with their versions and times, by key. Up to 100 are read as of one instant."""
        left = list(dict.fromkeys(keys))
        found: dict[str, Entry] = {}
        while left:
            asked, left = left[:_BATCH], left[_BATCH:]
            request = kv_service_pb2.BatchGetEntriesRequest(keys=asked)
            response = await self._session.channel.call(self._session.entries.BatchGetEntries, request)
            found.update((entry.key, _entry(entry)) for entry in response.entries)
            # Those that did not fit come first in the next request; each request reads at least one.
            left[:0] = response.unread_keys
        return found

    async def set(
        self,
        key: str,
        value: object,
        *,
        if_absent: bool = False,
        if_version: int | None = None,
        over: Entry | EllipsisType | None = ...,
        expire_after: Span | None = None,
        remembered: bool = True,
    ) -> int:
        """Write an entry and answer its new version.

        Args:
            key: of the entry.
            value: a JSON value or bytes.
            if_absent: only where there is none.
            if_version: only over this version.
            over: only over what was read with entry(): that version, or nothing where it was None. At most one of the
                three conditions.
            expire_after: seconds or timedelta it lives. None: it does not expire, even if it did before.
            remembered: False: the broker keeps no record of a conditional write. After a lost answer it may then meet
                itself and raise, although it took effect; for frequent writes that can live with this.

        Raises:
            EntryExists: there is one, against if_absent or over.
            VersionMismatch: it has another version or is absent, against if_version or over.
        """
        if not isinstance(over, EllipsisType):
            if if_absent or if_version is not None:
                raise ValueError(f"set({key!r}) takes one of if_absent, if_version and over")
            if_absent, if_version = over is None, None if over is None else over.version
        if remembered and (if_absent or if_version is not None):
            # A condition that is asked again after a lost answer would meet its own write; a commit remembers.
            async with self._session.transaction() as tx:
                tx.check(key, absent=if_absent, version=if_version)
                tx.set(key, value, expire_after=expire_after)
            return tx.result.versions[key]
        request = kv_service_pb2.SetEntryRequest(
            key=key,
            payload=payloads.encode(value),
            expire_after=None if expire_after is None else duration(expire_after, "expire_after"),
            if_absent=True if if_absent else None,
            if_version=if_version,
        )
        return (await self._session.channel.call(self._session.entries.SetEntry, request)).version

    async def delete(self, key: str, *, if_version: int | None = None) -> None:
        """Remove an entry; removing nothing is fine.

        Raises:
            VersionMismatch: if_version, and it has another or is absent.
        """
        if if_version is not None:
            async with self._session.transaction() as tx:
                tx.check(key, version=if_version)
                tx.delete(key)
            return
        request = kv_service_pb2.DeleteEntryRequest(key=key)
        await self._session.channel.call(self._session.entries.DeleteEntry, request)

    def list(self, prefix: str = "", *, keys_only: bool = False) -> AsyncGenerator[Entry, None]:
        """The entries whose key begins with prefix, in bytewise order, read page by page.

        Args:
            prefix: of the keys. Empty: all.
            keys_only: leave the values out.
        """
        request = kv_service_pb2.ListEntriesRequest(prefix=prefix, keys_only=keys_only)
        return paged(
            self._session.channel,
            self._session.entries.ListEntries,
            request,
            lambda response: (_entry(entry) for entry in response.entries),
        )


def _entry(entry: kv_service_pb2.Entry) -> Entry:
    return Entry(
        key=entry.key,
        value=payloads.decode(entry.payload),
        version=entry.version,
        create_time=instant(entry.create_time),
        update_time=instant(entry.update_time),
        expire_time=instant_or_none(entry, "expire_time"),
    )
