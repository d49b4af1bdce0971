-- name: instruments_map
-- What a source's symbols are: symbol, asset_id, quote_id, slug, code. Unknown ones are left out.
-- $1 source_id, $2 symbols
SELECT i.symbol, i.asset_id, i.quote_id, a.slug, q.code
FROM instruments i
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
WHERE i.source_id = $1::smallint AND i.symbol = ANY ($2::text[]) AND i.status = 'active'

-- name: assets_ensure
-- Assets that a listing names and nobody has yet; what is there stays as it is.
-- $1 slugs, $2 symbols (any case), $3 names
INSERT INTO assets (slug, symbol, name, origin)
SELECT DISTINCT ON (n.slug) n.slug, upper(n.symbol), n.name, 'listing'
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (slug, symbol, name)
WHERE NOT EXISTS (SELECT FROM assets a WHERE a.slug = n.slug) -- spends no id on known ones
ORDER BY n.slug
ON CONFLICT (slug) DO NOTHING

-- name: coins_ensure
-- Coins that a listing names by the slug of their asset, and nobody has mapped yet. Run assets_ensure before it.
-- $1 source_id, $2 symbols, $3 slugs
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT DISTINCT ON (n.symbol) $1::smallint, n.symbol, a.asset_id, 'listing'
FROM unnest($2::text[], $3::text[]) AS n (symbol, slug)
JOIN assets a ON a.slug = n.slug
WHERE NOT EXISTS (SELECT FROM coins c WHERE c.source_id = $1::smallint AND c.symbol = n.symbol)
ORDER BY n.symbol
ON CONFLICT (source_id, symbol) DO NOTHING

-- name: instruments_derive
-- An aggregator's coin is the same asset in every currency: makes the instruments of mapped coins that are asked for.
-- $1 source_id, $2 symbols ("bitcoin/usd")
INSERT INTO instruments (source_id, symbol, asset_id, quote_id, origin)
SELECT DISTINCT ON (n.symbol) $1::smallint, n.symbol, c.asset_id, q.quote_id,
       CASE c.origin WHEN 'listing' THEN 'listing' ELSE 'reference' END
FROM unnest($2::text[]) AS n (symbol)
JOIN coins c ON c.source_id = $1::smallint AND c.symbol = instrument_coin(n.symbol)
JOIN quotes q ON q.code = instrument_currency(n.symbol)
WHERE c.asset_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM instruments i WHERE i.source_id = $1::smallint AND i.symbol = n.symbol)
ORDER BY n.symbol
ON CONFLICT (source_id, symbol) DO NOTHING

-- name: assets_apply
-- Assets as the schedules file spells them: new ones are added, others take its symbol and name.
-- $1 slugs (each once), $2 symbols (any case), $3 names
INSERT INTO assets (slug, symbol, name, origin)
SELECT n.slug, upper(n.symbol), n.name, 'operator'
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (slug, symbol, name)
ORDER BY n.slug
ON CONFLICT (slug) DO UPDATE SET symbol = excluded.symbol, name = excluded.name, origin = excluded.origin
WHERE (assets.symbol, assets.name, assets.origin) IS DISTINCT FROM (excluded.symbol, excluded.name, excluded.origin)

-- name: instruments_unknown
-- Rows of a schedules file that name a source, asset or quote that does not exist: source, symbol, what is unknown.
-- $1 source names, $2 symbols, $3 slugs, $4 quote codes
SELECT n.source, n.symbol,
       CASE WHEN s.source_id IS NULL THEN 'source' WHEN a.asset_id IS NULL THEN 'asset' ELSE 'quote' END AS unknown
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n (source, symbol, slug, code, place)
LEFT JOIN sources s ON s.name = n.source
LEFT JOIN assets a ON a.slug = n.slug
LEFT JOIN quotes q ON q.code = n.code
WHERE s.source_id IS NULL OR a.asset_id IS NULL OR q.quote_id IS NULL
ORDER BY n.place

