"""Real data as tables, and what an exact import of them holds. Everything is counted at run time."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
Table = Sequence[Row]
Objects = dict[str, dict[str, dict[str, Any]]]
"""Type, identity and attribute, without those that have no value; a reference is the identity that it points at."""

DPKG = Path("/var/lib/dpkg/status")
APT_BYTES = 8 * 1024 * 1024
"""As much of apt's index as is taken: some ten thousand packages."""
MAINTAINER = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]+)>")


def held(kind: Mapping[str, Any], rows: Table) -> dict[str, dict[str, Any]]:
    """What the objects of a type look like when all rows arrived.

    Args:
        kind: the object type as an import's file has it, with the names of columns in `from`.
        rows: its table.
    """
    columns = {name: each["from"] for name, each in kind["attributes"].items()}
    (identity,) = (each["from"] for each in kind["attributes"].values() if each.get("identity"))
    return {
        str(row[identity]): {name: row[column] for name, column in columns.items() if row[column] is not None}
        for row in rows
    }


def write_database(tables: Mapping[str, Table], path: Path) -> None:
    """Write the tables into a new SQLite file; the first column of each is its key."""
    with closing(sqlite3.connect(path)) as database, database:
        for name, rows in tables.items():
            columns = list(rows[0])
            database.execute(f"CREATE TABLE {name} ({', '.join(columns)}, PRIMARY KEY ({columns[0]}))")
            places = ", ".join(f":{column}" for column in columns)
            database.executemany(f"INSERT INTO {name} VALUES ({places})", rows)


def time_zones() -> dict[str, Table]:
    """Countries and the zones of time in them, from the tables of tzdata."""
    folder = resources.files("tzdata.zoneinfo")
    countries = [{"code": code, "name": name} for code, name in _lines(folder.joinpath("iso3166.tab").read_text())]
    zones = [
        {"name": name, "place": place, "country": codes.partition(",")[0], "comment": comment[0] if comment else None}
        for codes, place, name, *comment in _lines(folder.joinpath("zone1970.tab").read_text())
    ]
    return {"countries": countries, "zones": zones}


def _lines(text: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


ZONE_TYPES: list[dict[str, Any]] = [
    {
        "name": "Country",
        "resource": "countries",
        "attributes": {"Code": {"from": "code", "identity": True}, "Name": {"from": "name", "label": True}},
    },
    {
        "name": "Zone",
        "resource": "zones",
        "attributes": {
            "Name": {"from": "name", "identity": True, "label": True},
            "Place": {"from": "place"},
            "Comment": {"from": "comment"},
            "Country": {"from": "country", "reference": {"type": "Country", "by": "Code"}},
        },
    },
]


def dpkg() -> str:
    """What is installed on this machine, as dpkg writes it; empty where there is no dpkg."""
    return DPKG.read_text(encoding="utf-8", errors="replace") if DPKG.exists() else ""


def apt() -> str:
    """What could be installed on this machine; empty where apt is missing or has no lists."""
    program = shutil.which("apt-cache")
    if program is None:
        return ""
    found = subprocess.run([program, "dumpavail"], capture_output=True, check=False, timeout=60)
    return found.stdout[:APT_BYTES].decode(errors="replace").rpartition("\n\n")[0]


def packages(text: str) -> dict[str, Table]:
    """Packages, with their sections and maintainers, of a text in the form of Debian's control files."""
    found_packages, sections, maintainers = {}, {}, {}
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[A-Za-z-]+: ", line))
        found = MAINTAINER.fullmatch(fields.get("Maintainer", ""))
        if "Package" not in fields or "Version" not in fields or found is None:
            continue
        section = fields.get("Section", "unknown")
        sections[section] = {"name": section}
        maintainers[found["address"]] = {"address": found["address"], "name": found["name"] or found["address"]}
        key = f"{fields['Package']}:{fields.get('Architecture', 'all')}"
        found_packages[key] = {
            "id": key,
            "name": fields["Package"],
            "version": fields["Version"],
            "installed_size": int(fields["Installed-Size"]) if "Installed-Size" in fields else None,
            "summary": fields.get("Description"),
            "section": section,
            "maintainer": found["address"],
        }
    return {
        "packages": list(found_packages.values()),
        "sections": list(sections.values()),
        "maintainers": list(maintainers.values()),
    }


PACKAGE_TYPES: list[dict[str, Any]] = [
    {
        "name": "Package",
        "resource": "packages",
        "attributes": {
            "Id": {"from": "id", "identity": True},
            "Name": {"from": "name", "label": True},
            "Version": {"from": "version"},
            "Installed size": {"from": "installed_size", "type": "integer"},
            "Summary": {"from": "summary", "type": "textarea"},
            "Section": {"from": "section", "reference": {"type": "Section", "by": "Name"}},
            "Maintainer": {"from": "maintainer", "reference": {"type": "Maintainer", "by": "Address"}},
        },
    },
    {
        "name": "Section",
        "resource": "sections",
        "attributes": {"Name": {"from": "name", "identity": True, "label": True}},
    },
    {
        "name": "Maintainer",
        "resource": "maintainers",
        "attributes": {
            "Address": {"from": "address", "identity": True},
            "Name": {"from": "name", "label": True},
        },
    },
]
