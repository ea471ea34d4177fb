"""A unit of the broker under observation."""

from queue_service.domain.errors import BrokerError
from queue_service.domain.states import FINAL


class Observed:
    """A unit, and what it did to the workset: which events it ended, which jobs it made."""

    def __init__(self, operation):
        self.operation, self.unit = operation, operation.unit
        self.name, self.arguments = operation.name, operation.arguments
        self.weight, self.urgent, self.grows = self.unit.weight, self.unit.urgent, self.unit.grows
        self.answer, self.ended, self.made = None, [], []

    def needs(self, needs):
        self.unit.needs(needs)

    def apply(self, work):
        ended, jobs = _ended(work), len(work.changes.new_jobs)
        removed_jobs, removed_groups = {*work.changes.removed_jobs}, {*work.changes.removed_groups}
        try:
            result = self.unit.apply(work)
            self.answer = self.operation.told(result)
        except BrokerError as refusal:
            self.answer = type(refusal).__name__
            raise
        finally:
            self.ended = sorted(_ended(work) - ended)
            self.removed_jobs = list(work.changes.removed_jobs.keys() - removed_jobs)
            self.removed_groups = list(work.changes.removed_groups - removed_groups)
            self.made = [(job.job_id, job.id) for job in work.changes.new_jobs[jobs:]]
        return result


def _ended(work):
    changed = {event.id for event in work.changes.events.values() if event.state in FINAL}
    return work.changes.removed_events | changed
