"""The clock of the machine. Tests have their own; nothing else asks the machine for the time."""

import time


class SystemClock:
    """Wall time and monotonic time."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
