"""When a request is tried again in place: a few times, with short waits, or as soon as the other side allows.

Owns the only tenacity policy. Long waits are not ours: they are raised, and the queue keeps them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from import_worker.errors import Throttled, Transient

DEFAULT_THROTTLE = 30.0
"""Seconds to wait where the other side asked for it without saying how long."""


class ThrottledVaguely(Throttled):
    """Throttled without a word on how long; `after` is our default."""


class NotAdmitted(Throttled):
    """A budget of ours allows no request for longer than is waited in place: trying again at once is pointless."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """What retries in place may do.

    Attributes:
        attempts: requests in all, at least 1.
        max_inline_wait: longest single wait, in seconds.
        sleep: how to wait.
        jitter: a random number from 0 to 1.
        backoff_base: the first wait in seconds; it doubles from there and is drawn from its upper half.
    """

    attempts: int
    max_inline_wait: float
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    backoff_base: float = 0.5

    def retrying(self) -> AsyncRetrying:
        """A fresh tenacity object for one request. The last problem is raised as it was."""
        return AsyncRetrying(
            stop=stop_after_attempt(self.attempts),
            retry=retry_if_exception(self._worth_it),
            wait=self._wait,
            sleep=self.sleep,
            reraise=True,
        )

    def _worth_it(self, problem: BaseException) -> bool:
        if isinstance(problem, NotAdmitted):
            return False
        if isinstance(problem, Throttled) and not isinstance(problem, ThrottledVaguely):
            return problem.after <= self.max_inline_wait
        return isinstance(problem, Transient | ThrottledVaguely)

    def _wait(self, state: RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        if isinstance(problem, Throttled) and not isinstance(problem, ThrottledVaguely):
            return problem.after
        grown = self.backoff_base * 2.0 ** (state.attempt_number - 1) * (0.5 + self.jitter() / 2)
        return min(float(grown), self.max_inline_wait)
