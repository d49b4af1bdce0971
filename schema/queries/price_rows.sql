-- name: price_series_best
-- The series of candles that answers for one asset in one currency in a window: asset_id (NULL = unknown asset), quote_id,
-- source_id (NULL = nobody has candles there), asset, currency, source, first_ms, last_ms (open times of its first and its last
-- candle), version. Of all sources the one whose series covers most of the window, of equals the preferred, as chart_choose has
-- it. Always one row if the currency exists.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 interval_s, $5 from, $6 until (exclusive)
SELECT a.asset_id, q.quote_id, best.source_id, a.slug AS asset, q.code AS currency, best.source,
       (date_part('epoch', best.first) * 1000)::bigint AS first_ms, (date_part('epoch', best.last) * 1000)::bigint AS last_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, min(r.first_open_time) AS first, max(r.last_open_time) AS last
    FROM series r
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $4::integer
      AND r.last_open_time >= $5::timestamptz AND r.first_open_time < $6::timestamptz
      AND ($3::text IS NULL OR s.name = $3)
    GROUP BY s.source_id
    ORDER BY floor(date_part('epoch', LEAST(max(r.last_open_time), $6) - GREATEST(min(r.first_open_time), $5)) / $4) DESC,
             s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE q.code = $2::text

-- name: price_series_best_as_of
-- The same of what was known at a moment: series reach as far as was known then, first_ms and last_ms say so.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 interval_s, $5 from, $6 until (exclusive), $7 as of
SELECT a.asset_id, q.quote_id, best.source_id, a.slug AS asset, q.code AS currency, best.source,
       (date_part('epoch', best.first) * 1000)::bigint AS first_ms, (date_part('epoch', best.last) * 1000)::bigint AS last_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, known.first, known.last
    FROM (SELECT DISTINCT r.source_id
          FROM series r
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $4::integer
            AND r.last_open_time >= $5::timestamptz AND r.first_open_time < $6::timestamptz) AS started
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (
        SELECT min(c.open_time) AS first, max(c.open_time) AS last
        FROM candles_as_of(s.source_id, a.asset_id, q.quote_id, $4, $5,
                           LEAST($6 - interval '1 microsecond', $7::timestamptz - make_interval(secs => $4)), $7) AS c) AS known
    WHERE known.first IS NOT NULL AND ($3::text IS NULL OR s.name = $3)
    ORDER BY floor(date_part('epoch', known.last - known.first) / $4) DESC, s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE q.code = $2::text

-- name: price_series_newest
-- The series of candles that reaches farthest, of equals the preferred source's: the columns of price_series_best.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 interval_s
SELECT a.asset_id, q.quote_id, best.source_id, a.slug AS asset, q.code AS currency, best.source,
       (date_part('epoch', best.first) * 1000)::bigint AS first_ms, (date_part('epoch', best.last) * 1000)::bigint AS last_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source, min(r.first_open_time) AS first, max(r.last_open_time) AS last
    FROM series r
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = $4::integer
      AND ($3::text IS NULL OR s.name = $3)
    GROUP BY s.source_id
    ORDER BY max(r.last_open_time) DESC, s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE q.code = $2::text

-- name: price_series_list
-- The series of candles of some assets that reach into a window, in the order asset_id, quote_id, source_id, from one of them on
-- (which need not exist). The columns of price_series_best; without any, one row of the version only.
-- $1 slugs, $2 quote codes or NULL, $3 source names or NULL, $4 interval_s, $5 from, $6 until (exclusive), $7 asset_id,
-- $8 quote_id, $9 source_id, $10 how many at most
SELECT found.*, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN (
    SELECT r.asset_id, r.quote_id, r.source_id, a.slug AS asset, q.code AS currency, s.name AS source,
           (date_part('epoch', min(r.first_open_time)) * 1000)::bigint AS first_ms,
           (date_part('epoch', max(r.last_open_time)) * 1000)::bigint AS last_ms
    FROM unnest($1::text[]) AS asked (slug)
    JOIN assets a ON a.slug = asked.slug
    JOIN series r ON r.asset_id = a.asset_id AND r.interval_s = $4::integer
    JOIN quotes q ON q.quote_id = r.quote_id
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.last_open_time >= $5::timestamptz AND r.first_open_time < $6::timestamptz
      AND ($2::text[] IS NULL OR q.code = ANY ($2)) AND ($3::text[] IS NULL OR s.name = ANY ($3))
      AND (r.asset_id, r.quote_id, r.source_id) >= ($7::integer, $8::smallint, $9::smallint)
    GROUP BY r.asset_id, r.quote_id, r.source_id, a.slug, q.code, s.name
    ORDER BY r.asset_id, r.quote_id, r.source_id
    LIMIT $10::bigint
) AS found ON true
ORDER BY found.asset_id, found.quote_id, found.source_id

