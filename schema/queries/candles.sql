-- name: candles_any
-- Whether a series has, or had, a candle in a window, ends included. If not, its page may go in by candles_copy.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 last open_time
SELECT EXISTS (
    SELECT FROM candles
    WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint
      AND interval_s = $4::integer AND open_time BETWEEN $5::timestamptz AND $6::timestamptz)
    OR EXISTS (
    SELECT FROM candle_revisions
    WHERE source_id = $1 AND asset_id = $2 AND quote_id = $3 AND interval_s = $4 AND open_time BETWEEN $5 AND $6)

-- name: candles_copy
-- The fast way for a page of which nothing is stored yet (candles_any); three times as fast as an upsert. Closed candles, so
-- they are final (the column's default); what is rolled from them is marked by rollup_marks_add.
-- If another worker was quicker it fails with "database.conflict": run the transaction again.
COPY candles (source_id, asset_id, quote_id, interval_s, open_time, open, high, low, close, volume, quote_volume,
              volume_24h, market_cap, trades, inputs, origin, run_id, payload_id, known_at) FROM STDIN

-- name: candles_stage_create
-- Where a page waits for candles_upsert; once a connection, before the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS candles_stage (
    open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
    quote_volume numeric, volume_24h numeric, market_cap numeric, trades bigint, inputs integer
) ON COMMIT DELETE ROWS

-- name: candles_stage_copy
-- Puts a page of one series into the stage.
COPY pg_temp.candles_stage (open_time, open, high, low, close, volume, quote_volume, volume_24h, market_cap, trades,
                            inputs) FROM STDIN

-- name: candles_upsert
-- Takes the staged page of one series over: how many rows that changes. Open times are unique in a page. A candle of a
-- lower origin stays, identical ones stay untouched. Final values that are replaced by others go to candle_revisions. What
-- is rolled from a changed candle is marked. In the turn of the series (raw_payload_turn), so that nobody else writes it.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 origin (0 provider, 1 points), $6 run_id, $7 payload_id,
-- $8 known_at, $9 interval_s of the candles that are rolled from these, NULL = none
WITH changed AS MATERIALIZED (
    SELECT s.*, known.open_time IS NULL AS new,
           known.final AND (known.open, known.high, known.low, known.close, known.volume, known.quote_volume,
                            known.volume_24h, known.market_cap, known.trades)
                           IS DISTINCT FROM
                           (s.open, s.high, s.low, s.close, s.volume, s.quote_volume, s.volume_24h, s.market_cap, s.trades)
           AS revises
    FROM pg_temp.candles_stage s
    LEFT JOIN candles known
        ON known.source_id = $1::smallint AND known.asset_id = $2::integer AND known.quote_id = $3::smallint
        AND known.interval_s = $4::integer AND known.open_time = s.open_time
        -- So that only the page's part of a long series is read.
        AND known.open_time BETWEEN (SELECT min(open_time) FROM pg_temp.candles_stage)
                                AND (SELECT max(open_time) FROM pg_temp.candles_stage)
    WHERE known.open_time IS NULL
       OR known.origin >= $5::smallint
          AND (known.open, known.high, known.low, known.close, known.volume, known.quote_volume, known.volume_24h,
               known.market_cap, known.trades, known.inputs, known.origin)
              IS DISTINCT FROM
              (s.open, s.high, s.low, s.close, s.volume, s.quote_volume, s.volume_24h, s.market_cap, s.trades, s.inputs,
               $5)
), revised AS (
    INSERT INTO candle_revisions
           (source_id, asset_id, quote_id, interval_s, open_time, revision, known_at, known_until, origin, run_id,
            payload_id, open, high, low, close, volume, quote_volume, volume_24h, market_cap, trades, inputs)
    SELECT c.source_id, c.asset_id, c.quote_id, c.interval_s, c.open_time, c.revision, c.known_at, $8::timestamptz,
           c.origin, c.run_id, c.payload_id, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.volume_24h,
           c.market_cap, c.trades, c.inputs
    FROM changed
    JOIN candles c ON c.source_id = $1 AND c.asset_id = $2 AND c.quote_id = $3 AND c.interval_s = $4
                  AND c.open_time = changed.open_time
    WHERE changed.revises
), written AS (
    INSERT INTO candles AS c
           (source_id, asset_id, quote_id, interval_s, origin, run_id, payload_id, known_at, open_time, open, high, low,
            close, volume, quote_volume, volume_24h, market_cap, trades, inputs, final, revision)
    SELECT $1, $2, $3, $4, $5, $6::bigint, $7::bigint, $8, open_time, open, high, low, close, volume, quote_volume,
           volume_24h, market_cap, trades, inputs, true,
           -- It may have been there and have gone.
           CASE WHEN new THEN (SELECT coalesce(max(gone.revision) + 1, 0)
                               FROM candle_revisions gone
                               WHERE gone.source_id = $1 AND gone.asset_id = $2 AND gone.quote_id = $3
                                 AND gone.interval_s = $4 AND gone.open_time = changed.open_time)
           ELSE revises::integer END -- added to what stands there
    FROM changed
    ORDER BY open_time
    ON CONFLICT (source_id, asset_id, quote_id, interval_s, open_time)
    DO UPDATE SET origin = excluded.origin, run_id = excluded.run_id, payload_id = excluded.payload_id,
                  known_at = excluded.known_at, open = excluded.open, high = excluded.high, low = excluded.low,
                  close = excluded.close, volume = excluded.volume, quote_volume = excluded.quote_volume,
                  volume_24h = excluded.volume_24h, market_cap = excluded.market_cap, trades = excluded.trades,
                  inputs = excluded.inputs, final = true, revision = c.revision + excluded.revision
    RETURNING open_time
), marked AS (
    INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
    SELECT now(), $9::integer, $1, array_agg($2), array_agg($3), array_agg(bucket)
    FROM (SELECT DISTINCT rollup_bucket(open_time, $9) AS bucket FROM written) AS buckets
    WHERE $9 IS NOT NULL
    HAVING count(*) > 0
)
SELECT count(*) FROM written

-- name: chart_choose
-- Which series answers a chart: asset_id (NULL = unknown asset), quote_id, source_id (NULL = nobody has candles in the
-- window), source, version, and that source's latest price: price, market_cap, volume_24h, observed_at_ms.
-- The source whose series covers most of the window, in whole intervals from the later of its first candle and the
-- window's beginning to its last candle; of equals the preferred. Always one row if the currency exists.
-- $1 slug, $2 quote code, $3 interval_s, $4 first open_time
SELECT a.asset_id, q.quote_id, best.source_id, best.source, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       l.price, l.market_cap, l.volume_24h, (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source
    FROM series r
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $3::integer
      AND r.last_open_time >= $4::timestamptz
    GROUP BY s.source_id
    ORDER BY floor(date_part('epoch', max(r.last_open_time) - GREATEST(min(r.first_open_time), $4)) / $3) DESC,
             s.priority, s.source_id
    LIMIT 1
) AS best ON true
LEFT JOIN latest_prices l
    ON l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND l.source_id = best.source_id AND l.doubt = 0
WHERE q.code = $2::text

-- name: chart_source
-- The same columns for a source that was asked for by name: nothing to choose, so no candle is looked at.
-- $1 slug, $2 quote code, $3 source name
SELECT a.asset_id, q.quote_id, s.source_id, s.name AS source, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       l.price, l.market_cap, l.volume_24h, (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms
FROM quotes q
JOIN sources s ON s.name = $3::text
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN latest_prices l ON l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND l.source_id = s.source_id AND l.doubt = 0
WHERE q.code = $2::text

-- name: chart_points
-- The final candles of a series, ascending: close_time_ms, close, volume (of the asset, in the interval), volume_24h, market_cap.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 how many at most
SELECT (date_part('epoch', open_time) * 1000)::bigint + interval_s * 1000::bigint AS close_time_ms, close, volume,
       volume_24h, market_cap
FROM candles
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND open_time >= $5::timestamptz AND open_time <= now() - $4::integer * interval '1 second' AND final
ORDER BY open_time
-- With a limit the planner takes the partitions in their order, so that the first point is on its way at once, and
-- nothing is sorted.
LIMIT $6::bigint

-- name: chart_choose_as_of
-- The columns of chart_choose for what was known at a moment: the window ends there, series reach as far as was known, and the
-- latest price is that of then.
-- $1 slug, $2 quote code, $3 interval_s, $4 first open_time, $5 as of
SELECT a.asset_id, q.quote_id, best.source_id, best.source, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       p.price, p.market_cap, p.volume_24h, (date_part('epoch', p.observed_at) * 1000)::bigint AS observed_at_ms
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source
    FROM (SELECT DISTINCT r.source_id
          FROM series r
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $3::integer
            AND r.last_open_time >= $4::timestamptz AND r.first_open_time <= $5::timestamptz) AS started
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (
        SELECT min(c.open_time) AS first, max(c.open_time) AS last
        FROM candles_as_of(s.source_id, a.asset_id, q.quote_id, $3, $4, $5 - $3 * interval '1 second', $5) AS c) AS known
    WHERE known.last IS NOT NULL
    ORDER BY floor(date_part('epoch', known.last - known.first) / $3) DESC, s.priority, s.source_id
    LIMIT 1
) AS best ON true
LEFT JOIN LATERAL price_as_of(best.source_id, a.asset_id, q.quote_id, $5, $5) AS p ON true
WHERE q.code = $2::text

-- name: chart_source_as_of
-- The same columns for a source that was asked for by name.
-- $1 slug, $2 quote code, $3 source name, $4 as of
SELECT a.asset_id, q.quote_id, s.source_id, s.name AS source, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       p.price, p.market_cap, p.volume_24h, (date_part('epoch', p.observed_at) * 1000)::bigint AS observed_at_ms
FROM quotes q
JOIN sources s ON s.name = $3::text
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL price_as_of(s.source_id, a.asset_id, q.quote_id, $4::timestamptz, $4) AS p ON true
WHERE q.code = $2::text

-- name: chart_points_as_of
-- The columns of chart_points, of candles that were over by a moment, as they were known then.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 how many at most, $7 as of
SELECT (date_part('epoch', open_time) * 1000)::bigint + $4::integer * 1000::bigint AS close_time_ms, close, volume,
       volume_24h, market_cap
FROM candles_as_of($1::smallint, $2::integer, $3::smallint, $4::integer, $5::timestamptz,
                   $7::timestamptz - $4::integer * interval '1 second', $7)
ORDER BY open_time
LIMIT $6::bigint

-- name: chart_points_rolled
-- The columns of chart_points, of an interval that is not stored, made of final candles of a shorter one: those that are over
-- at a moment, also as to what the last of their parts had to wait for. A volume with an unknown in it is unknown.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s that is stored, $5 first open_time, $6 how many at most, $7 moment,
-- $8 interval_s
SELECT (date_part('epoch', bucket) * 1000)::bigint + $8::integer * 1000::bigint AS close_time_ms,
       (array_agg(close ORDER BY open_time DESC))[1] AS close,
       CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
       (array_agg(volume_24h ORDER BY open_time DESC))[1] AS volume_24h,
       (array_agg(market_cap ORDER BY open_time DESC))[1] AS market_cap
FROM (SELECT rollup_bucket(open_time, $8) AS bucket, open_time, close, volume, volume_24h, market_cap
      FROM candles
      WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint
        AND interval_s = $4::integer AND open_time >= $5::timestamptz AND final
        AND open_time < rollup_bucket($7::timestamptz - (rollup_due($7, $4) - $7 - make_interval(secs => $4)), $8)) AS shorter
GROUP BY bucket
ORDER BY bucket
LIMIT $6::bigint

-- name: chart_points_rolled_as_of
-- The same of candles as they were known at the moment. Parameters: see there.
SELECT (date_part('epoch', bucket) * 1000)::bigint + $8::integer * 1000::bigint AS close_time_ms,
       (array_agg(close ORDER BY open_time DESC))[1] AS close,
       CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
       (array_agg(volume_24h ORDER BY open_time DESC))[1] AS volume_24h,
       (array_agg(market_cap ORDER BY open_time DESC))[1] AS market_cap
FROM (SELECT rollup_bucket(open_time, $8) AS bucket, open_time, close, volume, volume_24h, market_cap
      FROM candles_as_of($1::smallint, $2::integer, $3::smallint, $4::integer, $5::timestamptz,
                         rollup_bucket($7::timestamptz - (rollup_due($7, $4) - $7 - make_interval(secs => $4)), $8)
                         - interval '1 microsecond', $7)) AS shorter
GROUP BY bucket
ORDER BY bucket
LIMIT $6::bigint

-- name: candles_count
-- How many candles of a series open in a window. $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 from, $6 until (exclusive)
SELECT count(*)
FROM candles
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND open_time >= $5::timestamptz AND open_time < $6::timestamptz

-- name: coin_series
-- Which series a chart of CoinGecko's kind is drawn from, by role: role, asset_id, quote_id, source_id, version. The source
-- whose series covers most of the window; of equals the preferred one. No row for a role that nobody has candles for.
-- 'price'; 'caps' an aggregator's, who knows market caps; and for a currency that nobody quotes the coin in: 'usd' and
-- 'usd_caps', and what Bitcoin costs in both currencies, 'rate' and 'rate_usd', or what the coin costs that the currency is,
-- 'coin_usd'.
-- $1 slug, $2 quote code, $3 interval_s, $4 first open_time, $5 last open_time, $6 slug of the coin that the currency is
SELECT wanted.role, a.asset_id, q.quote_id, best.source_id, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (VALUES ('price',    $1::text,  $2::text, NULL),
             ('caps',     $1,        $2,       'aggregator'),
             ('usd',      $1,        'usd',    NULL),
             ('usd_caps', $1,        'usd',    'aggregator'),
             ('rate',     'bitcoin', $2,       NULL),
             ('rate_usd', 'bitcoin', 'usd',    NULL),
             ('coin_usd', $6::text,  'usd',    NULL)) AS wanted (role, slug, code, kind)
JOIN assets a ON a.slug = wanted.slug
JOIN quotes q ON q.code = wanted.code
JOIN LATERAL (
    SELECT s.source_id
    FROM series r
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $3::integer
      AND r.last_open_time >= $4::timestamptz AND r.first_open_time <= $5::timestamptz
      AND (wanted.kind IS NULL OR s.kind = wanted.kind)
    GROUP BY s.source_id
    ORDER BY floor(date_part('epoch', LEAST(max(r.last_open_time), $5) - GREATEST(min(r.first_open_time), $4)) / $3) DESC,
             s.priority, s.source_id
    LIMIT 1
) AS best ON true

-- name: coin_points
-- The final candles of a series that close in a window, ascending: close_time_ms, close, market_cap, volume_24h, rate,
-- rate_usd. The middle two also from another series of the pair, if this one has none; the last two are the closes at that
-- time of the two series to convert by. A series that there is not has NULL for its source_id.
-- $1 asset_id, $2 quote_id, $3 source_id, $4 source_id of the other series, $5 asset_id, $6 quote_id and $7 source_id of
-- rate, $8 quote_id and $9 source_id of rate_usd, $10 interval_s, $11 first close, $12 last close, $13 how many at most
-- They are put side by side by grouping and not by joins: a plan for any window guesses few rows, and joins so few by
-- comparing each with each, which of a year of hours are 76 million.
SELECT (date_part('epoch', open_time) * 1000)::bigint + $10::integer * 1000::bigint AS close_time_ms,
       max(close) FILTER (WHERE part = 'price'),
       coalesce(max(market_cap) FILTER (WHERE part = 'price'), max(market_cap) FILTER (WHERE part = 'caps')),
       coalesce(max(volume_24h) FILTER (WHERE part = 'price'), max(volume_24h) FILTER (WHERE part = 'caps')),
       max(close) FILTER (WHERE part = 'rate'), max(close) FILTER (WHERE part = 'rate_usd')
FROM (SELECT 'price' AS part, open_time, close, market_cap, volume_24h
      FROM candles
      WHERE source_id = $3::smallint AND asset_id = $1::integer AND quote_id = $2::smallint AND interval_s = $10 AND final
        AND open_time BETWEEN $11::timestamptz - make_interval(secs => $10) AND $12::timestamptz - make_interval(secs => $10)
      UNION ALL
      SELECT 'caps', open_time, NULL, market_cap, volume_24h
      FROM candles
      WHERE source_id = $4::smallint AND asset_id = $1 AND quote_id = $2 AND interval_s = $10 AND final
        AND open_time BETWEEN $11 - make_interval(secs => $10) AND $12 - make_interval(secs => $10)
      UNION ALL
      SELECT 'rate', open_time, close, NULL, NULL
      FROM candles
      WHERE source_id = $7::smallint AND asset_id = $5::integer AND quote_id = $6::smallint AND interval_s = $10 AND final
        AND open_time BETWEEN $11 - make_interval(secs => $10) AND $12 - make_interval(secs => $10)
      UNION ALL
      SELECT 'rate_usd', open_time, close, NULL, NULL
      FROM candles
      WHERE source_id = $9::smallint AND asset_id = $5 AND quote_id = $8::smallint AND interval_s = $10 AND final
        AND open_time BETWEEN $11 - make_interval(secs => $10) AND $12 - make_interval(secs => $10)) AS parts
GROUP BY open_time
HAVING bool_or(part = 'price')
ORDER BY open_time
LIMIT $13::bigint

-- name: coin_candles
-- Candles rolled from final ones of a length that is stored, ascending: close_time_ms, open, high, low, close. Of buckets that
-- begin in a window and are over, also as to what the last of their parts had to wait for.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s that is stored, $5 interval_s, $6 the first bucket, $7 the end of the
-- last one
SELECT (date_part('epoch', bucket) * 1000)::bigint + $5::integer * 1000::bigint AS close_time_ms,
       (array_agg(open ORDER BY open_time))[1], max(high), min(low), (array_agg(close ORDER BY open_time DESC))[1]
FROM (SELECT rollup_bucket(open_time, $5) AS bucket, open_time, open, high, low, close
      FROM candles
      WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
        AND open_time >= $6::timestamptz AND final
        AND open_time < LEAST($7::timestamptz,
                              rollup_bucket(now() - (rollup_due(now(), $4) - now() - make_interval(secs => $4)), $5))) AS shorter
GROUP BY bucket
ORDER BY bucket
