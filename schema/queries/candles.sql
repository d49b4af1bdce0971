-- name: candles_any
-- Whether a series has a candle in a window, ends included. If not, its page may go in by candles_copy.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 last open_time
SELECT EXISTS (
    SELECT FROM candles
    WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint
      AND interval_s = $4::integer AND open_time BETWEEN $5::timestamptz AND $6::timestamptz)

-- name: candles_copy
-- The fast way for a page of which nothing is stored yet (candles_any); three times as fast as an upsert.
-- If another worker was quicker it fails with "database.conflict": run the transaction again.
COPY candles (source_id, asset_id, quote_id, interval_s, open_time, open, high, low, close, volume, quote_volume,
              volume_24h, market_cap, trades, inputs, origin, run_id, payload_id) FROM STDIN

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
-- Takes the staged page of one series over, in order; identical rows stay untouched. Open times are unique in a page.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 origin (0 provider, 1 points), $6 run_id, $7 payload_id
INSERT INTO candles AS c
       (source_id, asset_id, quote_id, interval_s, origin, run_id, payload_id, open_time, open, high, low, close,
        volume, quote_volume, volume_24h, market_cap, trades, inputs)
SELECT $1::smallint, $2::integer, $3::smallint, $4::integer, $5::smallint, $6::bigint, $7::bigint, open_time, open,
       high, low, close, volume, quote_volume, volume_24h, market_cap, trades, inputs
FROM pg_temp.candles_stage s
WHERE NOT EXISTS ( -- a conflict would lock the row, also one that stays as it is
    SELECT FROM candles known
    WHERE known.source_id = $1::smallint AND known.asset_id = $2::integer AND known.quote_id = $3::smallint
      AND known.interval_s = $4::integer AND known.open_time = s.open_time
      -- So that only the page's part of a long series is read.
      AND known.open_time BETWEEN (SELECT min(open_time) FROM pg_temp.candles_stage)
                              AND (SELECT max(open_time) FROM pg_temp.candles_stage)
      AND (known.open, known.high, known.low, known.close, known.volume, known.quote_volume, known.volume_24h,
           known.market_cap, known.trades, known.inputs, known.origin)
          IS NOT DISTINCT FROM
          (s.open, s.high, s.low, s.close, s.volume, s.quote_volume, s.volume_24h, s.market_cap, s.trades, s.inputs,
           $5::smallint))
ORDER BY open_time
ON CONFLICT (source_id, asset_id, quote_id, interval_s, open_time)
DO UPDATE SET origin = excluded.origin, run_id = excluded.run_id, payload_id = excluded.payload_id,
              open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
              volume = excluded.volume, quote_volume = excluded.quote_volume, volume_24h = excluded.volume_24h,
              market_cap = excluded.market_cap, trades = excluded.trades, inputs = excluded.inputs
WHERE (c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs, c.origin)
      IS DISTINCT FROM
      (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.quote_volume,
       excluded.volume_24h, excluded.market_cap, excluded.trades, excluded.inputs, excluded.origin)

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
    ORDER BY floor(date_part('epoch', r.last_open_time - GREATEST(r.first_open_time, $4)) / r.interval_s) DESC,
             s.priority, s.source_id
    LIMIT 1
) AS best ON true
LEFT JOIN latest_prices l
    ON l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND l.source_id = best.source_id
WHERE q.code = $2::text

-- name: chart_source
-- The same columns for a source that was asked for by name: nothing to choose, so no candle is looked at.
-- $1 slug, $2 quote code, $3 source name
SELECT a.asset_id, q.quote_id, s.source_id, s.name AS source, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       l.price, l.market_cap, l.volume_24h, (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms
FROM quotes q
JOIN sources s ON s.name = $3::text
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN latest_prices l ON l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND l.source_id = s.source_id
WHERE q.code = $2::text

-- name: chart_points
-- The closed candles of a series, ascending: close_time_ms, close, volume (of the asset, in the interval), volume_24h, market_cap.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 how many at most
SELECT (date_part('epoch', open_time) * 1000)::bigint + interval_s * 1000::bigint AS close_time_ms, close, volume,
       volume_24h, market_cap
FROM candles
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND open_time >= $5::timestamptz AND open_time <= now() - $4::integer * interval '1 second'
ORDER BY open_time
-- With a limit the planner takes the partitions in their order, so that the first point is on its way at once, and
-- nothing is sorted.
LIMIT $6::bigint

-- name: candles_count
-- How many candles of a series open in a window. $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 from, $6 until (exclusive)
SELECT count(*)
FROM candles
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND open_time >= $5::timestamptz AND open_time < $6::timestamptz
