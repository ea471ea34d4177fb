"""The part of the Assets Query Language that finds the target of a reference by attributes of the target.

A match is `Attribute = ${locator}`, joined by AND; `=` ignores case, `==` does not, LIKE finds a part, ignoring case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_CONDITIONS = 10
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_CONDITION = re.compile(
    rf"""\s* (?P<attribute> {_QUOTED} | [^\W\d]\w* )
         \s* (?P<operator> == | = | \bLIKE\b )
         \s* (?P<value> \$\{{ [^${{}}"]+ \}} | {_QUOTED} ) \s*""",
    re.VERBOSE | re.IGNORECASE,
)
_AND = re.compile(r"AND\b", re.IGNORECASE)

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda have, want: have.casefold() == want.casefold(),
    "==": lambda have, want: have == want,
    "LIKE": lambda have, want: want.casefold() in have.casefold(),
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One comparison.

    Attributes:
        attribute: name of an attribute of the target, or "Key" or "Label".
        operator: "=", "==" or "LIKE".
        locator: name of the place whose value is compared, None for a fixed text.
        literal: the fixed text; empty when there is a locator.
    """

    attribute: str
    operator: str
    locator: str | None
    literal: str = ""

    def wanted(self, values: Mapping[str, str]) -> str:
        """What the attribute is compared with, given the values of the locators."""
        return self.literal if self.locator is None else values[self.locator]

    def holds(self, have: Sequence[str], values: Mapping[str, str]) -> bool:
        """Whether one of the attribute's values fits. Values are never parsed, so quotes in them are harmless."""
        wanted = self.wanted(values)
        return any(_OPERATORS[self.operator](value, wanted) for value in have)


@dataclass(frozen=True, kw_only=True)
class Match:
    """All conditions that the target of a reference fulfils, at least one of them with a locator."""

    conditions: tuple[Condition, ...]

    @property
    def locators(self) -> frozenset[str]:
        """The locators whose values are compared."""
        return frozenset(each.locator for each in self.conditions if each.locator is not None)


def parse(query: str) -> Match:
    """Read an objectMappingIQL.

    Raises:
        ValueError: not a match that the sandbox understands; the message says where.
    """
    conditions: list[Condition] = []
    position = 0
    while len(conditions) < MAX_CONDITIONS:
        found = _CONDITION.match(query, position)
        if found is None:
            raise ValueError(
                f"no condition such as \"Code\" = ${{code}} at character {position + 1} of '{query}'; "
                "known operators are =, == and LIKE, joined by AND; a ${locator} stands without quotes"
            )
        conditions.append(_condition(found))
        position = found.end()
        if position == len(query):
            break
        joined = _AND.match(query, position)
        if joined is None:
            raise ValueError(f"AND or the end is missing at character {position + 1} of '{query}'")
        position = joined.end()
    else:
        raise ValueError(f"more than {MAX_CONDITIONS} conditions")
    match = Match(conditions=tuple(conditions))
    if not match.locators:
        raise ValueError(f"'{query}' names no ${{locator}}, so it would find the same object for every entry")
    return match


def _condition(found: re.Match[str]) -> Condition:
    value = found["value"]
    is_locator = value.startswith("$")
    return Condition(
        attribute=_unquote(found["attribute"]),
        operator=found["operator"].upper(),
        locator=value[2:-1] if is_locator else None,
        literal="" if is_locator else _unquote(value),
    )


def _unquote(token: str) -> str:
    if not token.startswith('"'):
        return token
    inner = re.sub(r"\\(.)", r"\1", token[1:-1])
    if "${" in inner:
        raise ValueError(f"{token} holds a ${{locator}} inside quotes; the value is quoted by itself, leave them out")
    return inner