-- name: price_series_list_all
-- The same of all assets, along the index. $1 is not looked at.
SELECT found.*, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN (
    SELECT r.asset_id, r.quote_id, r.source_id, a.slug AS asset, q.code AS currency, s.name AS source,
           (date_part('epoch', min(r.first_open_time)) * 1000)::bigint AS first_ms,
           (date_part('epoch', max(r.last_open_time)) * 1000)::bigint AS last_ms
    FROM (
        SELECT asset_id, quote_id, source_id, first_open_time, last_open_time
        FROM series
        WHERE $1::text[] IS NULL AND interval_s = $4::integer
          AND last_open_time >= $5::timestamptz AND first_open_time < $6::timestamptz
          AND ($2::text[] IS NULL OR quote_id = ANY (ARRAY(SELECT quote_id FROM quotes WHERE code = ANY ($2))))
          AND ($3::text[] IS NULL OR source_id = ANY (ARRAY(SELECT source_id FROM sources WHERE name = ANY ($3))))
          AND (asset_id, quote_id) >= ($7::integer, $8::smallint)
          AND (asset_id, quote_id, source_id) >= ($7, $8, $9::smallint)
        ORDER BY asset_id, quote_id, source_id
        LIMIT 2 * $10::bigint -- a source has its own candles and rolled ones
    ) AS r
    JOIN assets a USING (asset_id)
    JOIN quotes q USING (quote_id)
    JOIN sources s USING (source_id)
    GROUP BY r.asset_id, r.quote_id, r.source_id, a.slug, q.code, s.name
    ORDER BY r.asset_id, r.quote_id, r.source_id
    LIMIT $10
) AS found ON true
ORDER BY found.asset_id, found.quote_id, found.source_id

-- name: price_tick_series_best
-- Which source's ticks answer for one asset in one currency in a window: the preferred of those that have any there. The columns of
-- price_series_best; first_ms and last_ms are the window's.
-- $1 slug, $2 quote code, $3 source name or NULL, $4 from, $5 until (exclusive)
SELECT a.asset_id, q.quote_id, best.source_id, a.slug AS asset, q.code AS currency, best.source,
       (date_part('epoch', $4::timestamptz) * 1000)::bigint AS first_ms,
       (date_part('epoch', $5::timestamptz) * 1000)::bigint AS last_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM quotes q
LEFT JOIN assets a ON a.slug = $1::text
LEFT JOIN LATERAL (
    SELECT s.source_id, s.name AS source
    FROM latest_prices l -- who has ever had a price of this pair
    JOIN sources s USING (source_id)
    WHERE l.asset_id = a.asset_id AND l.quote_id = q.quote_id AND ($3::text IS NULL OR s.name = $3)
      AND EXISTS (SELECT FROM ticks t
                  WHERE t.source_id = l.source_id AND t.asset_id = l.asset_id AND t.quote_id = l.quote_id
                    AND t.observed_at >= $4 AND t.observed_at < $5)
    ORDER BY s.priority, s.source_id
    LIMIT 1
) AS best ON true
WHERE q.code = $2::text

-- name: price_tick_series_list
-- The series of ticks of some assets, or of all, as price_series_list has those of candles: whoever has a latest price.
-- $1 slugs or NULL, $2 quote codes or NULL, $3 source names or NULL, $4 from, $5 until (exclusive), $6 asset_id, $7 quote_id,
-- $8 source_id, $9 how many at most
SELECT found.*, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN (
    SELECT l.asset_id, l.quote_id, l.source_id, a.slug AS asset, q.code AS currency, s.name AS source,
           (date_part('epoch', $4::timestamptz) * 1000)::bigint AS first_ms,
           (date_part('epoch', $5::timestamptz) * 1000)::bigint AS last_ms
    FROM (
        (SELECT k.asset_id, k.quote_id, k.source_id
         FROM assets named
         CROSS JOIN LATERAL (SELECT * FROM latest_prices p WHERE p.asset_id = named.asset_id OFFSET 0) AS k
         WHERE named.slug = ANY ($1::text[])
           AND ($2::text[] IS NULL OR k.quote_id = ANY (ARRAY(SELECT quote_id FROM quotes WHERE code = ANY ($2))))
           AND ($3::text[] IS NULL OR k.source_id = ANY (ARRAY(SELECT source_id FROM sources WHERE name = ANY ($3))))
           AND (k.asset_id, k.quote_id, k.source_id) >= ($6::integer, $7::smallint, $8::smallint)
         ORDER BY k.asset_id, k.quote_id, k.source_id
         LIMIT $9::bigint)
        UNION ALL
        (SELECT k.asset_id, k.quote_id, k.source_id
         FROM latest_prices k
         WHERE $1 IS NULL
           AND ($2 IS NULL OR k.quote_id = ANY (ARRAY(SELECT quote_id FROM quotes WHERE code = ANY ($2))))
           AND ($3 IS NULL OR k.source_id = ANY (ARRAY(SELECT source_id FROM sources WHERE name = ANY ($3))))
           AND (k.asset_id, k.quote_id, k.source_id) >= ($6, $7, $8)
         ORDER BY k.asset_id, k.quote_id, k.source_id
         LIMIT $9)
    ) AS l
    JOIN assets a USING (asset_id)
    JOIN quotes q USING (quote_id)
    JOIN sources s USING (source_id)
) AS found ON true
ORDER BY found.asset_id, found.quote_id, found.source_id

