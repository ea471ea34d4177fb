"""The rates of the key-value store: reads and writes are counted apart, and are free where no rate is set."""

from queue_service.domain.errors import RateLimited
from queue_service.domain.limits import Limits
from queue_service.domain.rates import Rate
from queue_service.ports import Clock


class EntryRates:
    """Counts operations on entries, over all callers."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._reads = _rate(limits.kv_reads_per_second)
        self._writes = _rate(limits.kv_writes_per_second)

    def read(self, count: int) -> None:
        """Before reading so many keys.

        Raises:
            RateLimited: nothing was counted; it says when to come back.
        """
        self._take(self._reads, count, "KV reads")

    def write(self, count: int) -> None:
        """Before writing, deleting or checking so many entries.

        Raises:
            RateLimited: nothing was counted; it says when to come back.
        """
        self._take(self._writes, count, "KV writes")

    def _take(self, rate: Rate | None, count: int, subject: str) -> None:
        if rate is None or not count:
            return
        wait = rate.take(count, self._clock.monotonic())
        if wait:
            raise RateLimited(subject, rate.per_second, retry_after=wait)


def _rate(per_second: int | None) -> Rate | None:
    return None if per_second is None else Rate(per_second)
