"""Files that are there whole or not at all, whatever dies in between, and what goes wrong with them.

Owns the order of writing: a temporary name, the content synced, the right name, the folder synced.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from import_worker.errors import DestinationBroken, DestinationUnavailable, ImportProblem

TEMPORARY = ".tmp"
"""How names end that are not complete files yet."""

_REMEDIES: Mapping[int, tuple[type[ImportProblem], str]] = {
    errno.EACCES: (DestinationBroken, "let the worker's user read and write there"),
    errno.EPERM: (DestinationBroken, "let the worker's user read and write there"),
    errno.EROFS: (DestinationBroken, "the file system is read-only: mount it for writing or name another folder"),
    errno.ENOENT: (DestinationBroken, "create the folder, or mount what it is on"),
    errno.ENOTDIR: (DestinationBroken, "name a folder, not a file"),
    errno.ENOSPC: (DestinationUnavailable, "free some disk space"),
    errno.EDQUOT: (DestinationUnavailable, "free some disk space, or raise the quota of the worker's user"),
}
"""By error number: whether waiting may help, and what to do. Any other may pass."""


@contextmanager
def problems_named(doing: str, folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a problem of the destination that says what to do."""
    try:
        yield
    except OSError as error:
        kind, remedy = _REMEDIES.get(error.errno or 0, (DestinationUnavailable, "look at the disk"))
        said = error.strerror or type(error).__name__
        raise kind(f"{doing} in the folder {folder}: {said}: {remedy}") from None


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write one file; see write_all."""
    write_all(path.parent, [(path.name, pieces)])


def write_all(folder: Path, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write files so that each replaces one of its name at once, and all are on disk on return.

    Args:
        folder: that they stand in.
        files: name and content of each.

    Raises:
        OSError: some may be there, each of them whole.
    """
    for name, pieces in files:
        temporary = folder / f"{name}.{uuid4().hex}{TEMPORARY}"
        try:
            with temporary.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_all(folder: Path, chosen: Callable[[str], bool]) -> None:
    """Remove the files of a folder whose names are chosen. What is gone already is no matter."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if chosen(entry.name)]
    for name in names:
        (folder / name).unlink(missing_ok=True)
