"""Strict conversion of one value of a source into one value of a typed attribute.

Owns the table of types. What does not fit exactly is refused with a reason, never rounded, guessed or dropped.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

from import_worker.config.object_types import Attribute, AttributeType
from import_worker.config.selectors import scalar_text

T = TypeVar("T")

_INTEGRAL = re.compile(r"[+-]?[0-9]{1,19}")
_NUMERIC = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9:]{2,6})?"
)
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_DAY = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))"
_FINAL_DATE = re.compile(rf"(?!0000)[0-9]{{4}}-{_DAY}")
_FINAL_DATE_TIME = re.compile(rf"(?!0000)[0-9]{{4}}-{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")
"""What most dates and moments are: on a day that every month has, and as they are sent."""
_IPV4 = re.compile(rf"{_OCTET}(\.{_OCTET}){{3}}")
"""An address of version 4 in the only form that it has, which most of them are."""
_LARGEST = 10**308
_INTEGERS = range(-(2**63), 2**63)
_BOOLEANS: Mapping[Any, bool] = {"true": True, "false": False, "1": True, "0": False}
_SHOWN = 80


class Unfit(ValueError):
    """A value does not fit its attribute. The text says why."""


def convert(value: Any, attribute: Attribute) -> Any:
    """A value of an attribute's type, JSON-serialisable; None is empty, as null and "" are.

    Args:
        value: as the selector found it.
        attribute: its type, and the values that a select or status allows. For a reference: the attribute referred by.

    Raises:
        Unfit: it does not fit; the text says why.
    """
    if value is None or value == "":
        return None
    if isinstance(value, (list, dict)):
        kind = "a list" if isinstance(value, list) else "an object"
        raise Unfit(f"{kind} does not fit into one value; let the selector pick one")
    return _CONVERTERS[attribute.type](value, attribute)


def _text(value: Any, _attribute: Attribute) -> str:
    text = value if isinstance(value, str) else scalar_text(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit(f"{_shown(value)} holds half a character (a lone surrogate)") from None
    return text


def _integer(value: Any, _attribute: Attribute) -> int:
    if type(value) is int and value in _INTEGERS:
        return value
    text = value if isinstance(value, str) else scalar_text(value)
    if isinstance(value, bool) or not _INTEGRAL.fullmatch(text) or int(text) not in _INTEGERS:
        raise Unfit(f"{_shown(value)} is no whole number of 64 bits")
    return int(text)


def _boolean(value: Any, _attribute: Attribute) -> bool:
    if isinstance(value, bool):
        return value
    found = _BOOLEANS.get(scalar_text(value).lower())
    if found is None:
        raise Unfit(f"{_shown(value)} is neither true nor false")
    return found


def _double(value: Any, _attribute: Attribute) -> int | float:
    number = math.nan
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < _LARGEST:
            return value
    elif isinstance(value, float | Decimal) or (isinstance(value, str) and _NUMERIC.fullmatch(value)):
        number = float(value)
    if not math.isfinite(number):
        raise Unfit(f"{_shown(value)} is no number")
    return number


def _date(value: Any, _attribute: Attribute) -> str:
    if isinstance(value, str) and _FINAL_DATE.fullmatch(value):
        return value
    return _iso(value, _DATE, date.fromisoformat, "date such as 2026-11-22").isoformat()


def _time(value: Any, _attribute: Attribute) -> str:
    return _iso(value, _TIME, time.fromisoformat, "time such as 08:30 or 08:30:15").isoformat()


def _date_time(value: Any, _attribute: Attribute) -> str:
    """With an offset it becomes UTC; without one it is left as local time, since nobody said where."""
    if isinstance(value, str) and _FINAL_DATE_TIME.fullmatch(value):
        return value
    moment = _iso(value, _DATE_TIME, datetime.fromisoformat, "date and time such as 2026-11-22T08:30:00Z")
    if moment.tzinfo is None:
        return moment.isoformat()
    if moment.tzinfo is UTC:
        return moment.replace(tzinfo=None).isoformat() + "Z"
    try:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        raise Unfit(f"{_shown(value)} lies outside the years 1 to 9999") from None


def _iso(value: Any, form: re.Pattern[str], parse: Callable[[str], T], example: str) -> T:
    if isinstance(value, str) and form.fullmatch(value):
        try:
            return parse(value.upper())
        except ValueError:
            pass
    raise Unfit(f"{_shown(value)} is no {example}")


def _url(value: Any, attribute: Attribute) -> str:
    text = _text(value, attribute)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or not parts.netloc or any(character.isspace() for character in text):
        raise Unfit(f"{_shown(value)} is no absolute address such as https://example.com/")
    return text


def _email(value: Any, attribute: Attribute) -> str:
    text = _text(value, attribute)
    if not _EMAIL.fullmatch(text):
        raise Unfit(f"{_shown(value)} is no e-mail address")
    return text


def _ipaddress(value: Any, attribute: Attribute) -> str:
    if isinstance(value, str) and _IPV4.fullmatch(value):
        return value
    text = _text(value, attribute) if isinstance(value, str) else ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Unfit(f"{_shown(value)} is no IP address") from None


def _listed(value: Any, attribute: Attribute) -> str:
    text = scalar_text(value)
    if text not in attribute.values:
        raise Unfit(f"{_shown(value)} is none of its values: {', '.join(attribute.values)}"[:500])
    return text


def _shown(value: Any) -> str:
    return repr(scalar_text(value))[:_SHOWN]


_CONVERTERS: Mapping[AttributeType, Callable[[Any, Attribute], Any]] = {
    "text": _text,
    "textarea": _text,
    "integer": _integer,
    "boolean": _boolean,
    "double": _double,
    "date": _date,
    "time": _time,
    "date_time": _date_time,
    "url": _url,
    "email": _email,
    "ipaddress": _ipaddress,
    "select": _listed,
    "status": _listed,
}
"""By attribute type. A reference has no entry: it is converted as the attribute that it refers by."""