-- name: instruments_apply
-- Instruments as the schedules file spells them; each (source, symbol) once.
-- $1 source names, $2 symbols, $3 slugs, $4 quote codes
INSERT INTO instruments (source_id, symbol, asset_id, quote_id, origin)
SELECT s.source_id, n.symbol, a.asset_id, q.quote_id, 'operator'
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n (source, symbol, slug, code)
JOIN sources s ON s.name = n.source
JOIN assets a ON a.slug = n.slug
JOIN quotes q ON q.code = n.code
ORDER BY s.source_id, n.symbol
ON CONFLICT (source_id, symbol)
DO UPDATE SET asset_id = excluded.asset_id, quote_id = excluded.quote_id, origin = excluded.origin, status = 'active'
WHERE (instruments.asset_id, instruments.quote_id, instruments.origin, instruments.status)
      IS DISTINCT FROM (excluded.asset_id, excluded.quote_id, excluded.origin, 'active')

-- name: coins_apply
-- The operator's word about an aggregator's coins, here as its instruments spell it: it holds in every currency. Other
-- sources' rows are passed over. Run instruments_apply before it.
-- $1 source names, $2 symbols, $3 slugs
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT DISTINCT ON (s.source_id, instrument_coin(n.symbol)) s.source_id, instrument_coin(n.symbol), a.asset_id,
       'operator'
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS n (source, symbol, slug, place)
JOIN sources s ON s.name = n.source
JOIN assets a ON a.slug = n.slug
WHERE s.kind = 'aggregator' AND instrument_coin(n.symbol) IS NOT NULL
ORDER BY s.source_id, instrument_coin(n.symbol), n.place
ON CONFLICT (source_id, symbol)
DO UPDATE SET asset_id = excluded.asset_id, origin = excluded.origin
WHERE (coins.asset_id, coins.origin) IS DISTINCT FROM (excluded.asset_id, excluded.origin)

-- name: instruments_follow_coins
-- After the operator has spoken about coins: what was made of them becomes what they are now. Of a coin that is named
-- here, also what the operator had said about it in one currency.
-- $1 source name and $2 coin, or NULL and NULL for all coins that the operator has spoken about
UPDATE instruments i
SET asset_id = coalesce(c.asset_id, i.asset_id), status = new.status
FROM coins c
JOIN sources s USING (source_id)
LEFT JOIN reference_entries e ON e.source_id = c.source_id AND e.symbol = c.symbol
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.asset_id IS NULL OR NOT coalesce(e.active, true) THEN 'inactive' ELSE 'active' END AS status
) AS new
WHERE c.origin = 'operator' AND ($1::text IS NULL OR (s.name = $1 AND c.symbol = $2::text))
  AND i.source_id = c.source_id AND instrument_coin(i.symbol) = c.symbol
  AND (i.origin <> 'operator' OR $1::text IS NOT NULL)
  AND (i.asset_id, i.status) IS DISTINCT FROM (coalesce(c.asset_id, i.asset_id), new.status)

-- name: assets_find
-- What a client's words mean, slugs first, then symbols (of several the best ranked): asked, asset_id, slug, symbol, name.
-- An asked word that means nothing gives a row with NULLs.
-- $1 slugs or symbols, lower case
SELECT asked.word, found.asset_id, found.slug, found.symbol, found.name
FROM unnest($1::text[]) WITH ORDINALITY AS asked (word, place)
LEFT JOIN LATERAL (
    SELECT a.asset_id, a.slug, a.symbol, a.name
    FROM assets a
    WHERE a.slug = asked.word OR a.symbol = upper(asked.word)
    ORDER BY a.slug = asked.word DESC,
             (SELECT min(l.rank) FROM listings l WHERE l.asset_id = a.asset_id) NULLS LAST,
             a.asset_id
    LIMIT 1
) AS found ON true
ORDER BY asked.place

-- name: assets_names
-- Every asset that can be asked for: slug, its ticker, whether there is a price of it, and its best rank (NULL = none; one
-- that rests on a market cap that cannot be is none), its name.
SELECT a.slug, a.symbol, EXISTS (SELECT FROM latest_prices l WHERE l.asset_id = a.asset_id) AS priced, r.rank, a.name
FROM assets a
LEFT JOIN (SELECT d.asset_id, min(d.rank) AS rank
           FROM listings d
           LEFT JOIN latest_prices l USING (asset_id, quote_id, source_id)
           WHERE coalesce(l.doubt, 0) & 4 = 0
           GROUP BY d.asset_id) AS r USING (asset_id)
