"""Processing: what the objects are after an import, given what they were and every entry that came.

Pure: it takes a snapshot and returns another. What is missing from the entries of a mapped type is removed, unless
the import source keeps it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from import_worker.sandbox import aql
from import_worker.sandbox.document import SYSTEM_ATTRIBUTE, Attribute, Document, ObjectType, TypeMapping
from import_worker.sandbox.drafts import Draft, Drafting, Drafts
from import_worker.sandbox.entries import Entry
from import_worker.sandbox.objects import AssetObject, Reference, Snapshot, Values
from import_worker.sandbox.report import TypeReport


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The objects after an import, and a report by the name of each mapped type."""

    snapshot: Snapshot
    reports: Mapping[str, TypeReport]


def reconcile(
    document: Document,
    before: Snapshot,
    entries: Mapping[str, Sequence[Entry]],
    new_key: Callable[[], str],
    *,
    keep_missing: bool = False,
) -> Outcome:
    """Work out the objects after an import of a whole set.

    Args:
        document: the schema and mapping.
        before: the objects before.
        entries: by the name of the mapped type, in the order they came. No entry: every object of that type goes.
        new_key: makes the key of a new object.
        keep_missing: what has no entry stays as it is.
    """
    reports = {mapping.type_name: TypeReport() for mapping in document.mappings}
    drafts = {
        mapping.type_name: Drafting(document, mapping, before, reports[mapping.type_name], new_key).run(
            entries.get(mapping.type_name, ())
        )
        for mapping in document.mappings
    }
    # Targets may come after the objects that refer to them: references are set when all objects are there.
    unlinked = _without_references_set(before, drafts, keep_missing=keep_missing)
    finder = _Finder(document, unlinked)
    after = {name: dict(objects) for name, objects in unlinked.by_type.items()}
    for mapping in document.mappings:
        report, objects = reports[mapping.type_name], after[mapping.type_name]
        for draft in drafts[mapping.type_name].usable:
            linked = _linked(finder, mapping, draft, report)
            _count(report, draft, linked)
            objects[draft.key] = linked
        report.removed = len(before.by_type.get(mapping.type_name, {}).keys() - objects.keys())
    return Outcome(snapshot=_without_dangling(Snapshot(by_type=after)), reports=reports)


def _without_references_set(before: Snapshot, drafts: Mapping[str, Drafts], *, keep_missing: bool) -> Snapshot:
    """The objects after the import, in the order of creation, with their references as they were."""
    by_type = dict(before.by_type)
    for type_name, found in drafts.items():
        known = {each.key: each for each in found.untouched}
        known |= {
            draft.key: AssetObject(key=draft.key, type_name=type_name, values=draft.merged()) for draft in found.usable
        }
        old = before.by_type.get(type_name, {})
        known = dict(old) | known if keep_missing else known
        by_type[type_name] = {key: known[key] for key in old if key in known} | {
            key: each for key, each in known.items() if key not in old
        }
    return Snapshot(by_type=by_type)


class _Finder:
    """Finds the targets of references among all objects, through an index where a condition is exact."""

    def __init__(self, document: Document, snapshot: Snapshot) -> None:
        self.document = document
        self._snapshot = snapshot
        self._indexes: dict[tuple[str, str], dict[str, list[AssetObject]]] = {}

    def target(self, attribute: Attribute) -> ObjectType:
        """The object type that a reference names."""
        found = self.document.target(attribute)
        if found is None:
            raise LookupError(f"the rules let a reference without known target pass: {attribute.path}")
        return found

    def find(self, target: ObjectType, match: aql.Match, values: Mapping[str, str]) -> list[AssetObject]:
        """Every object of the type that fulfils all conditions."""
        exact = next((each for each in match.conditions if each.operator != "LIKE"), None)
        candidates: Sequence[AssetObject] = (
            tuple(self._snapshot.of(target.name))
            if exact is None
            else self._index(target, exact.attribute).get(exact.wanted(values).casefold(), ())
        )
        return [
            each
            for each in candidates
            if all(condition.holds(_texts(target, each, condition.attribute), values) for condition in match.conditions)
        ]

    def _index(self, target: ObjectType, attribute: str) -> Mapping[str, list[AssetObject]]:
        place = target.name, attribute
        if place not in self._indexes:
            index: dict[str, list[AssetObject]] = {}
            for each in self._snapshot.of(target.name):
                for value in {value.casefold() for value in _texts(target, each, attribute)}:
                    index.setdefault(value, []).append(each)
            self._indexes[place] = index
        return self._indexes[place]


def _texts(object_type: ObjectType, found: AssetObject, attribute: str) -> tuple[str, ...]:
    if attribute in object_type.by_name:
        return found.texts(attribute)
    return (found.key,) if attribute == SYSTEM_ATTRIBUTE else (found.label(object_type),)


def _linked(finder: _Finder, mapping: TypeMapping, draft: Draft, report: TypeReport) -> AssetObject:
    """The object of a draft with its references set."""
    values = dict(draft.merged())
    attributes = finder.document.by_name[mapping.type_name].by_name
    matches = {each.name: each.match for each in mapping.attributes if each.name in draft.wanted}
    for name, match in matches.items():
        links = _links(finder, attributes[name], match, draft, report)
        values.pop(name, None)
        if links:
            values[name] = links
    return AssetObject(key=draft.key, type_name=mapping.type_name, values=values)


def _links(
    finder: _Finder, attribute: Attribute, match: aql.Match, draft: Draft, report: TypeReport
) -> tuple[Reference, ...]:
    target = finder.target(attribute)
    links: list[Reference] = []
    for values in draft.wanted[attribute.name]:
        found = finder.find(target, match, values)
        if len(found) == 1:
            links.append(Reference(key=found[0].key))
            continue
        shown = ", ".join(f"{locator} = '{value}'" for locator, value in values.items())
        many = f"{len(found)} objects" if found else "no object"
        report.error(f"{draft.name}: {attribute.name}: {many} of '{target.name}' found for {shown}")
    if len(links) < attribute.minimum:
        report.error(f"{draft.name}: {attribute.name}: fewer references than its minimumCardinality")
    return tuple(dict.fromkeys(links))


def _count(report: TypeReport, draft: Draft, after: AssetObject) -> None:
    if draft.before is None:
        report.created += 1
    elif _same(draft.before.values, after.values):
        report.identical += 1
    else:
        report.updated += 1
        report.with_updated_references += any(
            draft.before.values.get(name) != after.values.get(name) for name in draft.wanted
        )


def _same(mine: Values, theirs: Values) -> bool:
    """Whether values are equal in type too: Python takes 1, 1.0 and True for equal, Assets does not."""
    return mine == theirs and all([type(v) for v in mine[name]] == [type(v) for v in theirs[name]] for name in mine)


def _without_dangling(snapshot: Snapshot) -> Snapshot:
    """The snapshot without references to objects that are gone."""

    def cleaned(found: AssetObject) -> AssetObject:
        values = {
            name: kept
            for name, each in found.values.items()
            if (kept := tuple(v for v in each if not isinstance(v, Reference) or v.key in snapshot.by_key))
        }
        return found if values == found.values else AssetObject(key=found.key, type_name=found.type_name, values=values)

    by_type = {
        name: {key: cleaned(each) for key, each in objects.items()} for name, objects in snapshot.by_type.items()
    }
    return Snapshot(by_type=by_type)
