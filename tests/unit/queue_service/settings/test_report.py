"""The settings in force as they are shown: as a file, as pairs, and in the documentation."""

import tomllib
from pathlib import Path

import pytest

from queue_service.settings import SETTINGS, Settings, as_pairs, as_toml
from queue_service.settings.schema import build
from queue_service.settings.table import filled

DOCS = Path(__file__).parents[4] / "docs" / "settings.md"


def test_the_printed_file_read_back_gives_the_same_settings(loading, others):
    for settings in (Settings(), build(others)):
        assert loading(as_toml(settings, {})).settings == settings


@pytest.mark.parametrize(
    "name", ['a "quoted" name.db', "back\\slash.db", "line\nbreak.db", "tab\t\x7f.db", "größe-😀.db"]
)
def test_odd_file_names_survive_the_printed_file(loading, name):
    settings = Settings(database=Path(name))
    assert loading(as_toml(settings, {})).settings == settings


def test_the_printed_file_says_where_a_value_came_from(loading):
    loaded = loading("[limits]\nsettles = 5", environment={"LONGSHORE_RETRY_MAX_AGE": "90m"}, log_level="debug")
    lines = as_toml(loaded.settings, loaded.origins).splitlines()
    assert 'log_level = "DEBUG"  # --log-level' in lines
    assert 'max_age = "90m"  # LONGSHORE_RETRY_MAX_AGE' in lines
    assert any(line.startswith("settles = 5  # ") and line.endswith("longshore.toml:2") for line in lines)
    assert 'payload_bytes = "1MiB"' in lines


def test_passwords_are_hidden(loading):
    database = "postgresql://admin:ge/he:im@db.example/broker"
    settings = loading(database=database).settings
    shown = tomllib.loads(as_toml(settings, {}))["database"]
    assert shown == dict(as_pairs(settings))["database"] == "postgresql:/admin:***@db.example/broker"


def test_pairs_name_every_setting_in_order(loading):
    settings = loading(None, "limits.max_pending=5").settings
    pairs = as_pairs(settings)
    assert [name for name, _ in pairs] == sorted(SETTINGS)
    assert {
        ("limits.payload_bytes", "1MiB"),
        ("limits.max_pending", "5"),
        ("limits.max_waiting", "none"),
        ("limits.create_queues", "true"),
        ("retention.jobs", "7d"),
        ("address", "127.0.0.1:50051"),
    } <= set(pairs)


def test_the_documentation_has_every_setting_with_its_default_and_reason():
    """If not: python -m queue_service.settings.table docs/settings.md, and a docstring below each new field."""
    text = DOCS.read_text()
    assert filled(text) == text
    for setting in SETTINGS.values():
        row = f"| `{setting.name.rpartition('.')[2]}` | {setting.kind.show(setting.default)} | "
        assert row in text
