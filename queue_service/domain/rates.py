"""Rates: how much may happen in a second. Time is handed in, in seconds that never go back."""

ROUNDING = 1e-6
"""Seconds that do not matter: who waits exactly as long as it was told must not be refused again."""


class Rate:
    """A bucket of one second's tokens that fills all the time.

    What is kept is when it will be full again: one number says both its level and its debt.
    """

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._full = float("-inf")

    def take(self, count: int, now: float) -> float:
        """Take so many tokens at once, or none of them.

        More than the bucket holds are given when it is full; its debt is paid before anyone gets more.

        Returns:
            0.0 if they were taken, else the seconds after which they can be.
        """
        full = max(self._full, now)
        wait = full - now + min(count / self.per_second, 1.0) - 1.0
        if wait > ROUNDING:
            return wait
        self._full = full + count / self.per_second
        return 0.0
