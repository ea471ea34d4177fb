"""Schedules as the store gives them out to read."""

from typing import NamedTuple, Protocol

from queue_service.domain.schedules import Schedule


class SchedulePage(NamedTuple):
    """A page of schedules; more says whether others follow."""

    schedules: list[Schedule]
    more: bool


class ScheduleReads(Protocol):
    """Reads outside the turns of the writer. Every method raises what those of Store raise."""

    async def get(self, name: str) -> Schedule | None:
        """One schedule."""
        ...

    async def page(self, *, after: str, limit: int, max_bytes: int) -> SchedulePage:
        """Schedules in order of their names, behind a name, as many as fit into the bytes, at least one."""
        ...

    async def due(self, now: int, limit: int) -> list[Schedule]:
        """Schedules whose next fire time has come, the earliest first."""
        ...

    async def next_fire_time(self) -> int | None:
        """The earliest one of all schedules."""
        ...
