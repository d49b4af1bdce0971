-- name: coins_page
-- A page of the coins that have a price in a currency or in usd, by market cap or volume in usd: slug, total (of all pages),
-- version. Coins without that number are last, whichever way it is sorted. Always at least one row; slug is NULL when the page
-- is empty.
-- $1 quote code, $2 sort ('market_cap' or 'volume'), $3 whether the lowest are first, $4 rows, $5 rows to skip
WITH dollar AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = 'usd'
), own AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = $1::text AND code <> 'usd'
), page AS MATERIALIZED (
    SELECT asset_id, part, value, tie
    FROM (
        (SELECT n.asset_id, 1 AS part, n.value, n.asset_id AS tie
         FROM listing_numbers n
         WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM dollar) AND n.step IS NOT NULL AND NOT $3::boolean
         ORDER BY n.step DESC, n.value DESC, n.asset_id DESC
         LIMIT $4::bigint + $5::bigint)
        UNION ALL
        (SELECT n.asset_id, 1, -n.value, -n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM dollar) AND n.step IS NOT NULL AND $3
         ORDER BY n.step, n.value, n.asset_id
         LIMIT $4 + $5)
        UNION ALL
        (SELECT n.asset_id, 2, NULL, n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM dollar) AND n.step IS NULL
         ORDER BY n.step DESC, n.asset_id DESC -- all of the first are null: it is said for the sake of the index
         LIMIT $4 + $5)
        UNION ALL
        (SELECT o.asset_id, 3, NULL, o.asset_id
         FROM listing_order o
         WHERE o.quote_id = (SELECT quote_id FROM own)
           AND NOT EXISTS (SELECT FROM listing_order u
                           WHERE u.quote_id = (SELECT quote_id FROM dollar) AND u.asset_id = o.asset_id)
         ORDER BY o.asset_id DESC
         LIMIT $4 + $5)
    ) AS parts
    ORDER BY part, value DESC, tie DESC
    LIMIT $4 OFFSET $5
)
SELECT a.slug,
       (SELECT count(*) FROM listing_order WHERE quote_id = (SELECT quote_id FROM dollar))
       + (SELECT count(*)
          FROM listing_order o
          WHERE o.quote_id = (SELECT quote_id FROM own)
            AND NOT EXISTS (SELECT FROM listing_order u
                            WHERE u.quote_id = (SELECT quote_id FROM dollar) AND u.asset_id = o.asset_id)) AS total,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (SELECT k.slug FROM assets k WHERE k.asset_id = page.asset_id OFFSET 0) AS a ON true
ORDER BY page.part, page.value DESC, page.tie DESC

-- name: coins_page_by_id
-- The columns of coins_page in the order of the alphabet.
-- $1 quote code, $2 whether the last are first, $3 rows, $4 rows to skip
WITH wanted AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code IN ($1::text, 'usd')
), page AS MATERIALIZED (
    SELECT slug
    FROM (
        (SELECT a.slug, 1 AS part
         FROM assets a
         WHERE NOT $2::boolean
           AND (SELECT o.asset_id
                FROM listing_order o
                WHERE o.asset_id = a.asset_id AND o.quote_id = ANY (ARRAY(SELECT quote_id FROM wanted))
                LIMIT 1) IS NOT NULL -- a lookup a coin, and not a join of all coins
         ORDER BY a.slug
         LIMIT $3::bigint + $4::bigint)
        UNION ALL
        (SELECT a.slug, 2
         FROM assets a
         WHERE $2
           AND (SELECT o.asset_id
                FROM listing_order o
                WHERE o.asset_id = a.asset_id AND o.quote_id = ANY (ARRAY(SELECT quote_id FROM wanted))
                LIMIT 1) IS NOT NULL -- a lookup a coin, and not a join of all coins
         ORDER BY a.slug DESC
         LIMIT $3 + $4)
    ) AS both_ways
    ORDER BY CASE WHEN NOT $2 THEN slug END, CASE WHEN $2 THEN slug END DESC
    LIMIT $3 OFFSET $4
)
SELECT page.slug, (SELECT count(DISTINCT asset_id) FROM listing_order WHERE quote_id IN (SELECT quote_id FROM wanted)) AS total,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN page ON true
ORDER BY CASE WHEN NOT $2 THEN slug END, CASE WHEN $2 THEN slug END DESC

