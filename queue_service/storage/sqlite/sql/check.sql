-- What must hold beyond the constraints of the schema. Each row is a fault, told in its one column.

-- name: check_queues
WITH
    finished AS MATERIALIZED (
        SELECT queue, count(*) AS jobs FROM job WHERE finish_time IS NOT NULL GROUP BY queue
    ),
    leased AS MATERIALIZED (
        SELECT queue, count(*) AS events FROM event INDEXED BY event_leased WHERE state = 2 GROUP BY queue
    ),
    counted AS (
        SELECT
            q.*,
            (SELECT count(*) FROM event AS e INDEXED BY event_pending WHERE e.queue = q.id AND e.state = 1) AS pending_rows,
            coalesce((SELECT events FROM leased WHERE leased.queue = q.id), 0) AS leased_rows,
            (SELECT count(*) FROM event AS e INDEXED BY event_dead WHERE e.queue = q.id AND e.state = 4) AS dead_rows,
            coalesce((SELECT jobs FROM finished WHERE finished.queue = q.id), 0) AS finished_rows
        FROM queue AS q
    )
SELECT printf(
    'queue %s: it counts %d pending, %d leased and %d failed events and %d finished jobs; there are %d, %d, %d and %d',
    name, pending, leased, failed, finished_jobs, pending_rows, leased_rows, dead_rows, finished_rows
)
FROM counted
WHERE (pending, leased, failed, finished_jobs) <> (pending_rows, leased_rows, dead_rows, finished_rows)
LIMIT :limit;

-- name: check_lanes
SELECT printf('queue %s: it has pending events of priority %d and does not know', q.name, lane.value)
FROM queue AS q
CROSS JOIN json_each('[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]') AS lane
WHERE
    NOT q.lanes >> lane.value & 1
    AND (
        EXISTS (
            SELECT 1 FROM event AS e INDEXED BY event_pending
            WHERE e.queue = q.id AND (e.place = 2) = 0 AND e.priority = lane.value AND e.state = 1
        )
        OR EXISTS (
            SELECT 1 FROM event AS e INDEXED BY event_pending
            WHERE e.queue = q.id AND (e.place = 2) = 1 AND e.priority = lane.value AND e.state = 1
        )
    )
LIMIT :limit;

-- name: check_jobs
WITH
    counted AS (
        SELECT
            job.job_id,
            job.events - job.success - job.failed - job.cancelled AS open,
            job.success,
            job.failed,
            count(e.id) FILTER (WHERE e.state <= 2) AS open_rows,
            count(e.id) FILTER (WHERE e.state = 3) AS succeeded_rows,
            count(e.id) FILTER (WHERE e.state = 4) AS dead_rows
        FROM job
        LEFT JOIN event AS e ON e.id BETWEEN job.id AND job.id + job.events - 1
        GROUP BY job.id
    )
SELECT printf(
    'job %s: it counts %d events in progress, %d succeeded and %d failed; of these there are %d, %d and %d',
    lower(hex(job_id)), open, success, failed, open_rows, succeeded_rows, dead_rows
)
FROM counted
WHERE open <> open_rows OR success < succeeded_rows OR failed < dead_rows
LIMIT :limit;

-- name: check_owners_of_jobs
SELECT printf(
    'job %s: its %s %d is not there',
    lower(hex(job.job_id)), iif(queue.id IS NULL, 'queue', 'group'), iif(queue.id IS NULL, job.queue, job.group_number)
)
FROM job
LEFT JOIN queue ON queue.id = job.queue
LEFT JOIN job_group AS g ON g.id = job.group_number
WHERE queue.id IS NULL OR (g.id IS NULL AND job.group_number IS NOT NULL)
LIMIT :limit;

-- name: check_owners_of_events
SELECT printf('event %d: it does not belong to the events of job %d in queue %d', e.id, e.job, e.queue)
FROM event AS e
LEFT JOIN job ON job.id = e.job
WHERE job.id IS NULL OR e.id NOT BETWEEN job.id AND job.id + job.events - 1 OR e.queue <> job.queue
LIMIT :limit;

