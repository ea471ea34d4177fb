-- What a turn of the writer writes, in this order. Rows come as one JSON text of arrays, bytes as one BLOB with
-- offsets (from 1) and lengths into it.

-- name: upsert_queues
INSERT INTO queue (
    id, name, create_time, paused, deleted, settings, purge_before, purge_left, lanes, pending, leased, failed,
    finished_jobs, pushed, delivered, succeeded, dead, cancelled, retried, leases_lost, released, redriven
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value
    ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, value
    ->> 16, value ->> 17, value ->> 18, value ->> 19, value ->> 20, value ->> 21
FROM json_each(:rows)
WHERE true
ON CONFLICT (id) DO UPDATE SET
    create_time = excluded.create_time,
    paused = excluded.paused,
    deleted = excluded.deleted,
    settings = excluded.settings,
    purge_before = excluded.purge_before,
    purge_left = excluded.purge_left,
    lanes = excluded.lanes,
    pending = excluded.pending,
    leased = excluded.leased,
    failed = excluded.failed,
    finished_jobs = excluded.finished_jobs,
    pushed = excluded.pushed,
    delivered = excluded.delivered,
    succeeded = excluded.succeeded,
    dead = excluded.dead,
    cancelled = excluded.cancelled,
    retried = excluded.retried,
    leases_lost = excluded.leases_lost,
    released = excluded.released,
    redriven = excluded.redriven;

-- name: drop_entries
-- A bounded number of the oldest; a large one counts as several.
DELETE FROM entry WHERE id IN (
    SELECT id
    FROM (
        SELECT
            id,
            sum(weight) OVER (ROWS UNBOUNDED PRECEDING) AS total_weight,
            row_number() OVER () AS position
        FROM (
            SELECT id, 1 + length(payload) / 4096 AS weight FROM entry INDEXED BY entry_expiring
            WHERE expire_time <= :before
            ORDER BY expire_time
            LIMIT :limit
        )
    )
    WHERE total_weight <= :limit OR position = 1
);

-- name: drop_commit_answers
DELETE FROM commit_answer WHERE id IN (
    SELECT id
    FROM (
        SELECT
            id,
            sum(weight) OVER (ROWS UNBOUNDED PRECEDING) AS total_weight,
            row_number() OVER () AS position
        FROM (
            SELECT id, 1 + length(answer) / 4096 AS weight FROM commit_answer INDEXED BY commit_expiring
            WHERE expire_time <= :before
            ORDER BY expire_time
            LIMIT :limit
        )
    )
    WHERE total_weight <= :limit OR position = 1
);

-- name: drop_lineages
DELETE FROM lineage WHERE root IN (
    SELECT root FROM lineage INDEXED BY lineage_idle WHERE last_push_time <= :before ORDER BY last_push_time LIMIT :limit
);

-- name: delete_results
DELETE FROM event_result WHERE event IN (
    SELECT r.event
    FROM json_each(:rows) AS gone
    CROSS JOIN event_result AS r ON r.event BETWEEN gone.value ->> 0 AND (gone.value ->> 0) + (gone.value ->> 1) - 1
);

-- name: delete_jobs
DELETE FROM job WHERE id IN (SELECT value ->> 0 FROM json_each(:rows));

-- name: delete_groups
DELETE FROM job_group WHERE id IN (SELECT value FROM json_each(:ids));

-- name: delete_queues
DELETE FROM queue WHERE id IN (SELECT value FROM json_each(:ids));

-- name: upsert_keys
INSERT INTO concurrency_key (id, name, slots, pending, leased, kept)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(:rows)
WHERE true
ON CONFLICT (id) DO UPDATE SET
    slots = excluded.slots,
    pending = excluded.pending,
    leased = excluded.leased,
    kept = excluded.kept;

-- name: delete_keys
DELETE FROM concurrency_key WHERE id IN (SELECT value FROM json_each(:ids));

-- name: call_up_events
UPDATE event SET place = 1 WHERE id IN (SELECT value FROM json_each(:ids));

-- name: add_pushes_below
INSERT INTO lineage (root, pushes, last_push_time)
SELECT substr(:blobs, value ->> 0, 16), value ->> 1, value ->> 2
FROM json_each(:rows)
WHERE true
ON CONFLICT (root) DO UPDATE SET
    pushes = lineage.pushes + excluded.pushes,
    last_push_time = excluded.last_push_time;

-- name: insert_results
INSERT INTO event_result (event, is_json, payload)
SELECT value ->> 0, value ->> 1, substr(:blobs, value ->> 2, value ->> 3) FROM json_each(:rows);

-- name: insert_groups
INSERT INTO job_group (
    id, state, depth, jobs, events, success, failed, cancelled, create_time, last_push_time, complete_time,
    cancel_time, on_complete, group_id, fingerprint, root
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value
    ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12,
    substr(:blobs, value ->> 13, 16), substr(:blobs, value ->> 14, value ->> 15),
    substr(:blobs, value ->> 16, 16)
FROM json_each(:rows);

-- name: insert_jobs
INSERT INTO job (
    id, queue, group_number, request_id, events, success, failed, cancelled, depth, push_time, finish_time,
    cancel_time, job_id, fingerprint, root
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, value ->> 10, value ->> 11,
    substr(:blobs, value ->> 12, 16), substr(:blobs, value ->> 13, value ->> 14),
    substr(:blobs, value ->> 15, 16)
FROM json_each(:rows);

-- name: insert_events
INSERT INTO event (
    id, job, queue, state, place, priority, due_time, key_number, expire_time, policy, is_json, attributes, attempt,
    failures, lease_losses, payload
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value
    ->> 8, value ->> 9, value ->> 10, value ->> 11,
    0, 0, 0, substr(:blobs, value ->> 12, value ->> 13)
FROM json_each(:rows);

-- name: update_events
UPDATE event
SET
    state = changed.value ->> 1,
    place = changed.value ->> 2,
    priority = changed.value ->> 3,
    due_time = changed.value ->> 4,
    lease_expire_time = changed.value ->> 5,
    attempt = changed.value ->> 6,
    failures = changed.value ->> 7,
    lease_losses = changed.value ->> 8,
    first_delivery_time = changed.value ->> 9,
    delivery_time = changed.value ->> 10,
    expire_time = changed.value ->> 11,
    finish_time = changed.value ->> 12,
    context = changed.value ->> 13,
    history = changed.value ->> 14,
    progress = changed.value ->> 15
FROM json_each(:rows) AS changed
WHERE event.id = changed.value ->> 0;

-- name: lease_events
-- What a claim or an extension changes.
UPDATE event
SET
    state = 2,
    place = 0,
    priority = changed.value ->> 1,
    due_time = changed.value ->> 2,
    lease_expire_time = changed.value ->> 3,
    attempt = changed.value ->> 4,
    first_delivery_time = changed.value ->> 5,
    delivery_time = changed.value ->> 6,
    progress = changed.value ->> 7
FROM json_each(:rows) AS changed
WHERE event.id = changed.value ->> 0;

-- name: delete_events
DELETE FROM event WHERE id IN (SELECT value FROM json_each(:ids));

-- name: update_jobs
UPDATE job
SET
    success = changed.value ->> 1,
    failed = changed.value ->> 2,
    cancelled = changed.value ->> 3,
    finish_time = changed.value ->> 4,
    cancel_time = changed.value ->> 5
FROM json_each(:rows) AS changed
WHERE job.id = changed.value ->> 0;

-- name: update_groups
UPDATE job_group
SET
    state = changed.value ->> 1,
    jobs = changed.value ->> 2,
    events = changed.value ->> 3,
    success = changed.value ->> 4,
    failed = changed.value ->> 5,
    cancelled = changed.value ->> 6,
    last_push_time = changed.value ->> 7,
    complete_time = changed.value ->> 8,
    cancel_time = changed.value ->> 9
FROM json_each(:rows) AS changed
WHERE job_group.id = changed.value ->> 0;

-- name: upsert_entries
INSERT INTO entry (key, version, create_time, update_time, expire_time, is_json, payload)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
    substr(:blobs, value ->> 6, value ->> 7)
FROM json_each(:rows)
WHERE true
ON CONFLICT (key) DO UPDATE SET
    version = excluded.version,
    create_time = excluded.create_time,
    update_time = excluded.update_time,
    expire_time = excluded.expire_time,
    is_json = excluded.is_json,
    payload = excluded.payload;

-- name: delete_entries
DELETE FROM entry WHERE key IN (SELECT value FROM json_each(:keys));

-- name: update_next_version
UPDATE store SET next_version = :next_version;

-- name: insert_commits
INSERT INTO commit_answer (request_id, expire_time, fingerprint, answer)
SELECT
    value ->> 0, value ->> 1,
    substr(:blobs, value ->> 2, value ->> 3), substr(:blobs, value ->> 4, value ->> 5)
FROM json_each(:rows)
WHERE true
ON CONFLICT (request_id) DO UPDATE SET
    expire_time = excluded.expire_time,
    fingerprint = excluded.fingerprint,
    answer = excluded.answer;
