"""Keeps secrets out of what is shown: passwords in addresses such as that of a database."""

import re

_PASSWORD = re.compile(r"(://?[^/@\s:]*):\S*@")
"""One slash is what a path makes of two."""


def redacted(text: str) -> str:
    """The text with *** for every password."""
    return _PASSWORD.sub(r"\1:***@", text)
