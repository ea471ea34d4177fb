"""Where settings are given: a TOML file, the environment, options of the command.

Owns the names there, and what is said of names that nobody knows.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.hints import closest
from queue_service.settings.schema import HOLDERS, PREFIX, SETTINGS, Setting

MAX_FILE_BYTES = 1024 * 1024
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
_HEADER = re.compile(r"""\s*\[\s*([\w."'-]+)\s*\]""")
_KEY = re.compile(r"""\s*([\w."'-]+)\s*=""")
_UNQUOTED = str.maketrans("", "", "\"'")
_BY_KEY = {
    key: [name for name in SETTINGS if name.rpartition(".")[2] == key]
    for key in (name.rpartition(".")[2] for name in SETTINGS)
}
"""Names by their last part."""
_VARIABLES = {setting.variable: setting for setting in SETTINGS.values()}
_TOP_LEVEL = [name for name in SETTINGS if "." not in name]
_LIKENESS = 0.8
"""Other commands have variables of the same prefix, so a top-level name must be very much like ours to be a typo."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong with what was given.

    Attributes:
        where: file and line, variable or option.
        message: what is wrong and what to do.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A value for a setting, as it was given."""

    setting: Setting
    value: object
    where: str


Found = tuple[list[Given], list[Fault]]


def from_file(path: Path) -> Found:
    """What a file gives, and its faults."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1).decode()
        if len(text) > MAX_FILE_BYTES:
            raise ValueError(f"is larger than {MAX_FILE_BYTES:,} bytes")
        document = tomllib.loads(text)
    except OSError as error:
        return [], [Fault(where=str(path), message=f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [], [Fault(where=str(path), message="is not UTF-8 text")]
    except ValueError as error:
        return [], [Fault(where=str(path), message=f"is not a settings file in TOML: {error}")]
    lines = _lines(text)
    given: list[Given] = []
    faults: list[Fault] = []
    for name, value in _flat(document):
        line = lines.get(name, lines.get(name.partition(".")[0]))
        where = str(path) if line is None else f"{path}:{line}"
        if name in SETTINGS:
            given.append(Given(setting=SETTINGS[name], value=value, where=where))
        elif name in HOLDERS:
            faults.append(Fault(where=where, message=f"{name} is a table: write [{name}] and its settings below"))
        else:
            faults.append(Fault(where=where, message=_unknown(name)))
    return given, faults


def from_environment(environment: Mapping[str, str]) -> Found:
    """What variables give, and their faults. An empty variable is one that is not set."""
    given: list[Given] = []
    faults: list[Fault] = []
    for variable, value in sorted(environment.items()):
        if not value or not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        name = _name(variable)
        if variable in _VARIABLES:
            given.append(Given(setting=_VARIABLES[variable], value=value, where=variable))
        elif "." in name or closest(name, _TOP_LEVEL, likeness=_LIKENESS):
            meant = _meant(name)
            hint = f"; did you mean {SETTINGS[meant].variable}?" if meant else ""
            faults.append(Fault(where=variable, message=f"there is no such setting{hint}"))
    return given, faults


def from_options(options: Mapping[str, str | None], assignments: Iterable[str]) -> Found:
    """What options give, and their faults.

    Args:
        options: by name of the setting. None: not given.
        assignments: of --set, such as "limits.payload_bytes=2MiB".
    """
    given = [
        Given(setting=SETTINGS[name], value=value, where=f"--{name.replace('_', '-')}")
        for name, value in options.items()
        if value is not None
    ]
    faults: list[Fault] = []
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        where = f"--set {name}"
        if not equals:
            faults.append(Fault(where=where, message="must be NAME=VALUE, such as limits.payload_bytes=2MiB"))
        elif name not in SETTINGS:
            faults.append(Fault(where=where, message=_unknown(name)))
        else:
            given.append(Given(setting=SETTINGS[name], value=value, where=where))
    return given, faults


def _unknown(name: str) -> str:
    meant = _meant(name)
    return f"there is no setting {name}{f'; did you mean {meant}?' if meant else ''}"


def _meant(name: str) -> str | None:
    """The setting that was probably meant: it has much the same name, if in another table."""
    key = closest(name.rpartition(".")[2], _BY_KEY)
    return None if key is None else closest(name, _BY_KEY[key], likeness=0)


def _name(variable: str) -> str:
    """The name, if it is a setting's, that a variable stands for."""
    words = variable.removeprefix(PREFIX).lower()
    table = next((table for table in HOLDERS if words.startswith(f"{table}_")), "")
    return f"{table}.{words.removeprefix(f'{table}_')}" if table else words


def _flat(document: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    """Values by name with their table."""
    for name, value in document.items():
        if isinstance(value, dict) and value:
            yield from ((f"{name}.{inner}", held) for inner, held in value.items())
        elif value != {} or name not in HOLDERS:
            yield name, value


def _lines(text: str) -> dict[str, int]:
    """The line of each name: of settings, and of tables."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header[1].translate(_UNQUOTED)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            name = key[1].translate(_UNQUOTED)
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines
