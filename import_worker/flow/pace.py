"""How long steps wait for the outside before they look again. No step sleeps: each wait is a Release of its event.

Waits that follow from a span grow with it, so they double from one look to the next and need no counter.
"""

from dataclasses import dataclass

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Growing:
    """A wait that grows from one length to another, in seconds.

    Attributes:
        first: the shortest.
        longest: the longest.
        share: of what was waited already that the next one takes: so much too late is noticed what was waited for.
    """

    first: float
    longest: float
    share: float = 1.0

    def after(self, elapsed: float) -> float:
        """The next wait when so many seconds were waited already."""
        return min(max(elapsed * self.share, self.first), self.longest)

    def attempt(self, number: int) -> float:
        """The wait after the attempt of that number, counted from 0: it doubles."""
        return min(self.first * 2.0 ** min(number, 60), self.longest)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Every wait of the flow, in seconds.

    Attributes:
        tries: attempts of a step before a transient problem fails the run.
        retry: between these attempts.
        window: while too many chunks are unsettled.
        busy: while Assets runs another execution.
        processing: while Assets processes.
        giving_up: while Assets cannot be told to cancel.
        patience: how long a step waits for the outside at all.
        contention: before a step that lost a race looks again.
    """

    tries: int = 10
    retry: Growing = Growing(first=1.0, longest=60.0)
    window: Growing = Growing(first=0.1, longest=1.0)
    busy: Growing = Growing(first=1.0, longest=30.0)
    processing: Growing = Growing(first=0.2, longest=10.0, share=0.25)
    giving_up: Growing = Growing(first=1.0, longest=300.0)
    patience: float = 24 * HOUR
    contention: float = 0.05
