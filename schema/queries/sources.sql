-- name: sources_list
-- source_id, name, kind, priority, enabled; preferred first.
SELECT source_id, name, kind, priority, enabled
FROM sources
ORDER BY priority, source_id

-- name: source_find
-- source_id, enabled. $1 name
SELECT source_id, enabled
FROM sources
WHERE name = $1::text

-- name: currencies_list
-- The currencies that may be asked for: quote_id, code, name, kind.
SELECT quote_id, code, name, kind
FROM quotes
ORDER BY quote_id
