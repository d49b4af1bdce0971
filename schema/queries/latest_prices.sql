-- name: latest_prices_candle
-- The close of a candle is a price, too, unless there is a newer observation of the source, or a tick of the same moment.
-- Beside the provider's candle before it, of the same series, it may be doubtful (price_jump).
-- $1 source_id, $2 run_id, $3 payload_id, $4 asset_id, $5 quote_id, $6 open_time, $7 interval_s, $8 price, $9 volume_24h,
-- $10 market_cap
INSERT INTO latest_prices AS l
       (source_id, run_id, payload_id, origin, asset_id, quote_id, observed_at, price, volume_24h, market_cap, doubt)
SELECT $1::smallint, $2::bigint, $3::bigint, 'candle', $4::integer, $5::smallint,
       $6::timestamptz + $7::integer * interval '1 second', $8::numeric, $9::numeric, $10::numeric,
       market_cap_doubt($10, $9) | coalesce((
           SELECT price_jump($8, $6, c.close, c.open_time)
           FROM candles c
           WHERE c.source_id = $1 AND c.asset_id = $4 AND c.quote_id = $5 AND c.interval_s = $7 AND c.origin <= 1
             AND c.open_time < $6 AND c.open_time >= $6 - interval '7 days'
           ORDER BY c.open_time DESC
           LIMIT 1), 0)
ON CONFLICT (asset_id, quote_id, source_id)
DO UPDATE SET price = excluded.price, volume_24h = excluded.volume_24h, market_cap = excluded.market_cap,
              change_24h_percent = NULL, observed_at = excluded.observed_at, run_id = excluded.run_id,
              payload_id = excluded.payload_id, origin = excluded.origin, doubt = excluded.doubt
WHERE (excluded.observed_at, false) >= (l.observed_at, l.origin = 'tick')
  AND (l.observed_at, l.origin, l.price, l.volume_24h, l.market_cap)
      IS DISTINCT FROM (excluded.observed_at, excluded.origin, excluded.price, excluded.volume_24h, excluded.market_cap)