-- name: coins_page_of
-- The columns of coins_page, of coins that are named, with a price or without. Of several that were meant by one word the one
-- with the largest market cap.
-- $1 slugs, $2 sort ('market_cap', 'volume' or 'id'), $3 whether the lowest are first, $4 rows, $5 rows to skip, $6 the words
-- by which the slugs were found, each beside its slug
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (asked.word) a.slug, a.asset_id, o.market_cap, o.volume_24h
    FROM unnest($1::text[], $6::text[]) AS asked (slug, word)
    JOIN assets a ON a.slug = asked.slug
    LEFT JOIN listing_order o ON o.asset_id = a.asset_id AND o.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd')
    ORDER BY asked.word, o.market_cap DESC NULLS LAST, a.asset_id
), named AS MATERIALIZED (
    SELECT DISTINCT slug, asset_id,
           CASE $2::text WHEN 'market_cap' THEN market_cap WHEN 'volume' THEN volume_24h END
           * CASE WHEN $3::boolean THEN -1 ELSE 1 END AS value
    FROM chosen
), page AS MATERIALIZED (
    SELECT slug, asset_id, value
    FROM named
    ORDER BY value DESC NULLS LAST, CASE WHEN $2 = 'id' AND $3 THEN slug END, CASE WHEN $2 = 'id' THEN slug END DESC,
             asset_id DESC
    LIMIT $4::bigint OFFSET $5::bigint
)
SELECT page.slug, (SELECT count(*) FROM named) AS total, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT) AS always
LEFT JOIN page ON true
ORDER BY page.value DESC NULLS LAST, CASE WHEN $2 = 'id' AND $3 THEN slug END, CASE WHEN $2 = 'id' THEN slug END DESC,
         page.asset_id DESC

-- name: coins_details
-- What listings say of coins beside their prices, in the order asked, a row for each currency in which any does, and one
-- without a code for a coin of which none does: slug, symbol, name, code, rank, fully_diluted_valuation, high_24h, low_24h,
-- change_24h, change_24h_percent, circulating_supply, total_supply, max_supply, ath, ath_at_ms, atl, atl_at_ms,
-- observed_at_ms, version. Of the preferred source that has said something in the last day, else of any.
-- $1 slugs, $2 quote codes
SELECT a.slug, a.symbol, a.name, q.code, d.rank, d.fully_diluted_valuation, d.high_24h, d.low_24h, d.change_24h,
       d.change_24h_percent, d.circulating_supply, d.total_supply, d.max_supply, d.ath,
       (date_part('epoch', d.ath_at) * 1000)::bigint AS ath_at_ms, d.atl,
       (date_part('epoch', d.atl_at) * 1000)::bigint AS atl_at_ms,
       (date_part('epoch', d.observed_at) * 1000)::bigint AS observed_at_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM unnest($1::text[]) WITH ORDINALITY AS asked (slug, place)
JOIN assets a ON a.slug = asked.slug
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (l.quote_id) l.*
    FROM listings l
    JOIN sources s USING (source_id)
    WHERE l.asset_id = a.asset_id
      AND l.quote_id = ANY (ARRAY(SELECT quote_id FROM quotes WHERE code = ANY ($2::text[])))
    ORDER BY l.quote_id, l.observed_at < now() - interval '1 day', s.priority, s.source_id
) AS d ON true
LEFT JOIN quotes q ON q.quote_id = d.quote_id
ORDER BY asked.place, q.code

-- name: coins_sparklines
-- The closes of the last hours of coins, oldest first: slug, prices (a JSON array). Of the series that covers most of them; no
-- row for a coin that nobody has hours of.
-- $1 slugs, $2 quote code, $3 first open_time
SELECT a.slug, '[' || string_agg(c.close::text, ',' ORDER BY c.open_time) || ']' AS prices
FROM assets a
JOIN quotes q ON q.code = $2::text
JOIN LATERAL (
    SELECT r.source_id
    FROM series r
    JOIN sources s ON s.source_id = r.source_id
    WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s = 3600
      AND r.last_open_time >= $3::timestamptz
    GROUP BY r.source_id, s.priority
    ORDER BY floor(date_part('epoch', max(r.last_open_time) - GREATEST(min(r.first_open_time), $3)) / 3600) DESC,
             s.priority, r.source_id
    LIMIT 1
) AS best ON true
JOIN candles c
    ON c.source_id = best.source_id AND c.asset_id = a.asset_id AND c.quote_id = q.quote_id AND c.interval_s = 3600
    AND c.open_time >= $3 AND c.final
