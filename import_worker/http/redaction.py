"""Secrets that must not be shown: their values, and every form in which an address or a header carries them.

Owns these forms, and the hiding of them in messages. Tokens that are got while the worker runs join as they come.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from urllib.parse import quote, quote_plus

from import_worker.errors import ImportProblem

MASK = "***"
SHORTEST = 4
"""Characters of the shortest text that is taken for a secret: hiding less would garble messages."""

_MAX_LATER = 128
"""Secrets that join later are remembered up to this number; the oldest one goes."""
_SHORTEST_ENCODED = 6  # characters that must be left of an encoded form for it to say anything
_BEGINNING = 16  # characters of a secret that was cut off with the text around it


class Secrets:
    """The secrets of one source."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        self._later: dict[str, list[str]] = {}

    def add(self, value: str) -> None:
        """Also hide this one from now on."""
        self._later.pop(value, None)
        self._later[value] = sorted(_forms(value), key=len, reverse=True)
        if len(self._later) > _MAX_LATER:
            del self._later[next(iter(self._later))]

    def hide(self, text: str) -> str:
        """The text without secrets, in any of their forms, also where a form breaks off."""
        forms = [form for known in (*self._later.values(), self._forms) for form in known]
        for form in forms:
            text = text.replace(form, MASK)
        for form in forms:
            text = _without_beginnings(text, form)
        return text

    def shows(self, text: str) -> bool:
        """Whether the text has one of them, whole."""
        return any(form in text for form in self._forms) or self.shows_later(text)

    def shows_later(self, text: str) -> bool:
        """Whether the text has one of those that joined later, whole."""
        return any(form in text for forms in self._later.values() for form in forms)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide them in the message of any expected problem that comes out of a block."""
        try:
            yield
        except ImportProblem as problem:
            problem.message = self.hide(problem.message)
            problem.args = (problem.message,)
            raise


def _forms(secret: str) -> set[str]:
    if len(secret) < SHORTEST:
        return set()
    percent = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lowered = {_lower_escapes(form) for form in percent}
    escaped = {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {secret} | percent | lowered | escaped | set(_base64_forms(secret.encode()))


def _without_beginnings(text: str, form: str) -> str:
    """The text without what is left of a secret where a long value was cut short for a message."""
    at = text.find(form[:_BEGINNING]) if len(form) > _BEGINNING else -1
    while at >= 0:
        shown = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(form, text[at:], strict=False)))
        text = f"{text[:at]}{MASK}{text[at + shown :]}"
        at = text.find(form[:_BEGINNING], at + len(MASK))
    return text


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64_forms(secret: bytes) -> Iterator[str]:
    """What of the secret is the same wherever it stands inside something that was encoded in base64."""
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret).decode()
        first = (0, 2, 3)[shift]  # characters that also hold bits of what stands before
        last = len(whole) - (0, 3, 2)[(shift + len(secret)) % 3]  # and of what follows, padding included
        form = whole[first:last]
        if len(form) >= _SHORTEST_ENCODED:
            yield form
            yield form.replace("+", "-").replace("/", "_")
