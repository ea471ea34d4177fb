"""What the model knows, and what follows by looking: counts, who is ready, what a file must hold."""

from collections import Counter
from dataclasses import dataclass, field

PENDING, LEASED, SUCCEEDED, FAILED, CANCELLED = "PENDING", "LEASED", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL = {SUCCEEDED, FAILED, CANCELLED}
OPEN, SEALED, COMPLETE = "OPEN", "SEALED", "COMPLETE"
DAY = 86_400_000
POLICY = {"max_attempts": 5, "max_age": DAY, "max_lease_losses": 5, "initial_backoff": 1_000, "multiplier": 2.0,
          "max_backoff": 900_000, "jitter": 1}  # fmt: skip
CHANCE = 0.5
REMEMBERED = {"retry": "RETRY", "failure": "FAILURE", "lease lost": "LEASE_LOST"}
LOST = ("LEASE_LOST", None, None, False)


class Refused(Exception):
    """An operation is refused with the error of this name."""


class Violation(Exception):
    """The broker did what it must not do."""


def insist(holds, rule, *facts):
    if not holds:
        raise Violation(f"{rule}: {facts}")


@dataclass(slots=True)
class Event:
    job: bytes
    queue: str
    priority: int
    due: int
    key: str | None
    expire: int | None
    policy: dict
    number: int = 0
    state: str = PENDING
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    since: int | None = None
    started: int | None = None
    end: int | None = None
    history: tuple = ()
    kept: bool = True
    result: bool = False
    left_in: int = 0
    ended: int = 0


@dataclass(slots=True)
class Job:
    push: dict
    group: bytes | None
    root: bytes
    depth: int
    events: list
    cancelled: bool = False


@dataclass(slots=True)
class Group:
    then: dict | None
    lineage: tuple | None
    last_push: int
    state: str = OPEN
    cancelled: bool = False
    counts: tuple | None = None


@dataclass(slots=True)
class Queue:
    totals: Counter = field(default_factory=Counter)
    settings: dict = field(default_factory=dict)
    paused: bool = False
    known: bool = False
    deleted: bool = False
    mark: int | None = None


class Ledger:
    """Every event there ever was, and what they belong to."""

    def __init__(self, *, short_lines=True):
        self.short_lines = short_lines  # the broker looks at the whole of every line
        self.now = self.turns = 0
        self.events, self.jobs, self.groups, self.queues, self.slots = {}, {}, {}, {}, {}
        self.requests, self.below, self.entries, self.commits, self.memory = {}, Counter(), {}, {}, {}
        self.version, self.went_back, self.pruned, self.last_push = 1, False, False, {}

    def tell_time(self, now):
        self.went_back |= now < self.now
        self.now = now

    def queue(self, name):
        return self.queues.setdefault(name, Queue())

    def leased(self, key):
        event = self.events.get(key.event)
        return event is not None and event.state == LEASED and event.attempt == key.attempt

    def cancelled(self, event):
        job, mark = self.jobs[event.job], self.queue(event.queue).mark
        purged = mark is not None and 0 < event.number < mark
        return purged or job.cancelled or bool(job.group and self.groups[job.group].cancelled)

    def doomed(self, event):
        return self.cancelled(event) or (event.expire is not None and event.expire <= self.now)

    def free(self, key):
        held = sum(event.key == key and event.state == LEASED for event in self.events.values())
        return 1 if key is None else self.slots[key] - held

    def ready(self, name):
        """What a claim of everything may take now, in ready order, each slot of a key once."""
        free = {key: self.free(key) for key in self.slots}
        order = []
        if self.queue(name).paused:
            return order
        for event in sorted(self.events.values(), key=rank):
            if event.queue == name and event.state == PENDING and event.due <= self.now and not self.doomed(event):
                if event.key is None or free[event.key] > 0:
                    order.append(event)
                if event.key is not None:
                    free[event.key] -= 1
        return order

    def next_due(self, name):
        """When the next event is due that waits for nothing but time."""
        if self.queue(name).paused:
            return NEVER
        return min((event.due for event in self.events.values()
                    if event.queue == name and event.state == PENDING and event.due > self.now
                    and (event.key is None or (self.free(event.key) > 0 and not self.went_back))),
                   default=NEVER)  # fmt: skip

    def finished(self, name):
        """Its jobs that have ended."""
        jobs = [job.events for job in self.jobs.values() if job.push["queue"] == name]
        return sum(all(event.state in FINAL for event in events) for events in jobs)

    def count(self, name):
        """Its rows: pending, leased, dead."""
        rows = [
            event.state
            for event in self.events.values()
            if event.queue == name and (event.kept or event.state not in FINAL)
        ]
        new = [
            event.state
            for job in self.jobs.values()
            for event in job.events
            if event.queue == name and not event.number
        ]
        return tuple(map((rows + new).count, (PENDING, LEASED, FAILED)))

    def of_group(self, group_id):
        return [event for job in self.jobs.values() if job.group == group_id for event in job.events]

    def picture(self):
        """What can be seen in the store."""
        kept = [event for event in self.events.values() if event.state not in FINAL or event.kept]
        return {
            "event": {event.number: (event.state, event.priority, event.due, event.attempt, event.failures,
                                     event.losses, event.since, event.started, event.end, event.expire, event.history)
                      for event in kept},
            "job": {job_id: (len(job.events), *counts(job.events), job.root, job.depth, job.cancelled)
                    for job_id, job in self.jobs.items()},
            "job_group": {group_id: (group.state, *(group.counts or counts(self.of_group(group_id))), group.cancelled)
                          for group_id, group in self.groups.items()},
            "entry": dict(self.entries),
            "concurrency_key": {key: (self.slots[key], *pending_leased_ended(events)) for key in self.slots
                                if (events := [event for event in kept if event.key == key])},
            "lineage": {root: pushes for root, pushes in self.below.items() if pushes},
            "queue": {name: (queue.paused, queue.deleted, in_short(queue.settings), queue.mark, *self.count(name),
                             self.finished(name), *(queue.totals[total] for total in TOTALS))
                      for name, queue in self.queues.items()
                      if queue.known and (not queue.deleted or self.finished(name))},
            "commit_answer": {request_id for request_id in self.commits if request_id},
            "store": {"next version": self.version},
            "event_result": {event.number for event in self.events.values() if event.result},
        }  # fmt: skip


NEVER = float("inf")
TOTALS = ("pushed", "delivered", SUCCEEDED, FAILED, CANCELLED, "retry", "lease lost", "release", "redriven")


def in_short(settings):
    return {name: value for name, value in settings.items() if value}


def rank(event):
    """Priority, then due time, then push order."""
    return -event.priority, event.due, event.number


def content(push):
    """What a repeat of a push has to have again."""
    return push["queue"], push["group"], push["events"]


def counts(events):
    states = [event.state for event in events]
    return tuple(map(states.count, (SUCCEEDED, FAILED, CANCELLED)))


def pending_leased_ended(events):
    states = [event.state for event in events]
    return states.count(PENDING), states.count(LEASED), len(states) - states.count(PENDING) - states.count(LEASED)
