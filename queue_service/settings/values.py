"""The settings in force: what the parts of a broker are made with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from queue_service.domain.limits import LOW_WATER_BYTES, Bytes, Limits
from queue_service.domain.retention import Retention
from queue_service.domain.retry import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a broker runs."""

    address: str = "127.0.0.1:50051"
    """Where it listens; port 0 picks a free one."""
    database: Path = Path("longshore.db")
    """The SQLite file of the store; it is created if it is not there."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What is logged on standard error."""
    backup_folder: Path | None = None
    """Where backups may be written. None: the folder of the database only."""
    low_water_bytes: Bytes = LOW_WATER_BYTES
    """Free bytes below which the store does not grow, so that acks still fit; never more than a tenth of the disk."""
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    """Of queues that have none of their own."""
    retention: Retention = field(default_factory=Retention)
