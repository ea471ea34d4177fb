-- What a turn of the writer reads. Lists come as one JSON text, bytes as one BLOB with offsets into it, so that a
-- turn is few calls of the driver whatever its size.

-- name: load_events
SELECT * FROM event_record WHERE id IN (SELECT value FROM json_each(:ids));

-- name: claim_events
-- Ready events in ready order, lane after lane, as many as fit into the bytes, at least one. The first step reads no
-- payloads, and walks the index of each lane in turn: an ORDER BY would read everything that is ready. The columns of
-- the last are those of event_record and behind them what is only delivered.
WITH
    candidate AS MATERIALIZED (
        SELECT e.id, length(e.payload) + coalesce(length(e.attributes), 0) + coalesce(length(e.context), 0) + 512 AS bytes
        FROM json_each(:lanes) AS lane
        CROSS JOIN event AS e INDEXED BY event_pending
        WHERE e.queue = :queue AND (e.place = 2) = 0 AND e.priority = lane.value AND e.due_time <= :now AND e.state = 1
        LIMIT :limit
    ),
    measured AS (
        SELECT id, sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS total_bytes, row_number() OVER () AS position
        FROM candidate
    )
SELECT e.*
FROM measured
CROSS JOIN event AS e ON e.id = measured.id
WHERE measured.total_bytes <= :max_bytes OR measured.position = 1
ORDER BY measured.position;

-- name: next_due_time
SELECT min((
    SELECT e.due_time FROM event AS e INDEXED BY event_pending
    WHERE e.queue = :queue AND (e.place = 2) = 0 AND e.priority = lane.value AND e.due_time > :now AND e.state = 1
    ORDER BY e.due_time
    LIMIT 1
))
FROM json_each(:lanes) AS lane;

-- name: load_keys
SELECT id, name, slots, pending, leased, kept
FROM concurrency_key
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: load_keys_by_name
SELECT id, name, slots, pending, leased, kept
FROM concurrency_key
WHERE name IN (SELECT value FROM json_each(:names));

-- name: load_lines
-- For each key and each queue where it has a line: how many events were called up, the rank of the last of them, and
-- the ranks of the first that wait.
WITH RECURSIVE
    line (key_number, queue) AS (
        SELECT value, -1 FROM json_each(:keys)
        UNION ALL
        SELECT
            line.key_number,
            (
                SELECT min(found.queue)
                FROM (
                    SELECT min(e.queue) AS queue FROM event AS e
                    WHERE e.key_number = line.key_number AND e.queue > line.queue AND e.place = 2
                    UNION ALL
                    SELECT min(e.queue) FROM event AS e
                    WHERE e.key_number = line.key_number AND e.queue > line.queue AND e.place = 1
                ) AS found
            )
        FROM line
        WHERE line.queue IS NOT NULL
    )
SELECT
    line.key_number,
    line.queue,
    (
        SELECT count(*) FROM event AS e
        WHERE e.key_number = line.key_number AND e.queue = line.queue AND e.place = 1
    ),
    (
        SELECT json_array(e.priority, e.due_time, e.id) FROM event AS e
        WHERE e.key_number = line.key_number AND e.queue = line.queue AND e.place = 1
        ORDER BY e.priority, e.due_time DESC, e.id DESC
        LIMIT 1
    ),
    (
        SELECT json_group_array(json_array(first.priority, first.due_time, first.id))
        FROM (
            SELECT e.priority, e.due_time, e.id FROM event AS e
            WHERE e.key_number = line.key_number AND e.queue = line.queue AND e.place = 2
            ORDER BY e.priority DESC, e.due_time, e.id
            LIMIT :limit
        ) AS first
    )
FROM line
WHERE line.queue >= 0;

-- name: load_pushes_below
SELECT lineage.root, lineage.pushes
FROM json_each(:offsets) AS wanted
CROSS JOIN lineage ON lineage.root = substr(:blobs, wanted.value, 16);

-- name: pending_of_job
SELECT e.*
FROM job
CROSS JOIN event_record AS e ON e.id BETWEEN job.id AND job.id + job.events - 1
WHERE job.job_id = :owner AND job.finish_time IS NULL AND e.state = 1
LIMIT :limit;

-- name: pending_of_group
SELECT e.*
FROM job_group AS g
CROSS JOIN job ON job.group_number = g.id
CROSS JOIN event_record AS e ON e.id BETWEEN job.id AND job.id + job.events - 1
WHERE g.group_id = :owner AND job.finish_time IS NULL AND e.state = 1
LIMIT :limit;

-- name: schedule_of_queue
SELECT name FROM schedule WHERE queue = :queue LIMIT 1;

-- name: ended_jobs
-- Finished jobs in the order in which they finished, as many as have so many events, at least one: whether each is
-- needed, and what is kept of its events, each with its weight in pages and its key.
WITH
    candidate AS MATERIALIZED (
        SELECT id, queue, group_number, events, failed, finish_time
        FROM job INDEXED BY job_finished
        WHERE finish_time IS NOT NULL AND (finish_time, id) > (:end_time, :number) AND finish_time <= :before
        ORDER BY finish_time, id
        LIMIT :limit
    ),
    measured AS (
        SELECT
            *,
            sum(events) OVER (ROWS UNBOUNDED PRECEDING) AS total_events,
            row_number() OVER () AS position
        FROM candidate
    )
SELECT
    m.finish_time,
    m.id,
    m.queue,
    m.events,
    (
        m.failed > 0
        AND EXISTS (SELECT 1 FROM event AS e WHERE e.id BETWEEN m.id AND m.id + m.events - 1 AND e.state = 4)
    )
    OR EXISTS (SELECT 1 FROM job_group AS g WHERE g.id = m.group_number AND g.state <> 3),
    (
        SELECT nullif(json_group_array(json_array(e.id, 1 + length(e.payload) / 4096, e.key_number)), '[]')
        FROM event AS e
        WHERE e.id BETWEEN m.id AND m.id + m.events - 1 AND e.state = 3
    )
FROM measured AS m
WHERE m.total_events <= :max_events OR m.position = 1
ORDER BY m.position;

-- name: old_dead_letters
-- Queue after queue, as many as have this weight, at least one.
WITH
    candidate AS MATERIALIZED (
        SELECT e.id, 1 + length(e.payload) / 4096 AS weight
        FROM queue AS q
        CROSS JOIN event AS e INDEXED BY event_dead
        WHERE q.failed > 0 AND e.queue = q.id AND e.finish_time <= :before AND e.state = 4
        LIMIT :limit
    ),
    measured AS (
        SELECT
            id,
            sum(weight) OVER (ROWS UNBOUNDED PRECEDING) AS total_weight,
            row_number() OVER () AS position
        FROM candidate
    )
SELECT e.*
FROM measured
CROSS JOIN event_record AS e ON e.id = measured.id
WHERE measured.total_weight <= :limit OR measured.position = 1
ORDER BY measured.position;

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
    id, group_id, state, on_complete, fingerprint, root, depth, jobs, events, success, failed, cancelled, create_time,
    last_push_time, complete_time, cancel_time
FROM job_group
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: load_groups_by_id
SELECT
    g.id, g.group_id, state, on_complete, fingerprint, g.root, g.depth, jobs, events, success, failed, cancelled, create_time,
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
