"""From the records of one resource to the objects of its object types.

Owns what becomes of a record: it is left out by the filter, or all of its objects, or the list of all reasons against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config.models import ImportConfig
from import_worker.config.selectors import compile_selector, scalar_text
from import_worker.ports import Record
from import_worker.transform.conversion import convert
from import_worker.transform.keys import Field, Keys
from import_worker.transform.naming import locator_of
from import_worker.transform.steps import Draft, compile_steps, shown


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
    """The records of a page after mapping, in source order: each is in exactly one of the three.

    Attributes:
        objects: of the records that become objects; at least one of each.
        quarantined: records that fail.
        filtered: indexes of the records that the filter leaves out.
    """

    objects: tuple[MappedObject, ...]
    quarantined: tuple[Quarantined, ...]
    filtered: tuple[int, ...] = ()


class Mapper:
    """Maps the records of one resource."""

    def __init__(self, config: ImportConfig, resource: str) -> None:
        """Compile the filter, the steps, and the selectors of every object type that reads the resource."""
        found = config.resource(resource)
        self._types = {kind.name: _fields(config, kind.name) for kind in config.types_of(resource)}
        self._primary = compile_selector(found.primary) if found.primary else None
        self._filter = compile_selector(found.filter) if found.filter else None
        self._steps = compile_steps(found.transform)
        self._keys = Keys(found, [field for fields in self._types.values() for field in fields])

    def check_keys(self, records: Sequence[Record], url: str) -> None:
        """Refuse a mapping that names keys which the source does not have. Meant for the first page with records.

        Args:
            records: of that page; nothing is checked if there are none that the filter lets through.
            url: its address, for the message.

        Raises:
            MappingBroken: a simple path is read that not one record has, and it is not optional.
        """
        drafts = [Draft(record=record) for record in records]
        let_through = [draft for draft in drafts if self._wanted(draft) and not draft.reasons]
        before = [draft.record for draft in let_through]
        for draft in let_through:
            self._apply_steps(draft)
        self._keys.check(before, [draft.record for draft in let_through], url)

    def map_records(self, records: Sequence[Record]) -> Mapped:
        """Map a page. Never raises for what a record holds: that is quarantined with all its reasons."""
        objects: list[MappedObject] = []
        quarantined: list[Quarantined] = []
        filtered: list[int] = []
        for index, record in enumerate(records):
            draft = Draft(record=record)
            if not self._wanted(draft):
                filtered.append(index)
                continue
            self._apply_steps(draft)
            made = [self._object(name, index, draft) for name in self._types]
            if draft.reasons:
                identity = self._identity(record, made)
                quarantined.append(Quarantined(record=index, identity=identity, reasons=tuple(draft.reasons)))
            else:
                objects += made
        return Mapped(objects=tuple(objects), quarantined=tuple(quarantined), filtered=tuple(filtered))

    def _wanted(self, draft: Draft) -> bool:
        """Whether the filter lets a record through. One that it cannot judge goes on, with the reason."""
        if self._filter is None:
            return True
        try:
            return _is_true(self._filter.select(draft.record))
        except ValueError as error:
            draft.blame("filter", error)
            return True

    def _apply_steps(self, draft: Draft) -> None:
        for apply in self._steps:
            apply(draft)

    def _object(self, type_name: str, index: int, draft: Draft) -> MappedObject:
        values: dict[str, Any] = {}
        identity: list[str] = []
        record = draft.record
        for field in self._types[type_name]:
            if draft.failed and draft.tainted(field.selector):
                continue
            try:
                value = convert(field.selector.select(record), field.target)
            except ValueError as error:
                draft.blame(f"attribute {field.name!r} of {type_name!r}", error)
                continue
            if value is not None:
                values[field.locator] = value
                if field.attribute.identity:
                    identity.append(scalar_text(value))
            elif field.attribute.needs_value:
                draft.blame(f"attribute {field.name!r} of {type_name!r}", f"{field.selector.text!r} is empty")
        return MappedObject(type_name=type_name, record=index, identity="/".join(identity), values=values)

    def _identity(self, record: Record, made: list[MappedObject]) -> str | None:
        """What to call a record that failed: its primary field, else an identity that could be read."""
        if self._primary is not None:
            try:
                return shown(scalar_text(self._primary.select(record)))
            except ValueError:
                return None
        return next((shown(each.identity) for each in made if each.identity), None)


def _is_true(value: Any) -> bool:
    """As JMESPath has it: empty texts, lists and objects are false, and every number is true."""
    return bool(value) or (isinstance(value, int | float) and not isinstance(value, bool))


def _fields(config: ImportConfig, type_name: str) -> tuple[Field, ...]:
    return tuple(
        Field(
            type_name=type_name,
            name=name,
            locator=locator_of(name),
            selector=compile_selector(attribute.source),
            attribute=attribute,
            target=config.attribute_type(attribute),
        )
        for name, attribute in config.object_type(type_name).attributes.items()
    )
