"""What stands in the files: one line for each object, with the names of the configuration instead of a chunk's keys.

Owns the form of a line, and reads it back as far as counting goes.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from import_worker.config import ImportConfig
from import_worker.transform.naming import locator_of, selector_of

_TYPE = b'{"type":'
_ATTRIBUTES = b',"attributes":{'


class Lines:
    """Makes lines of the chunks of one import."""

    def __init__(self, config: ImportConfig) -> None:
        """Learn which key stands for which name."""
        self._types = {selector_of(kind.name): kind.name for kind in config.destination.object_types}
        self._attributes = {
            selector_of(kind.name): {locator_of(name): name for name in kind.attributes}
            for kind in config.destination.object_types
        }

    def of(self, body: bytes) -> tuple[str, bytes]:
        """The id of an encoded chunk and the lines of its objects, in the order of the chunk."""
        chunk = orjson.loads(body)
        lines = [
            _line(self._types[selector], self._attributes[selector], values)
            for selector, objects in chunk["data"].items()
            for values in objects
        ]
        return chunk["clientGeneratedId"], b"".join(lines)


def _line(type_name: str, names: dict[str, str], values: dict[str, Any]) -> bytes:
    attributes = {names[locator]: value for locator, value in values.items()}
    return orjson.dumps({"type": type_name, "attributes": attributes}, option=orjson.OPT_APPEND_NEWLINE)


def count_types(lines: Iterable[bytes]) -> dict[str, int]:
    """Objects in the lines, by the name of their type."""
    counts: dict[bytes, int] = {}
    for line in lines:
        name = line[len(_TYPE) : line.index(_ATTRIBUTES)]
        counts[name] = counts.get(name, 0) + 1
    return {orjson.loads(name): count for name, count in counts.items()}
