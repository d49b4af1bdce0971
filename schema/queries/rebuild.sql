-- name: rebuild_begin
-- Everything that follows sees the database as it is now, and writes nothing into it.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: rebuild_session
-- Rows are compared as text, so both sides must spell them alike; and what is being rebuilt can be rebuilt once more, so
-- it need not be on the disk with every commit.
SELECT set_config('DateStyle', 'ISO, YMD', false), set_config('IntervalStyle', 'postgres', false),
       set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false),
       set_config('synchronous_commit', 'off', false)

-- name: rebuild_schema
-- Which database this is, and which schema it has: version of the newest migration, all of them with their checksums in one
-- text, and a text that only this database of this server has.
SELECT max(version), string_agg(version || ' ' || checksum, ', ' ORDER BY version),
       current_database() || ' ' || pg_postmaster_start_time()
FROM schema_migrations

-- name: rebuild_occupied
-- Tables that should be empty and are not: name.
SELECT 'assets' WHERE EXISTS (SELECT FROM assets)
UNION ALL SELECT 'instruments' WHERE EXISTS (SELECT FROM instruments)
UNION ALL SELECT 'coins' WHERE EXISTS (SELECT FROM coins)
UNION ALL SELECT 'reference_entries' WHERE EXISTS (SELECT FROM reference_entries)
UNION ALL SELECT 'schedules' WHERE EXISTS (SELECT FROM schedules)
UNION ALL SELECT 'slots' WHERE EXISTS (SELECT FROM slots)
UNION ALL SELECT 'runs' WHERE EXISTS (SELECT FROM runs)
UNION ALL SELECT 'checkpoints' WHERE EXISTS (SELECT FROM checkpoints)
UNION ALL SELECT 'raw_payloads' WHERE EXISTS (SELECT FROM raw_payloads)
UNION ALL SELECT 'ticks' WHERE EXISTS (SELECT FROM ticks)
UNION ALL SELECT 'candles' WHERE EXISTS (SELECT FROM candles)
UNION ALL SELECT 'candle_revisions' WHERE EXISTS (SELECT FROM candle_revisions)
UNION ALL SELECT 'rollup_marks' WHERE EXISTS (SELECT FROM rollup_marks)
UNION ALL SELECT 'series' WHERE EXISTS (SELECT FROM series)
UNION ALL SELECT 'latest_prices' WHERE EXISTS (SELECT FROM latest_prices)
UNION ALL SELECT 'listings' WHERE EXISTS (SELECT FROM listings)

-- name: rebuild_clear_sources
-- What migrations put there makes room for the original's own.
DELETE FROM sources

-- name: rebuild_clear_quotes
-- The same for the currencies.
DELETE FROM quotes

-- name: rebuild_sources_out
-- All columns, as rebuild_sources_in takes them: both sides have the same schema. So for every pair below.
COPY sources TO STDOUT

-- name: rebuild_sources_in
-- See rebuild_sources_out.
COPY sources FROM STDIN

-- name: rebuild_quotes_out
-- See rebuild_sources_out.
COPY quotes TO STDOUT

-- name: rebuild_quotes_in
-- See rebuild_sources_out.
COPY quotes FROM STDIN

-- name: rebuild_assets_out
-- See rebuild_sources_out.
COPY assets TO STDOUT

-- name: rebuild_assets_in
-- See rebuild_sources_out.
COPY assets FROM STDIN

-- name: rebuild_instruments_out
-- See rebuild_sources_out.
COPY instruments TO STDOUT

-- name: rebuild_instruments_in
-- See rebuild_sources_out.
COPY instruments FROM STDIN

-- name: rebuild_coins_out
-- See rebuild_sources_out.
COPY coins TO STDOUT

-- name: rebuild_coins_in
-- See rebuild_sources_out.
COPY coins FROM STDIN

-- name: rebuild_references_out
-- See rebuild_sources_out.
COPY reference_entries TO STDOUT

