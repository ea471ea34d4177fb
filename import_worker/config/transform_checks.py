"""What the steps of a transform and the attributes after them read: selectors that compile, fields that there are.

Owns which fields a record is known to have after a `select`.
"""

from collections.abc import Iterator

from import_worker.config.document import Path
from import_worker.config.findings import Finding, instead, selector_finding
from import_worker.config.models import ImportConfig
from import_worker.config.selectors import compile_selector
from import_worker.config.transform import known_fields
from import_worker.errors import MappingBroken


def transform_findings(config: ImportConfig) -> Iterator[Finding]:
    """Selectors of steps, and what is read after a `select` that has no such name."""
    for index, resource in enumerate(config.resources):
        for number, step in enumerate(resource.transform):
            path: Path = ("resources", index, "transform", number, step.kind)
            known = known_fields(resource.transform[:number])
            for name, text in (step.select or {}).items():
                yield from selector_finding((*path, name), text)
                yield from _unselected((*path, name), text, known)
            if step.kind not in {"select", "default"}:
                for name in step.fields:
                    yield from _unknown_field(path, name, known)
        known = known_fields(resource.transform)
        for place, kind in enumerate(config.destination.object_types):
            for name, attribute in kind.attributes.items() if kind.resource == resource.name else ():
                where: Path = (config.destination_key, "object_types", place, "attributes", name, "from")
                yield from _unselected(where, attribute.source, known)


def _unselected(path: Path, text: str, known: frozenset[str] | None) -> Iterator[Finding]:
    """A simple path that begins with a key which no record has after its select."""
    try:
        found = compile_selector(text).path
    except MappingBroken:
        return  # a fault of its own
    if found:
        yield from _unknown_field(path, found[0], known)


def _unknown_field(path: Path, name: str, known: frozenset[str] | None) -> Iterator[Finding]:
    if known is not None and name not in known:
        yield path, f"the select before this makes no field {name!r}{instead(name, sorted(known))}"
