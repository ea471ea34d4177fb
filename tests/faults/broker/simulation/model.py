"""The model: what the broker must do, said as plainly as possible. It keeps every event for ever and counts by looking.

Two things it leaves open and only checks: which claimable events a claim takes, and when doomed events (cancelled or
expired, and pending) really end. Everything else it predicts, answer by answer.
"""

from collections import Counter

from queue_service.domain.ids import completion_job_id
from tests.faults.broker.simulation.ledger import (
    CANCELLED,
    CHANCE,
    COMPLETE,
    DAY,
    FAILED,
    FINAL,
    LEASED,
    LOST,
    OPEN,
    PENDING,
    POLICY,
    REMEMBERED,
    SEALED,
    SUCCEEDED,
    Event,
    Group,
    Job,
    Refused,
    content,
    counts,
    insist,
    rank,
)
from tests.faults.broker.simulation.operators import Operators


class Model(Operators):
    """Each method that is an operation changes the model and returns what the broker should answer."""

    # Turns

    def turn(self, steps):
        """Carry out the steps of one turn of the writer in their order. Returns the answers."""
        self.turns += 1
        self.news, self.extended, self.alone = {}, set(), len(steps) == 1
        self.before = {event.number: rank(event) for event in self.events.values() if event.state == PENDING}
        answers = []
        for step in steps:
            try:
                answers.append(getattr(self, step.name)(**step.arguments))
            except Refused as refusal:
                answers.append(str(refusal))
            for number in step.ended:
                self._end_early(self.events[number])
            self._complete_groups()
            self._end_purges()
            for job_id, number in step.made:
                self._number(job_id, number)
        insist(all(event.number for job in self.jobs.values() for event in job.events), "a push makes its events")
        self.memory |= self.news
        return answers

    def _number(self, job_id, first):
        insist(job_id in self.jobs, "nothing comes from nowhere", job_id)
        insist(first > max(self.events, default=0), "numbers only grow", first)
        for number, event in enumerate(self.jobs[job_id].events, first):
            event.number = number
            self.events[number] = event

    def _end_early(self, event):
        if event.state != PENDING:  # the operation itself ended it
            return
        insist(self.doomed(event), "what is neither cancelled nor expired is kept", event)
        self._finish(event, CANCELLED if self.cancelled(event) else FAILED)

    def _end_purges(self):
        for name, queue in self.queues.items():
            left = [event for event in self.events.values() if event.queue == name and event.state not in FINAL]
            if queue.mark is not None and not any(event.number < queue.mark for event in left):
                queue.mark = None

    def _complete_groups(self):
        for group_id, group in self.groups.items():
            events = self.of_group(group_id)
            if group.state == SEALED and all(event.state in FINAL for event in events):
                group.state, group.counts = COMPLETE, counts(events)
                if group.then:
                    self._make(completion_job_id(group_id), group.then, None, group.lineage)

    # Operations

    def push(self, push):
        self._check_push(push, Counter())
        return self._push(push)

    def _push(self, push):
        known = self._known(push)
        if known is not None:
            return known, True
        parent, group_id = self._place(push)
        self._make(push["job_id"], push, group_id, parent and (parent.root, parent.depth + 1))
        if push["request_id"]:
            self.requests[push["queue"], push["request_id"]] = push["job_id"]
        if group_id:
            group = self.groups[group_id]
            group.last_push = self.now
            if push["seal"] and group.state == OPEN:
                group.state = SEALED
        return push["job_id"], False

    def _known(self, push):
        by_id = push["job_id"] if push["job_id"] in self.jobs else None
        return by_id or self.requests.get((push["queue"], push["request_id"]))

    def _place(self, push):
        parent = self.jobs[self.events[push["parent"].event].job] if push["parent"] else None
        return parent, push["group"] or (parent and parent.group)

    def _check_push(self, push, room):
        if known := self._known(push):
            if content(self.jobs[known].push) != content(push):
                raise Refused("IdReused")
            return
        if push["parent"] and not self.leased(push["parent"]):
            raise Refused("LeaseLost")
        parent, group_id = self._place(push)
        if group_id and self._group(group_id).cancelled:
            raise Refused("GroupCancelled")
        state, inside = self.groups[group_id].state if group_id else OPEN, parent and parent.group == group_id
        if state == COMPLETE or (state == SEALED and not inside):
            raise Refused("GroupSealed")
        room[push["queue"]] += len(push["events"])
        most = self.queue(push["queue"]).settings.get("max_pending")
        if most is not None and self.count(push["queue"])[0] + room[push["queue"]] > most:
            raise Refused("QueueFull")

    def _make(self, job_id, push, group_id, lineage):
        root, depth = lineage or (job_id, 0)
        events = [
            Event(job_id, push["queue"], one["priority"], self.now + one["delay"], one["key"] and one["key"][0],
                  one["expire"] and self.now + one["expire"], one["policy"] or {})
            for one in push["events"]
        ]  # fmt: skip
        self.jobs[job_id] = Job(push, group_id, root, depth, events)
        self.slots |= dict(one["key"] for one in push["events"] if one["key"])
        self.below[root] += bool(lineage)
        self.last_push[root] = self.now
        queue = self.queue(push["queue"])
        queue.deleted, queue.known = False, True
        queue.totals["pushed"] += len(events)

    def claim(self, claims, lease, told):
        """Which events it takes is checked, not predicted: see design, Order and Concurrency key."""
        for (name, capacities), (shares, *_) in zip(claims, told, strict=True):
            numbers = [key.event for share in shares for key in share]
            insist(all(len(share) <= room for share, room in zip(shares, capacities, strict=True)), "credits", shares)
            insist(numbers == sorted(numbers, key=self.before.get), "ready order", numbers)
            passed = [event for event in self.ready(name)[: -1 if numbers else 0] if event.number not in numbers
                      and rank(event) < self.before[numbers[-1]] and self._in_its_place(event)]  # fmt: skip
            insist(not passed, "ready order", numbers, passed)
            for share in shares:
                for key in share:
                    self._deliver(self.events[key.event], key.attempt, name, lease)
        return told

    def _in_its_place(self, event):
        """Whether a claim of this turn must not pass it over. What waited in a line may come a moment later."""
        if self.before.get(event.number) != rank(event):  # it came in this turn
            return False
        others = [other for other in self.events.values() if (other.key, other.queue) == (event.key, event.queue)]
        whole = self.alone and self.short_lines and not self.went_back
        return event.key is None or (whole and not any(map(self.doomed, others)))

    def _deliver(self, event, attempt, name, lease):
        insist(not self.queue(name).paused, "a paused queue delivers nothing", name)
        insist(event.state == PENDING, "at most one live lease an event, and nothing settled comes back", event)
        insist(event.queue == name and event.due <= self.now and not self.doomed(event), "only what is ready", event)
        insist(attempt == event.attempt + 1, "attempts only grow", event)
        insist(self.free(event.key) > 0, "concurrency limits are never exceeded", event)
        event.state, event.attempt, event.started = LEASED, attempt, self.now
        event.end = self.now + min(lease, self.queue(name).settings.get("max_run_time") or lease)
        event.since = self.now if event.since is None else event.since
        self.queue(name).totals["delivered"] += 1

    def settle(self, settlements):
        return [
            self._settle(*one) if self.leased(one[0]) else self._not_leased(*one[:2])
            for one in settlements
        ]  # fmt: skip

    def _not_leased(self, key, outcome):
        event = self.events.get(key.event)
        said, answer = self.memory.get(key, (None, None))
        if answer and said in {None, outcome}:
            return answer
        if event is None or event.state not in FINAL or not key.attempt:
            return LOST
        seen = event.kept or event.left_in == self.turns
        return ("ALREADY_FINAL", event.state if seen else None, None, False)

    def expire(self, keys):
        for key in keys:
            if self.leased(key) and key not in self.extended:
                self._settle(key, "lease lost", None)
                self.news[key] = (None, LOST)

    def extend(self, key, duration):
        if not self.leased(key):
            return None, False
        event = self.events[key.event]
        longest, end = self.queue(event.queue).settings.get("max_run_time"), self.now + duration
        if longest is not None:
            end = min(end, event.started + longest)
        event.end = max(event.end, end)
        if end > self.now:
            self.extended.add(key)
        return event.end, self.cancelled(event)

    def commit(self, request_id, fingerprint, settlements, pushes, check, write):
        known, expire, answer = self.commits.get(request_id, (None, 0, None))
        if request_id and expire > self.now:
            if known != fingerprint:
                raise Refused("IdReused")
            return answer, True
        if not all(self.leased(key) for key, *_ in settlements):
            raise Refused("LeaseLost")
        self._check_entry(check)
        room = Counter()
        for push in pushes:
            self._check_push(push, room)
        answer = [self._push(push) for push in pushes], self.settle(settlements), write and self._write(**write)
        self.commits[request_id] = (fingerprint, self.now + DAY, answer)
        return answer, False

    def write(self, check, write):
        self._check_entry(check)
        return self._write(**write)

    def _check_entry(self, check):
        current = self._version(check[0]) if check else None
        if check and current != check[1]:
            raise Refused("VersionMismatch" if check[1] else "EntryExists")

    def _version(self, key):
        version, _, expire = self.entries.get(key, (0, None, None))
        return version if expire is None or expire > self.now else 0

    def _write(self, key, value, expire):
        self.entries.pop(key, None)
        if value is None:
            return 0
        self.entries[key] = (self.version, value, expire and self.now + expire)
        self.version += 1
        return self.version - 1

    def create_group(self, group, then, parent):
        if group in self.groups:
            if self.groups[group].then != then:
                raise Refused("IdReused")
            return True
        if parent and not self.leased(parent):
            raise Refused("LeaseLost")
        owner = parent and self.jobs[self.events[parent.event].job]
        self.groups[group] = Group(then, owner and (owner.root, owner.depth + 1), self.now)
        return False

    def seal(self, group, only_if_idle):
        group = self._group(group)
        if group.state == OPEN and not (only_if_idle and group.last_push + DAY > self.now):
            group.state = SEALED

    def cancel_group(self, group):
        group = self._group(group)
        if group.state != COMPLETE:
            group.state, group.cancelled = SEALED, True

    def _group(self, group_id):
        if group_id not in self.groups:
            raise Refused("GroupNotFound")
        return self.groups[group_id]

    def cancel_job(self, job_id):
        if job_id not in self.jobs:
            raise Refused("JobNotFound")
        job = self.jobs[job_id]
        job.cancelled |= any(event.state not in FINAL for event in job.events)

    def sweep(self):
        """Ends doomed events, as many as it likes."""

    # What settles do

    def _settle(self, key, outcome, after, result=None):
        event = self.events[key.event]
        policy = POLICY | self.queue(event.queue).settings.get("policy", {}) | event.policy
        if outcome in REMEMBERED:
            event.history = (*event.history, REMEMBERED[outcome])[-10:]
        self.queue(event.queue).totals[outcome] += 1
        event.end = None
        due, clamped = None, False
        if outcome == "success":
            event.result = bool(result)
            self._finish(event, SUCCEEDED)
        elif outcome == "failure":
            event.failures += 1
            self._finish(event, FAILED)
        elif self.doomed(event):
            self._finish(event, CANCELLED if self.cancelled(event) else FAILED)
        elif outcome == "release":
            due = self.now + after
        else:
            event.failures += outcome == "retry"
            event.losses += outcome == "lease lost"
            count, most = (event.failures, "max_attempts") if outcome == "retry" else (event.losses, "max_lease_losses")
            if count >= policy[most] or self.now - event.since >= policy["max_age"]:
                self._finish(event, FAILED)
            else:
                wait = min(policy["max_backoff"], policy["initial_backoff"] * policy["multiplier"] ** (count - 1))
                wait = round(wait * CHANCE if policy["jitter"] == 1 else wait)
                if after is not None:
                    wait = min(after, policy["max_backoff"])
                due, clamped = self.now + wait, after is not None and after > wait
        if due is not None:
            event.state, event.due = PENDING, due
        answer = ("OK", event.state, due, clamped)
        self.news[key] = (outcome, answer)
        return answer

    def _finish(self, event, state):
        event.state, event.left_in, event.ended = state, self.turns, self.now
        event.kept = state == FAILED or (
            state == SUCCEEDED and self.queue(event.queue).settings.get("keep_succeeded", False)
        )
        self.queue(event.queue).totals[state] += 1
