"""The table of mutations keeps up with the code that it breaks."""

import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
TABLE = tomllib.loads((TESTS / "mutations.toml").read_text())["mutation"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["rule"])
def test_what_is_broken_is_there_exactly_once(row):
    assert (TESTS.parent / row["file"]).read_text().count(row["text"]) == 1
    assert all((TESTS / test).exists() for test in row["tests"])
