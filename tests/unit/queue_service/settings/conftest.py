"""Settings given in the three places, and another value for each of them."""

from enum import Enum
from pathlib import Path

import pytest

from queue_service.settings import SETTINGS, load


@pytest.fixture
def settings_file(tmp_path):
    """Writes a settings file. Answers its path."""

    def write(text):
        path = tmp_path / "longshore.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def loading(settings_file):
    """Loads what is given: the text of a file, variables, options, and values for --set."""

    def loading(text=None, *assignments, environment=None, **options):
        file = None if text is None else settings_file(text)
        return load(file=file, environment=environment or {}, options=options, assignments=assignments)

    return loading


NOT_ONE_LESS = {
    "address": "127.0.0.1:7",
    "database": Path("other.db"),
    "log_level": "DEBUG",
    "backup_folder": Path("backups"),
    "limits.max_run_time": 7_000,
    "limits.attributes": 65,  # others need them
}


def _other(setting):
    default = setting.default
    if setting.name in NOT_ONE_LESS:
        return NOT_ONE_LESS[setting.name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, Enum):
        return next(member for member in type(default) if member is not default)
    return 7 if default is None else default - 1


@pytest.fixture
def others():
    """A valid value for every setting that is not its default, by name. All of them are valid together."""
    return {name: _other(setting) for name, setting in SETTINGS.items()}