WHERE a.slug = ANY ($1::text[])
GROUP BY a.slug

-- name: coins_closes
-- What coins cost some time ago: slug, code, seconds, close, market_cap. Of the shortest candles that any source has of that
-- time, and of equals the preferred source; no row where the last candle before it ended more than two of its lengths earlier.
-- The market cap, of a day ago only, in the same way of those of aggregators.
-- $1 slugs, $2 quote codes, $3 how many seconds ago
SELECT a.slug, q.code, ago.seconds, best.close, caps.market_cap
FROM assets a
JOIN quotes q ON q.code = ANY ($2::text[])
CROSS JOIN unnest($3::integer[]) AS ago (seconds)
JOIN LATERAL (
    SELECT c.close
    FROM (SELECT r.source_id, r.interval_s, min(s.priority) AS priority
          FROM series r
          JOIN sources s USING (source_id)
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s IN (300, 3600, 86400)
            AND r.first_open_time <= now() - make_interval(secs => ago.seconds + r.interval_s)
            AND r.last_open_time >= now() - make_interval(secs => ago.seconds + 3 * r.interval_s)
          GROUP BY r.source_id, r.interval_s) AS r
    CROSS JOIN LATERAL (
        SELECT k.close
        FROM candles k
        WHERE k.source_id = r.source_id AND k.asset_id = a.asset_id AND k.quote_id = q.quote_id AND k.interval_s = r.interval_s
          AND k.open_time <= now() - make_interval(secs => ago.seconds + r.interval_s)
          AND k.open_time > now() - make_interval(secs => ago.seconds + 3 * r.interval_s) AND k.final
        ORDER BY k.open_time DESC
        LIMIT 1
    ) AS c
    ORDER BY r.interval_s, r.priority, r.source_id
    LIMIT 1
) AS best ON true
LEFT JOIN LATERAL (
    SELECT c.market_cap
    FROM (SELECT r.source_id, r.interval_s, min(s.priority) AS priority
          FROM series r
          JOIN sources s USING (source_id)
          WHERE r.asset_id = a.asset_id AND r.quote_id = q.quote_id AND r.interval_s IN (300, 3600) AND s.kind = 'aggregator'
            AND r.first_open_time <= now() - make_interval(secs => 86400 + r.interval_s)
            AND r.last_open_time >= now() - make_interval(secs => 86400 + 3 * r.interval_s)
          GROUP BY r.source_id, r.interval_s) AS r
    CROSS JOIN LATERAL (
        SELECT k.market_cap
        FROM candles k
        WHERE k.source_id = r.source_id AND k.asset_id = a.asset_id AND k.quote_id = q.quote_id AND k.interval_s = r.interval_s
          AND k.open_time <= now() - make_interval(secs => 86400 + r.interval_s)
          AND k.open_time > now() - make_interval(secs => 86400 + 3 * r.interval_s) AND k.final AND k.market_cap IS NOT NULL
        ORDER BY k.open_time DESC
        LIMIT 1
    ) AS c
    ORDER BY r.interval_s, r.priority, r.source_id
    LIMIT 1
) AS caps ON ago.seconds = 86400
WHERE a.slug = ANY ($1::text[])

-- name: coins_list
-- All coins by slug: slug, symbol, name, version. One is active while a source lists it or has a price of it.
-- $1 whether the active ones, or those that are not
SELECT a.slug, a.symbol, a.name, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM assets a
WHERE $1::boolean = coalesce((SELECT true FROM latest_prices l WHERE l.asset_id = a.asset_id LIMIT 1),
                             (SELECT true FROM coins c WHERE c.asset_id = a.asset_id LIMIT 1),
                             (SELECT true FROM instruments i WHERE i.asset_id = a.asset_id AND i.status = 'active' LIMIT 1),
                             false)
