"""When a failed delivery gets another attempt, and how long it waits. Spans are integer milliseconds."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum

from queue_service.domain.limits import DAY, SECOND, Milliseconds

_LONGEST_CHAIN = 1_000
"""Exponents above this change nothing: every backoff has met its bound."""


class Jitter(IntEnum):
    """The random part of a backoff."""

    FULL = 1
    """The whole wait is random, so that crowds spread out."""
    NONE = 2


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how late."""

    max_attempts: int = 5
    """Failures that end the retries: five means one attempt and four retries, as Forge has it."""
    max_age: Milliseconds = DAY
    """Age since the first delivery that ends them, as Forge has it; whichever comes first."""
    max_lease_losses: int = 5
    """Lost leases that end them: what kills its workers must not do so for ever."""
    initial_backoff: Milliseconds = SECOND
    """Wait before the first retry."""
    multiplier: float = 2.0
    """Of the wait, for each further retry."""
    max_backoff: Milliseconds = 900 * SECOND
    """Upper bound of every wait, also of one that the worker asks for."""
    jitter: Jitter = Jitter.FULL
    """The random part of the wait: all of it, so that crowds spread out, or none."""

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
            chance: 0 <= chance < 1, for the jitter.
        """
        if not self.initial_backoff:
            return 0
        try:
            grown = self.initial_backoff * self.multiplier ** min(number - 1, _LONGEST_CHAIN)
        except OverflowError:
            grown = self.max_backoff
        ceiling = min(self.max_backoff, grown)
        return round(ceiling * chance if self.jitter is Jitter.FULL else ceiling)


@dataclass(frozen=True, kw_only=True)
class PolicyChange:
    """Fields of a RetryPolicy that a queue or an event has of its own. None: the wider policy's holds."""

    max_attempts: int | None = None
    max_age: int | None = None
    max_lease_losses: int | None = None
    initial_backoff: int | None = None
    multiplier: float | None = None
    max_backoff: int | None = None
    jitter: Jitter | None = None

    def given(self) -> dict[str, int | float]:
        """The fields that are set."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def over(self, policy: RetryPolicy) -> RetryPolicy:
        """The policy with these fields instead of its own."""
        return replace(policy, **self.given())  # type: ignore[arg-type]  # the names and types are the same

    @classmethod
    def of(cls, given: dict[str, int | float]) -> "PolicyChange":
        """The reverse of given()."""
        jitter = given.get("jitter")
        values = {**given, "jitter": None if jitter is None else Jitter(int(jitter))}
        return cls(**values)  # type: ignore[arg-type]


FIELDS = tuple(field.name for field in fields(PolicyChange))
NO_CHANGE = PolicyChange()
