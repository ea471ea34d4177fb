"""When a failed delivery gets another attempt, and how long it waits. Spans are integer milliseconds."""

from dataclasses import dataclass

from queue_service.domain.limits import DAY, SECOND


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how late.

    Attributes:
        max_attempts: failures that end the retries: five means one attempt and four retries.
        max_age: age since the first delivery that ends the retries.
        max_lease_losses: lease losses that end them.
        initial_backoff: wait before the first retry; doubled for each further one.
        max_backoff: upper bound of every wait, also of one that the worker asks for.
    """

    max_attempts: int = 5
    max_age: int = DAY
    max_lease_losses: int = 5
    initial_backoff: int = SECOND
    max_backoff: int = 900 * SECOND

    def ends_after_failure(self, *, failures: int, age: int) -> bool:
        """Whether this many failures (the last one included) end the retries."""
        return failures >= self.max_attempts or age >= self.max_age

    def ends_after_lease_loss(self, *, lease_losses: int, age: int) -> bool:
        """Whether this many lease losses (the last one included) end the retries."""
        return lease_losses >= self.max_lease_losses or age >= self.max_age

    def backoff(self, number: int, chance: float) -> int:
        """Wait before another attempt.

        Args:
            number: which failure or lease loss this is, from 1.
            chance: 0 <= chance < 1, the jitter: the whole wait is random, so that crowds spread out.
        """
        ceiling = min(self.max_backoff, self.initial_backoff << min(number - 1, 40))
        return round(ceiling * chance)
