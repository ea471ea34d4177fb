"""Hints for people who mistyped a name. Commands and services share them."""

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """What was probably meant.

    Args:
        word: what was written.
        known: what could have been meant.
        likeness: 0 to 1, how alike two words must be.
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """A hint to put behind a message, such as "; did you mean 'name'?", or nothing. Arguments as of closest."""
    meant = closest(word, known, likeness=likeness)
    return "" if meant is None else f"; did you mean {meant!r}?"
