"""Amounts as people write them, in configuration files and on command lines: spans of time and sizes in bytes.

Owns their units, their reading and their writing.
"""

import re
from collections.abc import Mapping

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)")


def parse_duration(text: str) -> float:
    """Seconds of a span such as "500ms", "5s", "2m", "1h" or "1d".

    Raises:
        ValueError: it is no number with such a unit. The message is for people.
    """
    return _parse(text, _MILLISECONDS, "5s, 2m or 1h") / 1000


def parse_size(text: str) -> float:
    """Bytes of a size such as "900KiB" or "32MiB". Half a byte is up to the caller.

    Raises:
        ValueError: it is no number with such a unit. The message is for people.
    """
    return _parse(text, _BYTES, "512KiB or 32MiB")


def format_duration(milliseconds: int) -> str:
    """A span in the largest unit that leaves no fraction: "90s", "15m", "366d"."""
    return _format(milliseconds, _MILLISECONDS) if milliseconds else "0s"


def format_size(size: int) -> str:
    """A size in bytes in the largest unit that leaves no fraction: "1MiB", "3500KiB"."""
    return _format(size, _BYTES)


def _parse(text: str, units: Mapping[str, int], examples: str) -> float:
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in units:
        raise ValueError(f"{text!r} is no amount with a unit ({', '.join(units)}); write it like {examples}")
    return float(found[1]) * units[found[2]]


def _format(amount: int, units: Mapping[str, int]) -> str:
    unit = max((unit for unit in units if amount % units[unit] == 0), key=units.__getitem__)
    return f"{amount // units[unit]}{unit}"
