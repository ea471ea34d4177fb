"""From the records of one resource to the objects of its object types.

Owns the mapping of a record: all of its objects, or the whole list of reasons why there are none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config.models import ImportConfig
from import_worker.config.object_types import Attribute
from import_worker.config.selectors import Selector, compile_selector, scalar_text
from import_worker.errors import MappingBroken
from import_worker.ports import Record
from import_worker.transform.conversion import convert
from import_worker.transform.naming import locator_of
from longshore.hints import did_you_mean

_MAX_FIELDS_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class MappedObject:
    """One object, ready to be sent.

    Attributes:
        type_name: name of its object type.
        record: index of its record in the page.
        identity: its identity for people: the values of its identity attributes.
        values: by locator, JSON-serialisable; empty attributes are left out.
    """

    type_name: str
    record: int
    identity: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A record that does not become objects.

    Attributes:
        record: its index in the page.
        identity: what it is called, where that is known.
        reasons: all of them, at least one.
    """

    record: int
    identity: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """The records of a page after mapping: each is either in `objects` or in `quarantined`, in source order."""

    objects: tuple[MappedObject, ...]
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One attribute made ready: `target` has the type of its values, which for a reference is another attribute's."""

    type_name: str
    name: str
    locator: str
    selector: Selector
    attribute: Attribute
    target: Attribute


class Mapper:
    """Maps the records of one resource."""

    def __init__(self, config: ImportConfig, resource: str) -> None:
        """Compile the selectors of every object type that reads the resource."""
        self._types = {kind.name: _fields(config, kind.name) for kind in config.types_of(resource)}
        primary = config.resource(resource).primary
        self._primary = compile_selector(primary) if primary else None

    def check_keys(self, records: Sequence[Record], url: str) -> None:
        """Refuse a mapping that names keys which the source does not have. Meant for the first page with records.

        Args:
            records: of that page; nothing is checked if there are none.
            url: its address, for the message.

        Raises:
            MappingBroken: an attribute reads a simple path that not one record has, and is not optional.
        """
        if not records:
            return
        problems = [
            _absent(field, records, url)
            for fields in self._types.values()
            for field in fields
            if field.selector.path and not field.attribute.optional and not _any_has(records, field.selector.path)
        ]
        if problems:
            raise MappingBroken("\n".join(problems))

    def map_records(self, records: Sequence[Record]) -> Mapped:
        """Map a page. Never raises for what a record holds: that is quarantined with all its reasons."""
        objects: list[MappedObject] = []
        quarantined: list[Quarantined] = []
        for index, record in enumerate(records):
            reasons: list[str] = []
            made = [self._object(name, index, record, reasons) for name in self._types]
            if reasons:
                identity = self._identity(record, made)
                quarantined.append(Quarantined(record=index, identity=identity, reasons=tuple(reasons)))
            else:
                objects += made
        return Mapped(objects=tuple(objects), quarantined=tuple(quarantined))

    def _object(self, type_name: str, index: int, record: Record, reasons: list[str]) -> MappedObject:
        values: dict[str, Any] = {}
        identity: list[str] = []
        for field in self._types[type_name]:
            try:
                value = convert(field.selector.select(record), field.target)
            except ValueError as error:
                reasons.append(f"attribute {field.name!r} of {type_name!r}: {error}")
                continue
            if value is not None:
                values[field.locator] = value
                identity += [scalar_text(value)] if field.attribute.identity else []
            elif field.attribute.needs_value:
                reasons.append(f"attribute {field.name!r} of {type_name!r}: {field.selector.text!r} is empty")
        return MappedObject(type_name=type_name, record=index, identity="/".join(identity), values=values)

    def _identity(self, record: Record, made: list[MappedObject]) -> str | None:
        """What to call a record that failed: its primary field, else an identity that could be read."""
        if self._primary is not None:
            try:
                return scalar_text(self._primary.select(record))
            except ValueError:
                return None
        return next((each.identity for each in made if each.identity), None)


def _fields(config: ImportConfig, type_name: str) -> tuple[_Field, ...]:
    return tuple(
        _Field(
            type_name=type_name,
            name=name,
            locator=locator_of(name),
            selector=compile_selector(attribute.source),
            attribute=attribute,
            target=config.attribute_type(attribute),
        )
        for name, attribute in config.object_type(type_name).attributes.items()
    )


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


def _absent(field: _Field, records: Sequence[Record], url: str) -> str:
    fields = sorted({str(key) for record in records for key in record})
    more = f" and {len(fields) - _MAX_FIELDS_SHOWN} more" if len(fields) > _MAX_FIELDS_SHOWN else ""
    hint = did_you_mean(field.selector.path[0] if field.selector.path else "", fields)
    return (
        f"attribute {field.name!r} of {field.type_name!r} reads {field.selector.text!r}, which no record of {url} has; "
        f"fields there: {', '.join(fields[:_MAX_FIELDS_SHOWN])}{more}{hint}; if it may be absent write optional: true"
    )
