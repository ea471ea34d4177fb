"""What a configuration that came with a request must not say: whoever sent it is not the operator.

Owns these rules; that it reaches public addresses only is checked when it connects.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

from import_worker.config.document import Path

_NOT_ITS_OWN = {
    "jsonl": "writes no files",
    "schedule": "starts by no schedule",
    "notifications": "tells no webhook",
}


_VARIABLE = re.compile(r"\$\{env:([^{}]+)\}")


def inline_findings(value: Any, allowed: Collection[str]) -> list[tuple[Path, str]]:
    """Every place of a document that is for operators only, as (path, message).

    Args:
        value: the document.
        allowed: the variables of the environment that it may use.
    """
    found: list[tuple[Path, str]] = [
        (path, "an inline configuration reads no files; use ${env:NAME}, or let the operator configure it as a file")
        for path, text in _texts(value, ())
        if "${file:" in text
    ]
    found += [
        (path, f"an inline configuration may not use the variable {name}, unless the operator lets it (--inline-env)")
        for path, text in _texts(value, ())
        for name in _VARIABLE.findall(text)
        if name not in allowed
    ]
    found += [
        ((key,), f"an inline configuration {why}; let the operator configure it as a file")
        for key, why in _NOT_ITS_OWN.items()
        if key in value
    ]
    return found


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