ORDER BY a.slug

-- name: coins_sources
-- Where prices come from, as exchanges, preferred first: name, title, version.
SELECT s.name, initcap(s.name) AS title, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM sources s
WHERE s.kind <> 'internal' AND s.enabled
ORDER BY s.priority, s.source_id

-- name: coins_search
-- Coins of which the id, the symbol or the name begins with some words, in any case, by rank: slug, symbol, name, rank, version.
-- Those of which one of the three is just that are first.
-- $1 the words, $2 how many at most
WITH words AS MATERIALIZED (
    SELECT lower($1::text) COLLATE "C" AS first, (lower($1) || U&'\+10FFFF') COLLATE "C" AS last
)
SELECT a.slug, a.symbol, a.name, o.rank, pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM (SELECT asset_id FROM assets
      WHERE lower(slug) COLLATE "C" BETWEEN (SELECT first FROM words) AND (SELECT last FROM words)
      UNION
      SELECT asset_id FROM assets
      WHERE lower(symbol) COLLATE "C" BETWEEN (SELECT first FROM words) AND (SELECT last FROM words)
      UNION
      SELECT asset_id FROM assets
      WHERE lower(name) COLLATE "C" BETWEEN (SELECT first FROM words) AND (SELECT last FROM words)) AS found
CROSS JOIN LATERAL (SELECT * FROM assets k WHERE k.asset_id = found.asset_id OFFSET 0) AS a
LEFT JOIN listing_order o ON o.asset_id = a.asset_id AND o.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd')
ORDER BY lower($1) NOT IN (lower(a.slug), lower(a.symbol), lower(a.name)), o.rank NULLS LAST, a.slug
LIMIT $2::bigint

-- name: coins_totals
-- The whole market in usd: coins, sources, market_cap, volume_24h, market_cap a day ago (of coins whose change is known, the
-- number of coins in circulation taken for the same), market_cap of just those, version, volume_24h of the 250 largest whose
-- volume a day ago is known, and what it was then.
WITH traded AS MATERIALIZED (
    SELECT sum(large.volume_24h) AS volume, sum(ago.volume_24h) AS volume_before
    FROM (SELECT o.asset_id, o.quote_id, o.source_id, o.volume_24h
          FROM listing_order o
          WHERE o.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd') AND o.market_cap IS NOT NULL
          ORDER BY o.market_cap DESC, o.asset_id DESC
          LIMIT 250) AS large
    JOIN sources s ON s.source_id = large.source_id AND s.kind = 'aggregator'
    JOIN LATERAL (
        SELECT c.volume_24h
        FROM candles c
        WHERE c.source_id = large.source_id AND c.asset_id = large.asset_id AND c.quote_id = large.quote_id
          AND c.interval_s = 3600 AND c.open_time <= now() - interval '25 hours' AND c.open_time > now() - interval '27 hours'
          AND c.final AND c.volume_24h IS NOT NULL
        ORDER BY c.open_time DESC
        LIMIT 1
    ) AS ago ON true
    WHERE large.volume_24h IS NOT NULL
)
SELECT count(*) AS coins, (SELECT count(*) FROM sources WHERE enabled AND kind <> 'internal') AS sources,
       sum(o.market_cap) AS market_cap, sum(o.volume_24h) FILTER (WHERE s.kind = 'aggregator') AS volume_24h,
       round(sum(o.market_cap / (1 + o.change_24h_percent / 100)) FILTER (WHERE o.change_24h_percent > -100), 8) AS market_cap_before,
       sum(o.market_cap) FILTER (WHERE o.change_24h_percent > -100) AS market_cap_compared,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version, (SELECT volume FROM traded) AS volume_compared,
       (SELECT volume_before FROM traded) AS volume_before
FROM listing_order o
JOIN sources s USING (source_id)
WHERE o.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd')

-- name: coins_largest
-- Those with the largest market cap in usd: symbol, market_cap. $1 how many
SELECT o.symbol, o.market_cap
FROM listing_order o
WHERE o.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd') AND o.market_cap_step IS NOT NULL
ORDER BY o.market_cap_step DESC, o.market_cap DESC, o.asset_id DESC
LIMIT $1::bigint
