"""The SQL statements by name, as they stand in the .sql files. Every file is read once."""

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load_statements() -> dict[str, str]:
    """Every named statement of every file.

    Raises:
        ValueError: two statements have the same name.
    """
    statements: dict[str, str] = {}
    for name in ("load", "write", "read", "admin", "events", "schedules", "ended", "check"):
        _, *parts = _NAME.split(read_sql(name))
        for key, text in zip(parts[::2], parts[1::2], strict=True):
            if key in statements:
                raise ValueError(f"two statements are called {key}")
            statements[key] = text.strip().rstrip(";")
    return statements


def read_sql(name: str) -> str:
    """The text of one .sql file."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")


SQL = load_statements()
