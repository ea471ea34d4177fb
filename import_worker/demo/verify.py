"""The comparison: what the sandbox holds against the data set, object by object and attribute by attribute."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from import_worker.demo.dataset import Dataset, Row

MAX_DIFFERENCES = 20

_COUNTRY = {
    "Code": "alpha_2",
    "Name": "name",
    "Alpha 3": "alpha_3",
    "Numeric": "numeric",
    "Official name": "official_name",
    "Flag": "flag",
}
_SUBDIVISION = {"Code": "code", "Name": "name", "Kind": "type"}
_REFERENCES = {"Country": ("country_code", "Country"), "Parent": ("parent_code", "Subdivision")}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was compared and what differed, the first MAX_DIFFERENCES in words."""

    objects: int
    attributes: int
    references: int
    differences: tuple[str, ...]


def compare(dataset: Dataset, objects: Mapping[str, list[Mapping[str, Any]]]) -> Comparison:
    """Compare the data set with the sandbox's objects by type name."""
    countries = _by_code(objects["Country"])
    subdivisions = _by_code(objects["Subdivision"])
    keys = {"Country": _keys(countries), "Subdivision": _keys(subdivisions)}
    differences: list[str] = [
        *_doubles("Country", objects["Country"], countries),
        *_doubles("Subdivision", objects["Subdivision"], subdivisions),
        *_sets("Country", countries, (row["alpha_2"] for row in dataset.countries)),
        *_sets("Subdivision", subdivisions, (row["code"] for row in dataset.subdivisions)),
    ]
    attributes = references = 0
    for row in dataset.countries:
        found = countries.get(str(row["alpha_2"]), {})
        attributes += len(_COUNTRY)
        differences += _values("Country", row, _COUNTRY, found)
    for row in dataset.subdivisions:
        found = subdivisions.get(str(row["code"]), {})
        attributes += len(_SUBDIVISION)
        differences += _values("Subdivision", row, _SUBDIVISION, found)
        for attribute, (column, target) in _REFERENCES.items():
            wanted = row[column]
            key = (found.get(attribute) or {}).get("key")
            references += key is not None
            if key != (None if wanted is None else keys[target].get(wanted)):
                differences.append(f"Subdivision {row['code']}: {attribute} points at {key}, should at {wanted}")
    return Comparison(
        objects=len(objects["Country"]) + len(objects["Subdivision"]),
        attributes=attributes,
        references=references,
        differences=tuple(differences[:MAX_DIFFERENCES]),
    )


def _by_code(objects: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {each["attributes"]["Code"]: {**each["attributes"], "": each["key"]} for each in objects}


def _keys(by_code: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {code: attributes[""] for code, attributes in by_code.items()}


def _doubles(kind: str, objects: list[Mapping[str, Any]], by_code: Mapping[str, Any]) -> list[str]:
    extra = len(objects) - len(by_code)
    return [f"{kind}: {extra} objects have a code that another has"] if extra else []


def _sets(kind: str, found: Mapping[str, Any], wanted: Iterable[str | None]) -> list[str]:
    codes = set(map(str, wanted))
    return [f"{kind} {code} is missing" for code in sorted(codes - found.keys())] + [
        f"{kind} {code} should not be there" for code in sorted(found.keys() - codes)
    ]


def _values(kind: str, row: Row, columns: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind} {found.get('Code')}: {attribute} is {found.get(attribute)!r}, should be {row[column]!r}"
        for attribute, column in columns.items()
        if found.get(attribute) != row[column]
    ]
