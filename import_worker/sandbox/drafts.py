"""From entries to drafts: typed values, identity, merged repetitions, and what each reference is to be matched by.

Every entry that cannot be used as it is leaves a message or a count in the report of its object type.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from import_worker.sandbox.document import Attribute, AttributeMapping, Document, TypeMapping
from import_worker.sandbox.entries import Entry
from import_worker.sandbox.objects import AssetObject, Identity, Snapshot, Values, identity_of
from import_worker.sandbox.report import TypeReport
from import_worker.sandbox.values import Value, items, mistake, text

Wanted = list[dict[str, str]]
"""What the references of one attribute are matched by: locator -> value, for each reference."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An object on its way.

    Attributes:
        key: of the object it becomes.
        name: how messages call it, with its type.
        before: the object it was, None for a new one.
        values: typed values of the mapped plain attributes; empty ones clear the attribute.
        wanted: by reference attribute.
    """

    key: str
    name: str
    before: AssetObject | None
    values: dict[str, tuple[Value, ...]]
    wanted: dict[str, Wanted]

    def merged(self) -> Values:
        """Its values over those of the object before, references still the old ones."""
        kept = self.before.values if self.before else {}
        return {name: value for name, value in {**kept, **self.values}.items() if value}


@dataclass(frozen=True, kw_only=True)
class Drafts:
    """The drafts of one object type, and the existing objects that stay as they are as their entry was skipped."""

    usable: tuple[Draft, ...]
    untouched: tuple[AssetObject, ...]


class Drafting:
    """Turns the entries of one object type into drafts.

    Args:
        document: the schema and mapping.
        mapping: the type's part of it.
        before: the objects before the import.
        report: takes counts and messages.
        new_key: makes the key of a new object.
    """

    def __init__(
        self,
        document: Document,
        mapping: TypeMapping,
        before: Snapshot,
        report: TypeReport,
        new_key: Callable[[], str],
    ) -> None:
        self._document = document
        self._mapping = mapping
        self._type = document.by_name[mapping.type_name]
        self._report = report
        self._new_key = new_key
        self._existing: dict[Identity, AssetObject] = {}
        for each in before.of(mapping.type_name):
            self._existing.setdefault(identity_of(each.values, mapping.identity), each)

    def run(self, entries: Sequence[Entry]) -> Drafts:
        """One draft for each identity; the last entry of an identity counts, at the place of the first."""
        self._report.entries = len(entries)
        last: dict[Identity, tuple[str, Entry, dict[str, tuple[Value, ...]]]] = {}
        for number, entry in enumerate(entries, start=1):
            values, wrong = self._values(entry)
            identity = identity_of(values, self._mapping.identity)
            called = " / ".join(part for parts in identity for part in parts)
            name = f"{self._type.name} '{called}'" if called else f"{self._type.name} entry {number}"
            for message in wrong:
                self._report.error(f"{name}: {message}")
            if not all(identity):
                self._report.empty_identities += 1
                continue
            self._report.duplicates += identity in last
            last[identity] = name, entry, values
        owners: dict[tuple[str, str], str] = {}
        usable: list[Draft] = []
        untouched: list[AssetObject] = []
        for identity, (name, entry, values) in last.items():
            before = self._existing.get(identity)
            self._drop_taken(name, values, owners)
            if self._is_complete(name, values):
                key = before.key if before else self._new_key()
                wanted = self._all_wanted(name, entry)
                usable.append(Draft(key=key, name=name, before=before, values=values, wanted=wanted))
            elif before is not None:
                untouched.append(before)
        return Drafts(usable=tuple(usable), untouched=tuple(untouched))

    def _values(self, entry: Entry) -> tuple[dict[str, tuple[Value, ...]], list[str]]:
        """The values of the plain attributes, and why others were left out."""
        values: dict[str, tuple[Value, ...]] = {}
        wrong: list[str] = []
        for mapped in self._mapping.attributes:
            attribute = self._type.by_name[mapped.name]
            if not attribute.is_reference:
                found = _fitting(self._document, attribute, entry.get(mapped.locators[0]), wrong)
                values[attribute.name] = tuple(each for each in found if isinstance(each, str | int | float | bool))
        return values, wrong

    def _drop_taken(self, name: str, values: dict[str, tuple[Value, ...]], owners: dict[tuple[str, str], str]) -> None:
        """Leave out values of unique attributes that an earlier draft has."""
        for attribute in self._type.attributes:
            for value in values.get(attribute.name, ()) if attribute.unique else ():
                owner = owners.setdefault((attribute.name, text(value)), name)
                if owner != name:
                    message = f"{attribute.name}: {value!r} is unique and belongs to {owner}"
                    self._report.error(f"{name}: {message}; the attribute is left out")
                    values[attribute.name] = ()

    def _is_complete(self, name: str, values: dict[str, tuple[Value, ...]]) -> bool:
        label = self._type.label
        if label is not None and not values.get(label.name):
            self._report.empty_labels += 1
            self._report.error(f"{name}: the label '{label.name}' is empty; the entry is skipped")
            return False
        short = [
            each.name
            for each in self._type.attributes
            if not each.is_reference and len(values.get(each.name, ())) < each.minimum
        ]
        if short:
            self._report.error(
                f"{name}: fewer values than the minimumCardinality of {', '.join(short)}; the entry is skipped"
            )
        return not short

    def _all_wanted(self, name: str, entry: Entry) -> dict[str, Wanted]:
        return {
            mapped.name: self._wanted(self._type.by_name[mapped.name], mapped, name, entry)
            for mapped in self._mapping.attributes
            if self._type.by_name[mapped.name].is_reference
        }

    def _wanted(self, attribute: Attribute, mapped: AttributeMapping, name: str, entry: Entry) -> Wanted:
        """Several values of one locator make several references; several locators take one value each."""
        locators = sorted(mapped.match.locators)
        wrong: list[str] = []
        columns = [_fitting(self._document, attribute, entry.get(locator), wrong) for locator in locators]
        for message in wrong:
            self._report.error(f"{name}: {message}")
        if len(columns) == 1:
            return [{locators[0]: text(value)} for value in columns[0]]
        if any(len(column) > 1 for column in columns):
            self._report.error(f"{name}: {attribute.name}: lists cannot be matched by several locators; it is left out")
            return []
        if not all(columns):
            return []
        return [{locator: text(column[0]) for locator, column in zip(locators, columns, strict=True)}]


def _fitting(document: Document, attribute: Attribute, value: object, wrong: list[str]) -> list[object]:
    """The values if all of them fit the attribute, else none of them and a message more."""
    found = items(value)
    why = _why_not(document, attribute, found)
    if why is None:
        return found
    wrong.append(f"{attribute.name}: {why}; the attribute is left out")
    return []


def _why_not(document: Document, attribute: Attribute, found: list[object]) -> str | None:
    if attribute.maximum != -1 and len(found) > attribute.maximum:
        return f"{len(found)} values are more than the maximumCardinality {attribute.maximum}"
    wrong = next((why for each in found if (why := mistake(attribute.type, each)) is not None), None)
    if wrong is not None or attribute.type != "status":
        return wrong
    allowed = frozenset(attribute.statuses) or document.statuses
    unknown = [str(each) for each in found if allowed and each not in allowed]
    return f"'{unknown[0]}' is no status; known are {', '.join(sorted(allowed))}" if unknown else None
