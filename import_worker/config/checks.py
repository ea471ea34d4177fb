"""What the sections of a configuration say about one another: names that must exist, selectors that must compile.

Owns these rules. Each is a small generator of (path, message); a new rule is a new line in the table.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from import_worker.config.auth import Auth, PluginAuth, plugins, unknown_plugin
from import_worker.config.bodies import filled
from import_worker.config.cron import why_no_cron
from import_worker.config.document import Path
from import_worker.config.findings import Finding, instead, selector_finding
from import_worker.config.inputs import REFERENCE, without_inputs
from import_worker.config.models import ImportConfig
from import_worker.config.pagination import BODY_PATHS, SELECTORS, Pagination, why_no_lanes
from import_worker.config.requests import ErrorRule
from import_worker.config.resources import MAX_ALL_LANES
from import_worker.config.transform_checks import transform_findings
from longshore.hints import did_you_mean


def findings(config: ImportConfig) -> list[Finding]:
    """Every contradiction between sections, as (path, message)."""
    return [finding for rule in _RULES for finding in rule(config)]


def _duplicates(names: Iterable[tuple[Path, str]]) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for path, name in names:
        if name in first:
            yield path, f"{name!r} is used twice; each must be unique"
        first.setdefault(name, path)


def _resource_names(config: ImportConfig) -> Iterator[Finding]:
    return _duplicates((("resources", index, "name"), each.name) for index, each in enumerate(config.resources))


def _type_names(config: ImportConfig) -> Iterator[Finding]:
    types = enumerate(config.destination.object_types)
    return _duplicates(((config.destination_key, "object_types", index, "name"), kind.name) for index, kind in types)


def _pagination(config: ImportConfig) -> Iterator[Finding]:
    for index, resource in enumerate(config.resources):
        if resource.pagination is None and config.source.pagination is None:
            message = (
                "has no pagination; write pagination: {type: ...} here or in source (auto, single_page, page_number, "
                "offset, cursor, json_link, header_link, continue)"
            )
            yield ("resources", index), message


def _source_selectors(config: ImportConfig) -> Iterator[Finding]:
    yield from _pagination_selectors(("source", "pagination"), config.source.pagination)
    for index, resource in enumerate(config.resources):
        yield from selector_finding(("resources", index, "data_selector"), resource.data_selector)
        yield from selector_finding(("resources", index, "primary"), resource.primary)
        yield from selector_finding(("resources", index, "filter"), without_inputs(resource.filter or "") or None)
        yield from _pagination_selectors(("resources", index, "pagination"), resource.pagination)


def _pagination_selectors(path: Path, pagination: Pagination | None) -> Iterator[Finding]:
    for key in SELECTORS:
        yield from selector_finding((*path, key), getattr(pagination, key, None))


def _body_paths(config: ImportConfig) -> Iterator[Finding]:
    """What the pagination puts into a body needs a body, and an object at every step on the way."""
    for index, resource in enumerate(config.resources):
        pagination = resource.pagination or config.source.pagination
        given = {key: getattr(pagination, key, None) for key in BODY_PATHS}
        places = {place: key for key, place in given.items() if place is not None}
        if places and resource.method != "POST":
            keys = ", ".join(places.values())
            yield ("resources", index, "method"), f"{keys} of the pagination needs a body: write method: POST"
        try:
            filled(resource.body or {}, places)
        except ValueError as error:
            yield ("resources", index, "body"), str(error)


def _lanes(config: ImportConfig) -> Iterator[Finding]:
    for index, resource in enumerate(config.resources):
        pagination = resource.pagination or config.source.pagination
        refusal = why_no_lanes(pagination) if pagination is not None else None
        if resource.lanes > 1 and refusal is not None:
            yield ("resources", index, "lanes"), refusal


def _parents(config: ImportConfig) -> Iterator[Finding]:
    resources = {each.name: each for each in config.resources}
    for index, resource in enumerate(config.resources):
        parent = resource.parent
        if parent is None:
            continue
        path: Path = ("resources", index, "parent")
        above = resources.get(parent.resource)
        if above is None:
            hint = instead(parent.resource, list(resources))
            yield (*path, "resource"), f"there is no resource {parent.resource!r}{hint}"
        elif above.parent is not None:
            message = f"{parent.resource!r} has a parent itself; children of children are not read"
            yield (*path, "resource"), message
        if not any(f"{{{parent.placeholder}}}" in str(text) for text in (resource.path, *resource.params.values())):
            message = f"{{{parent.placeholder}}} stands neither in the path nor in a parameter of {resource.name!r}"
            yield (*path, "as"), message
        yield from selector_finding((*path, "field"), parent.field)
        for name, text in parent.include.items():
            yield from selector_finding((*path, "include", name), text)


def _increments(config: ImportConfig) -> Iterator[Finding]:
    for index, resource in enumerate(config.resources):
        incremental = resource.incremental
        if incremental is None:
            continue
        path: Path = ("resources", index, "incremental")
        if config.destination.missing_objects.policy == "remove":
            message = (
                "what an incremental run does not read would count as missing and be removed; write missing_objects: "
                f"{{policy: ignore}} in {config.destination_key} and set the import source up to match, or leave "
                "incremental out"
            )
            yield path, message
        yield from selector_finding((*path, "cursor_path"), incremental.cursor_path)
        problem = why_no_cron(incremental.full_refresh) if incremental.full_refresh else None
        if problem is not None:
            yield (*path, "full_refresh"), problem


def _attribute_selectors(config: ImportConfig) -> Iterator[Finding]:
    for index, kind in enumerate(config.destination.object_types):
        for name, attribute in kind.attributes.items():
            path: Path = (config.destination_key, "object_types", index, "attributes", name)
            yield from selector_finding((*path, "from"), attribute.source)


def _error_rules(config: ImportConfig) -> Iterator[Finding]:
    """Selectors of error rules, of the source and of resources."""
    places: list[tuple[Path, Sequence[ErrorRule]]] = [(("source",), config.source.error_rules)]
    places += [(("resources", index), each.error_rules) for index, each in enumerate(config.resources)]
    for place, rules in places:
        for number, rule in enumerate(rules):
            if rule.when.body is not None:
                yield from selector_finding(
                    (*place, "error_rules", number, "when", "json", "path"), rule.when.body.path
                )


def _auth_plugins(config: ImportConfig) -> Iterator[Finding]:
    """Kinds of auth that are not installed."""
    places: list[tuple[Path, Auth | None]] = [(("source",), config.source.auth)]
    places += [(("resources", index), each.auth) for index, each in enumerate(config.resources)]
    used = [(place, auth.name) for place, auth in places if isinstance(auth, PluginAuth)]
    installed = plugins() if used else {}
    for place, name in used:
        if name not in installed:
            yield (*place, "auth", "name"), unknown_plugin(name, installed)


def _type_resources(config: ImportConfig) -> Iterator[Finding]:
    known = [resource.name for resource in config.resources]
    for index, kind in enumerate(config.destination.object_types):
        if kind.resource not in known:
            path: Path = (config.destination_key, "object_types", index, "resource")
            yield path, f"there is no resource {kind.resource!r}{did_you_mean(kind.resource, known)}"
    used = {kind.resource for kind in config.destination.object_types}
    used |= {each.parent.resource for each in config.resources if each.parent}
    for index, name in enumerate(known):
        if name not in used:
            yield ("resources", index, "name"), f"no object type reads resource {name!r}; use it or remove it"


def _lane_total(config: ImportConfig) -> Iterator[Finding]:
    total = sum(resource.lane_count for resource in config.resources)
    if total > MAX_ALL_LANES:
        message = f"have {total} lanes in all, and {MAX_ALL_LANES} begin in one step: use fewer, or split the import"
        yield ("resources",), message


def _identity_and_label(config: ImportConfig) -> Iterator[Finding]:
    for index, kind in enumerate(config.destination.object_types):
        path: Path = (config.destination_key, "object_types", index, "attributes")
        labels = [name for name, attribute in kind.attributes.items() if attribute.label]
        if not any(attribute.identity for attribute in kind.attributes.values()):
            yield path, f"no attribute of {kind.name!r} is its identity; write identity: true on what names the object"
        if len(labels) != 1:
            found = f"{len(labels)} have it: {', '.join(labels)}" if labels else "none has it"
            yield path, f"exactly one attribute of {kind.name!r} needs label: true; {found}"


def _references(config: ImportConfig) -> Iterator[Finding]:
    types = {kind.name: kind for kind in config.destination.object_types}
    for index, kind in enumerate(config.destination.object_types):
        for name, attribute in kind.attributes.items():
            reference = attribute.reference
            if reference is None:
                continue
            path: Path = (config.destination_key, "object_types", index, "attributes", name, "reference")
            target = types.get(reference.type)
            if target is None:
                hint = instead(reference.type, list(types))
                yield (*path, "type"), f"there is no object type {reference.type!r}{hint}"
            elif reference.by not in target.attributes:
                hint = instead(reference.by, list(target.attributes))
                yield (*path, "by"), f"{target.name!r} has no attribute {reference.by!r}{hint}"
            elif target.attributes[reference.by].reference is not None:
                yield (*path, "by"), f"{reference.by!r} is a reference itself; name an attribute that holds a value"


def _external_ids(config: ImportConfig) -> Iterator[Finding]:
    if any(_type_names(config)):
        return iter(())  # types cannot be told apart by name, which is a fault of its own
    ids: list[tuple[Path, str]] = []
    for index, kind in enumerate(config.destination.object_types):
        path: Path = (config.destination_key, "object_types", index)
        ids.append(((*path, "external_id"), config.external_id(kind.name)))
        ids += [
            ((*path, "attributes", name, "external_id"), config.external_id(kind.name, name))
            for name in kind.attributes
        ]
    return _duplicates(ids)


def _input_places(config: ImportConfig) -> Iterator[Finding]:
    """References to inputs: of those that are declared, and in resources only."""
    for path, text in _texts((), config.model_dump(mode="json")):
        for found in REFERENCE.finditer(text):
            if path[0] != "resources":
                yield path, f"an input stands in resources only, and not here: {found[0]}"
            elif found[1] not in config.inputs:
                hint = instead(found[1], list(config.inputs)) if config.inputs else "; declare it in inputs"
                yield path, f"there is no input {found[1]!r}{hint}"


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _texts((*path, key), item)


def _quarantine_budget(config: ImportConfig) -> Iterator[Finding]:
    if config.quarantine.max_total and config.destination.missing_objects.policy == "remove":
        message = (
            "must be 0 where missing objects are removed: completing without the quarantined records would remove "
            f"their objects. Write {config.destination_key}.missing_objects: {{policy: ignore}} if the destination "
            "keeps what an import no longer has"
        )
        yield ("quarantine", "max_total"), message


_RULES = (
    _input_places,
    _quarantine_budget,
    _resource_names,
    _type_names,
    _pagination,
    _source_selectors,
    _body_paths,
    _error_rules,
    _auth_plugins,
    _attribute_selectors,
    transform_findings,
    _lanes,
    _parents,
    _increments,
    _type_resources,
    _lane_total,
    _identity_and_label,
    _references,
    _external_ids,
)
