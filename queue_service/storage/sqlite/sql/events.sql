-- What is asked about events beside claims and settles. Every search looks at a bounded number of rows.

-- name: find_events
SELECT e.queue, e.finish_time, e.id, e.state, iif(:reasons, e.context ->> 0, NULL)
FROM event AS e NOT INDEXED
WHERE e.id > :after AND e.id < :until
ORDER BY e.id
LIMIT :limit;

-- name: find_named_events
SELECT e.queue, e.finish_time, e.id, e.state, iif(:reasons, e.context ->> 0, NULL)
FROM event AS e NOT INDEXED
WHERE e.id IN (SELECT value FROM json_each(:ids)) AND e.id > :after
ORDER BY e.id
LIMIT :limit;

-- name: find_dead_events
SELECT e.queue, e.finish_time, e.id, e.state, iif(:reasons, e.context ->> 0, NULL)
FROM event AS e INDEXED BY event_dead
WHERE
    e.state = 4
    AND (e.queue, e.finish_time, e.id) > (:queue, :finish_time, :event)
    AND (e.queue, e.finish_time) < (:last_queue, :before)
ORDER BY e.queue, e.finish_time, e.id
LIMIT :limit;

-- name: find_leased_events
SELECT e.queue, e.finish_time, e.id, e.state, iif(:reasons, e.context ->> 0, NULL)
FROM event AS e INDEXED BY event_leased
WHERE e.state = 2 AND e.id > :after
ORDER BY e.id
LIMIT :limit;

-- name: find_pending_events
-- All that is pending in the queue is sorted: only for queues with few.
SELECT e.queue, e.finish_time, e.id, e.state, iif(:reasons, e.context ->> 0, NULL)
FROM event AS e INDEXED BY event_pending
WHERE e.state = 1 AND e.queue = :queue AND e.id > :after
ORDER BY e.id
LIMIT :limit;

-- name: read_events
-- In the order of the numbers. The columns are those of event_record, what is only delivered, and the names.
WITH
    candidate AS MATERIALIZED (
        SELECT
            wanted.key AS position, e.id,
            2048 + iif(
                :full,
                length(e.payload) + coalesce(length(e.attributes), 0) + coalesce(length(e.context), 0)
                + coalesce(length(e.history), 0),
                coalesce(length(e.context ->> 1), 0)
            ) AS bytes
        FROM json_each(:ids) AS wanted
        CROSS JOIN event AS e ON e.id = wanted.value
    ),
    measured AS (
        SELECT
            id, position,
            sum(bytes) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS total_bytes,
            row_number() OVER (ORDER BY position) AS place
        FROM candidate
    )
SELECT
    e.id, e.job, e.queue, e.state, e.place, e.priority, e.due_time, e.key_number, e.lease_expire_time, e.attempt,
    e.failures, e.lease_losses, e.first_delivery_time, e.delivery_time, e.expire_time, e.finish_time, e.policy,
    iif(:full OR e.context IS NULL, e.context, json_array(e.context ->> 0, e.context ->> 1, NULL)),
    iif(:full, e.history, NULL), e.progress,
    e.is_json, iif(:full, e.attributes, NULL), iif(:full, e.payload, NULL),
    job.job_id, job.push_time, queue.name, k.name, k.slots
FROM measured
CROSS JOIN event AS e ON e.id = measured.id
CROSS JOIN job ON job.id = e.job
CROSS JOIN queue ON queue.id = e.queue
LEFT JOIN concurrency_key AS k ON k.id = e.key_number
WHERE measured.total_bytes <= :max_bytes OR measured.place = 1
ORDER BY measured.position;

-- name: expiring_events
SELECT id, expire_time
FROM event INDEXED BY event_expiring
WHERE state = 1 AND expire_time IS NOT NULL
ORDER BY expire_time
LIMIT :limit;
