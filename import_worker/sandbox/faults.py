"""When a fault strikes: counts the calls that switches are about and says what happens to each.

The same calls in the same order always meet the same faults.
"""

from dataclasses import dataclass, replace

from import_worker.sandbox.switches import Switches, changed


@dataclass(frozen=True, kw_only=True)
class DataFate:
    """What happens to one data call, in this order.

    Attributes:
        stall: seconds to wait first.
        rate_limited: answered 429, nothing stored.
        error: answered 500, nothing stored.
        lose_answer: takes effect, then the connection is cut.
    """

    stall: float
    rate_limited: bool
    error: bool
    lose_answer: bool


class Faults:
    """The switches in force and the calls counted since they were set.

    Args:
        initial: the switches that `reset` goes back to.
    """

    def __init__(self, initial: Switches) -> None:
        self._initial = initial
        self._data_calls = 0
        self._status_calls = 0
        self.switches = initial

    def reset(self) -> None:
        """Back to the switches of the start."""
        self._set(self._initial)

    def replace(self, changes: object) -> None:
        """Set the named switches and put all others to their defaults. Raises Refused for what does not fit."""
        self._set(changed(Switches(), changes))

    def update(self, changes: object) -> None:
        """Set the named switches. Raises Refused for what does not fit."""
        self._set(changed(self.switches, changes))

    def _set(self, switches: Switches) -> None:
        self.switches = switches
        self._data_calls = self._status_calls = 0

    def data_call(self) -> DataFate:
        """Count a data call."""
        self._data_calls += 1
        switches, number = self.switches, self._data_calls
        return DataFate(
            stall=switches.stall_seconds if _hits(switches.stall_every, number) else 0.0,
            rate_limited=_hits(switches.rate_limit_every, number),
            error=_hits(switches.error_every, number),
            lose_answer=_hits(switches.lose_answer_every, number),
        )

    def status_call_fails(self) -> bool:
        """Count a status call."""
        self._status_calls += 1
        return _hits(self.switches.fail_status_every, self._status_calls)

    def start_answer_is_lost(self) -> bool:
        """Count a start that took effect."""
        left = self.switches.lose_start_answer
        if left:
            self.switches = replace(self.switches, lose_start_answer=left - 1)
        return left > 0

    def execution_vanishes(self, data_calls: int) -> bool:
        """Whether the execution that has taken so many data calls is gone before the next one; at most once."""
        after = self.switches.vanish_execution_after
        vanishes = 0 < after <= data_calls
        if vanishes:
            self.switches = replace(self.switches, vanish_execution_after=0)
        return vanishes


def _hits(every: int, number: int) -> bool:
    return every > 0 and number % every == 0
