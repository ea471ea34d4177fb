"""The entries that a run keeps in the key-value store: their names and how they are written.

Entries of an import live for 30 days after its end; a destination's baseline lives for ever.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from pydantic import TypeAdapter

from import_worker.config import ImportConfig
from import_worker.ports import Cursor
from import_worker.runs.marks import Mark, Marks
from import_worker.runs.run import Run

KEEP_SECONDS = 30 * 24 * 3600.0
RECENT_CHUNKS = 64
"""How many sizes of chunks a lane remembers: about as many as are ever unsettled at once."""

LANE_SECONDS = 90 * 24 * 3600.0
"""Life of what is written while a run goes on, from its last write: longer than any run pauses."""

DESTINATIONS = "dest:"
"""Prefix of the entries of destinations."""

LISTING = "imports:"
"""Prefix of the entries that list imports; each holds the name of the configured import."""

REQUESTS = UUID("7b0f3b8a-2c55-4b8e-9a53-6f0f4c1f7d21")
"""Namespace of the import ids that follow from a request_id."""


def run_key(import_id: str) -> str:
    """Key of the run."""
    return f"imp:{import_id}:run"


def config_key(import_id: str) -> str:
    """Key of the frozen configuration."""
    return f"imp:{import_id}:config"


def lane_key(import_id: str, resource: str, lane: int) -> str:
    """Key of a lane."""
    return f"imp:{import_id}:lane:{resource}:{lane}"


def quarantine_prefix(import_id: str) -> str:
    """Prefix of the keys of quarantined records."""
    return f"imp:{import_id}:q:"


def quarantine_key(import_id: str, resource: str, page: int, position: int | str) -> str:
    """Key of a quarantined record. Positions such as "0.3.1" are of single objects, by the part of their chunk."""
    return f"{quarantine_prefix(import_id)}{resource}:{page}:{position}"


def quarantine_place(key: str) -> tuple[str, int, tuple[int, ...]]:
    """Resource, page and position of such a key: the order in which records are listed.

    Raises:
        ValueError: it is none.
    """
    _, _, _, resource, page, position = key.split(":")
    return resource, int(page), tuple(map(int, position.split(".")))


def census_prefix(import_id: str, number: int | None = None) -> str:
    """Prefix of the keys of all census logs of an import, or of one run number."""
    return f"imp:{import_id}:seen:" + ("" if number is None else f"{number}:")


def census_key(import_id: str, number: int, resource: str, lane: int) -> str:
    """Key of the census log of a lane. Its full segments have their number behind it."""
    return f"{census_prefix(import_id, number)}{resource}:{lane}"


def good_census_key(destination: str, part: int) -> str:
    """Key of a part of the census of the last good run."""
    return f"seen:{destination}:{part}"


def listing_key(create_time: float, import_id: str) -> str:
    """Key under which the import is listed: in the order of creation."""
    return f"{LISTING}{round(create_time * 1000):014d}:{import_id}"


def listed_id(key: str) -> str:
    """The import that is listed under a key."""
    return key.rpartition(":")[2]


def active_key(destination: str) -> str:
    """Key of the lock: the id of the import that holds the destination."""
    return f"{DESTINATIONS}{destination}:active"


def is_lock(key: str) -> bool:
    """Whether the key of a destination's entry is that of its lock."""
    return key.endswith(":active")


def baseline_key(destination: str) -> str:
    """Key of the object counts of the last good run."""
    return f"{DESTINATIONS}{destination}:baseline"


def marks_key(destination: str, name: str) -> str:
    """Key of how far the incremental resources of an import have come."""
    return f"{DESTINATIONS}{destination}:marks:{name}"


def destination_name(identity: str) -> str:
    """Short name of a destination, from what tells it from others. No secret is part of it."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def import_id_of(request_id: str) -> str:
    """The import id that a request_id always leads to."""
    return str(uuid5(REQUESTS, request_id))


def derived_id(import_id: str, *parts: object) -> str:
    """A UUID that the same import and parts always lead to: what makes a repeated push harmless."""
    return str(uuid5(UUID(import_id), "/".join(map(str, parts))))


@dataclass(frozen=True, kw_only=True)
class Lane:
    """How far one chain of pages has come.

    Attributes:
        number: of the run that the lane belongs to.
        resource: that is read.
        lane: counted from 0 within the resource.
        page: number of the next page, counted from 0.
        cursor: where the next page is. None before the first page, and in lanes of a child, whose chains hold it.
        done: ended by a stop condition. A lane of a child never is: it ends with its chains.
        records: read so far.
        chunks: emitted so far.
        objects: emitted so far, by object type.
        quarantined: records that could not be transformed.
        filtered: records that the filter left out.
        recent: objects in each of the latest chunks, oldest first.
        reach: number of pages up to the last one that had records, counted over all lanes of its part.
        short: that page had fewer records than were asked for.
        total: records of the part, where the source states them: the most that any page stated.
        mark: the greatest value of the incremental cursor.
        parents: records that became parents, by child resource.
        opened: chains of reads that this lane began, by child resource.
        closed: chains of reads that came to their end in this lane.
        emptied: pages that an error rule declared to be empty.
    """

    number: int
    resource: str
    lane: int = 0
    page: int = 0
    cursor: Cursor | None = None
    done: bool = False
    records: int = 0
    chunks: int = 0
    objects: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0
    filtered: int = 0
    recent: tuple[int, ...] = ()
    reach: int = 0
    short: bool = False
    total: int | None = None
    mark: Mark | None = None
    parents: Mapping[str, int] = field(default_factory=dict)
    opened: Mapping[str, int] = field(default_factory=dict)
    closed: int = 0
    emptied: int = 0


_RUN = TypeAdapter(Run)
_LANE = TypeAdapter(Lane)
_MARKS = TypeAdapter(Marks)
_COUNTS = TypeAdapter(dict[str, int])


def write_run(run: Run) -> Any:
    """The run as a JSON value."""
    return _RUN.dump_python(run, mode="json")


def read_run(value: Any) -> Run:
    """The run from its JSON value."""
    return _RUN.validate_python(value)


def write_lane(lane: Lane) -> Any:
    """The lane as a JSON value."""
    return _LANE.dump_python(lane, mode="json")


def read_lane(value: Any) -> Lane:
    """The lane from its JSON value."""
    return _LANE.validate_python(value)


def read_counts(value: Any) -> dict[str, int]:
    """Object counts by type from their JSON value."""
    return _COUNTS.validate_python(value)


def write_marks(marks: Marks) -> Any:
    """The marks as a JSON value."""
    return _MARKS.dump_python(marks, mode="json")


def read_marks(value: Any) -> Marks:
    """The marks from their JSON value."""
    return _MARKS.validate_python(value)


def write_config(config: ImportConfig) -> Any:
    """The configuration as a JSON value. Secrets are references in it."""
    return config.model_dump(mode="json")


def read_config(value: Any) -> ImportConfig:
    """The configuration from its JSON value."""
    return ImportConfig.model_validate_json(json.dumps(value))
