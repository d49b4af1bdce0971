-- name: listing_page_descending
-- A page of all assets in a currency, the highest number first and those without it last, behind a row if one is given: of
-- each what its leader says. Always at least one row, which carries version and, if it is asked for, how many assets there are
-- (counted up to $13); slug is null when the page is empty. Columns: version, total, value (that it is ordered by),
-- asset_id, then slug, symbol, name, code, source, rank, price, market_cap, volume_24h, change_24h, change_24h_percent,
-- high_24h, low_24h, fully_diluted_valuation, circulating_supply, total_supply, max_supply, observed_at_ms, doubt (a JSON
-- array), run_id, payload_id. What it can be ordered by is null where it is doubted.
-- An index knows the step of a number (listing_step): what is ordered by a value is ordered by its step first.
-- Every OFFSET 0 keeps the planner to lookups: how many rows a page has is a parameter, which it takes for a tenth of all.
-- $1 quote code, $2 sort, $3 and $4 the value and asset_id before ('Infinity' and the greatest asset_id = from the first),
-- $5 the asset_id before among those without a value, $6 rows, $7 and $8 market cap from and to, $9 and $10 volume from and
-- to, $11 tickers in upper case or slugs, NULL = no such bound; $12 whether to count, $13 up to how many
WITH wanted AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = $1::text
), named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT n.step, n.value, n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM wanted) AND n.step IS NOT NULL
           AND n.step <= listing_step($2, $3::numeric) AND (n.value, n.asset_id) < ($3, $4::integer)
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.step DESC, n.value DESC, n.asset_id DESC
         LIMIT $6::bigint)
        UNION ALL
        (SELECT n.step, n.value, n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM wanted) AND n.step IS NULL AND n.asset_id < $5::integer
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.step DESC, n.asset_id DESC -- all of the first are null: it is said for the sake of the index
         LIMIT $6)
    ) AS both_parts
    ORDER BY value IS NULL, value DESC, asset_id DESC
    LIMIT $6
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (
           SELECT count(*)
           FROM (SELECT
                 FROM listing_order n
                 WHERE n.quote_id = (SELECT quote_id FROM wanted)
                   AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
                   AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
                   AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
                 ORDER BY n.asset_id
                 LIMIT $13::bigint) AS counted)
       END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.quote_id = (SELECT quote_id FROM wanted) AND k.asset_id = page.asset_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value IS NULL, page.value DESC, page.asset_id DESC

-- name: listing_page_ascending
-- The same with the lowest number first; those without it are last as well. $3 '-Infinity' and $4 0 = from the first.
WITH wanted AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = $1::text
), named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT n.step, n.value, n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM wanted) AND n.step IS NOT NULL
           AND n.step >= listing_step($2, $3::numeric) AND (n.value, n.asset_id) > ($3, $4::integer)
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.step, n.value, n.asset_id
         LIMIT $6::bigint)
        UNION ALL
        (SELECT n.step, n.value, n.asset_id
         FROM listing_numbers n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM wanted) AND n.step IS NULL AND n.asset_id > $5::integer
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.step, n.asset_id -- all of the first are null: it is said for the sake of the index
         LIMIT $6)
    ) AS both_parts
    ORDER BY value IS NULL, value, asset_id
    LIMIT $6
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (
           SELECT count(*)
           FROM (SELECT
                 FROM listing_order n
                 WHERE n.quote_id = (SELECT quote_id FROM wanted)
                   AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
                   AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
                   AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
                 ORDER BY n.asset_id
                 LIMIT $13::bigint) AS counted)
       END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.quote_id = (SELECT quote_id FROM wanted) AND k.asset_id = page.asset_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value IS NULL, page.value, page.asset_id

-- name: listing_words_descending
-- The same by name or symbol, in lower case; $3 the greatest text there is = from the first.
WITH wanted AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = $1::text
), named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT n.value, n.asset_id
         FROM listing_texts n
         WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM wanted) AND n.value IS NOT NULL
           AND (n.value, n.asset_id) < ($3::text, $4::integer)
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.value DESC, n.asset_id DESC
         LIMIT $6::bigint)
        UNION ALL
        (SELECT n.value, n.asset_id
         FROM listing_texts n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM wanted) AND n.value IS NULL AND n.asset_id < $5::integer
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.value DESC, n.asset_id DESC -- all of the first are null: it is said for the sake of the index
         LIMIT $6)
    ) AS both_parts
    ORDER BY value IS NULL, value DESC, asset_id DESC
    LIMIT $6
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (
           SELECT count(*)
           FROM (SELECT
                 FROM listing_order n
                 WHERE n.quote_id = (SELECT quote_id FROM wanted)
                   AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
                   AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
                   AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
                 ORDER BY n.asset_id
                 LIMIT $13::bigint) AS counted)
       END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.quote_id = (SELECT quote_id FROM wanted) AND k.asset_id = page.asset_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value IS NULL, page.value DESC, page.asset_id DESC

