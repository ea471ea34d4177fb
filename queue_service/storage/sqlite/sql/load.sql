-- What a turn of the writer reads. Lists come as one JSON text, bytes as one BLOB with offsets into it, so that a
-- turn is few calls of the driver whatever its size.

-- name: load_events
SELECT id, job, queue, state, due_time, lease_expire_time, attempt, failures, lease_losses, first_delivery_time, context
FROM event
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: claim_events
-- Ready events in ready order, as many as fit into the bytes, at least one. The first step reads no payloads.
WITH
    candidate AS MATERIALIZED (
        SELECT id, length(payload) + coalesce(length(attributes), 0) + coalesce(length(context), 0) + 512 AS bytes
        FROM event
        WHERE queue = :queue AND state = 1 AND due_time <= :now
        ORDER BY due_time, id
        LIMIT :limit
    ),
    measured AS (
        SELECT id, sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS total_bytes, row_number() OVER () AS position
        FROM candidate
    )
SELECT
    e.id, e.job, e.queue, e.state, e.due_time, e.lease_expire_time, e.attempt, e.failures, e.lease_losses,
    e.first_delivery_time, e.context, e.is_json, e.attributes, e.payload
FROM measured
CROSS JOIN event AS e ON e.id = measured.id
WHERE measured.total_bytes <= :max_bytes OR measured.position = 1
ORDER BY measured.position;

-- name: next_due_time
SELECT due_time FROM event
WHERE queue = :queue AND state = 1 AND due_time > :now
ORDER BY due_time
LIMIT 1;

-- name: pending_of_job
SELECT
    e.id, e.job, e.queue, e.state, e.due_time, e.lease_expire_time, e.attempt, e.failures, e.lease_losses,
    e.first_delivery_time, e.context
FROM job
CROSS JOIN event AS e ON e.id BETWEEN job.id AND job.id + job.events - 1
WHERE job.job_id = :owner AND job.finish_time IS NULL AND e.state = 1
LIMIT :limit;

-- name: pending_of_group
SELECT
    e.id, e.job, e.queue, e.state, e.due_time, e.lease_expire_time, e.attempt, e.failures, e.lease_losses,
    e.first_delivery_time, e.context
FROM job_group AS g
CROSS JOIN job ON job.group_number = g.id
CROSS JOIN event AS e ON e.id BETWEEN job.id AND job.id + job.events - 1
WHERE g.group_id = :owner AND job.finish_time IS NULL AND e.state = 1
LIMIT :limit;

-- name: load_jobs
SELECT
    id, job_id, queue, group_number, request_id, fingerprint, events, success, failed, cancelled, root, depth,
    push_time, finish_time, cancel_time
FROM job
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: load_jobs_by_id
SELECT
    job.id, job.job_id, job.queue, job.group_number, job.request_id, job.fingerprint, job.events, job.success,
    job.failed, job.cancelled, job.root, job.depth, job.push_time, job.finish_time, job.cancel_time
FROM json_each(:offsets) AS wanted
CROSS JOIN job ON job.job_id = substr(:blobs, wanted.value, 16);

-- name: load_jobs_by_request
SELECT
    job.id, job.job_id, job.queue, job.group_number, job.request_id, job.fingerprint, job.events, job.success,
    job.failed, job.cancelled, job.root, job.depth, job.push_time, job.finish_time, job.cancel_time
FROM json_each(:rows) AS wanted
CROSS JOIN job ON job.queue = wanted.value ->> 0 AND job.request_id = wanted.value ->> 1;

-- name: load_groups
SELECT
    id, group_id, state, on_complete, fingerprint, jobs, events, success, failed, cancelled, create_time,
    last_push_time, complete_time, cancel_time
FROM job_group
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: load_groups_by_id
SELECT
    g.id, g.group_id, state, on_complete, fingerprint, jobs, events, success, failed, cancelled, create_time,
    last_push_time, complete_time, cancel_time
FROM json_each(:offsets) AS wanted
CROSS JOIN job_group AS g ON g.group_id = substr(:blobs, wanted.value, 16);

-- name: load_entries
-- A turn needs no values, only whether and in which version an entry is there.
SELECT key, NULL, NULL, version, create_time, update_time, expire_time
FROM entry
WHERE key IN (SELECT value FROM json_each(:keys));

-- name: load_commits
SELECT request_id, fingerprint, answer, expire_time
FROM commit_answer
WHERE request_id IN (SELECT value FROM json_each(:ids));
