"""A pagination that a source may have: how sure that is, on what evidence, and how it is written in a file.

Owns the words of a finding.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from import_worker.config.pagination import Explicit

_PLAIN_SCALAR = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class Sureness(IntEnum):
    """How sure a candidate is.

    CERTAIN: a wrong choice is next to impossible, or is noticed at once by the guards of every walk.
    """

    GUESS = 1
    LIKELY = 2
    CERTAIN = 3


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A pagination that the source may have.

    Attributes:
        pagination: as the file would have it.
        sureness: how sure it is.
        evidence: what was seen, for people.
        ends: by this reading the first page is the last.
    """

    pagination: Explicit
    sureness: Sureness
    evidence: str
    ends: bool = False

    def written(self) -> str:
        """As it is written in a file."""
        given = self.pagination.model_dump(mode="json", exclude_defaults=True)
        settings = {"type": self.pagination.type, **given}
        return f"{{ {', '.join(f'{key}: {scalar(value)}' for key, value in settings.items())} }}"


def scalar(value: object) -> str:
    """A scalar as it is written anywhere in YAML, also between braces."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if not isinstance(value, str) or (_PLAIN_SCALAR.fullmatch(text) and text.lower() not in _WORDS):
        return text
    return "'" + text.replace("'", "''") + "'"
