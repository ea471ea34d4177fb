"""SQL statements by name."""

import re
import sqlite3
from importlib import resources

import pytest

from queue_service.storage.sqlite import statements
from queue_service.storage.sqlite.statements import SQL, load_statements, read_sql


def test_every_statement_is_one_statement_over_the_schema():
    connection = sqlite3.connect(":memory:")
    connection.executescript(read_sql("schema"))
    for name, text in SQL.items():
        parameters = dict.fromkeys(re.findall(r":(\w+)", text))
        connection.execute(f"EXPLAIN {text}", parameters).fetchall()
        assert not text.endswith(";"), name
    connection.close()


def test_every_named_statement_of_the_files_is_there():
    folder = resources.files(statements.__package__).joinpath("sql")
    names = [
        name for file in folder.iterdir() for name in re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
    ]
    assert sorted(names) == sorted(SQL)
    assert len(names) > 20


def test_a_name_that_stands_twice_is_refused(monkeypatch):
    monkeypatch.setattr(statements, "read_sql", lambda name: "-- name: same\nSELECT 1;\n")
    with pytest.raises(ValueError, match="two statements are called same"):
        load_statements()
