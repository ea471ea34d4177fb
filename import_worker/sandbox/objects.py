"""Objects as Assets keeps them, and the store that holds those of every type under their object keys.

Objects and snapshots never change; an import or an edit puts a new snapshot in place of the old one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from import_worker.sandbox.document import Document, ObjectType
from import_worker.sandbox.problems import refused
from import_worker.sandbox.values import Value, items, mistake, text


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A value that is another object, by its key."""

    key: str


Values = Mapping[str, tuple[Value | Reference, ...]]


@dataclass(frozen=True, kw_only=True)
class AssetObject:
    """One object.

    Attributes:
        key: object key such as "ISO-12", never used again.
        type_name: name of its object type.
        values: by attribute name; an attribute without value is absent.
    """

    key: str
    type_name: str
    values: Values

    def texts(self, attribute: str) -> tuple[str, ...]:
        """The plain values of an attribute as text."""
        return tuple(text(each) for each in self.values.get(attribute, ()) if not isinstance(each, Reference))

    def label(self, object_type: ObjectType) -> str:
        """What people see as its name; its key when it has none."""
        found = self.texts(object_type.label.name) if object_type.label else ()
        return found[0] if found else self.key


Identity = tuple[tuple[str, ...], ...]


def identity_of(values: Values, names: Sequence[str]) -> Identity:
    """What tells objects of a type apart: the values of its identity attributes, as text, case kept."""
    return tuple(
        tuple(text(each) for each in values.get(name, ()) if not isinstance(each, Reference)) for name in names
    )


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All objects at one moment.

    Attributes:
        by_type: name of an object type -> key -> object, in the order of creation.
    """

    by_type: Mapping[str, Mapping[str, AssetObject]] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> Mapping[str, AssetObject]:
        """All objects by key."""
        return {each.key: each for objects in self.by_type.values() for each in objects.values()}

    def of(self, type_name: str) -> Iterator[AssetObject]:
        """The objects of a type."""
        return iter(self.by_type.get(type_name, {}).values())


class Keys:
    """Hands out object keys. The prefix comes from the name of the object schema."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, schema_name: str) -> str:
        """A key that was never used before."""
        letters = "".join(each for each in schema_name.upper() if "A" <= each <= "Z")[:4]
        return f"{letters or 'OBJ'}-{next(self._numbers)}"


def edited(
    snapshot: Snapshot, document: Document, type_name: str, changes: Mapping[str, object], new_key: str
) -> tuple[Snapshot, AssetObject]:
    """A snapshot in which one object was made or changed by hand, and that object.

    Args:
        snapshot: the objects so far.
        document: the schema and mapping in use.
        type_name: the type of the object.
        changes: attribute name -> JSON value (null and "" clear it); a reference is {"key": "ISO-1"}. With the identity
            of an existing object they change that one; else they make a new one.
        new_key: key of the object if it is new.

    Raises:
        Refused: status 400 for an unknown attribute or a value that does not fit its type.
    """
    object_type = document.by_name[type_name]
    values = {name: _typed(snapshot, object_type, name, value) for name, value in changes.items()}
    mapping = document.mapping_of.get(type_name)
    names = mapping.identity if mapping else ()
    same = (each for each in snapshot.of(type_name) if identity_of(each.values, names) == identity_of(values, names))
    existing = next(same, None) if names else None
    kept = dict(existing.values) if existing else {}
    whole = {name: value for name, value in (kept | values).items() if value}
    changed = AssetObject(key=existing.key if existing else new_key, type_name=type_name, values=whole)
    objects = {**snapshot.by_type.get(type_name, {}), changed.key: changed}
    return Snapshot(by_type={**snapshot.by_type, type_name: objects}), changed


def _typed(snapshot: Snapshot, object_type: ObjectType, name: str, value: object) -> tuple[Value | Reference, ...]:
    attribute = object_type.by_name.get(name)
    if attribute is None:
        raise refused(400, f"is no attribute of '{object_type.name}'", path=f"attributes.{name}")
    typed: list[Value | Reference] = []
    for item in items(value):
        if attribute.is_reference:
            key = item.get("key") if isinstance(item, dict) else None
            if key not in snapshot.by_key:
                raise refused(400, 'must be {"key": ...} of an existing object', path=f"attributes.{name}")
            typed.append(Reference(key=str(key)))
        elif (wrong := mistake(attribute.type, item)) is not None:
            raise refused(400, wrong, path=f"attributes.{name}")
        elif isinstance(item, str | int | float | bool):
            typed.append(item)
    return tuple(typed)
