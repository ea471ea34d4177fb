"""The selector language of configuration files: JMESPath with a few functions added.

Owns the dialect: which functions exist, how a selector is checked before use, and what counts as a simple path.
"""

from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from import_worker.errors import MappingBroken
from longshore.hints import did_you_mean


class _Added(functions.Functions):
    """The standard functions and ours. A null argument makes `concat` and `lower` null: half a text helps nobody."""

    @functions.signature({"types": [], "variadic": True})
    def _func_coalesce(self, *values: Any) -> Any:
        return next((value for value in values if value is not None), None)

    @functions.signature({"types": ["string", "number", "boolean", "null"], "variadic": True})
    def _func_concat(self, *values: Any) -> str | None:
        if any(value is None for value in values):
            return None
        return "".join(scalar_text(value) for value in values)

    @functions.signature({"types": ["string", "null"]})
    def _func_lower(self, value: str | None) -> str | None:
        return value if value is None else value.lower()


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
    """

    text: str
    path: tuple[str, ...] | None
    _parsed: ParsedResult

    def select(self, document: Any) -> Any:
        """What the selector finds, None for nothing.

        Raises:
            ValueError: a function of the selector does not take what it found.
        """
        try:
            return self._parsed.search(document, options=_OPTIONS)
        except (JMESPathError, TypeError, ArithmeticError) as error:
            raise ValueError(f"selector {self.text!r}: {error}") from None


def compile_selector(text: str) -> Selector:
    """Compile a selector; functions are checked by name and number of arguments.

    Raises:
        MappingBroken: the text is no valid selector. The message says why.
    """
    try:
        parsed = jmespath.compile(text)
    except JMESPathError as error:
        problem = str(error).splitlines()[0].rstrip(":")
        raise MappingBroken(f"{text!r} is no JMESPath selector: {problem}") from None
    _check_functions(text, parsed.parsed)
    return Selector(text=text, path=_path(parsed.parsed), _parsed=parsed)


def _check_functions(text: str, node: Any) -> None:
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        table = _Added.FUNCTION_TABLE
        if name not in table:
            raise MappingBroken(f"{text!r} calls {name}(), which does not exist{did_you_mean(name, sorted(table))}")
        signature = table[name]["signature"]
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < len(signature) or (given > len(signature) and not variadic):
            raise MappingBroken(f"{text!r} gives {name}() {given} arguments instead of {len(signature)}")
    for child in node["children"]:
        if isinstance(child, dict):
            _check_functions(text, child)


def _path(node: Any) -> tuple[str, ...] | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_path(child) for child in node["children"]]
    return None if None in parts else tuple(key for part in parts if part for key in part)