-- name: listing_words_ascending
-- The same from the first of the alphabet on; $3 '' and $4 0 = from the first.
WITH wanted AS MATERIALIZED (
    SELECT quote_id FROM quotes WHERE code = $1::text
), named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT n.value, n.asset_id
         FROM listing_texts n
         WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM wanted) AND n.value IS NOT NULL
           AND (n.value, n.asset_id) > ($3::text, $4::integer)
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.value, n.asset_id
         LIMIT $6::bigint)
        UNION ALL
        (SELECT n.value, n.asset_id
         FROM listing_texts n
         WHERE n.sort = $2 AND n.quote_id = (SELECT quote_id FROM wanted) AND n.value IS NULL AND n.asset_id > $5::integer
           AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
           AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
           AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
         ORDER BY n.value, n.asset_id -- all of the first are null: it is said for the sake of the index
         LIMIT $6)
    ) AS both_parts
    ORDER BY value IS NULL, value, asset_id
    LIMIT $6
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (
           SELECT count(*)
           FROM (SELECT
                 FROM listing_order n
                 WHERE n.quote_id = (SELECT quote_id FROM wanted)
                   AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
                   AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
                   AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
                 ORDER BY n.asset_id
                 LIMIT $13::bigint) AS counted)
       END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.quote_id = (SELECT quote_id FROM wanted) AND k.asset_id = page.asset_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value IS NULL, page.value, page.asset_id

