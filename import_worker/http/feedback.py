"""What an answer says about further requests: Retry-After, Backoff, and headers that count down.

Owns the reading of these headers. A pause is 1 s to one day, whatever they say.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from import_worker.config.requests import RateLimit

_SHORTEST = 1.0  # seconds; less would be a busy loop, since waiting is counted nowhere
_LONGEST = 86_400.0
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_EPOCH = 1e9  # as a span it would be more than 30 years
_EPOCH_MS = 1e11
_PAUSES = ("retry-after", "backoff")
"""Headers that ask for a pause on any answer; Backoff is Kinto's, and stands on answers that are fine too."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """How the headers of a source are read.

    Attributes:
        remaining: lower-case name of the header that counts down. None: there is none.
        reset: lower-case name of the header that says until when.
        read_reset: seconds from now, by the header's text and the time.
    """

    remaining: str | None = None
    reset: str = ""
    read_reset: Callable[[str, float], float | None] = lambda _text, _now: None

    @classmethod
    def of(cls, limit: RateLimit) -> "Feedback":
        """What a configuration names."""
        if limit.remaining_header is None or limit.reset_header is None:
            return cls()
        return cls(
            remaining=limit.remaining_header.lower(),
            reset=limit.reset_header.lower(),
            read_reset=_FORMATS[limit.reset_format],
        )

    def pause(self, headers: Mapping[str, str], now: float) -> float | None:
        """Seconds for which an answer asks to send nothing. None: it does not ask."""
        asked = [_seconds_or_date(headers[name].strip(), now) for name in _PAUSES if name in headers]
        if self._exhausted(headers):
            asked.append(self.read_reset(headers.get(self.reset, "").strip(), now))
        known = [seconds for seconds in asked if seconds is not None]
        return min(max(*known, _SHORTEST), _LONGEST) if known else None

    def _exhausted(self, headers: Mapping[str, str]) -> bool:
        text = headers.get(self.remaining, "").strip() if self.remaining else ""
        return _NUMBER.fullmatch(text) is not None and float(text) == 0


def _seconds_or_date(text: str, now: float) -> float | None:
    seconds = _seconds(text, now)
    return _http_date(text, now) if seconds is None else seconds


def _seconds(text: str, _now: float) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _epoch(text: str, now: float) -> float | None:
    return float(text) - now if _NUMBER.fullmatch(text) else None


def _epoch_ms(text: str, now: float) -> float | None:
    return float(text) / 1000 - now if _NUMBER.fullmatch(text) else None


def _iso8601(text: str, now: float) -> float | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() - now


def _http_date(text: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _auto(text: str, now: float) -> float | None:
    number = _seconds(text, now)
    if number is None:
        found = _iso8601(text, now)
        return _http_date(text, now) if found is None else found
    if number >= _EPOCH_MS:
        return _epoch_ms(text, now)
    return _epoch(text, now) if number >= _EPOCH else number


_FORMATS: Mapping[str, Callable[[str, float], float | None]] = {
    "auto": _auto,
    "seconds": _seconds,
    "epoch": _epoch,
    "epoch_ms": _epoch_ms,
    "iso8601": _iso8601,
}