-- name: price_candles
-- Candles of some series, by series in the order given, then by time: place (of the series, from 1), time_ms (when it opens), open,
-- high, low, close, volume, quote_volume, volume_24h, market_cap, trades, inputs, origin, final, revision, run_id, payload_id.
-- $1 source_ids, $2 asset_ids, $3 quote_ids, $4 from when on of each, $5 until (exclusive), $6 how many at most, $7 interval_s
SELECT asked.place, (date_part('epoch', c.open_time) * 1000)::bigint AS time_ms, c.open, c.high, c.low, c.close, c.volume,
       c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs,
       (ARRAY['provider', 'points', 'ticks', 'candles'])[c.origin + 1] AS origin, c.final, c.revision, c.run_id, c.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL (
    SELECT *
    FROM candles
    WHERE source_id = asked.source_id AND asset_id = asked.asset_id AND quote_id = asked.quote_id
      AND interval_s = $7::integer AND open_time >= asked.first AND open_time < $5::timestamptz
    ORDER BY open_time
    LIMIT $6::bigint
) AS c
ORDER BY asked.place, c.open_time
LIMIT $6

-- name: price_candles_as_of
-- The same as they were known at a moment. $8 as of
SELECT asked.place, (date_part('epoch', c.open_time) * 1000)::bigint AS time_ms, c.open, c.high, c.low, c.close, c.volume,
       c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs,
       (ARRAY['provider', 'points', 'ticks', 'candles'])[c.origin + 1] AS origin, true AS final, c.revision, c.run_id,
       c.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL candles_as_of(asked.source_id, asked.asset_id, asked.quote_id, $7::integer, asked.first,
                                 LEAST($5::timestamptz - interval '1 microsecond',
                                       $8::timestamptz - make_interval(secs => $7)), $8) AS c
ORDER BY asked.place, c.open_time
LIMIT $6::bigint

-- name: price_candles_rolled
-- The columns of price_candles, of an interval that is not stored, made of shorter ones: `inputs` says of how many, `revision` adds
-- theirs up. Final once its time is over and all that it is made of are; what has an unknown in it is unknown.
-- $8 interval_s of the rolled, a multiple of $7; the windows are of whole ones
SELECT asked.place, (date_part('epoch', c.bucket) * 1000)::bigint AS time_ms, c.open, c.high, c.low, c.close, c.volume,
       c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs, 'candles' AS origin,
       c.final AND rollup_due(c.bucket, $8::integer) <= now() AS final, c.revision, c.run_id, c.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL (
    SELECT rollup_bucket(open_time, $8) AS bucket, (array_agg(open ORDER BY open_time))[1] AS open, max(high) AS high,
           min(low) AS low, (array_agg(close ORDER BY open_time DESC))[1] AS close,
           CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
           CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
           (array_agg(volume_24h ORDER BY open_time DESC))[1] AS volume_24h,
           (array_agg(market_cap ORDER BY open_time DESC))[1] AS market_cap,
           CASE WHEN count(trades) = count(*) THEN sum(trades) END AS trades, count(*) AS inputs, bool_and(final) AS final,
           sum(revision) AS revision, (array_agg(run_id ORDER BY open_time DESC))[1] AS run_id,
           (array_agg(payload_id ORDER BY open_time DESC))[1] AS payload_id
    FROM (
        SELECT *
        FROM candles
        WHERE source_id = asked.source_id AND asset_id = asked.asset_id AND quote_id = asked.quote_id
          AND interval_s = $7::integer AND open_time >= asked.first AND open_time < $5::timestamptz
        ORDER BY open_time
        LIMIT $6::bigint * ($8 / $7) -- $6 buckets at least, and those whole, or all
    ) AS shorter
    GROUP BY bucket
    ORDER BY bucket
    LIMIT $6
) AS c
ORDER BY asked.place, c.bucket
LIMIT $6

