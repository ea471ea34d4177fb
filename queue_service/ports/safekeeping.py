"""What operators ask of the store itself: a copy of it, a check of it, facts about it."""

from typing import NamedTuple, Protocol


class Backup(NamedTuple):
    """A copy: its absolute path and its size in bytes."""

    file: str
    size_bytes: int


class StoreFacts(NamedTuple):
    """The store as it is now.

    Attributes:
        kind: the engine and its version.
        size_bytes: with its log.
        schema_version: of its tables.
    """

    kind: str
    size_bytes: int
    schema_version: int


class Safekeeping(Protocol):
    """Copies and checks go on beside all else, one at a time. One whose caller is gone is broken off."""

    async def backup(self, file: str) -> Backup:
        """Write a copy as of one instant, checked and synced. Leases of the original are lost to it.

        Raises:
            InvalidRequest: the file may not stand there, or cannot be written.
            WrongState: the file is there already, or another copy or check is under way.
            DiskFull: there is no room for it.
            DataLoss: the store is damaged, so the copy would be too.
        """
        ...

    async def check(self) -> list[str]:
        """Read all of it. Answers what is wrong, at most MAX_FAULTS descriptions.

        Raises:
            WrongState: another copy or check is under way.
        """
        ...

    async def facts(self) -> StoreFacts:
        """What it is."""
        ...
