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

-- name: markets_search
-- Markets of some assets, each of all sources (source NULL) and of each of them, best first: symbol, code, slug, name,
-- currency, source, is_meant (its ticker and currency mean it and no other), price, decimals, version. Always at least one
-- row, which carries version; symbol is NULL when there is none.
-- $1 slugs, best first, $2 what ticker and currency begin with, $3 what the name holds or the id begins with, in upper case;
-- '' = whatever, $4 of this source, '' = of all sources as one, NULL = of either, $5 how many
WITH traded AS MATERIALIZED (
    SELECT asked.place, a.asset_id, a.symbol, a.name, a.slug, q.quote_id, q.code, q.name AS currency,
           a.symbol || upper(q.code) AS label, s.source_id, s.name AS source, s.priority, l.price
    -- A lookup for each, whatever the planner guesses of how many there are.
    FROM unnest($1::text[]) WITH ORDINALITY AS asked (slug, place)
    CROSS JOIN LATERAL (SELECT * FROM assets WHERE assets.slug = asked.slug OFFSET 0) AS a
    CROSS JOIN LATERAL (SELECT * FROM latest_prices k WHERE k.asset_id = a.asset_id OFFSET 0) AS l
    JOIN quotes q USING (quote_id)
    JOIN sources s USING (source_id)
    WHERE starts_with(a.symbol || upper(q.code), $2::text) OR strpos(upper(a.name), $3::text) > 0
       OR starts_with(upper(a.slug), $3)
), markets AS (
    SELECT place, asset_id, symbol, name, slug, quote_id, code, currency, label, NULL::smallint AS source_id,
           NULL AS source, NULL::smallint AS priority, (array_agg(price ORDER BY priority, source_id))[1] AS price
    FROM traded
    WHERE $4::text IS NULL OR $4 = ''
    GROUP BY place, asset_id, symbol, name, slug, quote_id, code, currency, label
    UNION ALL
    SELECT place, asset_id, symbol, name, slug, quote_id, code, currency, label, source_id, source, priority, price
    FROM traded
    WHERE $4 IS NULL OR source = $4
), best AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY label = $2 DESC, starts_with(label, $2) DESC, place,
                                          CASE code WHEN 'usd' THEN 0 WHEN 'usdt' THEN 1 WHEN 'usdc' THEN 2 WHEN 'eur' THEN 3
                                                    WHEN 'btc' THEN 4 ELSE 5 END,
                                          quote_id, priority NULLS FIRST, source_id) AS rank
    FROM markets
    ORDER BY rank
    LIMIT $5::bigint
)
SELECT b.symbol, b.code, b.slug, b.name, b.currency, b.source,
       -- What would be found in its place has a better rank, or reads a longer currency from the same letters.
       NOT EXISTS (
           SELECT
           FROM quotes q
           JOIN assets a ON a.symbol = left(b.label, -length(q.code))
           WHERE right(b.label, length(q.code)) = upper(q.code) AND (a.asset_id, q.quote_id) <> (b.asset_id, b.quote_id)
             AND EXISTS (SELECT FROM latest_prices l
                         WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id
                           AND (b.source_id IS NULL OR l.source_id = b.source_id))
             AND (coalesce(asset_rank(a.asset_id), 2147483647), -length(q.code), a.slug)
               < (coalesce(asset_rank(b.asset_id), 2147483647), -length(b.code), b.slug)) AS is_meant,
       b.price, scale(trim_scale(b.price)) AS decimals, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN best b ON true
ORDER BY b.rank

-- name: market_quotes
-- Of each of some markets what it cost since a midnight: place, slug, symbol, name, code, currency, open, high, low, volume,
-- previous_close (NULL = not known), version. A market that is not traded has no row.
-- $1 places, $2 slugs, $3 quote codes, $4 sources (NULL = all): the candidates of each place in order, $5 midnight
WITH asked AS MATERIALIZED (
    SELECT DISTINCT ON (c.place) c.place, a.asset_id, a.slug, a.symbol, a.name, q.quote_id, q.code, q.name AS currency,
           s.source_id
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
         AS c (place, slug, code, source, turn)
    CROSS JOIN LATERAL (SELECT * FROM assets WHERE assets.slug = c.slug OFFSET 0) AS a
    JOIN quotes q ON q.code = c.code
    LEFT JOIN sources s ON s.name = c.source
    WHERE EXISTS (SELECT FROM latest_prices l
                  WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND (c.source IS NULL OR l.source_id = s.source_id))
    ORDER BY c.place, c.turn
)
SELECT k.place, k.slug, k.symbol, k.name, k.code, k.currency, d.open, d.high, d.low, d.volume, d.previous_close,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM asked k
CROSS JOIN LATERAL (
    SELECT min(b.open) FILTER (WHERE b.open_time = $5) AS open, min(b.high) FILTER (WHERE b.open_time = $5) AS high,
           min(b.low) FILTER (WHERE b.open_time = $5) AS low, min(b.volume) FILTER (WHERE b.open_time = $5) AS volume,
           (array_agg(b.close ORDER BY b.open_time DESC) FILTER (WHERE b.open_time < $5))[1] AS previous_close
    FROM market_bars(k.source_id, k.asset_id, k.quote_id, 86400, $5::timestamptz - interval '30 days',
                     $5 + interval '1 day', 2, $5 - interval '1 day', NULL) AS b
) AS d
ORDER BY k.place

