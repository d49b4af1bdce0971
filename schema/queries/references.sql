-- name: references_lock
-- Who makes mappings does it alone, until the end of the transaction: two of them could each give one asset to a coin
-- of the same source.
SELECT pg_advisory_xact_lock(hashtext('tidemark.references'))

-- name: references_stage_create
-- Where a provider's list waits for the queries below; once a connection, before the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS references_stage (
    symbol text PRIMARY KEY, ticker text, quote text, name text, asset text, rank integer, active boolean
) ON COMMIT DELETE ROWS

-- name: references_stage_copy
-- Puts a list into the stage. Symbols are unique in it.
COPY pg_temp.references_stage (symbol, ticker, quote, name, asset, rank, active) FROM STDIN

-- name: references_retire_renamed
-- A market that now is one of another coin or currency: what was made of it ends. Before references_upsert.
-- (An aggregator's coin keeps its id when it gets a new ticker or name: that is what ids are for.)
-- $1 source_id, $2 seen_at
UPDATE instruments i
SET status = 'inactive'
FROM pg_temp.references_stage n
JOIN reference_entries e ON e.source_id = $1::smallint AND e.symbol = n.symbol
WHERE i.source_id = $1::smallint AND i.symbol = n.symbol AND i.origin <> 'operator' AND i.status = 'active'
  AND n.quote IS NOT NULL AND (e.ticker, e.quote) IS DISTINCT FROM (upper(n.ticker), n.quote)
  AND e.seen_at <= $2::timestamptz

-- name: references_upsert
-- Takes the staged list over; identical rows stay untouched, and an older list changes nothing that is newer.
-- $1 source_id, $2 run_id, $3 payload_id, $4 seen_at
INSERT INTO reference_entries AS e
       (source_id, run_id, payload_id, seen_at, symbol, ticker, quote, name, rank, active)
SELECT $1::smallint, $2::bigint, $3::bigint, $4::timestamptz, n.symbol, upper(n.ticker), n.quote, n.name, n.rank,
       n.active
FROM pg_temp.references_stage n
WHERE NOT EXISTS ( -- a conflict would lock the row, also one that stays as it is
    SELECT FROM reference_entries known
    WHERE known.source_id = $1::smallint AND known.symbol = n.symbol
      AND (known.ticker, known.quote, known.name, known.rank, known.active)
          IS NOT DISTINCT FROM (upper(n.ticker), n.quote, n.name, n.rank, n.active))
ORDER BY n.symbol
ON CONFLICT (source_id, symbol)
DO UPDATE SET run_id = excluded.run_id, payload_id = excluded.payload_id, seen_at = excluded.seen_at,
              ticker = excluded.ticker, quote = excluded.quote, name = excluded.name, rank = excluded.rank,
              active = excluded.active
WHERE e.seen_at <= excluded.seen_at

-- name: references_end_missing
-- What a whole list does not name any more is gone. A list that has lost more than half of its entries since the last
-- one is not believed: that is a provider's accident.
-- $1 source_id, $2 run_id, $3 payload_id, $4 seen_at
UPDATE reference_entries e
SET active = false, run_id = $2::bigint, payload_id = $3::bigint, seen_at = $4::timestamptz
WHERE e.source_id = $1::smallint AND e.active AND e.seen_at <= $4::timestamptz
  AND NOT EXISTS (SELECT FROM pg_temp.references_stage n WHERE n.symbol = e.symbol)
  AND (SELECT count(*) FROM pg_temp.references_stage) * 2 >=
      (SELECT count(*) FROM reference_entries WHERE source_id = $1::smallint AND active)

-- name: references_make_assets
-- The coins of a list whose ids are our assets: new ones are added, others take its ticker and name, unless the
-- operator named them.
INSERT INTO assets (slug, symbol, name, origin)
SELECT n.asset, upper(n.ticker), coalesce(n.name, n.ticker), 'reference'
FROM pg_temp.references_stage n
WHERE n.asset IS NOT NULL
  AND NOT EXISTS ( -- spends no id on known ones
    SELECT FROM assets a
    WHERE a.slug = n.asset
      AND (a.origin = 'operator' OR (a.symbol, a.name) = (upper(n.ticker), coalesce(n.name, n.ticker))))
ORDER BY n.asset
ON CONFLICT (slug)
DO UPDATE SET symbol = excluded.symbol, name = excluded.name
WHERE assets.origin <> 'operator'

-- name: references_make_coins
-- The same coins are these assets. $1 source_id
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT $1::smallint, n.symbol, a.asset_id, 'reference'
FROM pg_temp.references_stage n
JOIN assets a ON a.slug = n.asset
WHERE NOT EXISTS (SELECT FROM coins c WHERE c.source_id = $1::smallint AND c.symbol = n.symbol)
ORDER BY n.symbol
ON CONFLICT (source_id, symbol) DO NOTHING

-- name: references_offer
-- Coins that a listing names before a list of the source did; what is known stays as it is.
-- $1 source_id, $2 run_id, $3 seen_at, $4 symbols, $5 tickers, $6 names, $7 ranks
INSERT INTO reference_entries (source_id, run_id, seen_at, symbol, ticker, name, rank, active)
SELECT DISTINCT ON (n.symbol) $1::smallint, $2::bigint, $3::timestamptz, n.symbol, upper(n.ticker), n.name, n.rank,
       true
FROM unnest($4::text[], $5::text[], $6::text[], $7::integer[]) AS n (symbol, ticker, name, rank)
WHERE NOT EXISTS (SELECT FROM reference_entries e WHERE e.source_id = $1::smallint AND e.symbol = n.symbol)
ORDER BY n.symbol
ON CONFLICT (source_id, symbol) DO NOTHING

-- name: references_map_coins
-- Aggregators' coins that nobody has mapped: one that has the ticker and the name of exactly one asset is that asset,
-- unless another coin of the source has the same names, or is that asset already. A mapping that was made stays,
-- because the source's id stays, whatever coins appear later under the same names.
-- $1 source_id or NULL for all, $2 symbols or NULL for all
WITH wanted AS (
    SELECT e.source_id, e.symbol, e.ticker, lower(e.name) AS name
    FROM reference_entries e
    JOIN sources s USING (source_id)
    WHERE s.kind = 'aggregator' AND e.active AND e.name IS NOT NULL
      AND ($1::smallint IS NULL OR e.source_id = $1) AND ($2::text[] IS NULL OR e.symbol = ANY ($2))
      AND NOT EXISTS (SELECT FROM coins c WHERE c.source_id = e.source_id AND c.symbol = e.symbol)
), found AS (
    SELECT w.source_id, w.symbol, w.ticker, w.name, min(a.asset_id) AS asset_id
    FROM wanted w
    JOIN assets a ON a.symbol = w.ticker AND lower(a.name) = w.name
    GROUP BY w.source_id, w.symbol, w.ticker, w.name
    HAVING count(*) = 1
)
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT f.source_id, f.symbol, f.asset_id, 'reference'
FROM found f
WHERE NOT EXISTS (SELECT FROM coins c WHERE c.source_id = f.source_id AND c.asset_id = f.asset_id)
  AND NOT EXISTS (SELECT FROM reference_entries twin
                  WHERE twin.source_id = f.source_id AND twin.ticker = f.ticker AND lower(twin.name) = f.name
                    AND twin.active AND twin.symbol <> f.symbol)
ORDER BY f.source_id, f.symbol
ON CONFLICT (source_id, symbol) DO NOTHING

-- name: references_map_markets
-- Exchanges' markets that nobody has mapped: one whose ticker is that of exactly one asset, in a known currency, is that
-- asset's, unless another market of the source says the same. $1 source_id or NULL for all
WITH wanted AS (
    SELECT e.source_id, e.symbol, e.ticker, e.quote, q.quote_id
    FROM reference_entries e
    JOIN sources s USING (source_id)
    JOIN quotes q ON q.code = e.quote
    WHERE s.kind = 'exchange' AND e.active AND ($1::smallint IS NULL OR e.source_id = $1)
      AND NOT EXISTS (SELECT FROM instruments i
                      WHERE i.source_id = e.source_id AND i.symbol = e.symbol
                        AND (i.status = 'active' OR i.origin = 'operator'))
), found AS (
    SELECT w.source_id, w.symbol, w.ticker, w.quote, w.quote_id, min(a.asset_id) AS asset_id
    FROM wanted w
    JOIN assets a ON a.symbol = w.ticker
    GROUP BY w.source_id, w.symbol, w.ticker, w.quote, w.quote_id
    HAVING count(*) = 1
)
INSERT INTO instruments (source_id, symbol, asset_id, quote_id, origin)
SELECT f.source_id, f.symbol, f.asset_id, f.quote_id, 'reference'
FROM found f
WHERE NOT EXISTS (SELECT FROM instruments i
                  WHERE i.source_id = f.source_id AND i.asset_id = f.asset_id AND i.quote_id = f.quote_id
                    AND i.status = 'active' AND i.symbol <> f.symbol)
  AND NOT EXISTS (SELECT FROM reference_entries twin
                  WHERE twin.source_id = f.source_id AND twin.ticker = f.ticker AND twin.quote = f.quote
                    AND twin.active AND twin.symbol <> f.symbol)
ORDER BY f.source_id, f.symbol
ON CONFLICT (source_id, symbol)
DO UPDATE SET asset_id = excluded.asset_id, quote_id = excluded.quote_id, origin = excluded.origin, status = 'active'
WHERE instruments.origin <> 'operator'

-- name: references_follow
-- Instruments end with the coin or market they are of, and a coin's begin again with it; a market that comes back is
-- mapped anew, as it may be one of another coin by then. The operator's stay. $1 source_id
UPDATE instruments i
SET status = CASE WHEN e.active THEN 'active' ELSE 'inactive' END
FROM reference_entries e
JOIN sources s USING (source_id)
WHERE i.source_id = $1::smallint AND i.origin <> 'operator' AND e.source_id = $1::smallint
  AND e.symbol = CASE s.kind WHEN 'aggregator' THEN instrument_coin(i.symbol) ELSE i.symbol END
  AND (i.status = 'active') <> e.active
  AND (NOT e.active OR EXISTS (SELECT FROM coins c -- and the operator has not refused it
                               WHERE c.source_id = $1::smallint AND c.symbol = e.symbol AND c.asset_id = i.asset_id))

-- name: references_count_unmapped
-- Of a source's coins or markets, how many are active and neither mapped nor refused by the operator. $1 source_id
SELECT count(*)
FROM reference_entries e
WHERE e.source_id = $1::smallint AND e.active
  AND NOT EXISTS (SELECT FROM coins c WHERE c.source_id = e.source_id AND c.symbol = e.symbol)
  AND NOT EXISTS (SELECT FROM instruments i
                  WHERE i.source_id = e.source_id AND i.symbol = e.symbol
                    AND (i.status = 'active' OR i.origin = 'operator'))

-- name: instruments_list
-- For people: what sources call their coins and markets, and what they are here. source, symbol, ticker, quote, name,
-- rank, asset, status, origin, reason, candidates (JSON, at most 5 slugs, best ranked first), seen_at_ms. An aggregator's
-- coin is one row for all currencies. Reasons: mapped; refused = the operator says that it is none of ours; and of those
-- that are not mapped: inactive, unknown quote, unknown (nobody has the ticker), name differs (some have the ticker, none
-- the name), ambiguous (several it could be, or several that could be it), taken (another one of the source is it).
-- $1 source name or NULL, $2 "ambiguous" (with taken), "unmapped" (all that could be mapped and is not) or NULL, $3 limit
WITH spoken AS ( -- what a row of it is about, and what was said about that
    SELECT s.source_id, s.name AS source, s.kind, e.symbol, e.ticker, e.quote, e.name, e.rank, e.active, e.seen_at,
           coalesce(c.asset_id, i.asset_id) AS asset_id, coalesce(c.origin, i.origin) AS origin,
           coalesce(i.status, CASE WHEN c.asset_id IS NULL OR NOT e.active THEN 'inactive' ELSE 'active' END) AS status
    FROM reference_entries e
    JOIN sources s USING (source_id)
    LEFT JOIN coins c ON c.source_id = e.source_id AND c.symbol = e.symbol
    LEFT JOIN instruments i ON i.source_id = e.source_id AND i.symbol = e.symbol
                           AND (i.status = 'active' OR i.origin = 'operator' OR NOT e.active)
    UNION ALL
    SELECT s.source_id, s.name, s.kind, c.symbol, NULL, NULL, NULL, NULL, NULL, NULL, c.asset_id, c.origin,
           CASE WHEN c.asset_id IS NULL THEN 'inactive' ELSE 'active' END
    FROM coins c
    JOIN sources s USING (source_id)
    WHERE NOT EXISTS (SELECT FROM reference_entries e WHERE e.source_id = c.source_id AND e.symbol = c.symbol)
    UNION ALL
    SELECT s.source_id, s.name, s.kind, i.symbol, NULL, q.code, NULL, NULL, NULL, NULL, i.asset_id, i.origin, i.status
    FROM instruments i
    JOIN sources s USING (source_id)
    LEFT JOIN quotes q USING (quote_id)
    WHERE s.kind <> 'aggregator'
      AND NOT EXISTS (SELECT FROM reference_entries e WHERE e.source_id = i.source_id AND e.symbol = i.symbol)
), judged AS (
    SELECT p.*, found.candidates,
           CASE WHEN p.asset_id IS NOT NULL THEN 'mapped'
                WHEN p.origin IS NOT NULL THEN 'refused'
                WHEN NOT p.active THEN 'inactive'
                WHEN p.kind = 'exchange' AND NOT EXISTS (SELECT FROM quotes q WHERE q.code = p.quote)
                    THEN 'unknown quote'
                WHEN found.tickers = 0 THEN 'unknown'
                WHEN p.kind = 'aggregator' AND found.names = 0 THEN 'name differs'
                WHEN CASE p.kind WHEN 'aggregator' THEN found.names ELSE found.tickers END > 1 THEN 'ambiguous'
                WHEN EXISTS (SELECT FROM reference_entries twin
                             WHERE twin.source_id = p.source_id AND twin.ticker = p.ticker AND twin.active
                               AND twin.symbol <> p.symbol
                               AND CASE p.kind WHEN 'aggregator' THEN lower(twin.name) = lower(p.name)
                                               ELSE twin.quote = p.quote END)
                    THEN 'ambiguous'
                ELSE 'taken' END AS reason
    FROM spoken p
    LEFT JOIN LATERAL (
        SELECT count(*) AS tickers, count(*) FILTER (WHERE lower(a.name) = lower(p.name)) AS names,
               to_jsonb((array_agg(a.slug ORDER BY (SELECT min(l.rank) FROM listings l WHERE l.asset_id = a.asset_id)
                                                   NULLS LAST, a.slug))[1:5]) AS candidates
        FROM assets a
        WHERE a.symbol = p.ticker
    ) AS found ON p.asset_id IS NULL AND p.origin IS NULL AND p.active
    WHERE ($1::text IS NULL OR p.source = $1)
      AND ($2::text IS NULL OR (p.asset_id IS NULL AND p.origin IS NULL AND p.active))
)
SELECT j.source, j.symbol, j.ticker, j.quote, j.name, j.rank, a.slug, j.status, j.origin, j.reason,
       coalesce(j.candidates, '[]'), (date_part('epoch', j.seen_at) * 1000)::bigint AS seen_at_ms
FROM judged j
LEFT JOIN assets a USING (asset_id)
WHERE $2::text IS DISTINCT FROM 'ambiguous' OR j.reason IN ('ambiguous', 'taken')
ORDER BY j.source, j.rank NULLS LAST, j.symbol
LIMIT $3::bigint

-- name: instrument_words
-- What the words of an operator's command are: always one row with kind of the source (NULL = unknown), asset_id, quote_id
-- and the currency that the source's own list names for this market. NULL = unknown.
-- $1 source name, $2 symbol, $3 slug, $4 quote code
SELECT (SELECT kind FROM sources WHERE name = $1::text),
       (SELECT asset_id FROM assets WHERE slug = $3::text),
       (SELECT quote_id FROM quotes WHERE code = $4::text),
       (SELECT e.quote FROM reference_entries e JOIN sources s USING (source_id)
        WHERE s.name = $1::text AND e.symbol = $2::text)

-- name: assets_suggest
-- Assets that somebody may have meant, best first, at most 5: slug. $1 word
SELECT a.slug
FROM assets a
WHERE a.symbol = upper($1::text) OR lower(a.name) = lower($1::text) OR starts_with(a.slug, lower($1::text))
   OR starts_with(lower($1::text), a.slug)
ORDER BY a.symbol <> upper($1::text) AND lower(a.name) <> lower($1::text),
         (SELECT min(l.rank) FROM listings l WHERE l.asset_id = a.asset_id) NULLS LAST, length(a.slug), a.slug
LIMIT 5

-- name: coin_say
-- The operator's word about an aggregator's coin, in every currency. $1 source name, $2 coin, $3 asset_id or NULL = none
-- of ours
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT s.source_id, $2::text, $3::integer, 'operator'
FROM sources s
WHERE s.name = $1::text
ON CONFLICT (source_id, symbol) DO UPDATE SET asset_id = excluded.asset_id, origin = excluded.origin

-- name: market_say
-- The operator's word about a market. $1 source name, $2 symbol, $3 asset_id, $4 quote_id; both NULL = none of ours
INSERT INTO instruments (source_id, symbol, asset_id, quote_id, status, origin)
SELECT s.source_id, $2::text, $3::integer, $4::smallint, CASE WHEN $3::integer IS NULL THEN 'inactive' ELSE 'active' END,
       'operator'
FROM sources s
WHERE s.name = $1::text
ON CONFLICT (source_id, symbol)
DO UPDATE SET asset_id = excluded.asset_id, quote_id = excluded.quote_id, status = excluded.status,
              origin = excluded.origin

-- name: operator_word_forget
-- Takes the operator's word about a coin or a market back, with the instruments that were made of the coin: automatic
-- mapping is next. How many words there were. $1 source name, $2 symbol
WITH coin AS (
    DELETE FROM coins c
    USING sources s
    WHERE s.name = $1::text AND c.source_id = s.source_id AND c.symbol = $2::text AND c.origin = 'operator'
    RETURNING c.source_id, c.symbol
), market AS (
    DELETE FROM instruments i
    USING sources s
    WHERE s.name = $1::text AND i.source_id = s.source_id
      AND ((i.symbol = $2::text AND i.origin = 'operator')
           OR EXISTS (SELECT FROM coin WHERE coin.symbol = instrument_coin(i.symbol)))
    RETURNING i.origin
)
SELECT (SELECT count(*) FROM coin) + (SELECT count(*) FROM market WHERE origin = 'operator')
