-- name: lineage_latest
-- Which observation simple_price serves, by the same choice: asset_id, quote_id, source_id (NULL = there is none), source,
-- interval_s (0 = a tick, else of the candle whose close it is; NULL = that one is not there any more), the columns of
-- lineage_tick (known_at_ms NULL), version. No row = no such asset or currency.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 seconds that an observation is fresh
SELECT a.asset_id, q.quote_id, best.source_id, best.source, best.interval_s, best.observed_at_ms, best.price,
       best.volume_24h, best.market_cap, best.change_24h_percent, NULL::bigint AS known_at_ms, best.run_id, best.payload_id,
       doubt_names(best.doubt) AS doubt, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN LATERAL (
    SELECT l.source_id, s.name AS source, (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms, l.run_id,
           l.payload_id, l.price, l.volume_24h, l.market_cap, l.change_24h_percent, l.doubt,
           CASE l.origin WHEN 'tick' THEN 0 ELSE (
               SELECT r.interval_s
               FROM series r
               JOIN candles c ON c.source_id = r.source_id AND c.asset_id = r.asset_id AND c.quote_id = r.quote_id
                             AND c.interval_s = r.interval_s
                             AND c.open_time = l.observed_at - r.interval_s * interval '1 second'
               WHERE r.source_id = l.source_id AND r.asset_id = l.asset_id AND r.quote_id = l.quote_id
                 AND c.close = l.price
               ORDER BY c.payload_id = l.payload_id DESC, r.interval_s
               LIMIT 1) END AS interval_s
    FROM latest_prices l
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (SELECT l.observed_at >= now() - $4::integer * interval '1 second' AS fresh) AS age
    WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND ($3::text IS NULL OR s.name = $3)
    ORDER BY age.fresh DESC, CASE WHEN age.fresh THEN s.priority END, l.observed_at DESC, s.priority
    LIMIT 1
) AS best ON true
WHERE a.slug = $1::text

-- name: lineage_then
-- The same columns for a moment of the past: the newest observation of each source up to it, as it was known.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 seconds that an observation is fresh, $5 the moment, $6 as of
SELECT a.asset_id, q.quote_id, best.source_id, best.source, best.interval_s, best.observed_at_ms, best.price,
       best.volume_24h, best.market_cap, best.change_24h_percent, NULL::bigint AS known_at_ms, best.run_id, best.payload_id,
       NULL::jsonb AS doubt, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, p.interval_s,
           (date_part('epoch', p.observed_at) * 1000)::bigint AS observed_at_ms, p.run_id, p.payload_id, p.price,
           p.volume_24h, p.market_cap, p.change_24h_percent
    FROM latest_prices l
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL price_as_of(l.source_id, l.asset_id, l.quote_id, $5::timestamptz, $6::timestamptz) AS p
    CROSS JOIN LATERAL (SELECT p.observed_at >= $5 - $4::integer * interval '1 second' AS fresh) AS age
    WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND ($3::text IS NULL OR s.name = $3)
    ORDER BY age.fresh DESC, CASE WHEN age.fresh THEN s.priority END, p.observed_at DESC, s.priority
    LIMIT 1
) AS best ON true
WHERE a.slug = $1::text

-- name: lineage_tick
-- A tick: observed_at_ms, price, volume_24h, market_cap, change_24h_percent, known_at_ms, run_id, payload_id, doubt (its names
-- as JSON; NULL = not known of the past). No row = it is not kept any more.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 observed_at
SELECT (date_part('epoch', observed_at) * 1000)::bigint AS observed_at_ms, price, volume_24h, market_cap,
       change_24h_percent, (date_part('epoch', known_at) * 1000)::bigint AS known_at_ms, run_id, payload_id,
       doubt_names(doubt) AS doubt
FROM ticks
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND observed_at = $4::timestamptz

