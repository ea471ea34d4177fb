-- Schedules: what a turn of the writer reads and writes of them, and what readers ask for.

-- name: load_schedules
SELECT
    name, cron, time_zone, queue, events, paused, overlap, missed_fire, next_fire_time, last_fire_time, last_job_id,
    skipped, create_time, update_time
FROM schedule
WHERE name IN (SELECT value FROM json_each(:names));

-- name: count_schedules
SELECT count(*) FROM schedule;

-- name: upsert_schedules
INSERT INTO schedule (
    name, cron, time_zone, queue, events, paused, overlap, missed_fire, next_fire_time, last_fire_time, skipped,
    create_time, update_time, last_job_id
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value
    ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12,
    substr(:blobs, value ->> 13, 16)
FROM json_each(:rows)
WHERE true
ON CONFLICT (name) DO UPDATE SET
    cron = excluded.cron,
    time_zone = excluded.time_zone,
    queue = excluded.queue,
    events = excluded.events,
    paused = excluded.paused,
    overlap = excluded.overlap,
    missed_fire = excluded.missed_fire,
    next_fire_time = excluded.next_fire_time,
    last_fire_time = excluded.last_fire_time,
    last_job_id = excluded.last_job_id,
    skipped = excluded.skipped,
    create_time = excluded.create_time,
    update_time = excluded.update_time;

-- name: delete_schedules
DELETE FROM schedule WHERE name IN (SELECT value FROM json_each(:names));

-- name: list_schedules
-- As many as fit into the bytes, at least one, and behind each the number that was found.
WITH
    candidate AS MATERIALIZED (
        SELECT id, name, length(events) + 1024 AS bytes FROM schedule WHERE name > :after ORDER BY name LIMIT :limit
    ),
    measured AS (
        SELECT
            id,
            sum(bytes) OVER (ORDER BY name ROWS UNBOUNDED PRECEDING) AS total_bytes,
            row_number() OVER (ORDER BY name) AS position
        FROM candidate
    )
SELECT
    s.name, s.cron, s.time_zone, s.queue, s.events, s.paused, s.overlap, s.missed_fire, s.next_fire_time,
    s.last_fire_time, s.last_job_id, s.skipped, s.create_time, s.update_time,
    (SELECT count(*) FROM candidate)
FROM measured
CROSS JOIN schedule AS s ON s.id = measured.id
WHERE measured.total_bytes <= :max_bytes OR measured.position = 1
ORDER BY measured.position;

-- name: due_schedules
SELECT
    name, cron, time_zone, queue, events, paused, overlap, missed_fire, next_fire_time, last_fire_time, last_job_id,
    skipped, create_time, update_time
FROM schedule INDEXED BY schedule_due
WHERE next_fire_time IS NOT NULL AND next_fire_time <= :now
ORDER BY next_fire_time
LIMIT :limit;

-- name: next_fire_time
SELECT min(next_fire_time) FROM schedule WHERE next_fire_time IS NOT NULL;
