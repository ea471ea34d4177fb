"""What a configuration that came with a request must not say: whoever sent it is not the operator.

Owns these rules; that it reaches public addresses only is checked when it connects.
"""

from collections.abc import Iterator
from typing import Any

from import_worker.config.document import Path

_NOT_ITS_OWN = {
    "jsonl": "writes no files",
    "schedule": "starts by no schedule",
    "notifications": "tells no webhook",
}


def inline_findings(value: Any) -> list[tuple[Path, str]]:
    """Every place of a document that is for operators only, as (path, message)."""
    found: list[tuple[Path, str]] = [
        (path, "an inline configuration reads no files; use ${env:NAME}, or let the operator configure it as a file")
        for path, text in _texts(value, ())
        if "${file:" in text
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