-- name: lineage_candle
-- A candle as it was known: asset_id, quote_id, source_id (NULL = no source has it), source, open_time_ms, close_time_ms,
-- open, high, low, close, volume, quote_volume, volume_24h, market_cap, trades, inputs, origin, final, revision, known_at_ms,
-- known_until_ms (NULL = it stands there now), run_id, payload_id, version. The newest that is over by the moment, at most
-- thirty intervals before it or before the end of its series; of several sources' newest the newest, of equals the preferred source's. No row = no such
-- asset or currency.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 interval_s, $5 the moment, $6 as of
SELECT a.asset_id, q.quote_id, best.source_id, best.source,
       (date_part('epoch', best.open_time) * 1000)::bigint AS open_time_ms,
       (date_part('epoch', best.open_time) * 1000)::bigint + $4::integer * 1000::bigint AS close_time_ms, best.open,
       best.high, best.low, best.close, best.volume, best.quote_volume, best.volume_24h, best.market_cap, best.trades,
       best.inputs,
       (ARRAY['provider', 'points', 'ticks', 'candles'])[best.origin + 1] AS origin, true AS final, best.revision, (date_part('epoch', best.known_at) * 1000)::bigint AS known_at_ms,
       (date_part('epoch', best.known_until) * 1000)::bigint AS known_until_ms, best.run_id, best.payload_id,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, c.*
    FROM (SELECT r.source_id, LEAST(max(r.last_open_time), $5::timestamptz - $4::integer * interval '1 second') AS last
          FROM series r
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $4::integer
          GROUP BY r.source_id) AS known
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL candles_as_of(s.source_id, a.asset_id, q.quote_id, $4::integer,
                                     known.last - $4::integer * interval '30 seconds', known.last, $6::timestamptz) AS c
    WHERE $3::text IS NULL OR s.name = $3
    ORDER BY c.open_time DESC, s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE a.slug = $1::text

-- name: lineage_rolled
-- The columns of lineage_candle for an interval that is not stored: what final candles of a shorter one come to, as chart_points_rolled
-- has it. Revision and known_until are NULL; run and payload are those of the last of them. Without a source: of the one
-- that has most of them, of equals the preferred.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 interval_s that is stored, $5 open time, $6 close time, $7 as of
SELECT a.asset_id, q.quote_id, best.source_id, best.source, (date_part('epoch', $5::timestamptz) * 1000)::bigint AS open_time_ms,
       (date_part('epoch', $6::timestamptz) * 1000)::bigint AS close_time_ms, best.opens[1] AS open, best.high, best.low,
       best.closes[1] AS close, best.volume, best.quote_volume, best.volumes_24h[1] AS volume_24h,
       best.market_caps[1] AS market_cap, best.trades, best.inputs, 'candles' AS origin, true AS final,
       NULL::integer AS revision, (date_part('epoch', best.known_at) * 1000)::bigint AS known_at_ms,
       NULL::bigint AS known_until_ms, best.run_ids[1] AS run_id, best.payload_ids[1] AS payload_id,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, k.*
    FROM (SELECT DISTINCT r.source_id
          FROM series r
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $4::integer) AS known
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS inputs, array_agg(open ORDER BY open_time) AS opens, max(high) AS high, min(low) AS low,
               array_agg(close ORDER BY open_time DESC) AS closes,
               CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
               CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
               CASE WHEN count(trades) = count(*) THEN sum(trades) END AS trades,
               array_agg(volume_24h ORDER BY open_time DESC) AS volumes_24h,
               array_agg(market_cap ORDER BY open_time DESC) AS market_caps, max(known_at) AS known_at,
               array_agg(run_id ORDER BY open_time DESC) AS run_ids,
               array_agg(payload_id ORDER BY open_time DESC) AS payload_ids
        FROM candles_as_of(s.source_id, a.asset_id, q.quote_id, $4, $5::timestamptz,
                           $6::timestamptz - $4::integer * interval '1 second',
                           $7::timestamptz)) AS k
    WHERE ($3::text IS NULL OR s.name = $3) AND k.inputs > 0
    ORDER BY k.inputs DESC, s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE a.slug = $1::text

