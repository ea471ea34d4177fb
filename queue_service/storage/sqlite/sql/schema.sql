-- The schema of a new store. Instants are milliseconds since the epoch; states are numbers of domain/states.py.

CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    next_version INTEGER NOT NULL
) STRICT;

CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
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

-- Numbers are never used twice (AUTOINCREMENT): a lease names one attempt of one event for ever.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (1, 2, 4)), -- what succeeded or was cancelled is only counted
    due_time INTEGER NOT NULL,
    lease_expire_time INTEGER,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    failures INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL,
    first_delivery_time INTEGER,
    context TEXT,
    is_json INTEGER NOT NULL,
    attributes TEXT,
    payload BLOB NOT NULL,
    CHECK ((state = 2) = (lease_expire_time IS NOT NULL)),
    CHECK ((attempt > 0) = (first_delivery_time IS NOT NULL))
) STRICT;

CREATE INDEX event_ready ON event (queue, due_time, id) WHERE state = 1;
CREATE INDEX event_leased ON event (id) WHERE state = 2;

CREATE TABLE job_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id BLOB NOT NULL UNIQUE CHECK (length(group_id) = 16),
    state INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    on_complete TEXT,
    fingerprint BLOB NOT NULL,
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

CREATE TABLE commit_answer (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL,
    expire_time INTEGER NOT NULL
) STRICT;
