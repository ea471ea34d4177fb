"""The budget of a source: how many requests its windows still allow, and until when it asked for silence.

Pure. A budget is what all workers share in one entry; permits are taken from it a few at a time, with an end.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Rate = tuple[int, float]
"""At most so many requests in any span of so many seconds."""

SLOTS = 32
"""Parts of a window that are counted apart: what the entry holds is bounded, and a window is at most 1/32 longer."""

_SHORTEST_LIFE = 0.1
_LONGEST_LIFE = 5.0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What was granted, by windows, and the pause.

    Attributes:
        granted: permits by window (its seconds) and slot. A slot is numbered by when the last of its permits ends.
        paused_until: seconds since the epoch; nothing is sent before.
    """

    granted: Mapping[float, Mapping[int, int]] = field(default_factory=dict)
    paused_until: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The answer to who asks for permits.

    Attributes:
        permits: how many there are, 0 where the budget is exhausted.
        until: seconds since the epoch; a permit that was not used by then is void.
        wait: seconds after which asking again makes sense; 0 where there are permits.
        budget: what is left.
    """

    permits: int
    until: float
    wait: float
    budget: Budget


def shortest_life(rates: Sequence[Rate]) -> float:
    """Seconds that permits of these windows live at least."""
    shortest = min((seconds for _, seconds in rates), default=_LONGEST_LIFE * 10)
    return min(max(shortest / 10, _SHORTEST_LIFE), _LONGEST_LIFE)


def take(budget: Budget, rates: Sequence[Rate], *, now: float, wanted: int, life: float) -> Grant:
    """Take permits that end after `life` seconds.

    However they are used before their end, no window of any rate ever sees more requests than it allows: a permit
    counts from now until a whole window after its end.
    """
    end = now + life
    if budget.paused_until > now:
        return Grant(permits=0, until=end, wait=budget.paused_until - now, budget=budget)
    live = {seconds: _live(slots, seconds, now) for seconds, slots in budget.granted.items()}
    permits = min([wanted, *(most - sum(live.get(seconds, {}).values()) for most, seconds in rates)])
    if permits < 1:
        wait = max(_until_free(live.get(rate[1], {}), rate, now) for rate in rates)
        return Grant(permits=0, until=end, wait=wait, budget=budget)
    for seconds in {seconds for _, seconds in rates}:
        slots, slot = live.setdefault(seconds, {}), math.floor(end / (seconds / SLOTS))
        slots[slot] = slots.get(slot, 0) + permits
    kept = {seconds: slots for seconds, slots in live.items() if slots}
    return Grant(permits=permits, until=end, wait=0.0, budget=replace(budget, granted=kept))


def _live(slots: Mapping[int, int], seconds: float, now: float) -> dict[int, int]:
    return {slot: permits for slot, permits in slots.items() if _counts_until(slot, seconds) > now}


def _counts_until(slot: int, seconds: float) -> float:
    return (slot + 1) * (seconds / SLOTS) + seconds


def _until_free(slots: Mapping[int, int], rate: Rate, now: float) -> float:
    """Seconds until one permit is free."""
    most, seconds = rate
    used = sum(slots.values())
    for slot in sorted(slots):
        if used < most:
            return 0.0
        used -= slots[slot]
        if used < most:
            return _counts_until(slot, seconds) - now
    return 0.0


def pause(budget: Budget, until: float) -> Budget:
    """The budget with a pause that lasts at least so long."""
    return replace(budget, paused_until=max(budget.paused_until, until))


def life_of(budget: Budget, now: float) -> float:
    """Seconds after which the budget says nothing any more."""
    return max(budget.paused_until - now, 0.0) + 2 * max(budget.granted, default=0.0) + 60.0


def write_budget(budget: Budget) -> Any:
    """The budget as a JSON value."""
    granted = [[seconds, sorted(slots.items())] for seconds, slots in sorted(budget.granted.items())]
    return {"granted": granted, "paused_until": budget.paused_until}


def read_budget(value: Any) -> Budget:
    """The budget from its JSON value; None is a fresh one."""
    if value is None:
        return Budget()
    granted = {float(seconds): {int(slot): int(count) for slot, count in slots} for seconds, slots in value["granted"]}
    return Budget(granted=granted, paused_until=float(value["paused_until"]))
