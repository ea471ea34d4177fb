"""The data set: countries and subdivisions of ISO 3166 from pycountry, as two tables of a SQLite file."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pycountry

Row = Mapping[str, str | None]

_COUNTRY = ("alpha_2", "alpha_3", "name", "numeric", "official_name", "flag")
_SUBDIVISION = ("code", "name", "type", "country_code", "parent_code")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The rows, in the order of their tables."""

    countries: tuple[Row, ...]
    subdivisions: tuple[Row, ...]

    @property
    def references(self) -> int:
        """How many values point at another row."""
        return sum((row["country_code"] is not None) + (row["parent_code"] is not None) for row in self.subdivisions)

    def __len__(self) -> int:
        return len(self.countries) + len(self.subdivisions)


def load_dataset() -> Dataset:
    """Everything that pycountry knows."""
    return Dataset(
        countries=tuple({name: getattr(row, name, None) for name in _COUNTRY} for row in pycountry.countries),
        subdivisions=tuple({name: getattr(row, name, None) for name in _SUBDIVISION} for row in pycountry.subdivisions),
    )


def write_tables(dataset: Dataset, path: Path) -> None:
    """Write both tables into a new file. Parents may stand behind their children, as they do in the standard."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns, rows in (
            ("countries", _COUNTRY, dataset.countries),
            ("subdivisions", _SUBDIVISION, dataset.subdivisions),
        ):
            definition = ", ".join(f"{column} TEXT" for column in columns)
            connection.execute(f"CREATE TABLE {table} ({definition}, PRIMARY KEY ({columns[0]}))")
            places = ", ".join(f":{column}" for column in columns)
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608  constants above
