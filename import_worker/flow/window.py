"""How many chunks of a run may be unsettled: whether another page may be read.

Owns what is remembered of the last count, so that the broker is asked only when the window could be full.
"""

from collections.abc import Iterable

from import_worker.runs.entries import Lane


class Window:
    """What one worker knows of the unsettled chunks of one import."""

    def __init__(self) -> None:
        self._number = 0
        self._room_until = 0

    def surely_open(self, number: int, lanes: Iterable[Lane]) -> bool:
        """Whether there is room whatever happened since the last count: unsettled chunks only ever become fewer.

        Args:
            number: of the run.
            lanes: as they are now.
        """
        return number == self._number and _emitted(lanes) < self._room_until

    def counted(self, number: int, lanes: Iterable[Lane], room: int) -> None:
        """Take in a count.

        Args:
            number: of the run.
            lanes: as they were before the count.
            room: how many chunks more there may be.
        """
        self._number, self._room_until = number, _emitted(lanes) + room

    def forget(self) -> None:
        """There are chunks that no lane tells of."""
        self._number = 0


def _emitted(lanes: Iterable[Lane]) -> int:
    return sum(lane.chunks for lane in lanes)
