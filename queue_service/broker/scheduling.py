"""The use cases of schedules."""

from queue_service.broker.schedules import DeleteSchedule, PutSchedule, RunSchedule
from queue_service.broker.terms import Terms
from queue_service.domain.errors import ScheduleNotFound
from queue_service.domain.schedules import Schedule, ScheduleSpec
from queue_service.ports import Store
from queue_service.ports.schedules import SchedulePage


class Scheduling:
    """What can be asked about schedules. Firing them is up to maintenance."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store = store
        self._terms = terms

    async def put(self, spec: ScheduleSpec) -> Schedule:
        """Create a schedule, or replace the one of its name.

        Raises:
            InvalidRequest: there are as many schedules as there may be.
            QueueNotFound: there is no such queue, and pushes do not make one.
        """
        return await self._store.write(PutSchedule(spec, terms=self._terms))

    async def get(self, name: str) -> Schedule:
        """One schedule.

        Raises:
            ScheduleNotFound: there is none.
        """
        schedule = await self._store.schedules.get(name)
        if schedule is None:
            raise ScheduleNotFound(name)
        return schedule

    async def page(self, *, after: str, limit: int, max_bytes: int) -> SchedulePage:
        """Schedules in order of their names, behind a name."""
        return await self._store.schedules.page(after=after, limit=limit, max_bytes=max_bytes)

    async def run(self, name: str) -> bytes:
        """Push the job of a schedule now. Answers its id.

        Raises:
            ScheduleNotFound: there is none.
            QueueNotFound, QueueFull: its queue does not take it.
        """
        return await self._store.write(RunSchedule(name, terms=self._terms))

    async def delete(self, name: str) -> bool:
        """Remove a schedule. Answers whether there was one."""
        return await self._store.write(DeleteSchedule(name))
