-- name: raw_payload_insert
-- Keeps a payload as it came: payload_id.
-- $1 run_id, $2 source_id, $3 fetched_at, $4 target, $5 http_status, $6 content_type, $7 verdict, $8 error_code,
-- $9 body (its SHA-256 is made here), $10 rejects (JSON or NULL)
INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type, verdict, error_code,
                          sha256, body, rejects)
VALUES ($1::bigint, $2::smallint, $3::timestamptz, $4::text, $5::integer, $6::text, $7::text, $8::text,
        sha256($9::bytea), $9::bytea, $10::jsonb)
RETURNING payload_id

-- name: raw_payload_find
-- A payload with its bytes: run_id, source, fetched_at_ms, target, http_status, content_type, verdict, error_code, body, rejects.
-- $1 payload_id
SELECT p.run_id, s.name, (date_part('epoch', p.fetched_at) * 1000)::bigint AS fetched_at_ms, p.target, p.http_status,
       p.content_type, p.verdict, p.error_code, p.body, p.rejects
FROM raw_payloads p
JOIN sources s USING (source_id)
WHERE p.payload_id = $1::bigint
