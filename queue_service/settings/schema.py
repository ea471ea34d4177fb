"""The list of all settings, made from the frozen objects that they fill: a field that joins one is a setting at once.

Owns what a setting is called and what it may hold; default values stand where the broker's parts use them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from queue_service.domain.limits import BYTES, MILLISECONDS, SECOND
from queue_service.settings.kinds import Address, Choice, Count, Flag, Kind, Number, Optional, Place, Size, Span
from queue_service.settings.values import Settings

PREFIX = "LONGSHORE_"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting.

    Attributes:
        name: in the settings file, with its table: "limits.payload_bytes".
        kind: what it may hold.
        default: what holds when nobody says otherwise.
    """

    name: str
    kind: Kind
    default: Any

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper().replace(".", "_")

    def of(self, settings: Settings) -> Any:
        """Its value."""
        return attrgetter(self.name)(settings)


_BY_TYPE: Mapping[Any, Kind] = {bool: Flag(), int: Count(), Path: Place()}
_BY_UNIT: Mapping[str, Kind] = {BYTES: Size(), MILLISECONDS: Span()}
_BY_NAME: Mapping[str, Kind] = {
    "address": Address(),
    # As the contract has them for queues and events.
    "limits.max_run_time": Optional(Span(lowest=SECOND)),
    "retry.max_attempts": Count(highest=1_000),
    "retry.max_lease_losses": Count(highest=1_000),
    "retry.max_age": Span(lowest=1),
    "retry.multiplier": Number(1, 10),
}
"""Those with a form or bounds of their own. Bounds that follow from other settings are in rules.py."""


def _kind(name: str, annotation: Any) -> Kind:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if get_origin(annotation) is Annotated:
        return _BY_UNIT[annotation.__metadata__[0]]
    arguments = get_args(annotation)
    if type(None) in arguments:
        return Optional(_kind(name, arguments[0]))
    if get_origin(annotation) is Literal:
        return Choice({word: word for word in arguments})
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Choice(dict(annotation.__members__))
    return _BY_TYPE[annotation]


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _settings(holder: Any, prefix: str = "") -> Iterator[Setting]:
    hints = get_type_hints(holder, include_extras=True)
    for field in fields(holder):
        name, annotation = prefix + field.name, hints[field.name]
        if is_dataclass(annotation):
            yield from _settings(annotation, f"{name}.")
        else:
            yield Setting(name=name, kind=_kind(name, annotation), default=_default(field))


HOLDERS: Mapping[str, Any] = {name: hint for name, hint in get_type_hints(Settings).items() if is_dataclass(hint)}
"""The objects that settings fill, by table."""
SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _settings(Settings)}
"""All of them, by name."""


def build(values: Mapping[str, Any]) -> Settings:
    """The settings with these values, and defaults for the others."""
    own = {name: value for name, value in values.items() if "." not in name}
    for table, holder in HOLDERS.items():
        begin = f"{table}."
        given = {name.removeprefix(begin): value for name, value in values.items() if name.startswith(begin)}
        own[table] = holder(**given)
    return Settings(**own)
