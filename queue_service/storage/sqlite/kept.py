"""Records of leased events and their jobs, kept from turn to turn: settling them needs no read.

Every turn takes a kept record instead of its row, so there is one record of each; and a turn that fails, having changed
records without writing them, makes all be forgotten.
"""

from queue_service.domain.records import Event, Job
from queue_service.domain.states import EventState
from queue_service.ports import Workset

MAX_EVENTS = 50_000
"""Some 50 MB; the leases beyond are read when they are settled."""


class Kept:
    """The records, by number."""

    def __init__(self) -> None:
        self.events: dict[int, Event] = {}
        self.jobs: dict[int, Job] = {}
        self._events_of_job: dict[int, int] = {}

    def note(self, work: Workset) -> None:
        """Follow what was committed."""
        for event in work.changes.events.values():
            if event.state is not EventState.LEASED:
                self._drop(event)
            elif event.id not in self.events and len(self.events) < MAX_EVENTS:
                self.events[event.id] = event
                self.jobs[event.job] = work.loaded.jobs[event.job]
                self._events_of_job[event.job] = self._events_of_job.get(event.job, 0) + 1
        for number in work.changes.removed_events:
            if number in self.events:
                self._drop(self.events[number])

    def forget(self) -> None:
        """Nothing kept is right any more."""
        self.events.clear()
        self.jobs.clear()
        self._events_of_job.clear()

    def _drop(self, event: Event) -> None:
        if self.events.pop(event.id, None) is None:
            return
        left = self._events_of_job[event.job] - 1
        if left:
            self._events_of_job[event.job] = left
        else:
            del self._events_of_job[event.job], self.jobs[event.job]
