-- What readers ask for, outside the turns of the writer.

-- name: get_jobs
SELECT
    job.id, job.job_id, job.queue, job.group_number, job.request_id, job.fingerprint, job.events, job.success,
    job.failed, job.cancelled, job.root, job.depth, job.push_time, job.finish_time, job.cancel_time,
    queue.name, g.group_id, g.cancel_time
FROM json_each(:offsets) AS wanted
CROSS JOIN job ON job.job_id = substr(:blobs, wanted.value, 16)
CROSS JOIN queue ON queue.id = job.queue
LEFT JOIN job_group AS g ON g.id = job.group_number;

-- name: get_job_details
-- As get_jobs, and behind it: pushes below the root, progress of leased events, results that fit into the bytes.
SELECT
    job.id, job.job_id, job.queue, job.group_number, job.request_id, job.fingerprint, job.events, job.success,
    job.failed, job.cancelled, job.root, job.depth, job.push_time, job.finish_time, job.cancel_time,
    queue.name, g.group_id, g.cancel_time,
    coalesce((SELECT pushes FROM lineage WHERE lineage.root = coalesce(job.root, job.job_id)), 0),
    (
        SELECT json_group_array(json_array(told.ordinal, json(told.progress)))
        FROM (
            SELECT e.id - job.id AS ordinal, e.progress
            FROM event AS e INDEXED BY event_leased
            WHERE e.state = 2 AND e.id BETWEEN job.id AND job.id + job.events - 1 AND e.progress IS NOT NULL
            ORDER BY e.id
            LIMIT :parts
        ) AS told
    ),
    (
        SELECT json_group_array(json_array(measured.ordinal, measured.is_json, hex(measured.payload)))
        FROM (
            SELECT
                ordinal, is_json, payload,
                sum(length(payload)) OVER (ORDER BY ordinal ROWS UNBOUNDED PRECEDING) AS total_bytes
            FROM (
                SELECT r.event - job.id AS ordinal, r.is_json, r.payload
                FROM event_result AS r
                WHERE r.event BETWEEN job.id AND job.id + job.events - 1
                ORDER BY r.event
                LIMIT :parts
            )
        ) AS measured
        WHERE measured.total_bytes <= :result_bytes
    )
FROM json_each(:offsets) AS wanted
CROSS JOIN job ON job.job_id = substr(:blobs, wanted.value, 16)
CROSS JOIN queue ON queue.id = job.queue
LEFT JOIN job_group AS g ON g.id = job.group_number;

-- name: get_entries
SELECT key, payload, is_json, version, create_time, update_time, expire_time
FROM entry
WHERE key IN (SELECT value FROM json_each(:keys)) AND (expire_time IS NULL OR expire_time > :now);

-- name: list_entries
-- As many as fit into the bytes, at least one, and behind each the number that was found.
WITH
    candidate AS MATERIALIZED (
        SELECT id, key, length(key) + length(payload) + 64 AS bytes
        FROM entry
        WHERE key > :after AND key >= :prefix AND key < :prefix_end AND (expire_time IS NULL OR expire_time > :now)
        ORDER BY key
        LIMIT :limit
    ),
    measured AS (
        SELECT
            id,
            sum(bytes) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING) AS total_bytes,
            row_number() OVER (ORDER BY key) AS position
        FROM candidate
    )
SELECT
    e.key, e.payload, e.is_json, e.version, e.create_time, e.update_time, e.expire_time,
    (SELECT count(*) FROM candidate)
FROM measured
CROSS JOIN entry AS e ON e.id = measured.id
WHERE measured.total_bytes <= :max_bytes OR measured.position = 1
ORDER BY measured.position;

-- name: list_keys
SELECT key, NULL, NULL, version, create_time, update_time, expire_time
FROM entry
WHERE key > :after AND key >= :prefix AND key < :prefix_end AND (expire_time IS NULL OR expire_time > :now)
ORDER BY key
LIMIT :limit;

-- name: list_queues
SELECT
    id, name, create_time, paused, deleted, settings, purge_before, purge_left, lanes, pending, leased, failed,
    finished_jobs, pushed, delivered, succeeded, dead, cancelled, retried, leases_lost, released, redriven
FROM queue;

-- name: leased_events
SELECT event.id, event.attempt, event.queue, event.job, job.group_number, event.lease_expire_time
FROM event INDEXED BY event_leased
CROSS JOIN job ON job.id = event.job
WHERE event.state = 2;

-- name: cancelling_jobs
SELECT job_id FROM job INDEXED BY job_cancelling WHERE cancel_time IS NOT NULL AND finish_time IS NULL;

-- name: cancelling_groups
SELECT group_id FROM job_group INDEXED BY group_cancelling WHERE cancel_time IS NOT NULL AND state = 2;

-- name: oldest_open_group
SELECT group_id, last_push_time FROM job_group WHERE state = 1 ORDER BY last_push_time LIMIT 1;

-- name: counters
SELECT
    incarnation,
    next_version,
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'job_group'), 0),
    coalesce((SELECT max(id) FROM concurrency_key), 0)
FROM store;
