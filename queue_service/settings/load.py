"""From file, environment and options to the settings in force, or to the list of all their faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from queue_service.settings.redaction import redacted
from queue_service.settings.rules import broken
from queue_service.settings.schema import SETTINGS, Setting, build
from queue_service.settings.sources import Fault, Given, from_environment, from_file, from_options
from queue_service.settings.values import Settings

MAX_FAULTS = 50
"""That are shown."""


class SettingsInvalid(Exception):
    """Settings are faulty. faults has all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        shown = [f"  {fault}" for fault in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            shown.append(f"  and {len(faults) - MAX_FAULTS:,} more")
        counted = "one setting is" if len(faults) == 1 else f"{len(faults):,} settings are"
        super().__init__("\n".join([f"{counted} faulty:", *shown]))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Settings, and where each came from by its name, unless it is the default."""

    settings: Settings
    origins: Mapping[str, str]


def load(
    *,
    file: Path | None = None,
    environment: Mapping[str, str],
    options: Mapping[str, str | None],
    assignments: Iterable[str] = (),
) -> Loaded:
    """Read all that was given: a file gives way to the environment, the environment to options.

    Raises:
        SettingsInvalid: with every fault of all of them.
    """
    found = [
        from_file(file) if file is not None else ([], []),
        from_environment(environment),
        from_options(options, assignments),
    ]
    faults = [fault for _, unknown in found for fault in unknown]
    values = {name: setting.default for name, setting in SETTINGS.items()}
    origins: dict[str, str] = {}
    faulty: set[str] = set()
    for given in (given for known, _ in found for given in known):
        try:
            values[given.setting.name] = given.setting.kind.read(given.value)
            origins[given.setting.name] = given.where
        except ValueError as error:
            faults.append(_wrong(given, error))
            faulty.add(given.setting.name)
    faults += _contradictions({name: value for name, value in values.items() if name not in faulty}, origins)
    if faults:
        raise SettingsInvalid(faults)
    return Loaded(settings=build(values), origins=origins)


def _wrong(given: Given, error: ValueError) -> Fault:
    name = "" if given.where.replace("-", "_").endswith(given.setting.name) else f"{given.setting.name} "
    return Fault(where=given.where, message=f"{name}{error}; it is {redacted(repr(given.value))[:100]}")


def _contradictions(values: Mapping[str, object], origins: Mapping[str, str]) -> list[Fault]:
    return [
        Fault(
            where=", ".join(dict.fromkeys(origins[name] for name in rule.names if name in origins)),
            message=f"{', '.join(_shown(SETTINGS[name], values[name]) for name in rule.names)}: {rule.demand}",
        )
        for rule in broken(values)
    ]


def _shown(setting: Setting, value: object) -> str:
    return f"{setting.name} = {setting.kind.show(value)}"
