"""Schedules in the store: their rows, and reads of them."""

import json

from queue_service.domain.schedules import MissedFire, Overlap, Schedule, ScheduleSpec
from queue_service.ports.schedules import SchedulePage
from queue_service.storage.sqlite.parameters import Blobs, encode
from queue_service.storage.sqlite.reading import Reader
from queue_service.storage.sqlite.rows import Row
from queue_service.storage.sqlite.texts import spec_list, spec_of

_COLUMNS = 14


def schedule_of(row: Row) -> Schedule:
    """A schedule."""
    spec = ScheduleSpec(
        name=row[0],
        cron=row[1],
        time_zone=row[2],
        queue=row[3],
        events=tuple(spec_of(kept) for kept in json.loads(row[4])),
        paused=bool(row[5]),
        overlap=Overlap(row[6]),
        missed_fire=MissedFire(row[7]),
    )
    return Schedule(
        spec=spec,
        next_fire_time=row[8],
        last_fire_time=row[9],
        last_job_id=row[10],
        skipped=row[11],
        create_time=row[12],
        update_time=row[13],
    )


def schedule_row(schedule: Schedule, blobs: Blobs) -> Row:
    """For upsert_schedules."""
    spec = schedule.spec
    return (
        spec.name,
        spec.cron,
        spec.time_zone,
        spec.queue,
        encode(spec_list(event) for event in spec.events),
        int(spec.paused),
        spec.overlap,
        spec.missed_fire,
        schedule.next_fire_time,
        schedule.last_fire_time,
        schedule.skipped,
        schedule.create_time,
        schedule.update_time,
        None if schedule.last_job_id is None else blobs.add(schedule.last_job_id),
    )


class ScheduleReader:
    """Reads outside the turns of the writer."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, name: str) -> Schedule | None:
        """One schedule."""
        rows = await self._reader.rows("load_schedules", names=encode([name]))
        return schedule_of(rows[0]) if rows else None

    async def page(self, *, after: str, limit: int, max_bytes: int) -> SchedulePage:
        """Schedules in order of their names, as many as fit into the bytes, at least one if there is one."""
        # One more tells whether others follow.
        rows = await self._reader.rows("list_schedules", after=after, limit=limit + 1, max_bytes=max_bytes)
        schedules = [schedule_of(row) for row in rows[:limit]]
        return SchedulePage(schedules, more=bool(rows) and rows[0][_COLUMNS] > len(schedules))

    async def due(self, now: int, limit: int) -> list[Schedule]:
        """Schedules whose next fire time has come."""
        return [schedule_of(row) for row in await self._reader.rows("due_schedules", now=now, limit=limit)]

    async def next_fire_time(self) -> int | None:
        """The earliest one."""
        rows = await self._reader.rows("next_fire_time")
        return None if rows[0][0] is None else int(rows[0][0])
