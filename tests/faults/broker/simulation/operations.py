"""What a run says, against what is there: arguments for the model's methods, and units for the broker."""

from collections import namedtuple

from queue_service.broker.cancel import CancelGroup, CancelJob, SweepCancelled
from queue_service.broker.claim import Claim, ClaimEvents, Taker
from queue_service.broker.commit import Commit, CommitStep
from queue_service.broker.extend import Extend, Extension, ToldProgress
from queue_service.broker.groups import CreateGroup, SealGroup
from queue_service.broker.pending import ExpireEvents, UpdateEvents
from queue_service.broker.prune import DropExpired, PruneDeadLetters, PruneGroups, PruneJobs
from queue_service.broker.purge import PurgeQueue, SweepPurged
from queue_service.broker.push import Parent, Push
from queue_service.broker.queues import DeleteQueue, PauseQueue, SettingsChange, UpdateQueue
from queue_service.broker.redrive import DeleteEvents, RedriveEvents, Spread
from queue_service.broker.settle import ExpireLeases, Settle
from queue_service.domain.ids import LeaseKey
from queue_service.domain.queues import QueueSettings
from queue_service.domain.records import OnComplete
from queue_service.domain.retention import Expiring
from queue_service.domain.retry import FIELDS, PolicyChange
from queue_service.kv.entries import Check, WriteEntry
from queue_service.ports.ended import FIRST
from tests.faults.broker.simulation.values import entry_write, new_events, new_job, pushed, settled, settlement

Operation = namedtuple("Operation", "name arguments unit told")  # noqa: PYI024
LONG_AGO = LeaseKey(10**6, 1)


class DropAll(DropExpired):
    """Every kind at once."""

    def __init__(self, before):
        self.before = before

    def apply(self, work):
        for kind in Expiring:
            DropExpired(kind, self.before).apply(work)


