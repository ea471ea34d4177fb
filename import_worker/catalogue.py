"""Which imports are configured: the files of one folder, read anew each time somebody asks.

An edit therefore counts for the next start, and never for a run that goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from import_worker.config import ImportConfig, load_import, parse_inline
from import_worker.config.document import parse_document
from import_worker.config.operation import Schedule
from import_worker.errors import ConfigInvalid, Fault, Permanent
from import_worker.flow.configured import Scheduled

MAX_FILES = 1_000
MAX_SHOWN = 20


class NotConfigured(Permanent):
    """No file of the folder configures an import of that name."""

    reason = "IMPORT_NOT_FOUND"

    def __init__(self, name: str, folder: Path, known: list[str]) -> None:
        shown = ", ".join(known[:MAX_SHOWN]) + (", ..." if len(known) > MAX_SHOWN else "")
        there = f"it has {shown}" if known else "it has no *.yaml file"
        super().__init__(f"no import is called {name!r} in the folder {folder}: {there}")
        self.name = name


class InlineRefused(Exception):
    """The operator of this worker does not let starts bring their own configuration."""

    def __init__(self) -> None:
        super().__init__(
            "this worker takes no configuration from a request: its operator can allow that with --allow-inline, or "
            "configure the import as a file"
        )


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The configured imports, and whether others may be brought along.

    Attributes:
        folder: holds a *.yaml file for each.
        env: where references to the environment find their values.
        allow_inline: whether a start may bring its own configuration.
        inline_env: the variables of the environment that such a configuration may use.
    """

    folder: Path
    env: Mapping[str, str]
    allow_inline: bool = False
    inline_env: tuple[str, ...] = ()

    def inline(self, text: str, inputs: Mapping[str, str]) -> ImportConfig:
        """A configuration that came with a start.

        Raises:
            InlineRefused: the operator does not allow it.
            ConfigInvalid: it is faulty, or uses files.
            InputsInvalid: inputs are missing, unknown or ill typed.
        """
        if not self.allow_inline:
            raise InlineRefused
        lent = {name: self.env[name] for name in self.inline_env if name in self.env}
        return parse_inline(text, lent).with_inputs(inputs)

    def again(self, frozen: ImportConfig) -> ImportConfig:
        """The configuration of a new run in place of an earlier one: as the file is now, with the same inputs.

        Raises what load and inline raise.
        """
        if not frozen.inline:
            return self.load(frozen.name, frozen.input_texts)
        if not self.allow_inline:
            raise InlineRefused
        return frozen

    def load(self, name: str, inputs: Mapping[str, str]) -> ImportConfig:
        """The configuration of an import with its inputs, and every reference to a secret known to have a value.

        Raises:
            NotConfigured: no file has that name.
            ConfigInvalid: its file is faulty, or two files have that name.
            InputsInvalid: inputs are missing, unknown or ill typed.
        """
        files = self._files()
        found = [path for path, declared in files.items() if declared == name]
        if not found:
            raise NotConfigured(name, self.folder, sorted(files.values()))
        if len(found) > 1:
            message = f"{name!r} is also the name in {found[0]}; each import needs a name of its own"
            raise ConfigInvalid([Fault(file=str(path), line=1, path="name", message=message) for path in found[1:]])
        return load_import(found[0], self.env).with_inputs(inputs)

    def scheduled(self) -> Scheduled:
        """When the imports start by themselves."""
        schedules: dict[str, Schedule | None] = {}
        faulty: set[str] = set()
        for path, name in self._files().items():
            try:
                schedules[name] = load_import(path, None).schedule
            except ConfigInvalid:
                faulty.add(name)  # it is told when somebody starts the import or checks the file
        return Scheduled(schedules=schedules, faulty=frozenset(faulty))

    def _files(self) -> dict[Path, str]:
        """The name that each file declares."""
        return {path: declared_name(path) for path in islice(sorted(self.folder.glob("*.yaml")), MAX_FILES)}


def declared_name(path: Path) -> str:
    """The name that a file declares, or that of the file where it cannot be read."""
    try:
        declared = parse_document(path.read_text(), str(path)).value.get("name")
    except (OSError, UnicodeDecodeError, ConfigInvalid):
        return path.stem
    return declared if isinstance(declared, str) else path.stem