-- name: listing_own_descending
-- The columns of listing_page_descending for what one source says, doubted or not.
-- Parameters: see there; of the value before, $3 is the number (0 if it is a word) and $15 the word ('' if it is a number);
-- $14 source name
WITH named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), own AS MATERIALIZED (
    SELECT n.asset_id, n.quote_id, n.source_id,
           CASE $2::text WHEN 'market_cap' THEN n.market_cap WHEN 'volume' THEN n.volume_24h WHEN 'price' THEN n.price
                         WHEN 'change_24h' THEN coalesce(n.change_24h_percent,
                             (SELECT d.change_24h_percent FROM listings d
                              WHERE (d.asset_id, d.quote_id, d.source_id) = (n.asset_id, n.quote_id, n.source_id)))
                         WHEN 'rank' THEN CASE WHEN n.doubt & 4 = 0 THEN
                             (SELECT d.rank FROM listings d
                              WHERE (d.asset_id, d.quote_id, d.source_id) = (n.asset_id, n.quote_id, n.source_id)) END
                         ELSE 0 END AS number,
           CASE $2 WHEN 'name' THEN (SELECT left(lower(a.name), 60) FROM assets a WHERE a.asset_id = n.asset_id)
                   WHEN 'symbol' THEN (SELECT left(lower(a.symbol), 60) FROM assets a WHERE a.asset_id = n.asset_id)
                   ELSE '' END COLLATE "C" AS word
    FROM latest_prices n
    WHERE n.quote_id = (SELECT quote_id FROM quotes WHERE code = $1::text)
      AND n.source_id = (SELECT source_id FROM sources WHERE name = $14::text)
      AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
      AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
      AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
), page AS MATERIALIZED (
    SELECT CASE WHEN $2 IN ('name', 'symbol') THEN word ELSE number::text END AS value, *
    FROM own
    WHERE (number IS NOT NULL AND (number, word, asset_id) < ($3::numeric, $15::text, $4::integer))
       OR (number IS NULL AND asset_id < $5::integer)
    ORDER BY number IS NULL, number DESC, word DESC, asset_id DESC
    LIMIT $6::bigint
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (SELECT count(*) FROM (SELECT FROM own LIMIT $13::bigint) AS counted) END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, r.rank, r.price, r.market_cap,
       r.volume_24h, r.change_24h, r.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN listing_rows r USING (asset_id, quote_id, source_id)
ORDER BY page.number IS NULL, page.number DESC, page.word DESC, page.asset_id DESC

-- name: listing_own_ascending
-- The same with the lowest first.
WITH named AS (
    SELECT asset_id FROM assets WHERE symbol = ANY ($11::text[])
    UNION
    SELECT asset_id FROM assets WHERE slug = ANY (lower($11::text)::text[])
), own AS MATERIALIZED (
    SELECT n.asset_id, n.quote_id, n.source_id,
           CASE $2::text WHEN 'market_cap' THEN n.market_cap WHEN 'volume' THEN n.volume_24h WHEN 'price' THEN n.price
                         WHEN 'change_24h' THEN coalesce(n.change_24h_percent,
                             (SELECT d.change_24h_percent FROM listings d
                              WHERE (d.asset_id, d.quote_id, d.source_id) = (n.asset_id, n.quote_id, n.source_id)))
                         WHEN 'rank' THEN CASE WHEN n.doubt & 4 = 0 THEN
                             (SELECT d.rank FROM listings d
                              WHERE (d.asset_id, d.quote_id, d.source_id) = (n.asset_id, n.quote_id, n.source_id)) END
                         ELSE 0 END AS number,
           CASE $2 WHEN 'name' THEN (SELECT left(lower(a.name), 60) FROM assets a WHERE a.asset_id = n.asset_id)
                   WHEN 'symbol' THEN (SELECT left(lower(a.symbol), 60) FROM assets a WHERE a.asset_id = n.asset_id)
                   ELSE '' END COLLATE "C" AS word
    FROM latest_prices n
    WHERE n.quote_id = (SELECT quote_id FROM quotes WHERE code = $1::text)
      AND n.source_id = (SELECT source_id FROM sources WHERE name = $14::text)
      AND ($7::numeric IS NULL OR n.market_cap >= $7) AND ($8::numeric IS NULL OR n.market_cap <= $8)
      AND ($9::numeric IS NULL OR n.volume_24h >= $9) AND ($10::numeric IS NULL OR n.volume_24h <= $10)
      AND ($11::text[] IS NULL OR n.asset_id = ANY (ARRAY(SELECT asset_id FROM named)))
), page AS MATERIALIZED (
    SELECT CASE WHEN $2 IN ('name', 'symbol') THEN word ELSE number::text END AS value, *
    FROM own
    WHERE (number IS NOT NULL AND (number, word, asset_id) > ($3::numeric, $15::text, $4::integer))
       OR (number IS NULL AND asset_id > $5::integer)
    ORDER BY number IS NULL, number, word, asset_id
    LIMIT $6::bigint
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       CASE WHEN $12::boolean THEN (SELECT count(*) FROM (SELECT FROM own LIMIT $13::bigint) AS counted) END AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, r.rank, r.price, r.market_cap,
       r.volume_24h, r.change_24h, r.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN listing_rows r USING (asset_id, quote_id, source_id)
ORDER BY page.number IS NULL, page.number, page.word, page.asset_id

-- name: listing_top_largest
-- The columns of listing_page_descending (total is null), of the assets with the greatest number.
-- $1 quote code, $2 sort: market_cap or volume, $3 rows
WITH page AS MATERIALIZED (
    SELECT n.value, n.asset_id, n.quote_id
    FROM listing_numbers n
    WHERE n.sort = $2::text AND n.quote_id = (SELECT quote_id FROM quotes WHERE code = $1::text) AND n.step IS NOT NULL
    ORDER BY n.step DESC, n.value DESC, n.asset_id DESC
    LIMIT $3::bigint
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, NULL::bigint AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.asset_id = page.asset_id AND k.quote_id = page.quote_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value DESC, page.asset_id DESC

-- name: listing_top_movers
-- The columns of listing_page_descending (total is null), of the assets that rose or fell most in 24 hours. Only the largest
-- by market cap are looked at, and of those who were observed within a day the ones whose volume is at least a ten
-- thousandth of their market cap: a token that nobody trades can be made to have any change.
-- $1 quote code, $2 1 = rose, -1 = fell, $3 rows, $4 how many of the largest
WITH largest AS MATERIALIZED (
    SELECT n.asset_id, n.quote_id, n.change_24h_percent, n.volume_24h, n.market_cap, n.observed_at
    FROM listing_order n
    WHERE n.quote_id = (SELECT quote_id FROM quotes WHERE code = $1::text) AND n.market_cap_step IS NOT NULL
    ORDER BY n.market_cap_step DESC, n.market_cap DESC, n.asset_id DESC
    LIMIT $4::bigint
), page AS MATERIALIZED (
    SELECT n.change_24h_percent * $2::integer AS value, n.asset_id, n.quote_id
    FROM largest n
    WHERE n.change_24h_percent * $2 > 0 AND n.volume_24h * 10000 >= n.market_cap AND n.observed_at >= now() - interval '1 day'
    ORDER BY value DESC, n.asset_id
    LIMIT $3::bigint
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, NULL::bigint AS total,
       page.value, page.asset_id, r.slug, r.symbol, r.name, r.code, r.source, o.rank, o.price, o.market_cap,
       o.volume_24h, r.change_24h, o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation,
       r.circulating_supply, r.total_supply, r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       doubt_names(r.doubt), r.run_id, r.payload_id
FROM (SELECT) AS always
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_order k
    WHERE k.asset_id = page.asset_id AND k.quote_id = page.quote_id
    OFFSET 0
) AS o ON true
LEFT JOIN LATERAL (
    SELECT *
    FROM listing_rows k
    WHERE k.asset_id = o.asset_id AND k.quote_id = o.quote_id AND k.source_id = o.source_id
    OFFSET 0
) AS r ON true
ORDER BY page.value DESC, page.asset_id

-- name: listing_asset
-- All that is known of an asset in a currency, a row for each source, preferred first; one row without a source if nobody has
-- a price. The 16 columns of price_inputs; whether the source leads; the columns of listing_page_descending from slug on;
-- ath, ath_at_ms, atl, atl_at_ms; then what the source itself says: source, kind, price, market_cap, rank, volume_24h,
-- change_24h, change_24h_percent, high_24h, low_24h, fully_diluted_valuation, circulating_supply, total_supply, max_supply,
-- ath, ath_at_ms, atl, atl_at_ms, observed_at_ms, doubt (a JSON array), run_id, payload_id.
-- $1 slug, $2 quote code, $3 seconds, as $4 of price_inputs
SELECT a.slug, q.code, r.source, r.kind, r.price, r.volume_24h, r.market_cap, r.change_24h_percent,
       (date_part('epoch', r.observed_at) * 1000)::bigint AS observed_at_ms,
       GREATEST($3::integer, 3 * s.price_period_s)::bigint * 1000 AS fresh_ms, r.doubt, doubt_names(r.doubt),
       (date_part('epoch', now()) * 1000)::bigint AS now_ms, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       r.run_id, r.payload_id,
       r.source_id = o.source_id AS leads,
       a.slug, a.symbol, a.name, q.code, r.source, o.rank, o.price, o.market_cap, o.volume_24h, r.change_24h,
       o.change_24h_percent, r.high_24h, r.low_24h, r.fully_diluted_valuation, r.circulating_supply, r.total_supply,
       r.max_supply, (date_part('epoch', r.observed_at) * 1000)::bigint, doubt_names(r.doubt), r.run_id, r.payload_id,
       r.ath, (date_part('epoch', r.ath_at) * 1000)::bigint, r.atl, (date_part('epoch', r.atl_at) * 1000)::bigint,
       r.source, r.kind, r.price, r.market_cap, r.rank, r.volume_24h, r.change_24h, r.change_24h_percent, r.high_24h,
       r.low_24h, r.fully_diluted_valuation, r.circulating_supply, r.total_supply, r.max_supply,
       r.ath, (date_part('epoch', r.ath_at) * 1000)::bigint, r.atl, (date_part('epoch', r.atl_at) * 1000)::bigint,
       (date_part('epoch', r.observed_at) * 1000)::bigint, doubt_names(r.doubt), r.run_id, r.payload_id
FROM assets a
JOIN quotes q ON q.code = $2::text
LEFT JOIN listing_order o ON o.asset_id = a.asset_id AND o.quote_id = q.quote_id
LEFT JOIN listing_rows r ON r.asset_id = a.asset_id AND r.quote_id = q.quote_id
LEFT JOIN sources s ON s.source_id = r.source_id
WHERE a.slug = $1::text
ORDER BY r.priority, r.source_id

-- name: listing_order_hold
-- Keeps the order's rows of some pairs to this transaction, before it writes a price or a listing of one of them, so that
-- transactions of different sources never wait for each other in a circle.
-- $1 asset_ids, $2 quote_ids
SELECT listing_order_hold($1::integer[], $2::smallint[])
