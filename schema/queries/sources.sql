-- name: sources_list
-- Those that data comes from: source_id, name, kind, priority, enabled; preferred first.
SELECT source_id, name, kind, priority, enabled
FROM sources
WHERE kind <> 'internal'
ORDER BY priority, source_id

-- name: source_find
-- source_id, enabled. $1 name
SELECT source_id, enabled
FROM sources
WHERE name = $1::text

-- name: sources_overview
-- For people, preferred first: name, kind, priority, enabled, and of its last run status, started_at_ms and error_code, then
-- last_success_ms. NULLs where there is none.
SELECT s.name, s.kind, s.priority, s.enabled, last.status,
       (date_part('epoch', last.started_at) * 1000)::bigint AS started_at_ms, last.error_code,
       (date_part('epoch', success.finished_at) * 1000)::bigint AS last_success_ms
FROM sources s
LEFT JOIN LATERAL (
    SELECT r.status, r.started_at, r.error_code
    FROM runs r
    WHERE r.source_id = s.source_id
    ORDER BY r.started_at DESC
    LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT r.finished_at
    FROM runs r
    WHERE r.source_id = s.source_id AND r.status = 'ok'
    ORDER BY r.finished_at DESC
    LIMIT 1
) AS success ON true
ORDER BY s.priority, s.source_id

-- name: source_facts
-- What clients may want to know of each source beside how it is doing, preferred first: name, kind, priority, jobs (a JSON
-- array: what it is asked for), markets (that it is known to have), prices (latest ones that are had of it),
-- newest_at_ms (of those), fresh_s (for so long its prices are fresh). Reads each latest price: not for every request.
-- $1 seconds, as $4 of price_inputs
SELECT s.name, s.kind, s.priority,
       (SELECT coalesce(json_agg(DISTINCT d.kind ORDER BY d.kind), '[]')::text
        FROM schedules d
        WHERE d.source_id = s.source_id AND d.enabled) AS jobs,
       (SELECT count(*) FROM instruments i WHERE i.source_id = s.source_id AND i.status = 'active' AND i.asset_id IS NOT NULL) AS markets,
       coalesce(l.prices, 0) AS prices, l.newest_at_ms, GREATEST($1::integer, 3 * s.price_period_s) AS fresh_s
FROM sources s
LEFT JOIN (
    SELECT source_id, count(*) AS prices, (date_part('epoch', max(observed_at)) * 1000)::bigint AS newest_at_ms
    FROM latest_prices
    GROUP BY source_id
) AS l USING (source_id)
WHERE s.kind <> 'internal'
ORDER BY s.priority, s.source_id

-- name: source_switch
-- Switches a source on or off: name. No row = there is none. $1 name, $2 enabled
UPDATE sources
SET enabled = $2::boolean
WHERE name = $1::text
RETURNING name

-- name: currencies_list
-- The currencies that may be asked for: quote_id, code, name, kind.
SELECT quote_id, code, name, kind
FROM quotes
ORDER BY quote_id

-- name: currencies_priced
-- The currencies in which there are prices, and those that are coins with a price in usd, by code: code, version, name, kind.
SELECT q.code, pg_snapshot_xmin(pg_current_snapshot())::text AS version, q.name, q.kind
FROM quotes q
LEFT JOIN (VALUES ('btc', 'bitcoin'), ('eth', 'ethereum'), ('bnb', 'binancecoin'), ('usdt', 'tether'), ('usdc', 'usd-coin'),
                  ('dai', 'dai')) AS coin (code, slug) USING (code)
WHERE (SELECT o.asset_id FROM listing_order o WHERE o.quote_id = q.quote_id ORDER BY o.quote_id, o.asset_id LIMIT 1) IS NOT NULL
   OR (SELECT o.asset_id
       FROM assets a
       CROSS JOIN LATERAL (SELECT * FROM listing_order k
                           WHERE k.quote_id = (SELECT quote_id FROM quotes WHERE code = 'usd') AND k.asset_id = a.asset_id
                           OFFSET 0) AS o
       WHERE a.slug = coin.slug) IS NOT NULL
ORDER BY q.code