-- name: lineage_listing
-- The market row of a source: source_id (NULL = none has one), source, observed_at_ms, rank, high_24h, low_24h, change_24h,
-- change_24h_percent, circulating_supply, total_supply, max_supply, run_id, payload_id, asset_id, quote_id, version. Without a
-- source: that of the preferred. No row = no such asset or currency.
-- $1 slug, $2 quote code, $3 source name or NULL
SELECT best.source_id, best.source, (date_part('epoch', best.observed_at) * 1000)::bigint AS observed_at_ms, best.rank,
       best.high_24h, best.low_24h, best.change_24h, best.change_24h_percent, best.circulating_supply, best.total_supply,
       best.max_supply, best.run_id, best.payload_id, a.asset_id, q.quote_id,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN LATERAL (
    SELECT s.name AS source, s.priority, d.*
    FROM listings d
    JOIN sources s USING (source_id)
    WHERE d.asset_id = a.asset_id AND d.quote_id = q.quote_id AND ($3::text IS NULL OR s.name = $3)
    ORDER BY s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE a.slug = $1::text

-- name: lineage_tick_inputs
-- Ticks that a candle was rolled from, ascending, as lineage_tick has them.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 open time, $5 close time, $6 as of, $7 behind
-- this observed_at, $8 how many at most
SELECT (date_part('epoch', observed_at) * 1000)::bigint AS observed_at_ms, price, volume_24h, market_cap,
       change_24h_percent, (date_part('epoch', known_at) * 1000)::bigint AS known_at_ms, run_id, payload_id,
       doubt_names(doubt) AS doubt
FROM ticks
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND doubt = 0
  AND observed_at >= $4::timestamptz AND observed_at < $5::timestamptz AND observed_at > $7::timestamptz
  AND coalesce(known_at, '-infinity') <= $6::timestamptz
ORDER BY observed_at
LIMIT $8::bigint

-- name: lineage_candle_inputs
-- Shorter candles that a candle was rolled from, ascending: open_time_ms, close_time_ms, open, high, low, close, volume,
-- quote_volume, volume_24h, market_cap, trades, inputs, origin, final, revision, known_at_ms, known_until_ms, run_id, payload_id.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s of the inputs, $5 first open time, $6 last open time, $7 as of,
-- $8 how many at most
SELECT (date_part('epoch', open_time) * 1000)::bigint AS open_time_ms,
       (date_part('epoch', open_time) * 1000)::bigint + $4::integer * 1000::bigint AS close_time_ms, open, high, low, close,
       volume, quote_volume, volume_24h, market_cap, trades, inputs,
       (ARRAY['provider', 'points', 'ticks', 'candles'])[origin + 1] AS origin, true AS final, revision,
       (date_part('epoch', known_at) * 1000)::bigint AS known_at_ms,
       (date_part('epoch', known_until) * 1000)::bigint AS known_until_ms, run_id, payload_id
FROM candles_as_of($1::smallint, $2::integer, $3::smallint, $4, $5::timestamptz, $6::timestamptz,
                   $7::timestamptz)
ORDER BY open_time
LIMIT $8::bigint

-- name: lineage_origin
-- The run and the payload that a row names. Run: run_id (NULL = none of that id), job_id, source, kind, stream, slot_ms, attempt,
-- status, started_at_ms, finished_at_ms, worker, traceparent; payload: payload_id (NULL = not kept), run_id, fetched_at_ms, target,
-- http_status, content_type, verdict, sha256 (hex), bytes, symbols (JSON: what the asset in the quote currency is called
-- in there; without the two NULL); archive (of a payload that is not kept: the archived partition that had what was fetched
-- then; NULL = none) and version. Always one row.
-- $1 run_id or NULL (then the payload's), $2 payload_id or NULL, $3 asset_id or NULL, $4 quote_id or NULL, $5 when the payload was
-- fetched, NULL = when its run began
SELECT r.run_id, r.job_id, s.name, r.kind, r.stream, (date_part('epoch', r.slot) * 1000)::bigint AS slot_ms, r.attempt,
       r.status, (date_part('epoch', r.started_at) * 1000)::bigint AS started_at_ms,
       (date_part('epoch', r.finished_at) * 1000)::bigint AS finished_at_ms, r.worker, r.traceparent, p.payload_id,
       p.run_id AS payload_run_id, (date_part('epoch', p.fetched_at) * 1000)::bigint AS fetched_at_ms, p.target,
       p.http_status, p.content_type, p.verdict, encode(p.sha256, 'hex') AS sha256, octet_length(p.body) AS bytes,
       (SELECT json_agg(m.key ORDER BY m.key)
        FROM jsonb_each(p.markets) AS m
        WHERE m.value = jsonb_build_array($3::integer, $4::smallint)) AS symbols,
       (SELECT max(v.partition)
        FROM archives v
        WHERE v.parent = 'raw_payloads' AND v.dropped_at IS NOT NULL AND p.payload_id IS NULL
          AND v.range_from <= coalesce($5::timestamptz, r.started_at)
          AND v.range_to > coalesce($5, r.started_at)) AS archive,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN raw_payloads p ON p.payload_id = $2::bigint
LEFT JOIN runs r ON r.run_id = coalesce($1::bigint, p.run_id)
LEFT JOIN sources s ON s.source_id = r.source_id

-- name: lineage_run_payloads
-- What was answered in a run, in order: payload_id, run_id, fetched_at_ms, target, http_status, content_type, verdict, sha256
-- (hex), bytes, symbols (JSON: of all markets in there).
-- $1 run_id, $2 behind this payload_id, $3 how many at most
SELECT payload_id, run_id, (date_part('epoch', fetched_at) * 1000)::bigint AS fetched_at_ms, target, http_status,
       content_type, verdict, encode(sha256, 'hex') AS sha256, octet_length(body) AS bytes,
       NULL::json AS symbols
FROM (SELECT *
      FROM raw_payloads
      WHERE run_id = $1::bigint
      OFFSET 0) AS of_run -- found by its run, and not on a walk along all ids
WHERE payload_id > $2::bigint
ORDER BY payload_id
LIMIT $3::bigint
