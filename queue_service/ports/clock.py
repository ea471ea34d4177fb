"""Time as the broker asks for it."""

from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for what is stored, one for what is waited for in this process."""

    def now(self) -> int:
        """Wall time in milliseconds since the epoch. It may jump, both ways."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; the zero means nothing."""
        ...
