-- name: run_claim
-- Begins or takes over the run of a job: run_id. No row = it is finished (see run_find).
-- Not a lock: two workers may both claim; only one of them can move the checkpoint.
-- $1 job_id, $2 source_id, $3 kind, $4 stream, $5 slot, $6 args, $7 attempt, $8 worker, $9 traceparent
INSERT INTO runs (job_id, source_id, kind, stream, slot, args, attempt, worker, traceparent, status)
VALUES ($1::text, $2::smallint, $3::text, $4::text, $5::timestamptz, $6::jsonb, $7::integer, $8::text, $9::text,
        'running')
ON CONFLICT (job_id)
DO UPDATE SET status = 'running', attempt = excluded.attempt, worker = excluded.worker,
              traceparent = excluded.traceparent, started_at = now(), finished_at = NULL,
              error_code = NULL, error_text = NULL, http_status = NULL
WHERE runs.status <> 'ok'
RETURNING run_id

-- name: run_find
-- The run of a job: run_id, status, event, version, error_code of its last try. An event that is said again carries this
-- version: it is at least as new as the commit was.
-- $1 job_id
SELECT run_id, status, event, pg_snapshot_xmax(pg_current_snapshot())::text AS version, error_code
FROM runs
WHERE job_id = $1::text

-- name: run_page
-- Counts a page and keeps its event, in the page's transaction; or fails with SQLSTATE TM001 when another worker has
-- finished the run meanwhile, so that the page of a job that was delivered twice rolls back.
-- $1 run_id, $2 records, $3 rejected, $4 unmapped, $5 event
SELECT run_page($1::bigint, $2::integer, $3::integer, $4::integer, $5::text)

-- name: run_doubts
-- Counts the prices of a page that are the newest of their market, and were stored with a doubt.
-- $1 run_id, $2 source_id, $3 payload_id
UPDATE runs
SET doubtful = doubtful + new.count
FROM (SELECT count(*) FROM latest_prices WHERE source_id = $2::smallint AND doubt <> 0 AND payload_id = $3::bigint)
     AS new (count)
WHERE run_id = $1::bigint AND new.count > 0

-- name: run_finish
-- Ends a run, or marks it as waiting for its retry. A run that is ok stays ok.
-- $1 run_id, $2 status, $3 error_code, $4 error_text, $5 http_status
UPDATE runs
SET status = $2::text, finished_at = now(), error_code = $3::text, error_text = $4::text,
    http_status = $5::integer
WHERE run_id = $1::bigint AND status <> 'ok'

-- name: runs_list
-- For people, newest first: run_id, job_id, source, kind, stream, slot_ms, attempt, status, started_at_ms, finished_at_ms,
-- pages, records, rejected, unmapped, doubtful, error_code, error_text, http_status, worker.
-- $1 source name or NULL, $2 status or NULL, $3 kind or NULL, $4 stream or NULL, $5 job_id or NULL, $6 begun since or
-- NULL, $7 limit
SELECT r.run_id, r.job_id, s.name, r.kind, r.stream,
       (date_part('epoch', r.slot) * 1000)::bigint AS slot_ms, r.attempt, r.status,
       (date_part('epoch', r.started_at) * 1000)::bigint AS started_at_ms,
       (date_part('epoch', r.finished_at) * 1000)::bigint AS finished_at_ms,
       r.pages, r.records, r.rejected, r.unmapped, r.doubtful, r.error_code, r.error_text, r.http_status, r.worker
FROM runs r
JOIN sources s USING (source_id)
WHERE ($1::text IS NULL OR s.name = $1) AND ($2::text IS NULL OR r.status = $2) AND ($3::text IS NULL OR r.kind = $3)
  AND ($4::text IS NULL OR r.stream = $4) AND ($5::text IS NULL OR r.job_id = $5)
  AND ($6::timestamptz IS NULL OR r.started_at >= $6)
ORDER BY r.started_at DESC, r.run_id DESC
LIMIT $7::bigint