-- name: rebuild_references_in
-- See rebuild_sources_out.
COPY reference_entries FROM STDIN

-- name: rebuild_schedules_out
-- See rebuild_sources_out.
COPY schedules TO STDOUT

-- name: rebuild_schedules_in
-- See rebuild_sources_out.
COPY schedules FROM STDIN

-- name: rebuild_runs_out
-- See rebuild_sources_out.
COPY runs TO STDOUT

-- name: rebuild_runs_in
-- See rebuild_sources_out.
COPY runs FROM STDIN

-- name: rebuild_archives_out
-- See rebuild_sources_out. What was dropped is not made again.
COPY archives TO STDOUT

-- name: rebuild_archives_in
-- See rebuild_sources_out.
COPY archives FROM STDIN

-- name: rebuild_checkpoints_out
-- See rebuild_sources_out.
COPY checkpoints TO STDOUT

-- name: rebuild_checkpoints_in
-- See rebuild_sources_out.
COPY checkpoints FROM STDIN

-- name: rebuild_sequences
-- New ids go on behind the copied ones.
SELECT setval(pg_get_serial_sequence('assets', 'asset_id'), coalesce((SELECT max(asset_id) FROM assets), 0) + 1, false),
       setval(pg_get_serial_sequence('runs', 'run_id'), coalesce((SELECT max(run_id) FROM runs), 0) + 1, false),
       setval('raw_payload_ids', coalesce((SELECT max(payload_id) FROM raw_payloads), 0) + 1, false)

-- name: rebuild_kept
-- What there is to feed: payloads, the oldest one's id and time (NULL = none).
SELECT count(*), min(payload_id), (date_part('epoch', min(fetched_at)) * 1000)::bigint AS oldest_ms
FROM raw_payloads

