"""Whether the files of a store are whole, as far as SQLite would not complain but leave out what it cannot read.

The log ("-wal") of a store that was not closed holds transactions that were answered. SQLite takes it up to the first
frame that is wrong, as after a power cut: there the last transaction may be torn, and nobody was told of it. As each
is synced before the next begins, more than one behind that place means that the log was damaged. The layout of both
files is a public format of SQLite (walformat).
"""

import os
import sqlite3
import struct
import sys
from contextlib import closing
from pathlib import Path

from queue_service.storage.sqlite.connection import uri

HEADER = struct.Struct(">8I")
"""Magic, version, page size, checkpoint number, two salts, two checksums."""
FRAME_HEADER = struct.Struct(">6I")
"""Page, size of the database after a commit or 0, two salts, two checksums."""
MAGICS = {0x377F0682, 0x377F0683}
STORE_HEADER = struct.Struct(">16sHBB80x")
"""Of the store's own file: its kind, page size (1: 65,536), and twice whether it has a log: 2 if so."""
KIND = b"SQLite format 3\0"
WITH_LOG = 2
"""A store has it from its first moment on, a backup has not until it is used."""
VALID_FRAMES = slice(16, 20)
"""Of the index of the log ("-shm"), in the machine's order of bytes."""
TORN = 1
"""Commits that a power cut may have left unreadable: the one that was being synced."""


class FilesDamaged(Exception):
    """Something that was stored cannot be read. The text names the file."""


def check_files(path: Path) -> None:
    """Look at the files of a store that nobody has open. Nothing is changed. No file is a new store.

    Raises:
        FilesDamaged: they are.
        sqlite3.Error: the store cannot be read.
    """
    path = Path(os.path.realpath(path))  # the log is beside the file itself, not beside a link to it
    if not path.is_file():
        return
    size = path.stat().st_size
    log = path.with_name(f"{path.name}-wal")
    with path.open("rb") as file:
        header = file.read(STORE_HEADER.size)
    if len(header) < STORE_HEADER.size:
        raise FilesDamaged(
            f"{path} is {'cut off' if size else 'empty'}, as a store never is: if it never was one, remove it"
        )
    kind, page_size, with_log, _ = STORE_HEADER.unpack(header)
    if kind != KIND:
        return  # SQLite says so
    if log.exists() and log.stat().st_size:
        if with_log != WITH_LOG:
            raise FilesDamaged(f"{log} is of another store than {path}: if that is a backup, remove the log")
        _check_log(path, log)
    elif size % max(page_size, 2):
        raise FilesDamaged(f"{path} is cut off: its last page is not whole")


def _check_log(path: Path, log: Path) -> None:
    commits = _commits(log)
    readable = _readable_frames(path)
    if sum(commit > readable for commit in commits) > TORN:
        raise FilesDamaged(f"{log} is damaged: only {readable:,} of its {commits[-1]:,} pages can be read")


def _commits(log: Path) -> list[int]:
    """Numbers of the frames of this log, from 1, that end a transaction.

    Raises:
        FilesDamaged: it does not begin as a log.
    """
    with log.open("rb") as file:
        head = file.read(HEADER.size)
        if not any(head):  # its first page never reached the disk, so nothing was answered
            return []
        if len(head) < HEADER.size or (values := HEADER.unpack(head))[0] not in MAGICS:
            raise FilesDamaged(f"{log} does not begin as a log of SQLite")
        page_size, salts = values[2], values[4:6]
        commits = []
        number = 0
        while len(frame := file.read(FRAME_HEADER.size)) == FRAME_HEADER.size:
            number += 1
            _, committed_size, *rest = FRAME_HEADER.unpack(frame)
            if tuple(rest[:2]) == salts and committed_size:
                commits.append(number)
            file.seek(page_size, 1)
    return commits


def _readable_frames(path: Path) -> int:
    """How many frames SQLite takes."""
    with closing(sqlite3.connect(uri(path, "ro"), uri=True, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        index = path.with_name(f"{path.name}-shm").read_bytes()
    return int.from_bytes(index[VALID_FRAMES], sys.byteorder)