-- name: price_candles_rolled_as_of
-- The same of shorter ones as they were known at a moment, and of those that were over then. $9 as of
SELECT asked.place, (date_part('epoch', c.bucket) * 1000)::bigint AS time_ms, c.open, c.high, c.low, c.close, c.volume,
       c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs, 'candles' AS origin,
       c.bucket + make_interval(secs => $8::integer) <= $9::timestamptz AS final, c.revision, c.run_id, c.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL (
    SELECT rollup_bucket(open_time, $8) AS bucket, (array_agg(open ORDER BY open_time))[1] AS open, max(high) AS high,
           min(low) AS low, (array_agg(close ORDER BY open_time DESC))[1] AS close,
           CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
           CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
           (array_agg(volume_24h ORDER BY open_time DESC))[1] AS volume_24h,
           (array_agg(market_cap ORDER BY open_time DESC))[1] AS market_cap,
           CASE WHEN count(trades) = count(*) THEN sum(trades) END AS trades, count(*) AS inputs,
           sum(revision) AS revision, (array_agg(run_id ORDER BY open_time DESC))[1] AS run_id,
           (array_agg(payload_id ORDER BY open_time DESC))[1] AS payload_id
    FROM candles_as_of(asked.source_id, asked.asset_id, asked.quote_id, $7::integer, asked.first,
                       LEAST($5::timestamptz - interval '1 microsecond', $9::timestamptz - make_interval(secs => $7)), $9) AS shorter
    GROUP BY bucket
) AS c
ORDER BY asked.place, c.bucket
LIMIT $6::bigint

-- name: price_ticks
-- Ticks of some series, by series in the order given, then by time: place (of the series, from 1), time_ms, price, volume_24h,
-- market_cap, change_24h_percent, doubt (a JSON array), run_id, payload_id.
-- $1 source_ids, $2 asset_ids, $3 quote_ids, $4 from when on of each, $5 until (exclusive), $6 how many at most
SELECT asked.place, (date_part('epoch', t.observed_at) * 1000)::bigint AS time_ms, t.price, t.volume_24h, t.market_cap,
       t.change_24h_percent, doubt_names(t.doubt) AS doubt, t.run_id, t.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL (
    SELECT *
    FROM ticks
    WHERE source_id = asked.source_id AND asset_id = asked.asset_id AND quote_id = asked.quote_id
      AND observed_at >= asked.first AND observed_at < $5::timestamptz
    ORDER BY observed_at
    LIMIT $6::bigint
) AS t
ORDER BY asked.place, t.observed_at
LIMIT $6

-- name: price_ticks_as_of
-- The same as far as they were known at a moment. $7 as of
SELECT asked.place, (date_part('epoch', t.observed_at) * 1000)::bigint AS time_ms, t.price, t.volume_24h, t.market_cap,
       t.change_24h_percent, doubt_names(t.doubt) AS doubt, t.run_id, t.payload_id
FROM unnest($1::smallint[], $2::integer[], $3::smallint[], $4::timestamptz[])
     WITH ORDINALITY AS asked (source_id, asset_id, quote_id, first, place)
CROSS JOIN LATERAL (
    SELECT *
    FROM ticks
    WHERE source_id = asked.source_id AND asset_id = asked.asset_id AND quote_id = asked.quote_id
      AND observed_at >= asked.first AND observed_at < LEAST($5::timestamptz, $7::timestamptz + interval '1 microsecond')
      AND coalesce(known_at, '-infinity') <= $7
    ORDER BY observed_at
    LIMIT $6::bigint
) AS t
ORDER BY asked.place, t.observed_at
LIMIT $6

-- name: price_candle_before
-- The close of a series' last candle before a moment, as a decimal and with its time: time_ms, close. None if there is none.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 before, $6 not before
SELECT (date_part('epoch', open_time) * 1000)::bigint AS time_ms, close
FROM candles
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND open_time < $5::timestamptz AND open_time >= $6::timestamptz
ORDER BY open_time DESC
LIMIT 1

-- name: price_no_trades
-- Where in a window the source says that nobody traded: from_ms, until_ms (exclusive).
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 from, $6 until (exclusive), $7 how many at most
SELECT (date_part('epoch', missing_from) * 1000)::bigint AS from_ms, (date_part('epoch', missing_until) * 1000)::bigint AS until_ms
FROM gaps
WHERE source_id = $1::smallint AND asset_id = $2::integer AND quote_id = $3::smallint AND interval_s = $4::integer
  AND missing_from < $6::timestamptz AND missing_until > $5::timestamptz AND cause = 'no_trade' AND state <> 'filled'
ORDER BY missing_from
LIMIT $7::bigint