-- name: etl_status
-- The last run of each source: source, enabled, status, started_at_ms, finished_at_ms, error_code, last_success_ms,
-- last_failure_ms (of the runs that were not done: dead, expired, or failed and to be tried again), and how many of its
-- latest prices are doubtful.
-- Sources without a run have NULLs.
SELECT s.name, s.enabled, last.status,
       (date_part('epoch', last.started_at) * 1000)::bigint AS started_at_ms,
       (date_part('epoch', last.finished_at) * 1000)::bigint AS finished_at_ms,
       last.error_code,
       (date_part('epoch', success.finished_at) * 1000)::bigint AS last_success_ms,
       (date_part('epoch', failure.finished_at) * 1000)::bigint AS last_failure_ms,
       (SELECT count(*) FROM latest_prices l WHERE l.source_id = s.source_id AND l.doubt <> 0) AS doubtful
FROM sources s
LEFT JOIN LATERAL (
    SELECT r.status, r.started_at, r.finished_at, r.error_code
    FROM runs r
    WHERE r.source_id = s.source_id
    ORDER BY r.started_at DESC
    LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT r.finished_at
    FROM runs r
    WHERE r.source_id = s.source_id AND r.status = 'ok' AND r.finished_at IS NOT NULL
    ORDER BY r.finished_at DESC
    LIMIT 1
) AS success ON true
LEFT JOIN LATERAL (
    SELECT r.finished_at
    FROM runs r
    WHERE r.source_id = s.source_id AND r.status IN ('failed', 'dead', 'expired') AND r.finished_at IS NOT NULL
    ORDER BY r.finished_at DESC
    LIMIT 1
) AS failure ON true
ORDER BY s.source_id

-- name: run_totals
-- What all runs add up to, by source and status: source, status, runs, records, ended (those that have an end),
-- duration_us (from start to end, of those).
SELECT s.name, c.status, sum(c.runs)::bigint, sum(c.records)::bigint, sum(c.ended)::bigint,
       sum(c.duration_us)::bigint
FROM run_counters c
JOIN sources s USING (source_id)
GROUP BY s.name, c.status
HAVING sum(c.runs) > 0
ORDER BY s.name, c.status

-- name: run_show
-- Everything about a run, for people: run_id, job_id, source, kind, stream, slot_ms, args, attempt, status, started_at_ms,
-- finished_at_ms, pages, records, rejected, unmapped, doubtful, error_code, error_text, http_status, worker, traceparent, schedule,
-- published_at_ms.
-- $1 run_id
SELECT r.run_id, r.job_id, s.name, r.kind, r.stream, (date_part('epoch', r.slot) * 1000)::bigint AS slot_ms, r.args,
       r.attempt, r.status, (date_part('epoch', r.started_at) * 1000)::bigint AS started_at_ms,
       (date_part('epoch', r.finished_at) * 1000)::bigint AS finished_at_ms, r.pages, r.records, r.rejected, r.unmapped,
       r.doubtful, r.error_code, r.error_text, r.http_status, r.worker, r.traceparent, p.schedule_name,
       (date_part('epoch', p.published_at) * 1000)::bigint AS published_at_ms
FROM runs r
JOIN sources s USING (source_id)
LEFT JOIN slots p USING (job_id)
WHERE r.run_id = $1::bigint

-- name: run_payloads
-- What the provider answered in a run, in order: payload_id, fetched_at_ms, target, http_status, content_type, verdict,
-- error_code, bytes, sha256 (hex).
-- $1 run_id
SELECT payload_id, (date_part('epoch', fetched_at) * 1000)::bigint AS fetched_at_ms, target, http_status, content_type,
       verdict, error_code, octet_length(body) AS bytes, encode(sha256, 'hex') AS sha256
FROM raw_payloads
WHERE run_id = $1::bigint
ORDER BY payload_id

-- name: run_rejects
-- Records of a run that were not taken: payload_id, where, reason, excerpt. At most a hundred a payload were kept.
-- $1 run_id
SELECT p.payload_id, r ->> 'where', r ->> 'reason', r ->> 'excerpt'
FROM raw_payloads p
CROSS JOIN LATERAL jsonb_array_elements(p.rejects) WITH ORDINALITY AS e (r, place)
WHERE p.run_id = $1::bigint AND jsonb_typeof(p.rejects) = 'array'
ORDER BY p.payload_id, e.place
