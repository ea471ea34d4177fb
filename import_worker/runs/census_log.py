"""Where censuses are kept: a log of marks for each lane while a run reads, and the whole census of the last good run.

A page appends to the log of its lane in its own Commit, under the lane's version. A log is cut into segments, so that a
page never writes much more than its own marks again.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import longshore
from import_worker.config import ImportConfig
from import_worker.runs import entries
from import_worker.runs.census import Census
from import_worker.runs.entries import Lane
from import_worker.runs.run import Run

SEGMENT_BYTES = 16 * 1024
"""A segment that has so many bytes is not written again."""
MAX_DELETED = 60
"""Entries of logs that go with the end of a run; a Commit holds 100 entry operations. More than that expire."""

_HEAD = 4  # bytes before the marks of every segment: how many full segments the log has


@dataclass(frozen=True, kw_only=True)
class Appended:
    """What a page writes to the log of its lane.

    Attributes:
        values: by key. Empty: nothing.
    """

    values: dict[str, bytes]

    def put(self, tx: longshore.Transaction) -> None:
        """Write it. The lane must be written in the same step."""
        for key, value in self.values.items():
            tx.set(key, value, expire_after=entries.LANE_SECONDS)


def appended(segment: bytes | None, import_id: str, lane: Lane, marks: bytes) -> Appended:
    """The log of a lane with the marks of another page, to be written in the Commit of that page.

    Args:
        segment: the open one, read in this step and not before the lane. None: there is none.
        import_id: of the run.
        lane: as it was read in this step.
        marks: of the page.
    """
    if not marks:
        return Appended(values={})
    key = entries.census_key(import_id, lane.number, lane.resource, lane.lane)
    open_segment = (segment or bytes(_HEAD)) + marks
    if len(open_segment) < SEGMENT_BYTES:
        return Appended(values={key: open_segment})
    full = int.from_bytes(open_segment[:_HEAD]) + 1
    return Appended(values={f"{key}:{full}": open_segment, key: full.to_bytes(_HEAD)})


async def census_of(client: longshore.Client, run: Run, config: ImportConfig, lanes: Sequence[Lane]) -> Census:
    """The census of a run that has read everything."""
    census = Census(config.type_names)
    for lane in lanes:
        census.add_lane(lane.objects)
    async for entry in client.kv.list(entries.census_prefix(run.import_id, run.number)):
        census.add_marks(bytes(entry.value)[_HEAD:])
    return census


async def last_good_census(client: longshore.Client, destination: str) -> Census | None:
    """The census of the last good run. None: there was none."""
    first = await client.kv.get(entries.good_census_key(destination, 0))
    if first is None:
        return None
    keys = [entries.good_census_key(destination, part) for part in range(1, Census.parts_in(first))]
    others = await client.kv.get_many(keys)
    return Census.read([first, *(others[key] for key in keys)])


def good_census(destination: str, census: Census) -> dict[str, bytes]:
    """What a good run leaves for the next one to be compared with, as entries by key."""
    return {entries.good_census_key(destination, part): value for part, value in enumerate(census.write())}


async def logs_to_delete(client: longshore.Client, import_id: str) -> list[str]:
    """Keys of the logs that go with the end of a run."""
    keys: list[str] = []
    async with aclosing(client.kv.list(entries.census_prefix(import_id), keys_only=True)) as found:
        async for entry in found:
            keys.append(entry.key)
            if len(keys) == MAX_DELETED:
                break
    return keys
