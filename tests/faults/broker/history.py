"""What clients saw of a broker, and whether it can have kept its promises. It is asked for nothing but the last counts.

Times are seconds of the machine's monotonic clock, so those of several processes compare; but `expires` and `seen` are
wall time.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

OK, LEASE_LOST, ALREADY_FINAL = "OK", "LEASE_LOST", "ALREADY_FINAL"
EARLY_SECONDS = 0.05
"""Clocks are read in milliseconds, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Push:
    """A push that was acknowledged."""

    job_id: str
    events: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery that arrived. asked: when the call began that brought it."""

    event_id: str
    attempt: int
    asked: float
    received: float
    expires: float
    seen: float


@dataclass(frozen=True, kw_only=True)
class Settle:
    """Something that was said about a delivery, alone or in a Commit. status None: the answer was lost.

    A Commit advanced `counter` by one, if it happened.
    """

    event_id: str
    attempt: int
    outcome: str
    asked: float
    status: str | None = None
    counter: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group that was acknowledged, and the event of its completion job. sealed: when the seal was first asked for."""

    completion_event_id: str
    sealed: float


@dataclass(kw_only=True)
class History:
    """Everything that was seen, in no order. counts: what each job counted at the end, when nothing was left to do."""

    pushes: list[Push] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    settles: list[Settle] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


def faults(history):
    """Every promise that was broken, as a text each."""
    return [f"{rule.__doc__.splitlines()[0]} {facts}" for rule in RULES for facts in rule(history)]


def acknowledged_pushes_are_counted(history):
    """What was acknowledged is not lost."""
    for push in history.pushes:
        counts = history.counts.get(push.job_id)
        if counts is None or sum(counts.values()) != push.events:
            yield push, counts


def acknowledged_pushes_end(history):
    """Everything is delivered and brought to its end."""
    for job_id, counts in history.counts.items():
        if counts["in_progress"] or counts["cancelled"]:
            yield job_id, counts


def counts_are_what_was_said(history):
    """Counts are what workers said: what was answered is counted, and nothing is that nobody said."""
    certain, possible = Counter(), Counter()
    for event_id, settles in by_event(history.settles).items():
        for outcome in ("success", "failure"):
            said = [settle for settle in settles if settle.outcome == outcome]
            certain[job_of(event_id), outcome] += any(settle.status == OK for settle in said)
            possible[job_of(event_id), outcome] += any(settle.status != LEASE_LOST for settle in said)
    for job_id, counts in history.counts.items():
        if not certain[job_id, "success"] <= counts["success"] <= possible[job_id, "success"]:
            yield job_id, counts, certain[job_id, "success"], possible[job_id, "success"]
        if counts["failed"] < certain[job_id, "failure"]:
            yield job_id, counts, certain[job_id, "failure"]


def ended_events_stay_ended(history):
    """What was settled for good is never delivered again."""
    deliveries = by_event(history.deliveries)
    for event_id, settles in by_event(history.settles).items():
        ends = [settle for settle in settles if settle.status == OK and settle.outcome in {"success", "failure"}]
        if len({(end.attempt, end.outcome) for end in ends}) > 1:
            yield ends
        for delivery in deliveries[event_id]:
            if any(delivery.attempt > end.attempt for end in ends):
                yield delivery, ends


def attempts_grow(history):
    """Attempts of an event only grow, and each is delivered once."""
    for deliveries in by_event(history.deliveries).values():
        for one in deliveries:
            for other in deliveries:
                later = other is not one and one.received < other.asked
                if (later and other.attempt <= one.attempt) or (other is not one and other.attempt == one.attempt):
                    yield one, other


def leases_do_not_overlap(history):
    """Two live leases of one event: the later one came before the former was settled or over."""
    settles = by_event(history.settles)
    for event_id, deliveries in by_event(history.deliveries).items():
        for one, following in pairwise(sorted(deliveries, key=lambda delivery: delivery.attempt)):
            given_up = any(
                settle.attempt == one.attempt and settle.asked < following.received for settle in settles[event_id]
            )
            if not given_up and following.seen < one.expires - EARLY_SECONDS:
                yield one, following


def stale_leases_change_nothing(history):
    """Who lost a lease changed something."""
    deliveries = by_event(history.deliveries)
    for settle in history.settles:
        newer = [
            one for one in deliveries[settle.event_id] if one.attempt > settle.attempt and one.received < settle.asked
        ]
        if newer and settle.status == OK:
            # A repeat of what was answered before is answered alike.
            said = [one for one in history.settles if (one.event_id, one.attempt) == (settle.event_id, settle.attempt)]
            if min(one.asked for one in said) == settle.asked:
                yield settle, newer


def commits_happen_once(history):
    """A counter that Commits advance is the number of events that they settled."""
    sure, maybe = defaultdict(set), defaultdict(set)
    for settle in history.settles:
        if settle.counter is not None and settle.status in {OK, None}:
            (sure if settle.status == OK else maybe)[settle.counter].add(settle.event_id)
    for counter in sure.keys() | maybe.keys() | history.counters.keys():
        value = history.counters.get(counter, 0)
        if not len(sure[counter]) <= value <= len(sure[counter] | maybe[counter]):
            yield counter, value, len(sure[counter]), len(maybe[counter])


def groups_complete_once(history):
    """A completion job comes once, and after the seal."""
    deliveries, settles = by_event(history.deliveries), by_event(history.settles)
    for group in history.groups:
        received = deliveries[group.completion_event_id]
        if not received or not any(one.outcome == "success" for one in settles[group.completion_event_id]):
            yield group, "it never came"
        if any(delivery.received < group.sealed for delivery in received):
            yield group, received


RULES = (
    acknowledged_pushes_are_counted,
    acknowledged_pushes_end,
    counts_are_what_was_said,
    ended_events_stay_ended,
    attempts_grow,
    leases_do_not_overlap,
    stale_leases_change_nothing,
    commits_happen_once,
    groups_complete_once,
)


def by_event(records):
    """Records by their event."""
    found = defaultdict(list)
    for record in records:
        found[record.event_id].append(record)
    return found


def job_of(event_id):
    """The job of an event."""
    return event_id.rpartition(".")[0]
