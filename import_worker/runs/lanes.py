"""How the reading of a run is divided: lanes over the pages of a resource, parts of it, children of its records.

Pure. A lane is one chain of pages; a lane of a child resource carries many short chains, one after another.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config import ImportConfig
from import_worker.config.resources import Parent, Resource
from import_worker.config.selectors import compile_selector, scalar_text
from import_worker.errors import SourceBroken
from import_worker.ports import Record, Slice
from import_worker.runs.entries import Lane

PARENTS_PER_CHAIN = 128
"""Parents of one chain: its event carries them all."""
MAX_KEY_BYTES = 1024
"""Of one value that a parent hands down."""
MAX_INCLUDED_BYTES = 4096
"""Of all the fields that it hands down as JSON: an event with a whole chain of parents holds 1 MiB."""


@dataclass(frozen=True, kw_only=True)
class ParentRecord:
    """What a child resource needs of a record of its parent.

    Attributes:
        key: takes the place of the placeholder.
        include: fields for the records of the child.
    """

    key: str
    include: Mapping[str, Any]


def lanes_of(config: ImportConfig) -> list[tuple[str, int]]:
    """Every lane that a run may have: resource and number."""
    return [(resource.name, lane) for resource in config.resources for lane in range(resource.lane_count)]


def first_lanes(config: ImportConfig) -> list[tuple[str, int]]:
    """The lanes that are read from the start; the others follow from records."""
    return [(name, lane) for name, lane in lanes_of(config) if config.resource(name).parent is None]


def slice_of(resource: Resource, lane: int, parent: ParentRecord | None, params: Mapping[str, str]) -> Slice:
    """What a lane reads.

    Args:
        resource: that is read.
        lane: its number.
        parent: whose children are read. None: the resource has no parent.
        params: query parameters of every part, such as an incremental mark.
    """
    if resource.parent is not None and parent is not None:
        return Slice(fields={resource.parent.placeholder: parent.key}, params=params)
    if resource.partition is not None:
        value = resource.partition.values[lane // resource.lanes]
        params = {**params, resource.partition.param: scalar_text(value)}
    return Slice(lane=lane % resource.lanes, lanes=resource.lanes, params=params)


def page_id(resource: Resource, lane: Lane) -> int:
    """A number of a lane's next page that no other page of the resource has in the run."""
    return lane.page * resource.lane_count + lane.lane


def children_of(config: ImportConfig, resource: str) -> list[tuple[Resource, Parent]]:
    """The resources that are read once for each record of this one."""
    return [(each, each.parent) for each in config.resources if each.parent and each.parent.resource == resource]


def parents_in(records: Sequence[Record], parent: Parent, url: str) -> list[ParentRecord]:
    """What the children of these records need.

    Raises:
        SourceBroken: a record has no usable key.
    """
    key = compile_selector(parent.field)
    include = {name: compile_selector(text) for name, text in parent.include.items()}
    found: dict[str, ParentRecord] = {}
    for index, record in enumerate(records):
        try:
            value = key.select(record)
            fields = {name: selector.select(record) for name, selector in include.items()}
        except ValueError as error:
            raise SourceBroken(f"record {index} at {url}: {error}") from None
        text = "" if value is None or isinstance(value, list | dict) else scalar_text(value)
        if not 0 < len(text.encode()) <= MAX_KEY_BYTES:
            raise SourceBroken(
                f"record {index} at {url} has no {parent.field!r} of 1 to {MAX_KEY_BYTES} bytes of text, so its "
                f"children cannot be read"
            )
        included = len(json.dumps(fields))
        if included > MAX_INCLUDED_BYTES:
            raise SourceBroken(
                f"record {index} at {url} hands down {included} bytes to its children, and at most "
                f"{MAX_INCLUDED_BYTES} are carried: name fewer or smaller fields in parent.include"
            )
        found.setdefault(text, ParentRecord(key=text, include=fields))
    return list(found.values())


