"""Typed attribute values: what Assets takes for each attribute type, and nothing that only looks like it.

A JSON number is no text and a text is no number: the importer has to know its types, so the sandbox never guesses.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from urllib.parse import urlsplit

Value = str | int | float | bool

REFERENCE = "referenced_object"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_double(value: object) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _text_like(pattern: re.Pattern[str], parse: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return check


def _is_web_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https", "ftp"} or not parts.hostname:
        raise ValueError(value)


_ANYTHING = re.compile(r".*", re.DOTALL)
_NO_SPACES = re.compile(r"\S+")

# Attribute type -> (does this JSON value fit, what fits, for people).
_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "text": (_is_text, "a JSON string"),
    "textarea": (_is_text, "a JSON string"),
    "select": (_is_text, "a JSON string"),
    "status": (_is_text, "a JSON string that names a status"),
    "integer": (_is_integer, "a JSON number without fraction"),
    "double": (_is_double, "a JSON number"),
    "boolean": (_is_boolean, "true or false"),
    "date": (_text_like(_DATE, date.fromisoformat), 'a date such as "2026-01-31"'),
    "time": (_text_like(_TIME, time.fromisoformat), 'a time such as "13:45:00"'),
    "date_time": (_text_like(_DATE_TIME, datetime.fromisoformat), 'a time such as "2026-01-31T13:45:00Z"'),
    "url": (_text_like(_NO_SPACES, _is_web_address), "an http, https or ftp address"),
    "email": (_text_like(_EMAIL, str), "an e-mail address"),
    "ipaddress": (_text_like(_ANYTHING, ipaddress.ip_address), "an IPv4 or IPv6 address"),
    REFERENCE: (lambda value: _is_text(value) or _is_integer(value), "a JSON string or whole number to match by"),
}
ATTRIBUTE_TYPES = frozenset(_RULES)


def mistake(attribute_type: str, value: object) -> str | None:
    """Say why a single JSON value does not fit an attribute type.

    Returns:
        A message for people, or None when it fits.
    """
    fits, wanted = _RULES[attribute_type]
    if fits(value):
        return None
    shown = repr(value)
    return f"{shown if len(shown) <= 80 else shown[:77] + '...'} is not {wanted}"  # noqa: PLR2004  a line's worth


def items(value: object) -> list[object]:
    """The values in one JSON value: none for what counts as empty, several for a list."""
    found = value if isinstance(value, list) else [value]
    return [item for item in found if item is not None and item != ""]


def text(value: object) -> str:
    """How a value reads when it is compared as text, in identities and in AQL."""
    return str(value).lower() if isinstance(value, bool) else str(value)