-- name: check_owners_of_results
SELECT printf('result of event %d: its job is not there', r.event)
FROM event_result AS r
WHERE NOT EXISTS (
    SELECT 1 FROM (SELECT id, events FROM job WHERE id <= r.event ORDER BY id DESC LIMIT 1) AS job
    WHERE r.event < job.id + job.events
)
LIMIT :limit;

-- name: check_groups
WITH
    counted AS (
        SELECT
            g.*,
            count(job.id) AS jobs_there,
            coalesce(sum(job.events), 0) AS events_there,
            coalesce(sum(job.success), 0) AS success_there,
            coalesce(sum(job.failed), 0) AS failed_there,
            coalesce(sum(job.cancelled), 0) AS cancelled_there
        FROM job_group AS g
        LEFT JOIN job INDEXED BY job_of_group ON job.group_number = g.id
        WHERE g.state <> 3
        GROUP BY g.id
    )
SELECT printf(
    'group %s: it counts %d jobs, %d events, %d succeeded, %d failed and %d cancelled; there are %d, %d, %d, %d and %d',
    lower(hex(group_id)), jobs, events, success, failed, cancelled, jobs_there, events_there, success_there,
    failed_there, cancelled_there
)
FROM counted
WHERE
    (jobs, events, success, failed, cancelled)
    <> (jobs_there, events_there, success_there, failed_there, cancelled_there)
LIMIT :limit;

-- name: check_sealed_groups
SELECT printf('group %s: it is sealed and all its events have ended, yet it is not complete', lower(hex(group_id)))
FROM job_group
WHERE state = 2 AND success + failed + cancelled = events
LIMIT :limit;

-- name: check_keys
WITH
    counted AS MATERIALIZED (
        SELECT
            key_number,
            count(*) FILTER (WHERE state = 1) AS pending,
            count(*) FILTER (WHERE state = 2) AS leased,
            count(*) FILTER (WHERE state >= 3) AS kept
        FROM event
        WHERE key_number IS NOT NULL
        GROUP BY key_number
    )
SELECT printf(
    'concurrency key %s: it counts %d pending, %d leased and %d kept events; there are %d, %d and %d',
    k.name, k.pending, k.leased, k.kept, coalesce(c.pending, 0), coalesce(c.leased, 0), coalesce(c.kept, 0)
)
FROM concurrency_key AS k
LEFT JOIN counted AS c ON c.key_number = k.id
WHERE
    (k.pending, k.leased, k.kept)
    <> (coalesce(c.pending, 0), coalesce(c.leased, 0), coalesce(c.kept, 0))
UNION ALL
SELECT printf('concurrency key %d: it is not there, but %d events have it', c.key_number, c.pending + c.leased + c.kept)
FROM counted AS c
WHERE NOT EXISTS (SELECT 1 FROM concurrency_key AS k WHERE k.id = c.key_number)
LIMIT :limit;

-- name: check_lines
WITH
    line AS (
        SELECT key_number, queue, count(*) AS waiting
        FROM event INDEXED BY event_line
        WHERE place = 2
        GROUP BY key_number, queue
    ),
    served AS (
        SELECT
            line.*,
            k.name,
            k.slots - k.leased AS free,
            (
                SELECT count(*) FROM event AS e INDEXED BY event_called_up
                WHERE e.key_number = line.key_number AND e.queue = line.queue AND e.place = 1
            ) AS called_up
        FROM line
        CROSS JOIN concurrency_key AS k ON k.id = line.key_number
    )
SELECT printf(
    'concurrency key %s: %d of its events wait in queue %d while %d slots are free and %d are called up',
    name, waiting, queue, free, called_up
)
FROM served
WHERE called_up < min(free, :call_up) -- in one step
LIMIT :limit;

-- name: check_numbers
SELECT printf('%s %d: it is beyond the last that was given, %d', kind, highest, given)
FROM (
    SELECT
        'event number' AS kind,
        (SELECT max(id) FROM event) AS highest,
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) AS given
    UNION ALL
    SELECT
        'group number',
        (SELECT max(id) FROM job_group),
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'job_group'), 0)
    UNION ALL
    SELECT 'entry version', (SELECT max(version) FROM entry), next_version - 1 FROM store
)
WHERE highest > given
LIMIT :limit;
