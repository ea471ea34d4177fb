"""The store on an embedded SQLite file: one connection writes and checkpoints, others only read."""

from queue_service.storage.sqlite.opening import StoreRefused
from queue_service.storage.sqlite.store import SqliteStore

__all__ = ["SqliteStore", "StoreRefused"]
