-- What pruning asks to know when something is due.

-- name: next_ended_job
SELECT finish_time FROM job INDEXED BY job_finished
WHERE finish_time IS NOT NULL AND (finish_time, id) > (:end_time, :number)
ORDER BY finish_time, id
LIMIT 1;

-- name: ended_groups
SELECT complete_time, id, group_id, EXISTS (SELECT 1 FROM job WHERE job.group_number = g.id)
FROM job_group AS g INDEXED BY group_complete
WHERE state = 3 AND (complete_time, id) > (:end_time, :number)
ORDER BY complete_time, id
LIMIT :limit;

-- name: oldest_dead_letter
SELECT min((
    SELECT e.finish_time FROM event AS e INDEXED BY event_dead
    WHERE e.queue = q.id AND e.state = 4
    ORDER BY e.finish_time
    LIMIT 1
))
FROM queue AS q
WHERE q.failed > 0;

-- name: oldest_entries
SELECT min(expire_time) FROM entry INDEXED BY entry_expiring WHERE expire_time IS NOT NULL;

-- name: oldest_commit_answers
SELECT min(expire_time) FROM commit_answer;

-- name: oldest_lineages
SELECT min(last_push_time) FROM lineage;