-- name: rebuild_payloads
-- The next payloads in the order of their ids, so many that their bodies have about $2 bytes, at least one: payload_id, run_id,
-- source_id, source (NULL = unknown), job_id, kind, stream, slot_s, args (these five NULL = the run is gone), target, position,
-- from_ms, to_ms, fetched_at, fetched_at_ms, http_status, content_type, verdict, error_code, sha256, body, rejects, markets,
-- intact (the body has the stored SHA-256).
-- $1 the last payload_id that is done, $2 bytes
WITH next AS (
    SELECT payload_id, fetched_at, octet_length(body) AS size, sum(octet_length(body)) OVER (ORDER BY payload_id) AS total
    FROM (SELECT payload_id, fetched_at, body FROM raw_payloads WHERE payload_id > $1::bigint
          ORDER BY payload_id LIMIT 256) AS ahead
)
SELECT p.payload_id, p.run_id, p.source_id, s.name, r.job_id, r.kind, r.stream,
       date_part('epoch', r.slot)::bigint AS slot_s, r.args, p.target, p.position,
       (date_part('epoch', p.window_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', p.window_to) * 1000)::bigint AS to_ms,
       p.fetched_at, (date_part('epoch', p.fetched_at) * 1000)::bigint AS fetched_at_ms, p.http_status, p.content_type,
       p.verdict, p.error_code, p.sha256, p.body, p.rejects, p.markets, sha256(p.body) = p.sha256 AS intact
FROM next
JOIN raw_payloads p ON p.payload_id = next.payload_id AND p.fetched_at = next.fetched_at
LEFT JOIN runs r ON r.run_id = p.run_id
LEFT JOIN sources s ON s.source_id = p.source_id
WHERE next.total - next.size < $2::bigint
ORDER BY p.payload_id

-- name: rebuild_payload_insert
-- A payload as another database kept it, under its own id.
-- $1 payload_id, $2 run_id, $3 source_id, $4 fetched_at, $5 target, $6 http_status, $7 content_type, $8 verdict, $9 error_code,
-- $10 sha256, $11 body, $12 rejects, $13 position, $14 from, $15 to, $16 markets
INSERT INTO raw_payloads (payload_id, run_id, source_id, fetched_at, target, http_status, content_type, verdict, error_code,
                          sha256, body, rejects, position, window_from, window_to, markets)
VALUES ($1::bigint, $2::bigint, $3::smallint, $4::timestamptz, $5::text, $6::integer, $7::text, $8::text, $9::text,
        $10::bytea, $11::bytea, $12::jsonb, $13::text, $14::timestamptz, $15::timestamptz, $16::jsonb)

-- name: rebuild_hashes
-- For each table, in the order in which they depend on each other: name, whether its rows are made of payloads, how many
-- there are, and the sum of their hashes, which no order of the rows changes. All columns count; of raw payloads the
-- bodies count by their SHA-256, made here. Of candles and what they were before, and of series, those count that are made
-- of payloads, without their revision: it counts what stood there before, and that may have been a rolled candle.
SELECT name, made, rows, lpad(to_hex((hash % 9223372036854775807)::bigint), 16, '0') AS hash
FROM (
    SELECT 1 AS place, 'sources' AS name, false AS made, count(*) AS rows,
           coalesce(sum(hashtextextended(t::text, 0)), 0) AS hash
    FROM sources t
    UNION ALL
    SELECT 2, 'quotes', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM quotes t
    UNION ALL
    SELECT 3, 'assets', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM assets t
    UNION ALL
    SELECT 4, 'instruments', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM instruments t
    UNION ALL
    SELECT 5, 'coins', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM coins t
    UNION ALL
    SELECT 6, 'reference_entries', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)
    FROM reference_entries t
    UNION ALL
    SELECT 7, 'schedules', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM schedules t
    UNION ALL
    SELECT 8, 'runs', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM runs t
    UNION ALL
    SELECT 9, 'checkpoints', false, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM checkpoints t
    UNION ALL
    SELECT 10, 'raw_payloads', false, count(*), coalesce(sum(hashtextextended(
               ROW(payload_id, run_id, source_id, fetched_at, target, http_status, content_type, verdict, error_code, sha256,
                   sha256(body), rejects, position, window_from, window_to, markets)::text, 0)), 0)
    FROM raw_payloads
    UNION ALL
    SELECT 11, 'ticks', true, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ticks t
    UNION ALL
    SELECT 12, 'candles', true, count(*), coalesce(sum(hashtextextended(
               ROW(source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, trades, origin, open, high,
                   low, close, volume, quote_volume, volume_24h, market_cap, final, known_at)::text, 0)), 0)
    FROM candles
    WHERE origin <= 1
    UNION ALL
    SELECT 13, 'candle_revisions', true, count(*), coalesce(sum(hashtextextended(
               ROW(source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, trades, known_at,
                   known_until, origin, open, high, low, close, volume, quote_volume, volume_24h, market_cap)::text, 0)), 0)
    FROM candle_revisions
    WHERE origin <= 1
    UNION ALL
    SELECT 14, 'series', true, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM series t WHERE NOT rolled
    UNION ALL
    SELECT 15, 'latest_prices', true, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM latest_prices t
    UNION ALL
    SELECT 16, 'listings', true, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM listings t
) AS every
ORDER BY place

-- name: rebuild_markets
-- The same for each market of one table: source_id, asset_id, quote_id, rows, hash; in the order of these ids.
-- $1 table
SELECT source_id, asset_id, quote_id, count(*) AS rows, sum(hashtextextended(t::text, 0)) AS hash
FROM ticks t WHERE $1::text = 'ticks' GROUP BY 1, 2, 3
UNION ALL SELECT source_id, asset_id, quote_id, count(*), sum(hashtextextended(
           ROW(source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, trades, origin, open, high,
               low, close, volume, quote_volume, volume_24h, market_cap, final, known_at)::text, 0))
FROM candles WHERE $1 = 'candles' AND origin <= 1 GROUP BY 1, 2, 3
UNION ALL SELECT source_id, asset_id, quote_id, count(*), sum(hashtextextended(
           ROW(source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, trades, known_at,
               known_until, origin, open, high, low, close, volume, quote_volume, volume_24h, market_cap)::text, 0))
FROM candle_revisions WHERE $1 = 'candle_revisions' AND origin <= 1 GROUP BY 1, 2, 3
UNION ALL SELECT source_id, asset_id, quote_id, count(*), sum(hashtextextended(t::text, 0))
FROM series t WHERE $1 = 'series' AND NOT rolled GROUP BY 1, 2, 3
UNION ALL SELECT source_id, asset_id, quote_id, count(*), sum(hashtextextended(t::text, 0))
FROM latest_prices t WHERE $1 = 'latest_prices' GROUP BY 1, 2, 3
UNION ALL SELECT source_id, asset_id, quote_id, count(*), sum(hashtextextended(t::text, 0))
FROM listings t WHERE $1 = 'listings' GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: rebuild_rows
-- The rows of one market in one table, to be taken by rebuild_rows_next: interval_s (0 = none), at_us (microseconds; 0 = there
-- is one row only), gone (its payload is not kept, or not with what it takes to feed it), and the row as JSON; in the
-- order of the first two.
-- $1 table, $2 source_id, $3 asset_id, $4 quote_id
DECLARE rebuild_rows NO SCROLL CURSOR FOR
WITH found AS (
    SELECT 0 AS interval_s, (date_part('epoch', observed_at) * 1000000)::bigint AS at_us, payload_id, to_jsonb(t) AS content,
           0 AS revision
    FROM ticks t
    WHERE $1::text = 'ticks' AND source_id = $2::smallint AND asset_id = $3::integer AND quote_id = $4::smallint
    UNION ALL
    SELECT interval_s, (date_part('epoch', open_time) * 1000000)::bigint, payload_id, to_jsonb(t) - 'revision', 0
    FROM candles t
    WHERE $1 = 'candles' AND origin <= 1 AND source_id = $2 AND asset_id = $3 AND quote_id = $4
    UNION ALL
    SELECT interval_s, (date_part('epoch', open_time) * 1000000)::bigint, payload_id, to_jsonb(t) - 'revision', revision
    FROM candle_revisions t
    WHERE $1 = 'candle_revisions' AND origin <= 1 AND source_id = $2 AND asset_id = $3 AND quote_id = $4
    UNION ALL
    SELECT interval_s, 0, NULL, to_jsonb(t), 0
    FROM series t
    WHERE $1 = 'series' AND NOT rolled AND source_id = $2 AND asset_id = $3 AND quote_id = $4
    UNION ALL
    SELECT 0, 0, payload_id, to_jsonb(t), 0
    FROM latest_prices t
    WHERE $1 = 'latest_prices' AND source_id = $2 AND asset_id = $3 AND quote_id = $4
    UNION ALL
    SELECT 0, 0, payload_id, to_jsonb(t), 0
    FROM listings t
    WHERE $1 = 'listings' AND source_id = $2 AND asset_id = $3 AND quote_id = $4
)
SELECT interval_s, at_us,
       payload_id IS NOT NULL AND NOT EXISTS (SELECT FROM raw_payloads p
                                              WHERE p.payload_id = found.payload_id AND p.markets IS NOT NULL) AS gone,
       content
FROM found
ORDER BY interval_s, at_us, revision

-- name: rebuild_rows_next
-- The next of them.
FETCH FORWARD 500 FROM rebuild_rows

-- name: rebuild_rows_close
-- Enough of them.
CLOSE rebuild_rows

-- name: rebuild_market_name
-- For people: source, slug, code. NULL = there is none of that id.
-- $1 source_id, $2 asset_id, $3 quote_id
SELECT (SELECT name FROM sources WHERE source_id = $1::smallint), (SELECT slug FROM assets WHERE asset_id = $2::integer),
       (SELECT code FROM quotes WHERE quote_id = $3::smallint)
