-- name: order_ways
-- By which sources the latest price of each asked asset in each asked currency can be had, in the order asked, then preferred
-- first: place (from 1), source, kind, quote_symbols, symbol. Sources that are switched off, and coins and markets that are gone
-- or are none of ours, are no way. An aggregator prices a coin that it knows in every currency of a state and in coins, also
-- before there is an instrument for it; in stable coins only where there is one.
-- $1 slugs, $2 quote codes, $3 source names or NULLs, all as long as each other
SELECT asked.place, s.name, s.kind, s.quote_symbols, way.symbol
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (slug, code, source, place)
JOIN assets a ON a.slug = asked.slug
JOIN quotes q ON q.code = asked.code
CROSS JOIN LATERAL (
    SELECT i.source_id, i.symbol
    FROM instruments i
    WHERE i.asset_id = a.asset_id AND i.quote_id = q.quote_id AND i.status = 'active'
    UNION ALL
    SELECT c.source_id, c.symbol || '/' || asked.code
    FROM coins c
    WHERE c.asset_id = a.asset_id AND q.kind <> 'stable'
      AND NOT EXISTS (SELECT FROM instruments i
                      WHERE i.source_id = c.source_id AND i.symbol = c.symbol || '/' || asked.code)
      AND NOT EXISTS (SELECT FROM reference_entries e
                      WHERE e.source_id = c.source_id AND e.symbol = c.symbol AND NOT e.active)
) AS way
JOIN sources s USING (source_id)
WHERE s.enabled AND s.quote_symbols > 0 AND (asked.source IS NULL OR s.name = asked.source)
ORDER BY asked.place, s.priority, s.source_id, way.symbol

-- name: order_listings
-- Whose market pages can be fetched: name, enabled; preferred first.
-- $1 source name or NULL
SELECT name, enabled
FROM sources
WHERE kind = 'aggregator' AND ($1::text IS NULL OR name = $1)
ORDER BY priority, source_id

-- name: job_look
-- What is known of a job: one row, or none if it is neither a slot nor a run: source, kind, stream, slot_ms, ordered_at_ms,
-- slot_state, published_at_ms, run_id, status, attempt, started_at_ms, finished_at_ms, pages, records, rejected, unmapped,
-- error_code, error_text.
-- $1 job_id
SELECT s.name, r.kind, coalesce(r.stream, p.stream) AS stream,
       (date_part('epoch', coalesce(r.slot, p.slot)) * 1000)::bigint AS slot_ms,
       (date_part('epoch', p.inserted_at) * 1000)::bigint AS ordered_at_ms, p.state,
       (date_part('epoch', p.published_at) * 1000)::bigint AS published_at_ms,
       r.run_id, r.status, r.attempt,
       (date_part('epoch', r.started_at) * 1000)::bigint AS started_at_ms,
       (date_part('epoch', r.finished_at) * 1000)::bigint AS finished_at_ms,
       r.pages, r.records, r.rejected, r.unmapped, r.error_code, r.error_text
FROM (SELECT $1::text AS job_id) AS asked
LEFT JOIN runs r USING (job_id)
LEFT JOIN slots p USING (job_id)
JOIN sources s ON s.source_id = coalesce(r.source_id, p.source_id)
