"""The bounds of requests to a source: time, size, repeats.

Owns the defaults, which are finite everywhere.
"""

from pydantic import Field

from import_worker.config.base import Model
from import_worker.config.quantities import Duration


class Timeouts(Model):
    """Bounds of one request. `read` is between two pieces of the answer, `total` is the whole of it."""

    connect: Duration = 5.0
    read: Duration = 30.0
    total: Duration = 120.0


class Retry(Model):
    """Retries in place: `attempts` in all, and the longest wait that is not handed to the queue."""

    attempts: int = Field(default=4, ge=1, le=10)
    max_inline_wait: Duration = Field(default=5.0, le=60)
