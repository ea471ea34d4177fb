"""The selector language of configuration files: JMESPath with a few functions added.

Owns the dialect: which functions exist, how a selector is checked before use, and what counts as a simple path.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath import functions
from jmespath.parser import ParsedResult

from import_worker.config.moments import date_text, read_moment
from import_worker.errors import MappingBroken
from longshore.hints import did_you_mean


class _Added(functions.Functions):
    """The standard functions and ours. A null argument makes `concat` and `lower` null: half a text helps nobody."""

    @functions.signature({"types": [], "variadic": True})
    def _func_coalesce(self, *values: Any) -> Any:
        return next((value for value in values if value is not None), None)

    @functions.signature({"types": ["string", "number", "boolean", "null"], "variadic": True})
    def _func_concat(self, *values: Any) -> str | None:
        if any(isinstance(value, list | dict) for value in values):
            raise ValueError("concat() joins texts and numbers, and no lists or objects")
        if any(value is None for value in values):
            return None
        return "".join(scalar_text(value) for value in values)

    @functions.signature({"types": ["string", "null"]})
    def _func_lower(self, value: str | None) -> str | None:
        return value if value is None else value.lower()

    @functions.signature({"types": ["string", "number", "null"]})
    def _func_to_date(self, value: Any) -> str | None:
        """The date of ISO 8601 text, or of a number of seconds since the epoch."""
        if value is None or value == "":
            return None
        return date_text(read_moment(value, "iso8601" if isinstance(value, str) else "epoch"))

    @functions.signature({"types": ["string", "number", "null"]})
    def _func_slug(self, value: Any) -> str | None:
        """Lower-case words joined by hyphens; letters lose their accents and keep their script."""
        if value is None:
            return None
        plain = unicodedata.normalize("NFKD", scalar_text(value))
        letters = "".join(character for character in plain if not unicodedata.combining(character))
        return _NO_WORD.sub("-", letters.lower()).strip("-") or None


_MAX_SHOWN = 200
_NO_WORD = re.compile(r"[\W_]+")
_OPTIONS = jmespath.Options(custom_functions=_Added())


def scalar_text(value: Any) -> str:
    """A scalar as text: text as it is, a number or boolean as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A compiled selector.

    Attributes:
        text: the selector as it was written.
        path: its keys where it is a simple path such as `site.slug`; None for any other expression.
        reads: every key that it names anywhere; None where it may read all there is.
    """

    text: str
    path: tuple[str, ...] | None
    reads: frozenset[str] | None
    _parsed: ParsedResult

    def select(self, document: Any) -> Any:
        """What the selector finds, None for nothing.

        Raises:
            ValueError: a function of the selector does not take what it found.
        """
        if self.path is not None:  # most selectors are such; the library finds the same, and takes ten times as long
            for key in self.path:
                if not isinstance(document, dict):
                    return None
                document = document.get(key)
            return document
        try:
            return self._parsed.search(document, options=_OPTIONS)
        except Exception as error:  # noqa: BLE001  whatever the library makes of the data of others
            raise ValueError(f"selector {self.text!r}: {error or type(error).__name__}") from None


def compile_selector(text: str) -> Selector:
    """Compile a selector; functions are checked by name and number of arguments.

    Raises:
        MappingBroken: the text is no valid selector. The message says why.
    """
    try:
        parsed = jmespath.compile(text)
        nodes = list(_nodes(parsed.parsed))
    except Exception as error:  # noqa: BLE001  the library also fails with kinds of its own making, such as recursion
        problem = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise MappingBroken(f"{_shown(text)} is no JMESPath selector: {problem}") from None
    for node in ({"type": "selector", "children": [parsed.parsed]}, *nodes):
        _check_node(text, node)
    whole = any(node["type"] in {"current", "value_projection"} for node in nodes)
    reads = frozenset(node["value"] for node in nodes if node["type"] == "field")
    return Selector(text=text, path=_path(parsed.parsed), reads=None if whole else reads, _parsed=parsed)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]!r}..."


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


def _children(node: Any) -> list[Any]:
    return [child for child in node["children"] if isinstance(child, dict)]


def _check_node(text: str, node: Any) -> None:
    if node["type"] != "function_expression":
        if any(child["type"] == "expref" for child in _children(node)):
            raise MappingBroken(f"{_shown(text)} has & outside of a function; it stands before its argument only")
        return
    name, given = node["value"], len(node["children"])
    table = _Added.FUNCTION_TABLE
    if name not in table:
        raise MappingBroken(f"{_shown(text)} calls {name}(), which does not exist{did_you_mean(name, sorted(table))}")
    signature = table[name]["signature"]
    variadic = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not variadic):
        raise MappingBroken(f"{_shown(text)} gives {name}() {given} arguments instead of {len(signature)}")


def _path(node: Any) -> tuple[str, ...] | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_path(child) for child in node["children"]]
    return None if None in parts else tuple(key for part in parts if part for key in part)
