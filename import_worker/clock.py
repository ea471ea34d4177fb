"""The clock of the machine. Tests have their own; nothing else asks the machine for the time."""

import time


class SystemClock:
    """Wall time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()
