"""Writing entries: conditions look at the state before, versions grow over the whole store."""

from dataclasses import dataclass

from queue_service.domain.errors import EntryExists, VersionMismatch
from queue_service.domain.records import Entry, Payload
from queue_service.ports import Needs, Workset

ABSENT = 0
"""The version of an entry that is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A condition on an entry. version 0 demands that it is absent."""

    key: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """A change of an entry. payload None deletes it; expire_after is in milliseconds."""

    key: str
    payload: Payload | None
    expire_after: int | None = None

    @property
    def weight(self) -> int:
        """What it adds to a turn of the writer."""
        return 1 if self.payload is None else self.payload.weight


class WriteEntry:
    """Writes one entry, on a condition if one is given. Answers the entry as it was and as it is."""

    urgent = False

    def __init__(self, write: Write, *, check: Check | None = None) -> None:
        self._write = write
        self.weight = write.weight
        self.grows = write.payload is not None
        self._check = check

    def needs(self, needs: Needs) -> None:
        """The entry."""
        needs.entries.add(self._write.key)

    def apply(self, work: Workset) -> tuple[Entry | None, Entry | None]:
        """Check and write.

        Raises:
            EntryExists, VersionMismatch: the condition does not hold.
        """
        if self._check is not None:
            check_entry(work, self._check)
        before = work.entry(self._write.key)
        return before, do_write(work, self._write)


def check_entry(work: Workset, check: Check) -> None:
    """Whether the condition holds.

    Raises:
        EntryExists, VersionMismatch: it does not.
    """
    entry = work.entry(check.key)
    current = ABSENT if entry is None else entry.version
    if current == check.version:
        return
    if check.version == ABSENT:
        raise EntryExists(check.key, current)
    raise VersionMismatch(check.key, check.version, current)


def do_write(work: Workset, write: Write) -> Entry | None:
    """Write an entry, or delete it."""
    if write.payload is None:
        work.write_entry(write.key, None)
        return None
    before = work.entry(write.key)
    entry = Entry(
        key=write.key,
        payload=write.payload,
        version=work.take_version(),
        create_time=work.now if before is None else before.create_time,
        update_time=work.now,
        expire_time=None if write.expire_after is None else work.now + write.expire_after,
    )
    work.write_entry(write.key, entry)
    return entry
