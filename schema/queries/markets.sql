-- name: market_find
-- The first of some assets in some currencies that is traded: asset_id, quote_id, source_id (NULL = all sources), slug,
-- symbol, name, code, currency (its name), kind of the source (NULL = all), version. No row = none of them is.
-- $1 slugs, $2 quote codes, as many and in order, $3 source or NULL
SELECT a.asset_id, q.quote_id, s.source_id, a.slug, a.symbol, a.name, q.code, q.name AS currency, s.kind,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (slug, code, place)
JOIN assets a ON a.slug = asked.slug
JOIN quotes q ON q.code = asked.code
LEFT JOIN sources s ON s.name = $3::text
WHERE EXISTS (SELECT FROM latest_prices l
              WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND ($3 IS NULL OR l.source_id = s.source_id))
ORDER BY asked.place
LIMIT 1

-- name: market_shape
-- How a market is to be drawn: decimals (of its latest prices and closes), price (one of those), has_volume, and the
-- stored intervals that it has candles of (NULL = none yet).
-- $1 source_id or NULL, $2 asset_id, $3 quote_id
WITH chosen AS MATERIALIZED (
    SELECT l.source_id, l.price
    FROM latest_prices l
    WHERE l.asset_id = $2::integer AND l.quote_id = $3::smallint AND ($1::smallint IS NULL OR l.source_id = $1)
), shown AS (
    SELECT price, NULL::numeric AS volume FROM chosen
    UNION ALL
    SELECT c.close, c.volume
    FROM chosen k
    CROSS JOIN (VALUES (300), (3600), (86400)) AS stored (interval_s)
    CROSS JOIN LATERAL (SELECT close, volume
                        FROM candles b
                        WHERE b.source_id = k.source_id AND b.asset_id = $2 AND b.quote_id = $3
                          AND b.interval_s = stored.interval_s
                        ORDER BY b.open_time DESC
                        LIMIT 30) AS c
)
SELECT max(scale(trim_scale(price))) AS decimals, min(price) AS price, bool_or(volume IS NOT NULL) AS has_volume,
       (SELECT string_agg(DISTINCT r.interval_s::text, ',')
        FROM series r JOIN chosen USING (source_id)
        WHERE r.asset_id = $2 AND r.quote_id = $3) AS intervals
FROM shown

-- name: market_bars
-- Bars for a chart, ascending: at_s (when it begins), open, high, low, close, volume (NULL = unknown), source (of its
-- last part), until_ms (when that part is over), is_final. High and low are around open and close, whatever the source says.
-- $1 source_id or NULL, $2 asset_id, $3 quote_id, $4 interval_s that is stored, $5 first open_time, $6 until (exclusive),
-- $7 candles of each source at most, $8 open_time from which candles may not be final, $9 sources that count for those
-- (NULL = all), $10 interval_s of the bars, 0 = a month, $11 bars at most
SELECT extract(epoch FROM bucket)::bigint AS at_s, open, GREATEST(high, open, close) AS high, LEAST(low, open, close) AS low,
       close, volume, s.name AS source, (date_part('epoch', last_open) * 1000)::bigint + $4::integer * 1000::bigint AS until_ms,
       is_final
FROM (SELECT bucket, (array_agg(open ORDER BY open_time))[1] AS open, max(high) AS high, min(low) AS low,
             (array_agg(close ORDER BY open_time DESC))[1] AS close,
             CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
             (array_agg(source_id ORDER BY open_time DESC))[1] AS source_id, max(open_time) AS last_open,
             bool_and(final) AS is_final
      FROM (SELECT CASE WHEN $10::integer = 0 THEN date_trunc('month', b.open_time, 'UTC')
                        ELSE rollup_bucket(b.open_time, $10) END AS bucket, b.*
            FROM market_bars($1::smallint, $2::integer, $3::smallint, $4, $5::timestamptz, $6::timestamptz, $7::bigint,
                             $8::timestamptz, $9::text[]) AS b) AS shorter
      GROUP BY bucket
      ORDER BY bucket DESC
      LIMIT $11::bigint) AS bars
JOIN sources s USING (source_id)
ORDER BY bucket

-- name: market_bar_before
-- When the newest bar begins that opened before a moment: at_s, NULL = there is none.
-- $1 source_id or NULL, $2 asset_id, $3 quote_id, $4 interval_s that is stored, $5 the moment, $6 interval_s of the bars, 0 =
-- a month
SELECT extract(epoch FROM CASE WHEN $6::integer = 0 THEN date_trunc('month', max(c.open_time), 'UTC')
                               ELSE rollup_bucket(max(c.open_time), $6) END)::bigint AS at_s
FROM latest_prices l
CROSS JOIN LATERAL (SELECT b.open_time
                    FROM candles b
                    WHERE b.source_id = l.source_id AND b.asset_id = l.asset_id AND b.quote_id = l.quote_id
                      AND b.interval_s = $4::integer AND b.open_time < $5::timestamptz
                    ORDER BY b.open_time DESC
                    LIMIT 1) AS c
WHERE l.asset_id = $2::integer AND l.quote_id = $3::smallint AND ($1::smallint IS NULL OR l.source_id = $1)