class Resolver:
    """Makes operations that fit what the model knows.

    Args:
        remembered: what the broker remembers of settles.
    """

    def __init__(self, model, terms, remembered):
        self.model, self.terms, self.remembered = model, terms, remembered
        self.leases = []  # every lease there was
        self.commits = []  # every commit there was
        self.numbers = {}  # of groups

    def resolve(self, kind, values):
        """The operation, or None where there is nothing that it could act on."""
        return getattr(self, f"_{kind}")(**values)

    # What operations name

    def _lease(self, kind, pick):
        live = [event for event in self.model.events.values() if event.state == "LEASED"]
        if kind == "live" and live:
            event = live[pick % len(live)]
            return LeaseKey(event.number, event.attempt)
        if kind == "old" and self.leases:
            return self.leases[pick % len(self.leases)]
        return LONG_AGO if kind == "made up" else None

    def _one_of(self, there, pick):
        return list(there)[pick % len(there)] if there else None

    def _settlements(self, settlements):
        found = {}
        for lease, outcome, after, result in settlements:
            key = self._lease(*lease)
            if key is not None:
                found.setdefault(key, (key, outcome, after, result))
        return list(found.values())

    def _new_push(self, job, queue, events, group, parent, request, seal, repeat):
        push = {
            "job_id": job.to_bytes(16, "big"),
            "queue": queue,
            "events": events,
            "group": None if group is None else self._one_of(self.model.groups, group),
            "parent": parent and self._lease(*parent),
            "request_id": request,
            "seal": seal,
        }
        known = [job.push for job in self.model.jobs.values() if "job_id" in job.push]
        if repeat and known:
            push = self._one_of(known, repeat[0])
            if repeat[1]:
                push = {**push, "events": [*push["events"], *events]}
        return push

    # Operations

    def _push(self, **values):
        push = self._new_push(**values)
        return Operation(
            "push", {"push": push}, Push([new_job(push)], terms=self.terms), lambda answer: pushed(answer[0])
        )

    def _claim(self, claims, lease):
        asked = [
            Claim(queue=queue, takers=tuple(Taker(capacity=room, lease_duration=lease) for room in capacities))
            for queue, capacities in claims
        ]

        def told(answer):
            return [
                ([[one.key for one in share] for share in claimed.deliveries], claimed.more, claimed.next_due)
                for claimed in answer
            ]

        return Operation("claim", {"claims": claims, "lease": lease}, ClaimEvents(asked, terms=self.terms), told)

    def _settle(self, settlements):
        found = self._settlements(settlements)
        unit = Settle([settlement(*one) for one in found], remembered=self.remembered, terms=self.terms)
        return Operation("settle", {"settlements": found}, unit, settled) if found else None

    def _expire(self, leases):
        keys = list({key: None for lease in leases if (key := self._lease(*lease))})
        unit = ExpireLeases(keys, is_over=lambda _key: True, terms=self.terms)
        return Operation("expire", {"keys": keys}, unit, lambda answer: answer) if keys else None

    def _extend(self, lease, duration, progress):
        key = self._lease(*lease)
        if key is None:
            return None
        told_progress = ToldProgress(fraction=progress, text="so far") if progress > 0.5 else None
        unit = Extend([Extension(key=key, duration=duration, progress=told_progress)], terms=self.terms)
        arguments = {"key": key, "duration": duration}
        return Operation("extend", arguments, unit, lambda answer: (answer[0].expire_time, answer[0].cancel_requested))

    def _commit(self, settlements, pushes, write, request, repeat):
        arguments = {
            "request_id": request,
            "settlements": self._settlements(settlements),
            "pushes": [self._new_push(**{**push, "repeat": None}) for push in pushes],
            **(self._entry(**write) if write else {"check": None, "write": None}),
        }
        for position, push in enumerate(arguments["pushes"]):
            push["request_id"] = push["request_id"] if position == 0 else None  # each once in a commit
        if repeat and self.commits:
            arguments = self._one_of(self.commits, repeat[0])
            if repeat[1]:
                arguments = {**arguments, "pushes": []}
        elif request:
            self.commits.append(arguments)
        check, write = arguments["check"], arguments["write"]
        fingerprint = repr(arguments)
        step = CommitStep(
            request_id=arguments["request_id"],
            fingerprint=fingerprint.encode(),
            checks=(Check(key=check[0], version=check[1]),) if check else (),
            settlements=tuple(settlement(*one) for one in arguments["settlements"]),
            pushes=tuple(new_job(push) for push in arguments["pushes"]),
            writes=(entry_write(**write),) if write else (),
        )

        def told(answer):
            parts = [pushed(one) for one in answer.pushes], settled(answer.settled), *(answer.versions or (None,))
            return parts, answer.deduplicated

        unit = Commit(step, terms=self.terms)
        return Operation("commit", {**arguments, "fingerprint": fingerprint}, unit, told)

    def _entry(self, check, key, value, expire):
        versions = {"now": self.model._version, "absent": lambda _: 0, "other": lambda _: 10**6}
        return {
            "check": check and (check[0], versions[check[1]](check[0])),
            "write": {"key": key, "value": value, "expire": expire},
        }

    def _write(self, check, **values):
        arguments = self._entry(check and (values["key"], check[1]), **values)
        check = arguments["check"]
        unit = WriteEntry(entry_write(**arguments["write"]), check=check and Check(key=check[0], version=check[1]))
        return Operation("write", arguments, unit, lambda answer: answer[1].version if answer[1] else 0)

    def _group(self, group, then, parent, repeat):
        group_id, on_complete = group.to_bytes(16, "big"), then and {"queue": "after", "events": then}
        if repeat and self.model.groups:
            group_id = self._one_of(self.model.groups, repeat[0])
            on_complete = self.model.groups[group_id].then if repeat[1] else on_complete
        parent = parent and self._lease(*parent)
        unit = CreateGroup(
            group_id=group_id,
            on_complete=on_complete and OnComplete(queue="after", events=new_events(on_complete["events"])),
            fingerprint=repr(on_complete).encode(),
            parent=parent and Parent(key=parent, lease_id="parent"),
            terms=self.terms,
        )
        arguments = {"group": group_id, "then": on_complete, "parent": parent}
        return Operation("create_group", arguments, unit, lambda answer: answer[1])

    def _seal(self, group, only_if_idle):
        group_id = self._one_of(self.model.groups, group)
        if group_id is None:
            return None
        arguments = {"group": group_id, "only_if_idle": only_if_idle}
        return Operation("seal", arguments, SealGroup(group_id, only_if_idle=only_if_idle), lambda _: None)

    def _cancel(self, of, pick):
        if (found := self._one_of(self.model.jobs if of == "job" else self.model.groups, pick)) is None:
            return None
        if of == "job":
            return Operation("cancel_job", {"job_id": found}, CancelJob(found), lambda _: None)
        return Operation("cancel_group", {"group": found}, CancelGroup(found), lambda _: None)

    def _sweep(self, of, pick):
        if of == "expiry":
            expired = [
                number for number, event in self.model.events.items() if event.expire and event.state == "PENDING"
            ]
            return Operation("sweep", {}, ExpireEvents(expired), lambda _: None)
        if of == "purge":
            waiting = [number for number, event in self.model.events.items() if event.state == "PENDING"]
            return Operation("sweep", {}, SweepPurged(waiting[pick % 3 :]), lambda _: None)
        if (found := self._one_of(self.model.jobs if of == "job" else self.model.groups, pick)) is None:
            return None
        unit = SweepCancelled(job_id=found) if of == "job" else SweepCancelled(group_id=found)
        return Operation("sweep", {}, unit, lambda _: None)

    def _settings(self, queue, settings):
        policy = PolicyChange.of(settings.get("policy", {}))
        values = {name: value for name, value in settings.items() if name != "policy"}
        change = SettingsChange(
            settings=QueueSettings(**values, policy=policy),
            fields=frozenset(values),
            policy_fields=frozenset(FIELDS if "policy" in settings else ()),
        )
        unit = UpdateQueue(queue, change, create=True, terms=self.terms)
        return Operation("update_queue", {"name": queue, "settings": settings}, unit, lambda _: None)

    def _pause(self, queue, paused):
        unit = PauseQueue(queue, paused=paused)
        return Operation("pause", {"name": queue, "paused": paused}, unit, lambda _: None)

    def _purge(self, queue):
        return Operation("purge", {"name": queue}, PurgeQueue(queue), lambda _: None)

    def _delete_queue(self, queue):
        return Operation("delete_queue", {"name": queue}, DeleteQueue(queue), lambda _: None)

    def _prune(self, what, age, surplus):
        before = self.model.now - age
        if what == "dead":
            return Operation("bury", {"before": before}, PruneDeadLetters(before), lambda _: None)
        if what == "jobs":
            return Operation("prune", {}, PruneJobs(after=FIRST, before=before, surplus=surplus), lambda _: None)
        jobs = {job.group for job in self.model.jobs.values()}
        ended = [
            group for group, values in self.model.groups.items() if values.state == "COMPLETE" and group not in jobs
        ]
        return Operation("prune", {}, PruneGroups([(self.numbers[group], group) for group in ended]), lambda _: None)

    def _drop(self, age):
        before = self.model.now - age
        return Operation("drop", {"before": before}, DropAll(before), lambda _: None)

    def _numbers(self, picks, *states):
        numbers = [number for number, event in self.model.events.items() if event.state in states]
        return list({self._one_of(numbers, pick): None for pick in picks}) if numbers else []

    def _redrive(self, picks, later):
        numbers, begin = self._numbers(picks, "FAILED", "FAILED", "CANCELLED"), self.model.now + later
        unit = RedriveEvents(numbers, spread=Spread(begin=begin), before=0)
        return Operation(
            "redrive", {"numbers": numbers, "begin": begin}, unit, lambda answer: (answer.redriven, answer.skipped)
        )

    def _delete(self, picks):
        numbers = self._numbers(picks, "FAILED")
        return Operation("delete", {"numbers": numbers}, DeleteEvents(numbers), lambda answer: answer)

    def _update(self, picks, later, priority):
        numbers, due = self._numbers(picks, "PENDING", "LEASED"), None if later is None else self.model.now + later
        unit = UpdateEvents(numbers, due_time=due, priority=priority)
        return Operation("update", {"numbers": numbers, "due": due, "priority": priority}, unit, lambda answer: answer)
