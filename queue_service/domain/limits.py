"""Every bound of the broker, with its reason. Spans are integer milliseconds, sizes are bytes."""

import re
from dataclasses import dataclass
from typing import Annotated

KIB = 1024
MIB = 1024 * KIB
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LONGEST_DURATION = 315_576_000_000 * SECOND
"""What a Duration holds: some 10,000 years."""

BYTES = "bytes"
MILLISECONDS = "milliseconds"
Bytes = Annotated[int, BYTES]
Milliseconds = Annotated[int, MILLISECONDS]
"""The units of bounds; settings are read and shown in them."""

QUEUE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
ENTRY_KEY = re.compile(r"(?=.*[^ ])[A-Za-z0-9 :._\-#/]{1,500}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The bounds that requests are held to."""

    request_bytes: Bytes = 4 * MIB
    """Of an encoded request: the default that other gRPC clients and servers have."""
    response_bytes: Bytes = 3_500 * KIB
    """Of a frame or a list: leaves room for the envelope below the 4 MiB that clients receive by default."""
    push_events: int = 1_000
    """Of one push or one batch of pushes: keeps a turn of the writer in the low milliseconds."""
    settles: int = 1_000
    """Of one Ack, ExtendLeases or Commit: as push_events."""
    entry_operations: int = 100
    """Checks and writes of one Commit, keys of one BatchGetEntries."""
    payload_bytes: Bytes = MIB
    """Of one event: larger data belongs into a store of its own, its address into the event."""
    delay: Milliseconds = 366 * DAY
    """Of an event or a release: a year ahead."""
    retry_data_bytes: Bytes = 16 * KIB
    """Left for the next attempt: it is written with every retry."""
    result_bytes: Bytes = 4 * KIB
    """Of an event that succeeded: it is kept with the job, after the event's row is gone."""
    reason_bytes: Bytes = 128
    """Of the short name for a cause."""
    message_bytes: Bytes = 1_024
    """Of the text for people beside a reason; longer text is cut."""
    id_bytes: Bytes = 128
    """Of request_id and worker_id."""
    attributes: int = 64
    """Of one event: they are for tracing and routing, data belongs into the payload."""
    attribute_key_bytes: Bytes = 128
    """Of an attribute's name."""
    attribute_value_bytes: Bytes = 1_024
    """Of an attribute's value."""
    key_bytes: Bytes = 256
    """Of a concurrency key."""
    key_limit: int = 10_000
    """The highest limit of a concurrency key."""
    on_complete_events: int = 100
    """Of a group's completion job."""
    on_complete_bytes: Bytes = 240 * KIB
    """Of a group's completion job: it is kept in the group's row."""
    on_complete_attributes: int = 59
    """Of each of its events: leaves room for the five that completion adds."""
    schedule_events: int = 100
    """Of each job that a schedule pushes."""
    schedule_bytes: Bytes = 240 * KIB
    """Of a schedule's events: they are kept in the schedule's row."""
    schedule_attributes: int = 62
    """Of each of its events: leaves room for the two that a fire time adds."""
    cron_bytes: Bytes = 256
    """Of a schedule's cron expression."""
    schedules: int = 10_000
    """Of one broker: each is an operator's, a million of them are somebody's data."""
    subscriptions: int = 100
    """Queues of one stream or one LeaseEvents: they are served in turn."""
    max_in_flight: int = 10_000
    """The most live leases of one stream."""
    default_in_flight: int = 64
    """Live leases of a stream that asks for no number."""
    lease_events: int = 1_000
    """Deliveries of one LeaseEvents."""
    lease_wait: Milliseconds = 60 * SECOND
    """Of a LeaseEvents that finds nothing ready: below the patience of proxies."""
    lease_min: Milliseconds = SECOND
    """The shortest lease: a shorter one runs out on its way to the worker."""
    lease_max: Milliseconds = 12 * HOUR
    """The longest lease: a dead worker's event waits for its end. Longer work extends."""
    lease_default: Milliseconds = 60 * SECOND
    """The lease of who asks for none; clients extend it at a third."""
    entry_bytes: Bytes = 240 * KIB
    """Of an entry's value: as Forge has it."""
    entry_life: Milliseconds = 366 * DAY
    """The latest expiry of an entry."""
    list_page: int = 1_000
    """Items of one page of a list."""
    list_page_default: int = 100
    """Items of a page of who asks for no number."""
    stats_jobs: int = 1_000
    """Jobs of one GetJobStats."""
    filter_events: int = 1_000
    """Event ids of one EventFilter."""
    watchers: int = 10_000
    """Open WatchJobs and WatchGroups: each is a call of its own."""
    max_run_time: Milliseconds | None = None
    """Of one delivery, however often its lease is extended, where its queue says nothing. None: no end."""
    max_chain_depth: int | None = None
    """Of pushes by handlers of pushed events. None: no bound, a long chain is no fault."""
    max_chain_pushes: int | None = 1_000_000
    """Below one root: stops a loop that pushes itself for ever, and no honest import. None: no bound."""
    max_pending: int | None = None
    """Pending events of one queue, where the queue says nothing. None: no bound but the disk."""
    max_waiting: int | None = None
    """Events that wait for one concurrency key. None: no bound, as waiting costs nothing."""
    create_queues: bool = True
    """Whether the first push to an unknown queue creates it. False: operators create queues."""
    kv_reads_per_second: int | None = None
    """Keys read a second, a list counting as one. None: no bound; set to try out how a program bears one."""
    kv_writes_per_second: int | None = None
    """Entries written, deleted or checked by a Commit a second. None: no bound."""


DEFAULT_LIMITS = Limits()
LOW_WATER_BYTES = 64 * MIB
"""Free bytes of the disk below which the store does not grow, so that what ends deliveries still fits."""

DEFAULT_PRIORITY = 5
PRIORITIES = 10
"""0 to 9; 9 goes first."""
JOB_PARTS = 100
"""Events of one job whose progress is shown, and whose results are."""
JOB_RESULT_BYTES = 240 * KIB
"""Of the results that are shown of one job: what one entry may have."""
HISTORY_ATTEMPTS = 10
"""Attempts without success that an event remembers."""
CALLED_UP = 64
"""Events that one step calls up from one line: as they are claimed, the next are."""
FRAME_DELIVERIES = 256
"""Of one frame: above this a frame only adds delay."""
CLAIM_EVENTS = 1_024
"""Of one claim turn over all queues."""
JOB_SCAN = 5_000
"""Jobs that one page of a list looks at: a rare kind of job must not hold up other readers."""
SWEEP_EVENTS = 500
"""Of one step of a cancel: keeps the writer free for others."""
PURGE_EVENTS = 200
"""Of one step of a purge: there are thousands of them on end, so each takes a few milliseconds at most."""
SEARCH_STEP = 500
"""Events that one step of a list looks at: keeps the reader free for others."""
CHANGED_AT_ONCE = 200
"""Events that one step of a redrive changes: keeps the writer free for others."""
SEARCH_STEPS = 40
"""Of one page of a list: one that found little in so many tells where the next begins."""
EXPIRY_DELAY = 100
"""Milliseconds after an event expired that it becomes a dead letter at the latest: many do in one step."""
SETTLED_MEMORY = 100_000
"""Settled deliveries that are remembered, so that a repeated ack is answered as the first."""
RESTART_GRACE = 30 * SECOND
"""No lease expires earlier after a start: its holder could not extend it while the broker was down."""
BROKEN_STREAM_LEASE = 10 * SECOND
"""What remains of a lease whose stream broke and that was never extended."""
HEARTBEAT = 8 * SECOND
"""Between heartbeats of an idle stream: below the 10 s that the contract promises."""
GROUP_SEAL_AFTER = 24 * HOUR
"""An open group without pushes seals itself, so that nothing waits for ever."""
WEIGHT_BYTES = 4 * KIB
"""Of a payload: so many weigh as much as one event more, so that a turn of the writer is bounded in bytes too."""
MISSED_AFTER = MINUTE
"""A fire time that was passed so long ago is missed; until then it is only late."""
FIRED_AT_ONCE = 32
"""Schedules that one step fires: some 8 MiB of events at most."""
CLOCK_BACK = DAY
"""A clock that goes back by less only repeats what has fired; one that goes back by more was wrong before."""
