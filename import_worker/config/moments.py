"""Dates and instants as sources write them: ISO 8601, seconds or milliseconds of the epoch, or a pattern.

Owns the formats and the one form that leaves here: a date, or a date and time that is UTC where an offset is known.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?\s?([Zz]|[+-][0-9:]{2,6})?)?"
)
_EXAMPLE = datetime(2026, 11, 22, 8, 30, 15, tzinfo=UTC)
_SHOWN = 80


def read_moment(value: Any, form: str) -> datetime:
    """The moment that a value of a source stands for; without a time zone where the source gives none.

    Args:
        value: text, or a number where the format counts from the epoch.
        form: "iso8601", "epoch", "epoch_ms", or a pattern as of strptime.

    Raises:
        ValueError: it is not written so. The text says what was expected.
    """
    try:
        return _READERS.get(form, _by_pattern)(value, form)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{str(value)[:_SHOWN]!r} is not written as {form}") from None


def date_text(moment: datetime) -> str:
    """The date, such as "2026-11-22"; that of UTC where an offset is known."""
    return moment_text(moment)[:10]


def moment_text(moment: datetime) -> str:
    """Date and time, such as "2026-11-22T08:30:00Z"; without the Z where no offset is known.

    Raises:
        ValueError: in UTC it lies outside the years 1 to 9999.
    """
    if moment.tzinfo is None:
        return moment.isoformat()
    try:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        raise ValueError(f"{moment} lies outside the years 1 to 9999") from None


def _by_iso(value: Any, _form: str) -> datetime:
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise ValueError
    return datetime.fromisoformat(value.upper().replace(" Z", "Z"))


def _by_epoch(value: Any, form: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError  # noqa: TRY004  one answer to all that does not fit
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    seconds = float(value) / (1000 if form == "epoch_ms" else 1)
    if not math.isfinite(seconds):
        raise ValueError
    return datetime.fromtimestamp(seconds, UTC)


def _by_pattern(value: Any, form: str) -> datetime:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004
    return datetime.strptime(value, form)  # noqa: DTZ007  the pattern says whether there is a zone


_READERS: Mapping[str, Callable[[Any, str], datetime]] = {
    "iso8601": _by_iso,
    "epoch": _by_epoch,
    "epoch_ms": _by_epoch,
}


def _checked(form: str) -> str:
    if form in _READERS:
        return form
    try:
        read = datetime.strptime(_EXAMPLE.strftime(form), form)  # noqa: DTZ007  only whether it can be read at all
    except Exception:  # noqa: BLE001  the library raises several kinds, depending on what is wrong
        read = None
    if read is None or (read.year, read.month, read.day) != (_EXAMPLE.year, _EXAMPLE.month, _EXAMPLE.day):
        raise ValueError(f"must be one of {', '.join(_READERS)}, or a pattern with a whole date, such as %d.%m.%Y")
    return form


MomentFormat = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_checked)]
"""The name of a format, or a pattern as of strptime that has a whole date."""