-- name: market_marks
-- What is to be known of the bars of a market, by time, at most ten for a bar: kind ('gap', 'revision', 'doubt'), id, bar_s
-- (when the bar begins), source, from_ms, until_ms, cause (also: what speaks against a price), state, old, new. Of the
-- source whose bars are preferred. A gap is marked at the last bar before it, or the first one behind it.
-- $1 source_id or NULL, $2 asset_id, $3 quote_id, $4 interval_s that is stored, $5 from, $6 until (exclusive), $7 interval_s of
-- the bars, 0 = a month, $8 how many of each kind
WITH shown AS MATERIALIZED (
    SELECT source_id, name
    FROM market_sources($1::smallint, $2::integer, $3::smallint, $4::integer)
    ORDER BY place
    LIMIT 1
), told AS MATERIALIZED (
    (SELECT 'gap' AS kind, 'g' || g.gap_id AS id, k.name AS source, g.missing_from AS at, g.missing_until AS until, g.cause,
            g.state, NULL::numeric AS old, NULL::numeric AS new
     FROM shown k
     JOIN gaps g ON g.source_id = k.source_id AND g.asset_id = $2 AND g.quote_id = $3 AND g.interval_s = $4
     WHERE g.state <> 'filled' AND g.missing_from < $6::timestamptz AND g.missing_until > $5::timestamptz
     ORDER BY g.missing_from DESC
     LIMIT $8::bigint)
    UNION ALL
    (SELECT 'revision', 'r' || extract(epoch FROM r.open_time)::bigint || '.' || r.revision, k.name, r.open_time, r.known_until,
            NULL, NULL, r.close, c.close
     FROM shown k
     JOIN candle_revisions r ON r.source_id = k.source_id AND r.asset_id = $2 AND r.quote_id = $3 AND r.interval_s = $4
     LEFT JOIN candles c ON c.source_id = k.source_id AND c.asset_id = $2 AND c.quote_id = $3 AND c.interval_s = $4
                        AND c.open_time = r.open_time
     WHERE r.open_time >= $5 AND r.open_time < $6
     ORDER BY r.open_time DESC
     LIMIT $8)
    UNION ALL
    (SELECT 'doubt', 'd' || (extract(epoch FROM t.observed_at) * 1000)::bigint, k.name, t.observed_at, t.observed_at,
            doubt_names(t.doubt), NULL, t.price, NULL
     FROM shown k
     JOIN ticks t ON t.source_id = k.source_id AND t.asset_id = $2 AND t.quote_id = $3
     WHERE t.observed_at >= GREATEST($5, now() - interval '7 days') AND t.observed_at < $6 AND t.doubt <> 0
     ORDER BY t.observed_at DESC
     LIMIT $8)
), placed AS (
    SELECT t.*, CASE WHEN $7::integer = 0 THEN date_trunc('month', bar.open_time, 'UTC')
                     ELSE rollup_bucket(bar.open_time, $7) END AS bucket
    FROM told t
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT max(c.open_time)
             FROM latest_prices l
             CROSS JOIN LATERAL (SELECT b.open_time
                                 FROM candles b
                                 WHERE b.source_id = l.source_id AND b.asset_id = $2 AND b.quote_id = $3
                                   AND b.interval_s = $4 AND b.open_time <= t.at
                                 ORDER BY b.open_time DESC
                                 LIMIT 1) AS c
             WHERE l.asset_id = $2 AND l.quote_id = $3 AND ($1 IS NULL OR l.source_id = $1)),
            (SELECT min(c.open_time)
             FROM latest_prices l
             CROSS JOIN LATERAL (SELECT b.open_time
                                 FROM candles b
                                 WHERE b.source_id = l.source_id AND b.asset_id = $2 AND b.quote_id = $3
                                   AND b.interval_s = $4 AND b.open_time > t.at
                                 ORDER BY b.open_time
                                 LIMIT 1) AS c
             WHERE l.asset_id = $2 AND l.quote_id = $3 AND ($1 IS NULL OR l.source_id = $1))) AS open_time
    ) AS bar
), counted AS (
    SELECT *, row_number() OVER (PARTITION BY bucket ORDER BY kind <> 'gap', kind, at DESC) AS place
    FROM placed
    WHERE bucket >= $5 AND bucket < $6
)
SELECT kind, id, extract(epoch FROM bucket)::bigint AS bar_s, source, (date_part('epoch', at) * 1000)::bigint AS from_ms,
       (date_part('epoch', until) * 1000)::bigint AS until_ms, cause, state, old, new
FROM counted
WHERE place <= 10
ORDER BY bucket, place
