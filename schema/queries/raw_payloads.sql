-- name: raw_payload_turn
-- Waits until no other transaction writes rows of this name, and keeps them to this one until its end. Before
-- raw_payload_insert, so that of two payloads that speak of the same row the one with the higher id is the later one.
-- $1 name
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))

-- name: raw_payload_insert
-- Keeps a payload as it came: payload_id.
-- $1 run_id, $2 source_id, $3 fetched_at, $4 target, $5 http_status, $6 content_type, $7 verdict, $8 error_code,
-- $9 body (its SHA-256 is made here), $10 rejects (JSON or NULL), $11 position, $12 window_from, $13 window_to,
-- $14 markets (JSON; these four NULL if no rows are made of it)
INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type, verdict, error_code,
                          sha256, body, rejects, position, window_from, window_to, markets)
VALUES ($1::bigint, $2::smallint, $3::timestamptz, $4::text, $5::integer, $6::text, $7::text, $8::text,
        sha256($9::bytea), $9::bytea, $10::jsonb, $11::text, $12::timestamptz, $13::timestamptz, $14::jsonb)
RETURNING payload_id

-- name: raw_payload_bytes
-- What a provider sent, to be given out: sha256 (hex), sha256 (base64), body. No row = it is not kept.
-- $1 payload_id
SELECT encode(sha256, 'hex'), encode(sha256, 'base64'), body
FROM raw_payloads
WHERE payload_id = $1::bigint

-- name: raw_payload_find
-- A payload with its bytes: run_id, source, fetched_at_ms, target, http_status, content_type, verdict, error_code, body, rejects.
-- $1 payload_id
SELECT p.run_id, s.name, (date_part('epoch', p.fetched_at) * 1000)::bigint AS fetched_at_ms, p.target, p.http_status,
       p.content_type, p.verdict, p.error_code, p.body, p.rejects
FROM raw_payloads p
JOIN sources s USING (source_id)
WHERE p.payload_id = $1::bigint
