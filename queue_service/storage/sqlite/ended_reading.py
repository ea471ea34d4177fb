"""What pruning asks to know when something is due. Each is one look at the beginning of an index."""

from queue_service.domain.retention import Expiring
from queue_service.ports.ended import EndedGroup, Position
from queue_service.storage.sqlite.reading import Reader


class EndedReader:
    """Reads over the reader's connection."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def next_job(self, after: Position) -> int | None:
        """When the next finished job behind a position finished."""
        return await self._time("next_ended_job", **after._asdict())

    async def next_groups(self, after: Position, limit: int) -> list[EndedGroup]:
        """Complete groups behind a position."""
        rows = await self._reader.rows("ended_groups", **after._asdict(), limit=limit)
        return [EndedGroup(position=Position(row[0], row[1]), group_id=row[2], needed=bool(row[3])) for row in rows]

    async def oldest_dead_letter(self) -> int | None:
        """When the oldest dead letter became one."""
        return await self._time("oldest_dead_letter")

    async def oldest(self, kind: Expiring) -> int | None:
        """The time of the oldest row of a kind."""
        return await self._time(f"oldest_{kind}")

    async def _time(self, statement: str, **parameters: int) -> int | None:
        rows = await self._reader.rows(statement, **parameters)
        return rows[0][0] if rows else None