def chains(parents: Sequence[ParentRecord], lanes: int) -> list[Sequence[ParentRecord]]:
    """The parents divided into chains: over all lanes, and at most PARENTS_PER_CHAIN to each."""
    count = max(min(lanes, len(parents)), -(-len(parents) // PARENTS_PER_CHAIN))
    return [parents[first::count] for first in range(count)]


def reads_under_way(config: ImportConfig, lanes: Iterable[Lane]) -> int:
    """How many reads have not ended: at most one for each lane from the start, and for each chain that is open."""
    known = list(lanes)
    ended = sum(lane.done for lane in known)
    opened = sum(sum(lane.opened.values()) for lane in known)
    return max(0, len(first_lanes(config)) - ended + opened - sum(lane.closed for lane in known))


def unfinished(config: ImportConfig, lanes: Iterable[Lane]) -> list[str]:
    """The resources that were not read to their end."""
    known = list(lanes)
    missing: list[str] = []
    for resource in config.resources:
        own = [lane for lane in known if lane.resource == resource.name]
        if resource.parent is None:
            ended = sum(lane.done for lane in own) == resource.lane_count
        else:
            opened = sum(lane.opened.get(resource.name, 0) for lane in known)
            ended = resource.parent.resource not in missing and opened == sum(lane.closed for lane in own)
        if not ended:
            missing.append(resource.name)
    return missing


def faults_of_reading(config: ImportConfig, lanes: Iterable[Lane]) -> Iterator[str]:
    """What the pages that were read contradict: gaps between lanes, and totals that the source stated."""
    for resource, own in _parts(config, lanes):
        yield from _gaps(resource, own)
        yield from _miscounted(resource, own)


def records_expected(config: ImportConfig, lanes: Iterable[Lane]) -> int | None:
    """How many records a run will read, where the source says it of all that has not come to its end. None: unknown."""
    known = list(lanes)
    if any(resource.parent for resource in config.resources):
        return None
    expected = 0
    for resource, own in _parts(config, known):
        totals = [lane.total for lane in own if lane.total is not None]
        ended = sum(lane.done for lane in own) == resource.lanes
        if not (totals or ended):
            return None
        expected += max([*totals, sum(lane.records for lane in own)])
    return expected


def _parts(config: ImportConfig, lanes: Iterable[Lane]) -> Iterator[tuple[Resource, Sequence[Lane]]]:
    """The lanes that share the pages of one part of a resource, for every part of those without a parent."""
    known = list(lanes)
    for resource in config.resources:
        if resource.parent is None:
            for part in range(resource.parts):
                yield (
                    resource,
                    [lane for lane in known if lane.resource == resource.name and lane.lane // resource.lanes == part],
                )


def _gaps(resource: Resource, own: Sequence[Lane]) -> Iterator[str]:
    """Lanes share the pages, so before the last page with records every page was full."""
    reach = max((lane.reach for lane in own), default=0)
    for lane in own:
        mine = lane.lane % resource.lanes
        last = reach - 1 - (reach - 1 - mine) % resource.lanes  # of its pages up to there; negative: it has none
        if last >= 0 and (lane.reach <= last or (lane.short and lane.reach < reach)):
            yield (
                f"page {reach - 1} of {resource.name} has records, although one of the {resource.lanes} lanes found a "
                "page before it that was not full: the source changed while it was read, or gives smaller pages than "
                "were asked for; start again, with a smaller page size or lanes: 1"
            )
            return


def _miscounted(resource: Resource, own: Sequence[Lane]) -> Iterator[str]:
    """A record that goes makes others move up to pages that were read already, so fewer than ever stated is a gap."""
    totals = [lane.total for lane in own if lane.total is not None]
    records = sum(lane.records for lane in own)
    if totals and records < min(totals):
        yield (
            f"{resource.name} has {min(totals)} records by the source's own count, and {records} were read: it changed "
            "meanwhile, or leaves records out; start again"
        )
    elif totals and records > max(totals):
        yield (
            f"{resource.name} has {max(totals)} records by the source's own count, and {records} were read: some came "
            "twice, so others may be left out; sort by a column that is unique and never empty, and check what the "
            "total counts"
        )
