-- What operators look at: every statement looks at a bounded number of rows.

-- name: due_times
-- Of what is not in lines: the earliest due time until now, and the earliest after it.
SELECT
    min((
        SELECT e.due_time FROM event AS e INDEXED BY event_pending
        WHERE e.queue = :queue AND (e.place = 2) = 0 AND e.priority = lane.value AND e.due_time <= :now AND e.state = 1
        ORDER BY e.due_time
        LIMIT 1
    )),
    min((
        SELECT e.due_time FROM event AS e INDEXED BY event_pending
        WHERE e.queue = :queue AND (e.place = 2) = 0 AND e.priority = lane.value AND e.due_time > :now AND e.state = 1
        ORDER BY e.due_time
        LIMIT 1
    ))
FROM json_each(:lanes) AS lane;

-- name: scan_jobs
SELECT id, job_id, queue, events - success - failed - cancelled, failed, cancelled
FROM job
WHERE id < coalesce(:below, 9223372036854775807)
ORDER BY id DESC
LIMIT :limit;

-- name: scan_jobs_of_group
SELECT id, job_id, queue, events - success - failed - cancelled, failed, cancelled
FROM job INDEXED BY job_of_group
WHERE
    group_number = (SELECT id FROM job_group WHERE group_id = :group_id)
    AND id < coalesce(:below, 9223372036854775807)
ORDER BY id DESC
LIMIT :limit;

-- name: scan_purged
-- Pending events of a queue behind a position of their index, and whether a purge has marked each; NULL: there is no
-- mark. A comparison of row values would not use the index.
WITH
    passed (in_line, priority, due_time, id) AS (
        SELECT :in_line, priority, due_time, id FROM event INDEXED BY event_pending
        WHERE
            queue = :queue AND (place = 2) = :in_line AND priority = :priority AND due_time = :due_time
            AND id > :event AND state = 1
        UNION ALL
        SELECT :in_line, priority, due_time, id FROM event INDEXED BY event_pending
        WHERE
            queue = :queue AND (place = 2) = :in_line AND priority = :priority AND due_time > :due_time AND state = 1
        UNION ALL
        SELECT :in_line, priority, due_time, id FROM event INDEXED BY event_pending
        WHERE queue = :queue AND (place = 2) = :in_line AND priority > :priority AND state = 1
        UNION ALL
        SELECT 1, priority, due_time, id FROM event INDEXED BY event_pending
        WHERE queue = :queue AND (place = 2) = 1 AND :in_line = 0 AND state = 1
        LIMIT :limit
    )
SELECT in_line, priority, due_time, id, id < (SELECT purge_before FROM queue WHERE id = :queue) FROM passed;
