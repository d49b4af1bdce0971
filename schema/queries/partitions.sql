-- name: partition_ensure
-- Makes the partition of a table that a moment falls into: true if it was missing.
-- Refuses (database.data) moments outside [2009, now + 10 min + 31 days].
-- $1 table ("ticks", "candles", "raw_payloads"), $2 moment
SELECT ensure_partition($1::text, $2::timestamptz)

-- name: partitions_ensure
-- The same for many moments of one table: how many partitions were missing.
-- $1 table ("ticks", "candles", "raw_payloads"), $2 moments
SELECT count(*) FILTER (WHERE ensure_partition($1::text, moment))
FROM unnest($2::timestamptz[]) AS moment

-- name: partitions_create_ahead
-- Makes all partitions from now to 31 days ahead: how many were missing.
SELECT create_partitions_ahead()
