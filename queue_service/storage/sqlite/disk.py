"""Room on the disk: what makes the store larger is refused before the disk is full, so that acks still fit."""

import os
from pathlib import Path

from queue_service.ports import Clock

LOW_WATER_PART = 0.1
"""Of a small disk."""
LOOK_SECONDS = 0.25


class Disk:
    """The disk of a file. It is looked at a few times a second at most."""

    def __init__(self, path: Path, clock: Clock, *, low_water_bytes: int) -> None:
        self._low_water_bytes = low_water_bytes
        self._folder = path.resolve().parent
        self._clock = clock
        self._looked = float("-inf")
        self._is_low = False

    def is_low(self) -> bool:
        """Whether less is free than the low-water mark."""
        now = self._clock.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._is_low = not self.has_room(0)
        return self._is_low

    def has_room(self, size_bytes: int) -> bool:
        """Whether so much fits without going below the low-water mark."""
        free, size = self._space()
        return free - size_bytes >= min(self._low_water_bytes, size * LOW_WATER_PART)

    def _space(self) -> tuple[int, int]:
        """Free bytes and all bytes."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
