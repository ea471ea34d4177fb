"""The operators' part of the model: dead letters, queues, pruning."""

from collections import Counter

from tests.faults.broker.simulation.ledger import COMPLETE, FAILED, FINAL, PENDING, Ledger, Queue, Refused, insist


class Operators(Ledger):
    """What operators and maintenance do."""

    def redrive(self, numbers, begin):
        dead = [self.events[number] for number in numbers if self.events[number].state == FAILED]
        dead = [event for event in dead if event.kept]
        if any(self.queue(event.queue).mark is not None for event in dead):
            raise Refused("WrongState")
        again = [event for event in dead if not self.cancelled(event)]
        for event in again:
            event.state, event.due, event.failures, event.losses = PENDING, begin, 0, 0
            event.since = event.expire = None
            self.queue(event.queue).totals["redriven"] += 1
        return len(again), len(dead) - len(again)

    def delete(self, numbers):
        dead = [self.events[number] for number in numbers if self.events[number].state == FAILED]
        dead = [event for event in dead if event.kept]
        for event in dead:
            event.kept, event.left_in = False, 0
        return len(dead)

    def update(self, numbers, due, priority):
        changed = 0
        for event in map(self.events.get, numbers):
            if event.state != PENDING or self.cancelled(event):
                continue
            new_due = event.due if due is None else due if due > self.now else min(event.due, self.now)
            new = new_due, event.priority if priority is None else priority
            changed += new != (event.due, event.priority)
            event.due, event.priority = new
        return changed

    def prune(self, jobs, groups):
        """What it takes is checked, not predicted: all of it has ended, and nothing needs it."""
        for number in jobs:
            job_id = self.events[number].job
            job = self.jobs.pop(job_id)
            self.requests = {name: known for name, known in self.requests.items() if known != job_id}
            insist(all(event.state in FINAL for event in job.events), "what goes has ended", job)
            insist(not any(event.kept and event.state == FAILED for event in job.events), "dead letters keep jobs", job)
            insist(not job.group or self.groups[job.group].state == COMPLETE, "open groups keep jobs", job)
            for event in job.events:
                event.kept = event.result = False
        for group_id in groups:
            insist(self.groups.pop(group_id).state == COMPLETE, "what goes has ended", group_id)
            insist(not any(job.group == group_id for job in self.jobs.values()), "jobs keep groups", group_id)
        self.pruned = True

    def bury(self, before):
        """Dead letters go by their time; their jobs count them all the same."""
        dead = [event for event in self.events.values() if event.state == FAILED and event.left_in < self.turns]
        self.delete([event.number for event in dead if event.ended <= before])

    def drop(self, before):
        """What nothing points to goes by its time."""
        self.entries = {key: entry for key, entry in self.entries.items() if entry[2] is None or entry[2] > before}
        self.commits = {name: kept for name, kept in self.commits.items() if kept[1] > before}
        self.below = Counter({root: n for root, n in self.below.items() if self.last_push.get(root, 0) > before})

    def update_queue(self, name, settings):
        queue = self.queue(name)
        queue.settings, queue.known, queue.deleted = queue.settings | settings, True, False

    def pause(self, name, paused):
        self._existing(name).paused = paused

    def purge(self, name):
        queue = self._existing(name)
        if any(self.count(name)[:2]):
            queue.mark = max(self.events) + 1

    def delete_queue(self, name):
        self._existing(name)
        if any(self.count(name)):
            raise Refused("WrongState")
        self.queues[name] = Queue(known=True, deleted=True)

    def _existing(self, name):
        queue = self.queue(name)
        if queue.deleted or not queue.known:
            raise Refused("QueueNotFound")
        return queue
