"""Whether the keys that a mapping reads are keys that the source has: a misspelt one would be empty without a word.

Owns what is checked against the first records, and the words for what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config.object_types import Attribute
from import_worker.config.resources import Resource
from import_worker.config.selectors import Selector, compile_selector
from import_worker.errors import MappingBroken
from import_worker.ports import Record
from longshore.hints import did_you_mean

_MAX_FIELDS_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Field:
    """One attribute made ready: `target` has the type of its values, which for a reference is another attribute's."""

    type_name: str
    name: str
    locator: str
    selector: Selector
    attribute: Attribute
    target: Attribute


class Keys:
    """The keys that one resource must have."""

    def __init__(self, resource: Resource, fields: Sequence[Field]) -> None:
        """Collect them.

        Args:
            resource: with its transform, whose first `select` reads keys of the source.
            fields: every attribute that is made of the resource.
        """
        steps = resource.transform
        first = next((step.select for step in steps if step.select), {}) if _begins_with_select(resource) else {}
        spared = {name for step in steps if step.default for name in step.default}
        spared |= {each.selector.path[0] for each in fields if each.selector.path and each.attribute.optional}
        self._selected = {name: compile_selector(text) for name, text in first.items() if name not in spared}
        self._fields = [each for each in fields if each.selector.path and not each.attribute.optional]

    def check(self, before: Sequence[Record], after: Sequence[Record], url: str) -> None:
        """Compare with records.

        Args:
            before: as the source gave them.
            after: the same as the transform left them.
            url: where they come from, for the message.

        Raises:
            MappingBroken: naming every simple path that not one record has. Nothing is checked without records.
        """
        problems = [
            f"select {name!r} reads {_absent(selector, before, url)}; if it may be absent write "
            f"coalesce({selector.text})"
            for name, selector in self._selected.items()
            if before and selector.path and not _any_has(before, selector.path)
        ]
        problems += [
            f"attribute {each.name!r} of {each.type_name!r} reads {_absent(each.selector, after, url)}; if it may be "
            "absent write optional: true"
            for each in self._fields
            if after and each.selector.path and not _any_has(after, each.selector.path)
        ]
        if problems:
            raise MappingBroken("\n".join(problems))


def _begins_with_select(resource: Resource) -> bool:
    """Whether the first select reads the source itself: no step before it makes a field of its own."""
    kinds = [step.kind for step in resource.transform]
    return "select" in kinds and "default" not in kinds[: kinds.index("select")]


def _any_has(records: Sequence[Record], path: tuple[str, ...]) -> bool:
    return any(_has(record, path) for record in records)


def _has(value: Any, path: tuple[str, ...]) -> bool:
    """Whether a path leads somewhere; below null nobody can know, so that counts as yes."""
    for key in path:
        if value is None:
            return True
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True


def _absent(selector: Selector, records: Sequence[Record], url: str) -> str:
    fields = sorted({str(key) for record in records for key in record})
    more = f" and {len(fields) - _MAX_FIELDS_SHOWN} more" if len(fields) > _MAX_FIELDS_SHOWN else ""
    hint = did_you_mean(selector.path[0] if selector.path else "", fields)
    return (
        f"{selector.text!r}, which no record of {url} has; fields there: "
        f"{', '.join(fields[:_MAX_FIELDS_SHOWN])}{more}{hint}"
    )
