-- name: partition_ensure
-- Makes the partition of a table that a moment falls into: true if it was missing.
-- Refuses (database.data) moments outside [2009, now + 10 min + 31 days].
-- $1 table ("ticks", "candles", "raw_payloads"), $2 moment
SELECT ensure_partition($1::text, $2::timestamptz)

-- name: partitions_ensure
-- The same for many moments of one table, without those whose partition was archived and dropped: how many were missing.
-- $1 table ("ticks", "candles", "raw_payloads"), $2 moments
SELECT count(*) FILTER (WHERE ensure_partition($1::text, moment))
FROM unnest($2::timestamptz[]) AS moment
WHERE NOT EXISTS (SELECT FROM archives a
                  WHERE a.parent = $1::text AND a.dropped_at IS NOT NULL AND moment >= a.range_from AND moment < a.range_to)

-- name: partitions_expired
-- The ranges that were archived and dropped and that any of the moments falls into: from_ms, to_ms (exclusive).
-- $1 table, $2 moments
SELECT (date_part('epoch', a.range_from) * 1000)::bigint AS from_ms, (date_part('epoch', a.range_to) * 1000)::bigint AS to_ms
FROM archives a
WHERE a.parent = $1::text AND a.dropped_at IS NOT NULL
  AND EXISTS (SELECT FROM unnest($2::timestamptz[]) AS moment WHERE moment >= a.range_from AND moment < a.range_to)

-- name: partitions_create_ahead
-- Makes all partitions from now to 31 days ahead: how many were missing.
SELECT create_partitions_ahead()
