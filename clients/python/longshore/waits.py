"""How long to wait before trying again: for handlers of events, and for the client's own reconnects."""

import random
from typing import Protocol

_MAX_EXPONENT = 64


class _Retried(Protocol):
    @property
    def retry_count(self) -> int: ...


def backoff(
    event: _Retried, *, base: float = 1.0, factor: float = 2.0, jitter: float = 0.0, maximum: float = 900.0
) -> float:
    """Seconds to wait before the next attempt of an event: base * factor ^ retries, plus chance.

    Args:
        event: the event that is to be retried.
        base: seconds before the first retry.
        factor: growth from one retry to the next, 1 or more.
        jitter: at most this many seconds are added by chance, so that events which failed together come back apart.
        maximum: the result is never more.
    """
    growing = base * factor ** min(event.retry_count, _MAX_EXPONENT)
    return min(maximum, growing + random.uniform(0, jitter))  # noqa: S311  spreading load is no secret


class Pauses:
    """Waits that grow while something keeps failing: full jitter, so that many clients do not come back together."""

    def __init__(self, *, first: float = 0.05, maximum: float = 2.0) -> None:
        """Begin with the shortest wait.

        Args:
            first: bound of the first wait in seconds; it doubles with each.
            maximum: bound of every wait in seconds.
        """
        self._first = first
        self._maximum = maximum
        self._failures = 0

    def reset(self) -> None:
        """It worked: the next wait is a short one."""
        self._failures = 0

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait now.

        Args:
            at_least: what the other side asked for; a little chance is added to it.
        """
        bound = min(self._maximum, self._first * 2 ** min(self._failures, _MAX_EXPONENT))
        self._failures += 1
        return (at_least or 0.0) + random.uniform(0, bound)  # noqa: S311  spreading load is no secret
