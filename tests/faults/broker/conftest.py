"""A small model of the queue to compare a store with: it keeps every event for ever and counts by looking."""

import copy
import os

import pytest

from queue_service.domain.ids import completion_job_id

PENDING, LEASED, SUCCEEDED, FAILED, CANCELLED = range(1, 6)
FINAL = {SUCCEEDED, FAILED, CANCELLED}
OPEN, SEALED, COMPLETE = range(1, 4)
DAY, LONGEST, CHANCE = 86_400_000, 900_000, 0.5


class Refused(Exception):
    """An operation is refused with the error of this name."""


class Model:
    """What a turn of operations does. Each method is an operation and returns what the broker should answer."""

    def __init__(self):
        self.now, self.events, self.jobs, self.groups, self.entries = 0, {}, {}, {}, {}
        self.version, self.memory = 1, {}
        self.before, self.news, self.extended = {}, {}, set()

    def turn(self, now, operations):
        """Carry operations out in one turn, settles first as the writer does. Answers stay in the given order."""
        self.now, self.news, self.extended = now, {}, set()
        self.before = copy.deepcopy(self.events)
        answers = {}
        for position in sorted(range(len(operations)), key=lambda at: not operations[at].urgent):
            name, arguments = operations[position].name, operations[position].arguments
            try:
                answers[position] = getattr(self, name)(**arguments)
            except Refused as refusal:
                answers[position] = str(refusal)
            self._complete()
        self.memory |= self.news
        return [answers[position] for position in range(len(operations))]

    def push(self, queue, count, delay, job_id, group=None, parent=None, content=0):
        self._check_push(queue, count, delay, job_id, group, parent, content)
        if job_id in self.jobs:
            return True
        if parent and group is None:
            group = self.jobs[self.events[parent.event]["job"]]["group"]
        first = len(self.events) + 1
        self.jobs[job_id] = {"first": first, "count": count, "group": group, "cancelled": False,
                             "content": (queue, count, delay, content)}  # fmt: skip
        for number in range(first, first + count):
            self.events[number] = {"job": job_id, "queue": queue, "state": PENDING, "due": self.now + delay,
                                   "end": None, "attempt": 0, "failures": 0, "losses": 0, "since": None}  # fmt: skip
        return False

    def _check_push(self, queue, count, delay, job_id, group, parent, content):
        if job_id in self.jobs:
            if self.jobs[job_id]["content"] != (queue, count, delay, content):
                raise Refused("IdReused")
            return
        if parent and not self._leased(parent):
            raise Refused("LeaseLost")
        own = parent and self.jobs[self.events[parent.event]["job"]]["group"]
        group = group or own
        if group and self.groups[group]["cancelled"]:
            raise Refused("GroupCancelled")
        if group and self.groups[group]["state"] != OPEN and group != own:
            raise Refused("GroupSealed")

    def claim(self, queue, count, lease):
        pending = [(event["due"], number) for number, event in self.before.items()
                   if (event["queue"], event["state"]) == (queue, PENDING)]  # fmt: skip
        ready = sorted((due, number) for due, number in pending if due <= self.now)
        taken = []
        for number in [number for _, number in ready][:count]:
            event = self.events[number]
            if event["state"] == PENDING and self._is_cancelled(event):
                event["state"] = CANCELLED
            elif event["state"] == PENDING:
                event.update(state=LEASED, attempt=event["attempt"] + 1, end=self.now + lease)
                event["since"] = self.now if event["since"] is None else event["since"]
                taken.append((number, event["attempt"]))
        return taken

    def settle(self, key, outcome, after=None):
        if self._leased(key):
            self._end(key, outcome, after)
            return "OK"
        event = self.events[key.event]
        return self.memory.get(key) or ("ALREADY_FINAL" if event["state"] in FINAL else "LEASE_LOST")

    def expire(self, key):
        if self._leased(key) and key not in self.extended:
            self._end(key, "ran out", None)
            self.news[key] = "LEASE_LOST"

    def extend(self, key, duration):
        if not self._leased(key):
            return "lost"
        event = self.events[key.event]
        event["end"] = max(event["end"], self.now + duration)
        self.extended.add(key)
        return "cancel" if self._is_cancelled(event) else "kept"

    def commit(self, keys, pushes, check, write):
        if not all(self._leased(key) for key in keys):
            raise Refused("LeaseLost")
        if check and (version := self.entries.get(check[0], (0,))[0]) != check[1]:
            raise Refused("VersionMismatch" if check[1] else "EntryExists") if version else Refused("VersionMismatch")
        for push in pushes:
            self._check_push(**{"group": None, "parent": None, "content": 0, **push})
        answers = [self.push(**push) for push in pushes]
        for key in keys:
            self._end(key, "success", None)
        if write:
            self.write(*write)
        return answers

    def write(self, key, value):
        self.entries.pop(key, None)
        if value is not None:
            self.entries[key] = (self.version, value)
            self.version += 1

    def group(self, group, then):
        self.groups[group] = {"state": OPEN, "cancelled": False, "then": then}

    def seal(self, group):
        self.groups[group]["state"] = max(self.groups[group]["state"], SEALED)

    def cancel_group(self, group):
        if self.groups[group]["state"] != COMPLETE:
            self.groups[group].update(state=SEALED, cancelled=True)
        if self.groups[group]["cancelled"]:
            self._sweep(lambda event: self.jobs[event["job"]]["group"] == group)

    def cancel_job(self, job_id):
        job = self.jobs[job_id]
        job["cancelled"] = job["cancelled"] or not all(event["state"] in FINAL for event in self._of_job(job_id))
        if job["cancelled"]:
            self._sweep(lambda event: event["job"] == job_id)

    def _sweep(self, concerned):
        """What was pending before the turn and still is; the rest follows with a claim or a repeat."""
        for number, old in self.before.items():
            event = self.events[number]
            if old["state"] == event["state"] == PENDING and concerned(event):
                event["state"] = CANCELLED

    def _leased(self, key):
        event = self.events[key.event]
        return event["state"] == LEASED and event["attempt"] == key.attempt

    def _is_cancelled(self, event):
        job = self.jobs[event["job"]]
        return job["cancelled"] or bool(job["group"] and self.groups[job["group"]]["cancelled"])

    def _end(self, key, outcome, after):
        event = self.events[key.event]
        event["end"], self.news[key] = None, "OK"
        if outcome in {"success", "failure"}:
            event["state"] = SUCCEEDED if outcome == "success" else FAILED
            event["failures"] += outcome == "failure"
        elif self._is_cancelled(event):
            event["state"] = CANCELLED
        elif outcome == "release":
            event.update(state=PENDING, due=self.now + after)
        else:
            counter = "failures" if outcome == "retry" else "losses"
            event[counter] += 1
            over = event[counter] >= 5 or self.now - event["since"] >= DAY
            wait = round(min(LONGEST, 1_000 << (event[counter] - 1)) * CHANCE) if after is None else min(after, LONGEST)
            event.update({"state": FAILED} if over else {"state": PENDING, "due": self.now + wait})

    def _of_job(self, job_id):
        job = self.jobs[job_id]
        return [self.events[number] for number in range(job["first"], job["first"] + job["count"])]

    def _of_group(self, group):
        return [event for event in self.events.values() if self.jobs[event["job"]]["group"] == group]

    def _complete(self):
        for group, values in self.groups.items():
            if values["state"] == SEALED and all(event["state"] in FINAL for event in self._of_group(group)):
                values["state"] = COMPLETE
                if values["then"]:
                    self.push(values["then"], 1, 0, completion_job_id(group))

    def picture(self):
        """What can be seen in the store's file: events that have a row, counts of jobs and groups, entries."""
        fields = ("state", "due", "attempt", "failures", "losses", "end")

        def counts(events):
            states = [event["state"] for event in events]
            return (len(states), *map(states.count, (SUCCEEDED, FAILED, CANCELLED)))

        return {
            "events": {number: tuple(event[field] for field in fields) for number, event in self.events.items()
                       if event["state"] not in {SUCCEEDED, CANCELLED}},
            "jobs": {job_id: counts(self._of_job(job_id)) for job_id in self.jobs},
            "groups": {group: (values["state"], *counts(self._of_group(group)))
                       for group, values in self.groups.items()},
            "entries": dict(self.entries),
        }  # fmt: skip


@pytest.fixture
def model():
    return Model()


def pytest_generate_tests(metafunc):
    """Tests that take a seed run over several. LONGSHORE_SIMULATION_RUNS: how many of each."""
    if "seed" in metafunc.fixturenames:
        runs = int(os.environ.get("LONGSHORE_SIMULATION_RUNS", "0")) or metafunc.function.runs
        metafunc.parametrize("seed", range(1, runs + 1))