-- name: price_inputs
-- What each source says of each asked asset in each asked currency, in the order asked, then preferred first; a pair that
-- nobody has a price of is one row without a source: slug, code, source, kind, price, volume_24h, market_cap,
-- change_24h_percent, observed_at_ms, fresh_ms (its observations are fresh so long: at least $4, and three periods of the
-- source's most frequent schedule of prices), doubt, its names (a JSON array), now_ms, version, run_id, payload_id.
-- Of many questions at once, because to begin a query costs several times what one pair does: each parameter is an array with
-- an element for each question, and the last column says which one a row answers, from 1, ascending (see pool_query_together).
-- Every OFFSET 0 keeps the planner to its lookups: it guesses ten names in each list, and would join whole tables for those.
-- $1 slugs, $2 quote codes (both arrays, as text), $3 source name or NULL, $4 seconds
SELECT asked.slug, wanted.code, s.name AS source, s.kind, l.price, l.volume_24h, l.market_cap, l.change_24h_percent,
       (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms,
       GREATEST(question.seconds::integer, 3 * s.price_period_s)::bigint * 1000 AS fresh_ms, l.doubt,
       CASE l.doubt WHEN 0 THEN '[]' ELSE doubt_names(l.doubt) END AS doubt_names,
       (date_part('epoch', now()) * 1000)::bigint AS now_ms,
       (SELECT pg_snapshot_xmin(pg_current_snapshot())::text) AS version, l.run_id, l.payload_id, question.number
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
     AS question (slugs, codes, source, seconds, number)
CROSS JOIN LATERAL (
    SELECT named.slug, named.place, (SELECT asset_id FROM assets WHERE assets.slug = named.slug)
    FROM unnest(question.slugs::text[]) WITH ORDINALITY AS named (slug, place)
    OFFSET 0
) AS asked
CROSS JOIN LATERAL (
    SELECT named.code, named.place, (SELECT quote_id FROM quotes WHERE quotes.code = named.code)
    FROM unnest(question.codes::text[]) WITH ORDINALITY AS named (code, place)
    OFFSET 0
) AS wanted
LEFT JOIN LATERAL (
    SELECT *
    FROM latest_prices k
    WHERE k.asset_id = asked.asset_id AND k.quote_id = wanted.quote_id
      AND (question.source IS NULL OR k.source_id = (SELECT source_id FROM sources WHERE name = question.source))
    OFFSET 0
) AS l ON true
LEFT JOIN sources s ON s.source_id = l.source_id
WHERE wanted.quote_id IS NOT NULL
ORDER BY question.number, asked.place, wanted.place, s.priority, s.source_id

-- name: price_inputs_as_of
-- The columns of price_inputs for a moment, which is now_ms, and interval_s behind them: of the candle whose close it is, 0 = it
-- is a tick.
-- $1 slugs, $2 quote codes, $3 source name or NULL, $4 seconds, $5 the moment, $6 as of when it was known
SELECT asked.slug, wanted.code, s.name AS source, s.kind, l.price, l.volume_24h, l.market_cap, l.change_24h_percent,
       (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms,
       GREATEST($4::integer, 3 * s.price_period_s)::bigint * 1000 AS fresh_ms, l.doubt,
       CASE l.doubt WHEN 0 THEN '[]' ELSE doubt_names(l.doubt) END AS doubt_names,
       (date_part('epoch', $5::timestamptz) * 1000)::bigint AS now_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version, l.run_id, l.payload_id, l.interval_s
FROM (SELECT named.slug, named.place, (SELECT asset_id FROM assets WHERE assets.slug = named.slug)
      FROM unnest($1::text[]) WITH ORDINALITY AS named (slug, place)
      OFFSET 0) AS asked
CROSS JOIN (SELECT named.code, named.place, (SELECT quote_id FROM quotes WHERE quotes.code = named.code)
            FROM unnest($2::text[]) WITH ORDINALITY AS named (code, place)
            OFFSET 0) AS wanted
LEFT JOIN LATERAL (
    SELECT k.source_id, n.*
    FROM latest_prices k -- who has ever had a price of this pair
    CROSS JOIN LATERAL price_as_of(k.source_id, k.asset_id, k.quote_id, $5, $6::timestamptz) AS n
    WHERE k.asset_id = asked.asset_id AND k.quote_id = wanted.quote_id
      AND ($3::text IS NULL OR k.source_id = (SELECT source_id FROM sources WHERE name = $3))
    OFFSET 0
) AS l ON true
LEFT JOIN sources s ON s.source_id = l.source_id
WHERE wanted.quote_id IS NOT NULL
ORDER BY asked.place, wanted.place, s.priority, s.source_id

-- name: data_page
-- A page of the latest rows of all sources, best ranked first; a rank that rests on a market cap that cannot be is none.
-- Always at least one row, which carries total (of all pages) and version; coin_id is NULL when the page is empty.
-- Columns: total, version, coin_id, symbol, name, source, currency, price, market_cap, rank, volume_24h, change_24h,
-- change_24h_percent, high_24h, low_24h, circulating_supply, total_supply, max_supply, observed_at_ms, the same again,
-- stale_at_ms (see price_inputs), doubt (a JSON array), run_id, payload_id, then what it is ordered by beside coin_id and
-- currency: place, source_id (for its priority).
-- A page begins behind a row, or at a number: rows before it are skipped in an index that has all that they are ordered by, and
-- a page behind the last one skips none.
-- $1 source name or NULL, $2 symbol or slug (any case) or NULL, $3 rows, $4 rows to skip, $5 seconds, $6 whether it begins
-- behind a row, with $7 place or NULL, $8 coin_id, $9 currency, $10 source_id
WITH asked AS MATERIALIZED (
    SELECT (SELECT source_id FROM sources WHERE name = $1::text) AS source_id,
           (SELECT priority FROM sources WHERE source_id = $10::smallint) AS priority
), named AS MATERIALIZED ( -- a few assets of one symbol, in all currencies
    SELECT o.*
    FROM assets a
    JOIN data_order o USING (asset_id)
    WHERE $2::text IS NOT NULL AND (a.slug = lower($2) OR a.symbol = upper($2))
      AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
), total AS MATERIALIZED (
    SELECT CASE WHEN $2 IS NULL
                THEN (SELECT sum(rows) FROM data_counts WHERE $1 IS NULL OR source_id = (SELECT source_id FROM asked))
                ELSE (SELECT count(*) FROM named) END AS rows
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT place, slug, code, priority, source_id, asset_id, quote_id
         FROM data_order
         WHERE NOT $6::boolean AND $1 IS NULL AND $2 IS NULL
         ORDER BY place, slug, code, priority, source_id
         LIMIT CASE WHEN $4::bigint < (SELECT rows FROM total) THEN $3::bigint ELSE 0 END OFFSET $4)
        UNION ALL
        (SELECT place, slug, code, priority, source_id, asset_id, quote_id
         FROM data_order
         WHERE $6 AND $1 IS NULL AND $2 IS NULL
           AND (place, slug, code, priority, source_id) > ($7::integer, $8::text, $9::text, (SELECT priority FROM asked), $10)
         ORDER BY place, slug, code, priority, source_id
         LIMIT $3)
        UNION ALL
        (SELECT place, slug, code, priority, source_id, asset_id, quote_id
         FROM data_order
         WHERE $6 AND $1 IS NULL AND $2 IS NULL AND place IS NULL -- behind all that have a place ('' is before all slugs)
           AND (slug, code, priority, source_id) > (CASE WHEN $7 IS NULL THEN $8 ELSE '' END, $9, (SELECT priority FROM asked), $10)
         ORDER BY place, slug, code, priority, source_id
         LIMIT $3)
        UNION ALL
        (SELECT place, slug, code, NULL, source_id, asset_id, quote_id
         FROM data_order
         WHERE NOT $6 AND $1 IS NOT NULL AND $2 IS NULL AND source_id = (SELECT source_id FROM asked)
         ORDER BY place, slug, code
         LIMIT CASE WHEN $4 < (SELECT rows FROM total) THEN $3 ELSE 0 END OFFSET $4)
        UNION ALL
        (SELECT place, slug, code, NULL, source_id, asset_id, quote_id
         FROM data_order
         WHERE $6 AND $1 IS NOT NULL AND $2 IS NULL AND source_id = (SELECT source_id FROM asked)
           AND (place, slug, code) > ($7, $8, $9)
         ORDER BY place, slug, code
         LIMIT $3)
        UNION ALL
        (SELECT place, slug, code, NULL, source_id, asset_id, quote_id
         FROM data_order
         WHERE $6 AND $1 IS NOT NULL AND $2 IS NULL AND source_id = (SELECT source_id FROM asked) AND place IS NULL
           AND (slug, code) > (CASE WHEN $7 IS NULL THEN $8 ELSE '' END, $9)
         ORDER BY place, slug, code
         LIMIT $3)
        UNION ALL
        (SELECT place, slug, code, priority, source_id, asset_id, quote_id
         FROM named
         WHERE NOT $6 OR (place IS NULL, coalesce(place, 0), slug, code, priority, source_id)
                         > ($7 IS NULL, coalesce($7, 0), $8, $9, (SELECT priority FROM asked), $10)
         ORDER BY place, slug, code, priority, source_id
         LIMIT $3 OFFSET $4)
    ) AS parts
    ORDER BY place, slug, code, priority, source_id
    LIMIT $3
)
SELECT coalesce((SELECT rows FROM total), 0)::bigint AS total, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       page.slug, a.symbol, a.name, s.name AS source, page.code, l.price, l.market_cap, d.rank,
       l.volume_24h, d.change_24h, coalesce(l.change_24h_percent, d.change_24h_percent),
       d.high_24h, d.low_24h, d.circulating_supply, d.total_supply, d.max_supply,
       (date_part('epoch', l.observed_at) * 1000)::bigint AS observed_at_ms,
       (date_part('epoch', l.observed_at) * 1000)::bigint AS aged_from_ms,
       (date_part('epoch', l.observed_at) * 1000)::bigint + GREATEST($5::integer, 3 * s.price_period_s)::bigint * 1000
           AS stale_at_ms,
       CASE l.doubt WHEN 0 THEN '[]' ELSE doubt_names(l.doubt) END AS doubt_names, l.run_id, l.payload_id,
       page.place, page.source_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT * FROM latest_prices k
    WHERE k.asset_id = page.asset_id AND k.quote_id = page.quote_id AND k.source_id = page.source_id
    OFFSET 0
) AS l ON true
LEFT JOIN LATERAL (
    SELECT * FROM listings k
    WHERE k.asset_id = page.asset_id AND k.quote_id = page.quote_id AND k.source_id = page.source_id
    OFFSET 0
) AS d ON true
LEFT JOIN LATERAL (SELECT * FROM assets k WHERE k.asset_id = page.asset_id OFFSET 0) AS a ON true
LEFT JOIN sources s ON s.source_id = page.source_id
ORDER BY page.place, page.slug, page.code, page.priority, page.source_id
