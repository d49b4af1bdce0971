-- name: leader_session
-- Ends this session when it says nothing for so long: the session of a leader that is paused (SIGSTOP, a sleeping
-- machine) looks alive to TCP, and would keep its lock. $1 milliseconds
SELECT set_config('idle_session_timeout', $1::bigint::text, false)

-- name: leader_try_lock
-- True if this session leads the schedulers from now on, until it ends.
SELECT pg_try_advisory_lock(hashtext('tidemark.scheduler'))

-- name: leader_record
-- Says for people who leads from now on. $1 host, $2 pid, $3 period of quotes in seconds or NULL
INSERT INTO leader (host, pid, quote_period_s)
VALUES ($1::text, $2::integer, $3::integer)
ON CONFLICT (only_one)
DO UPDATE SET host = excluded.host, pid = excluded.pid, quote_period_s = excluded.quote_period_s, leads_since = now()

-- name: leader_unlock
-- Lets another scheduler lead.
SELECT pg_advisory_unlock(hashtext('tidemark.scheduler'))

-- name: slots_insert
-- New slots, over the session that holds the lock; those that exist stay. One that an operator ordered for the very
-- second of a slot becomes that slot. Returns the job_ids that are new, or new to their schedule.
-- $1 job_ids, $2 schedule names, $3 source_ids, $4 streams, $5 slots, $6 messages, $7 states ("pending", "skipped")
INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message, state)
SELECT n.job_id, n.schedule_name, n.source_id, n.stream, n.slot, n.message, n.state
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
     AS n (job_id, schedule_name, source_id, stream, slot, message, state)
ORDER BY n.job_id
ON CONFLICT (job_id) DO UPDATE SET schedule_name = excluded.schedule_name
WHERE slots.schedule_name = '(operator)'
RETURNING job_id

-- name: slots_order
-- Jobs that an operator orders, for the leading scheduler to publish; those that exist stay. Returns the job_ids that are new.
-- $1 job_ids, $2 source_ids, $3 streams, $4 slots, $5 messages
INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)
SELECT n.job_id, '(operator)', n.source_id, n.stream, n.slot, n.message
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[])
     AS n (job_id, source_id, stream, slot, message)
ORDER BY n.job_id
ON CONFLICT (job_id) DO NOTHING
RETURNING job_id

-- name: slots_ordered
-- What operators, or the gaps job, ordered a short while ago and is not confirmed: job_id, source, message. The sweep
-- takes what is older.
-- $1 seconds, $2 limit
SELECT p.job_id, s.name, p.message
FROM slots p
JOIN sources s USING (source_id)
WHERE p.state = 'pending' AND p.schedule_name IN ('(operator)', '(gaps)')
  AND p.inserted_at > now() - $1::integer * interval '1 second'
ORDER BY p.inserted_at, p.job_id
LIMIT $2::bigint

-- name: slots_progress
-- How far jobs have come: job_id, source, stream, slot_ms, state (NULL = there is no such slot), run_id, status, attempt, pages,
-- records, rejected, unmapped, error_code, error_text, position (of the stream). In the order asked.
-- $1 job_ids
SELECT asked.job_id, s.name, p.stream, (date_part('epoch', p.slot) * 1000)::bigint AS slot_ms, p.state, r.run_id,
       r.status, r.attempt, r.pages, r.records, r.rejected, r.unmapped, r.error_code, r.error_text, c.position
FROM unnest($1::text[]) WITH ORDINALITY AS asked (job_id, place)
LEFT JOIN slots p ON p.job_id = asked.job_id
LEFT JOIN sources s ON s.source_id = p.source_id
LEFT JOIN runs r ON r.job_id = asked.job_id
LEFT JOIN checkpoints c ON c.source_id = p.source_id AND c.stream = p.stream
ORDER BY asked.place

-- name: slots_pending
-- What was inserted and not confirmed, of each source the oldest, so that one whose queue is full does not hide the
-- others; of one moment prices before histories, as in schedules_list: job_id, source, message.
-- $1 limit for each source
SELECT p.job_id, s.name, p.message
FROM sources s
CROSS JOIN LATERAL (
    SELECT job_id, message, inserted_at,
           array_position(ARRAY['quote', 'listing', 'reference', 'history'], split_part(stream, '/', 1)) AS rank
    FROM slots
    WHERE slots.source_id = s.source_id AND slots.state = 'pending'
    ORDER BY slots.inserted_at, rank, slots.job_id
    LIMIT $1::bigint
) AS p
ORDER BY p.inserted_at, p.rank, p.job_id

-- name: slots_mark_published
-- The broker confirmed them. $1 job_ids
UPDATE slots
SET state = 'published', published_at = now(), publishes = publishes + 1
WHERE job_id = ANY ($1::text[])

-- name: slots_reopen
-- The broker has lost a jobs queue: what was confirmed and has no final run counts as unconfirmed again.
-- $1 oldest slot to care for
UPDATE slots
SET state = 'pending'
WHERE state = 'published' AND slot >= $1::timestamptz
  AND NOT EXISTS (SELECT FROM runs r WHERE r.job_id = slots.job_id AND r.status IN ('ok', 'expired', 'skipped', 'dead'))

-- name: slots_unfinished
-- What was confirmed long ago, has no final run, and nobody has tried since: job_id, source, message, oldest first. A
-- run that waits for its next try still has its message. Publishing it again and marking it moves it to the end of the
-- wait, so a backlog cannot multiply itself.
-- $1 seconds since it was published or tried, $2 oldest slot to care for, $3 limit
SELECT p.job_id, s.name, p.message
FROM slots p
JOIN sources s USING (source_id)
WHERE p.state = 'published' AND p.published_at <= now() - $1::integer * interval '1 second'
  AND p.slot >= $2::timestamptz
  AND NOT EXISTS (SELECT FROM runs r
                  WHERE r.job_id = p.job_id
                    AND (r.status IN ('ok', 'expired', 'skipped', 'dead')
                         OR coalesce(r.finished_at, r.started_at) > now() - $1::integer * interval '1 second'))
ORDER BY p.published_at, p.job_id
LIMIT $3::bigint

-- name: slots_trim
-- Forgets old slots that nobody will ask for: skipped ones, and those whose run is final. The newest of each schedule
-- stays, for the next one is counted from it; of what operators and the gaps job ordered nothing is counted. No index is
-- read further than $2 such slots, oldest first.
-- $1 moment that they lie before, $2 limit
DELETE FROM slots
WHERE job_id IN (
    SELECT old.job_id
    FROM slots old
    WHERE old.slot < $1::timestamptz
      AND (old.state = 'skipped'
           OR old.state = 'published'
              AND EXISTS (SELECT FROM runs r
                          WHERE r.job_id = old.job_id AND r.status IN ('ok', 'expired', 'skipped', 'dead')))
      AND (old.schedule_name IN ('(operator)', '(gaps)')
           OR EXISTS (SELECT FROM slots newer
                      WHERE newer.source_id = old.source_id AND newer.stream = old.stream AND newer.slot > old.slot
                        AND newer.schedule_name <> '(operator)'))
    ORDER BY old.slot
    LIMIT $2::bigint
)
