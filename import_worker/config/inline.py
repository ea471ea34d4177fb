"""What a configuration that came with a request must not say: whoever sent it is not the operator.

Owns these rules; that it reaches public addresses only is checked when it connects.
"""

from collections.abc import Iterator
from typing import Any

from import_worker.config.document import Path


def inline_findings(value: Any) -> list[tuple[Path, str]]:
    """Every place of a document where it reads or writes files, as (path, message)."""
    found: list[tuple[Path, str]] = [
        (path, "an inline configuration reads no files; use ${env:NAME}, or let the operator configure it as a file")
        for path, text in _texts(value, ())
        if "${file:" in text
    ]
    if "jsonl" in value:
        found.append((("jsonl",), "an inline configuration writes no files; let the operator configure it as a file"))
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
