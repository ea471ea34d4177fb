"""The settings of a worker, and their bounds."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a worker runs.

    Attributes:
        address: where ImportService is served. Port 0 picks a free one.
        broker: address of the queue service.
        imports: folder of the configured imports.
        concurrency: steps at a time.
        lease_seconds: how soon another worker takes over what a dead one held.
        grace_seconds: what running steps and calls get to finish when the worker stops.
        sweep_seconds: from one look for stuck runs to the next.
        allow_inline: whether a start may bring its own configuration.
        inline_env: variables of the environment that such a configuration may use.
    """

    address: str = "127.0.0.1:50052"
    broker: str = "localhost:50051"
    imports: Path = Path("imports")
    concurrency: int = 16
    lease_seconds: float = 20.0
    grace_seconds: float = 10.0
    sweep_seconds: float = 60.0
    allow_inline: bool = False
    inline_env: tuple[str, ...] = ()
