"""A YAML 1.2 text as plain values, together with the line of every one of them.

Owns the reading of YAML: the core schema (so that NO, 004 and dates stay what they look like), and bounds on size.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from import_worker.errors import ConfigInvalid, Fault

Path = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
_MAX_VALUES = 50_000
_MAX_DEPTH = 20
_STANDARD_TAG = "tag:yaml.org,2002:"

_CORE_SCHEMA: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,18})"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,18})(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?"), float),
)
"""What a plain scalar means, first match wins. A number with leading zeros is text: it is a code, not an amount."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed document.

    Attributes:
        file: its name, as it was given.
        value: plain dicts, lists, texts, numbers, booleans and None.
        lines: the line, counted from 1, of every value by its path: of its key in a mapping.
        faults: duplicate keys and the like, which did not keep the rest from being read.
    """

    file: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at a path, or at the nearest place above it that the document has."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(file=self.file, line=self.lines.get(known, 1), path=render_path(path), message=message)


def render_path(path: Path) -> str:
    """A path for people: "assets.object_types[0].name"; the document itself is "(document)"."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "(document)"


def parse_document(text: str, file: str) -> Document:
    """Parse one YAML document of at most 1 MiB.

    Raises:
        ConfigInvalid: the text is not YAML, or not a single mapping.
    """
    if len(text) > MAX_BYTES:
        raise ConfigInvalid([_at_start(file, f"is larger than {MAX_BYTES} bytes")])
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise ConfigInvalid([_syntax_fault(error, text, file)]) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise ConfigInvalid([_at_start(file, f"is not YAML: {error}")]) from None
    if not isinstance(root, MappingNode):
        raise ConfigInvalid([_at_start(file, "must be a mapping that begins with version: 1 and kind: import")])
    reading = _Reading(file)
    value = reading.build(root, ())
    return Document(file=file, value=value, lines=reading.lines, faults=reading.faults)


def _at_start(file: str, message: str) -> Fault:
    return Fault(file=file, line=1, path="(document)", message=message)


def _syntax_fault(error: MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    rows = text.splitlines() or [""]
    message = f"is not valid YAML: {error.problem or error.context}"
    if "${" in rows[min(line, len(rows) - 1)]:
        message += '; between { } and [ ] write references in quotes: "${env:NAME}"'
    return Fault(file=file, line=line + 1, path="(document)", message=message)


class _Reading:
    """One walk over the nodes of a document. Aliases are followed, within the bounds of the whole."""

    def __init__(self, file: str) -> None:
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._file = file

    def build(self, node: Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > _MAX_DEPTH or len(self.lines) > _MAX_VALUES:
            limits = f"is nested deeper than {_MAX_DEPTH} levels or has more than {_MAX_VALUES} values"
            raise ConfigInvalid([self._fault(node, path, limits)])
        if not str(node.tag).startswith(_STANDARD_TAG):
            self.faults.append(self._fault(node, path, f"has the tag {node.tag}; tags have no meaning here"))
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.faults.append(self._fault(key_node, path, "has a key that is no text"))
                continue
            key = key_node.value
            here = (*path, key)
            if key in built:
                first = self.lines[here]
                self.faults.append(self._fault(key_node, here, f"this key stands here twice; first in line {first}"))
                continue
            self.lines[here] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, here)
        return built

    def _fault(self, node: Node, path: Path, message: str) -> Fault:
        return Fault(file=self._file, line=node.start_mark.line + 1, path=render_path(path), message=message)


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None) is None and node.tag != f"{_STANDARD_TAG}str":
        for pattern, convert in _CORE_SCHEMA:
            if pattern.fullmatch(text):
                return convert(text)
    return text
