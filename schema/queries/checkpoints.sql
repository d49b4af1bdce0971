-- name: checkpoint_read
-- Where a stream goes on: position. No row = from the beginning.
-- $1 source_id, $2 stream
SELECT position
FROM checkpoints
WHERE source_id = $1::smallint AND stream = $2::text

-- name: checkpoint_advance
-- Moves a stream from the position that was read to a new one, or fails with SQLSTATE TM001
-- ("checkpoint.moved") when another transaction was here first, so that a pipelined page rolls back.
-- $1 source_id, $2 stream, $3 position that was read (NULL = none), $4 new position, $5 run_id
SELECT checkpoint_advance($1::smallint, $2::text, $3::text, $4::text, $5::bigint)

-- name: checkpoints_list
-- For people: source, stream, position, moved_at_ms, run_id.
-- $1 source name or NULL
SELECT s.name, c.stream, c.position, (date_part('epoch', c.moved_at) * 1000)::bigint AS moved_at_ms, c.run_id
FROM checkpoints c
JOIN sources s USING (source_id)
WHERE $1::text IS NULL OR s.name = $1
ORDER BY s.name, c.stream

-- name: checkpoint_find
-- For people: source, stream, position, moved_at_ms, run_id, and of that run job_id and status.
-- $1 source name, $2 stream
SELECT s.name, c.stream, c.position, (date_part('epoch', c.moved_at) * 1000)::bigint AS moved_at_ms, c.run_id, r.job_id,
       r.status
FROM checkpoints c
JOIN sources s USING (source_id)
LEFT JOIN runs r USING (run_id)
WHERE s.name = $1::text AND c.stream = $2::text

-- name: checkpoint_rewind
-- Sets a position back. A worker that went on from the old one cannot commit its page (checkpoint_advance) and asks again
-- from here. No row affected = it has moved since. $1 source name, $2 stream, $3 old position, $4 new position
UPDATE checkpoints
SET position = $4::text, moved_at = now()
WHERE source_id = (SELECT source_id FROM sources WHERE name = $1::text) AND stream = $2::text AND position = $3::text

-- name: checkpoint_forget
-- The same to the beginning: as if nothing had been fetched. $1 source name, $2 stream, $3 old position
DELETE FROM checkpoints
WHERE source_id = (SELECT source_id FROM sources WHERE name = $1::text) AND stream = $2::text AND position = $3::text
