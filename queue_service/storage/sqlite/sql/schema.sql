-- The schema of a new store. Instants are milliseconds since the epoch; states are numbers of domain/states.py.

CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    next_version INTEGER NOT NULL
) STRICT;

CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    create_time INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    settings TEXT,
    purge_before INTEGER,
    purge_left INTEGER NOT NULL CHECK ((purge_left > 0) = (purge_before IS NOT NULL)),
    lanes INTEGER NOT NULL,
    pending INTEGER NOT NULL CHECK (pending >= 0),
    leased INTEGER NOT NULL CHECK (leased >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    finished_jobs INTEGER NOT NULL CHECK (finished_jobs >= 0),
    pushed INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    leases_lost INTEGER NOT NULL,
    released INTEGER NOT NULL,
    redriven INTEGER NOT NULL
) STRICT;

-- A key is there while events point to it; kept counts those that have ended.
CREATE TABLE concurrency_key (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    slots INTEGER NOT NULL CHECK (slots > 0),
    pending INTEGER NOT NULL CHECK (pending >= 0),
    leased INTEGER NOT NULL CHECK (leased >= 0),
    kept INTEGER NOT NULL CHECK (kept >= 0)
) STRICT;

-- A job's id is the id of its first event. Jobs of one push each cost one row here and one in event.
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL UNIQUE CHECK (length(job_id) = 16),
    queue INTEGER NOT NULL,
    group_number INTEGER,
    request_id TEXT,
    fingerprint BLOB NOT NULL,
    events INTEGER NOT NULL CHECK (events > 0),
    success INTEGER NOT NULL CHECK (success >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    root BLOB, -- NULL: the job itself
    depth INTEGER NOT NULL,
    push_time INTEGER NOT NULL,
    finish_time INTEGER,
    cancel_time INTEGER,
    CHECK (success + failed + cancelled <= events),
    CHECK ((finish_time IS NOT NULL) = (success + failed + cancelled = events))
) STRICT;

CREATE UNIQUE INDEX job_request ON job (queue, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX job_of_group ON job (group_number) WHERE group_number IS NOT NULL;
CREATE INDEX job_cancelling ON job (id) WHERE cancel_time IS NOT NULL AND finish_time IS NULL;
CREATE INDEX job_finished ON job (finish_time, id) WHERE finish_time IS NOT NULL;

-- What handlers pushed below a root: kept longer than the root itself, so that no chain begins to count anew.
CREATE TABLE lineage (
    root BLOB PRIMARY KEY CHECK (length(root) = 16),
    pushes INTEGER NOT NULL CHECK (pushes > 0),
    last_push_time INTEGER NOT NULL
) STRICT;

CREATE INDEX lineage_idle ON lineage (last_push_time);

-- Numbers are never used twice (AUTOINCREMENT): a lease names one attempt of one event for ever.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- what was cancelled is only counted
    place INTEGER NOT NULL CHECK (place BETWEEN 0 AND 2),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    due_time INTEGER NOT NULL,
    key_number INTEGER,
    lease_expire_time INTEGER,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    failures INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL,
    first_delivery_time INTEGER,
    delivery_time INTEGER,
    expire_time INTEGER,
    finish_time INTEGER,
    policy TEXT,
    context TEXT,
    history TEXT,
    progress TEXT,
    is_json INTEGER NOT NULL,
    attributes TEXT,
    payload BLOB NOT NULL,
    CHECK (place = 0 OR (state = 1 AND key_number IS NOT NULL)),
    CHECK ((state = 2) = (lease_expire_time IS NOT NULL)),
    CHECK ((state >= 3) = (finish_time IS NOT NULL))
) STRICT;

-- What waits in lines stands behind what is in the ready order, where no claim looks.
CREATE INDEX event_pending ON event (queue, (place = 2), priority, due_time, id) WHERE state = 1;
CREATE INDEX event_line ON event (key_number, queue, priority DESC, due_time, id) WHERE place = 2;
CREATE INDEX event_called_up ON event (key_number, queue, priority DESC, due_time, id) WHERE place = 1;
CREATE INDEX event_leased ON event (id) WHERE state = 2;
CREATE INDEX event_dead ON event (queue, finish_time, id) WHERE state = 4;
CREATE INDEX event_expiring ON event (expire_time) WHERE state = 1 AND expire_time IS NOT NULL;

-- An event without what is only delivered: the columns of a record in their order.
CREATE VIEW event_record AS
SELECT
    id, job, queue, state, place, priority, due_time, key_number, lease_expire_time, attempt, failures, lease_losses,
    first_delivery_time, delivery_time, expire_time, finish_time, policy, context, history, progress
FROM event;

-- What a success left; kept as long as the job.
CREATE TABLE event_result (
    event INTEGER PRIMARY KEY,
    is_json INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE job_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id BLOB NOT NULL UNIQUE CHECK (length(group_id) = 16),
    state INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    on_complete TEXT,
    fingerprint BLOB NOT NULL,
    root BLOB, -- of the completion job; NULL: that job itself
    depth INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    events INTEGER NOT NULL,
    success INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    last_push_time INTEGER NOT NULL,
    complete_time INTEGER,
    cancel_time INTEGER,
    CHECK (success + failed + cancelled <= events),
    CHECK ((state = 3) = (complete_time IS NOT NULL)),
    CHECK (state <> 3 OR success + failed + cancelled = events)
) STRICT;

CREATE INDEX group_open ON job_group (last_push_time) WHERE state = 1;
CREATE INDEX group_cancelling ON job_group (id) WHERE cancel_time IS NOT NULL AND state = 2;
CREATE INDEX group_complete ON job_group (complete_time) WHERE state = 3;

CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    expire_time INTEGER,
    is_json INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE INDEX entry_expiring ON entry (expire_time) WHERE expire_time IS NOT NULL;

CREATE TABLE commit_answer (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL,
    expire_time INTEGER NOT NULL
) STRICT;

CREATE INDEX commit_expiring ON commit_answer (expire_time);

CREATE TABLE schedule (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    queue TEXT NOT NULL,
    events TEXT NOT NULL,
    paused INTEGER NOT NULL,
    overlap INTEGER NOT NULL,
    missed_fire INTEGER NOT NULL,
    next_fire_time INTEGER,
    last_fire_time INTEGER,
    last_job_id BLOB,
    skipped INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL
) STRICT;

CREATE INDEX schedule_due ON schedule (next_fire_time) WHERE next_fire_time IS NOT NULL;
