"""What operators ask of the queue service: queues, jobs, events and dead letters, schedules, the store.

Opened with a client, as `client.admin`.
"""

from longshore.admin.events import EventFilter, Events, Redriven
from longshore.admin.jobs import JobLists
from longshore.admin.queues import QueueInfo, Queues, QueueSettings, QueueTotals
from longshore.admin.schedules import MissedFirePolicy, OverlapPolicy, ScheduleInfo, Schedules
from longshore.admin.store import Backup, ServerInfo, Store
from longshore.admin.stored import Attempt, AttemptOutcome, EventState, StoredEvent
from longshore.channel import Channel
from longshore.job import Jobs
from longshore.v1.queue_admin_service_pb2_grpc import QueueAdminServiceStub

__all__ = [
    "Admin",
    "Attempt",
    "AttemptOutcome",
    "Backup",
    "EventFilter",
    "EventState",
    "Events",
    "JobLists",
    "MissedFirePolicy",
    "OverlapPolicy",
    "QueueInfo",
    "QueueSettings",
    "QueueTotals",
    "Queues",
    "Redriven",
    "ScheduleInfo",
    "Schedules",
    "ServerInfo",
    "Store",
    "StoredEvent",
]


class Admin:
    """The operator's view of one queue service.

    Attributes:
        queues: their settings, counts, pause and purge.
        jobs: lists of them; Client.job knows one.
        events: those that are kept, and what to do with dead letters.
        schedules: jobs that are pushed at times.
        store: backup, check, and facts about the broker.
    """

    def __init__(self, channel: Channel, jobs: Jobs) -> None:
        stub = QueueAdminServiceStub(channel.grpc)
        self.queues = Queues(channel, stub)
        self.jobs = JobLists(channel, stub)
        self.events = Events(channel, stub)
        self.schedules = Schedules(channel, stub, jobs)
        self.store = Store(channel, stub)
