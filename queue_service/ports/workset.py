"""The unit of work of one turn of the writer: what its units asked for, what they changed, what to tell afterwards.

The store loads what is needed, the units change it here in memory, the store writes the changes in one transaction.
So the rules are plain synchronous code, the same over every store, and a unit that is refused leaves no trace.
"""

from dataclasses import replace

from queue_service.domain.ids import LeaseKey
from queue_service.domain.queues import Key, Queue
from queue_service.domain.records import Entry, Event, Group, Job
from queue_service.domain.schedules import Schedule
from queue_service.domain.states import EventState
from queue_service.ports.changes import Changes, Notices, RememberedCommit
from queue_service.ports.ended import EndedJob
from queue_service.ports.lines import Line
from queue_service.ports.needs import Loaded
from queue_service.ports.queues import Queues


class Workset:
    """What a turn's units see and change.

    Attributes:
        now: the one instant of the turn, milliseconds since the epoch.
        loaded: what the store found; units change its records in place and say so with the methods below.
        changes: what is to be written.
        notices: what to tell when it is.
    """

    def __init__(
        self,
        *,
        now: int,
        loaded: Loaded,
        queues: Queues,
        next_event: int,
        next_group: int,
        next_version: int,
        next_key: int,
    ) -> None:
        self.now = now
        self.loaded = loaded
        self.changes = Changes()
        self.notices = Notices()
        self.next_event = self._first_new_event = next_event
        self.next_group = next_group
        self.next_version = next_version
        self.next_key = next_key
        self._queues = queues
        self._new_queues: dict[str, Queue] = {}
        self._touched_groups: set[int] = set()
        self._touched_keys: set[int] = set()

    def find_queue(self, name: str) -> Queue | None:
        """A queue to look at. None: there is none, or it was deleted."""
        known = self._stored_queue(name)
        return None if known is None or known.deleted else known

    def queue(self, name: str) -> Queue:
        """A queue to change; one that is not there is made."""
        known = self._stored_queue(name)
        if known is None:
            number = self._queues.next_number + len(self._new_queues)
            known = self._new_queues[name] = Queue(id=number, name=name, create_time=self.now)
            self.changes.queues[number] = known
        queue = self.change_queue(known.id)
        if queue.deleted:
            queue.deleted, queue.create_time = False, self.now
        return queue

    def look_at_queue(self, number: int) -> Queue:
        """A queue by its number, to look at."""
        return self.changes.queues.get(number) or self._queues.numbered(number)

    def change_queue(self, number: int) -> Queue:
        """A queue by its number, to change."""
        changed = self.changes.queues.get(number)
        if changed is None:
            changed = self.changes.queues[number] = replace(self._queues.numbered(number))
        return changed

    def key(self, name: str, limit: int) -> Key:
        """A concurrency key to change, with this limit from now on; a new one is made."""
        number = self.loaded.key_names.get(name)
        if number is None:
            number = self.loaded.key_names[name] = self.next_key
            self.next_key += 1
            self.loaded.keys[number] = Key(id=number, name=name, limit=limit)
        key = self.change_key(number)
        key.limit = limit
        return key

    def change_key(self, number: int) -> Key:
        """A key by its number, to change: its lines may move."""
        key = self.changes.keys[number] = self.loaded.keys[number]
        self._touched_keys.add(number)
        return key

    def line(self, key: int, queue: int) -> Line:
        """The line of a key in a queue."""
        return self.loaded.lines.setdefault(key, {}).setdefault(queue, Line())

    def job(self, job_id: bytes) -> Job | None:
        """A job by its id."""
        number = self.loaded.job_ids.get(job_id)
        return None if number is None else self.loaded.jobs[number]

    def job_of_request(self, queue: str, request_id: str) -> Job | None:
        """A job by its request_id."""
        known = self._stored_queue(queue)
        number = None if known is None else self.loaded.requests.get((known.id, request_id))
        return None if number is None else self.loaded.jobs[number]

    def group(self, group_id: bytes) -> Group | None:
        """A group by its id."""
        number = self.loaded.group_ids.get(group_id)
        return None if number is None else self.loaded.groups[number]

    def entry(self, key: str) -> Entry | None:
        """An entry that has not expired."""
        entry = self.changes.entries[key] if key in self.changes.entries else self.loaded.entries.get(key)
        return entry if entry is not None and entry.is_live(self.now) else None

    def schedule(self, name: str) -> Schedule | None:
        """A schedule by its name."""
        return self.loaded.schedules.get(name)

    def leased(self, key: LeaseKey) -> Event | None:
        """The event of a lease that holds."""
        event = self.loaded.events.get(key.event)
        if event is None or event.state is not EventState.LEASED or event.attempt != key.attempt:
            return None
        return event

    def is_cancelled(self, event: Event) -> bool:
        """Whether its job or group was cancelled, or its queue purged."""
        job = self.loaded.jobs[event.job]
        if job.cancel_time is not None or self.look_at_queue(event.queue).is_purged(event.id):
            return True
        return job.group is not None and self.loaded.groups[job.group].cancel_time is not None

    def pushes_below(self, root: bytes) -> int:
        """Jobs that were pushed below a root. It has to be among the needs."""
        return self.loaded.pushes_below.get(root, 0) + self.changes.pushes_below[root]

    def add_job(self, job: Job, events: list[Event]) -> None:
        """Take in a new job with its events."""
        self.changes.new_jobs.append(job)
        self.changes.new_events.extend(events)
        self.loaded.jobs[job.id] = job
        self.loaded.job_ids[job.job_id] = job.id
        if job.request_id is not None:
            self.loaded.requests[job.queue, job.request_id] = job.id
        self.next_event += len(events)

    def add_group(self, group: Group) -> None:
        """Take in a new group."""
        self.changes.new_groups.append(group)
        self.loaded.groups[group.id] = group
        self.loaded.group_ids[group.group_id] = group.id
        self.next_group += 1

    def change_event(self, event: Event) -> None:
        """Note that an event changed."""
        if event.id < self._first_new_event:
            self.changes.events[event.id] = event

    def remove_event(self, event: Event) -> None:
        """Note that an event's row goes."""
        self.changes.events.pop(event.id, None)
        self.changes.removed_events.add(event.id)

    def forget_event(self, event: Event) -> None:
        """Note that the row of an event that had ended goes. Later units of the turn find nothing."""
        self.remove_event(event)
        del self.loaded.events[event.id]

    def remove_job(self, job: EndedJob) -> None:
        """Note that the row of a job that had ended goes. Its ids are free from now on."""
        number = job.position.number
        self.changes.removed_jobs[number] = job.events
        self.change_queue(job.queue).finished_jobs -= 1
        known = self.loaded.jobs.pop(number, None)
        if known is not None:
            del self.loaded.job_ids[known.job_id]
            if known.request_id is not None:
                del self.loaded.requests[known.queue, known.request_id]

    def remove_group(self, number: int) -> None:
        """Note that the row of a group that had ended goes. Its id is free from now on."""
        self.changes.removed_groups.add(number)
        known = self.loaded.groups.pop(number, None)
        if known is not None:
            del self.loaded.group_ids[known.group_id]

    def change_job(self, job: Job) -> None:
        """Note that a job changed."""
        self.changes.jobs[job.id] = job

    def change_group(self, group: Group) -> None:
        """Note that a group changed: it may be complete now."""
        self.changes.groups[group.id] = group
        self._touched_groups.add(group.id)

    def write_entry(self, key: str, entry: Entry | None) -> None:
        """Note an entry's new content. None deletes it."""
        self.changes.entries[key] = entry

    def remember_commit(self, commit: RememberedCommit) -> None:
        """Keep the answer to a commit."""
        self.changes.commits.append(commit)
        self.loaded.commits[commit.request_id] = commit

    def replace_queue(self, queue: Queue) -> None:
        """Put a record in place of the one with the same number."""
        self.changes.queues[queue.id] = queue

    def write_schedule(self, schedule: Schedule) -> None:
        """Note a schedule's new content."""
        name = schedule.spec.name
        self.loaded.schedules_kept += name not in self.loaded.schedules
        self.loaded.schedules[name] = self.changes.schedules[name] = schedule

    def delete_schedule(self, name: str) -> bool:
        """Note that a schedule goes. Answers whether there was one."""
        if self.loaded.schedules.pop(name, None) is None:
            return False
        self.loaded.schedules_kept -= 1
        self.changes.schedules[name] = None
        return True

    def take_version(self) -> int:
        """The next entry version of the store."""
        version = self.next_version
        self.next_version += 1
        return version

    def tell_ready(self, queue: int, due_time: int) -> None:
        """Tell streams that something of a queue is, or will be, ready."""
        name = self.look_at_queue(queue).name
        known = self.notices.ready.get(name)
        self.notices.ready[name] = due_time if known is None else min(known, due_time)

    def tell_expiring(self, expire_time: int) -> None:
        """Tell when something that was pushed expires."""
        known = self.notices.expiring
        self.notices.expiring = expire_time if known is None else min(known, expire_time)

    def take_touched_keys(self) -> list[Key]:
        """The keys that changed since the last call."""
        touched = [self.loaded.keys[number] for number in self._touched_keys]
        self._touched_keys.clear()
        return touched

    def take_touched_groups(self) -> list[Group]:
        """The groups that changed since the last call."""
        touched = [self.loaded.groups[number] for number in self._touched_groups]
        self._touched_groups.clear()
        return touched

    def _stored_queue(self, name: str) -> Queue | None:
        """A queue to look at, also a deleted one."""
        known = self._new_queues.get(name) or self._queues.named(name)
        return None if known is None else self.changes.queues.get(known.id, known)
