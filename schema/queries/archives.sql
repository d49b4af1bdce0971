-- name: archive_begin
-- What follows sees the partition as it is now: the fingerprint is of the rows that are copied.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: archive_session
-- Rows of an archive are spelled in one way, whatever the server's settings: the same rows make the same file.
SELECT set_config('DateStyle', 'ISO, YMD', false), set_config('IntervalStyle', 'postgres', false),
       set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false)

-- name: archives_lock
-- True if this session is the only one that archives, until it ends.
SELECT pg_try_advisory_lock(hashtext('tidemark.archive'))

-- name: archives_unlock
-- Lets another one archive.
SELECT pg_advisory_unlock(hashtext('tidemark.archive'))

-- name: archives_due
-- Partitions that are older than they are to be kept and have no archive of what is in them now, oldest first: parent,
-- partition, from_ms, to_ms. $1 days of raw data, $2 of aggregates (0 = for ever), $3 limit
SELECT p.parent, p.partition, (date_part('epoch', p.range_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', p.range_to) * 1000)::bigint AS to_ms
FROM partitions p
CROSS JOIN LATERAL (SELECT CASE p.retention WHEN 'raw' THEN $1::integer ELSE $2::integer END AS days) AS kept
WHERE kept.days > 0 AND p.range_to <= now() - kept.days * interval '1 day'
  AND NOT EXISTS (SELECT FROM archives a
                  WHERE a.partition = p.partition AND (a.changed_at IS NULL OR a.keep_until > now()))
ORDER BY p.range_to, p.partition
LIMIT $3::bigint

-- name: archives_droppable
-- Partitions that are older than they are to be kept and have an archive, oldest first, with the newest one: archive_id,
-- partition, verified_age_s, before_ms (the moment it lies before). Those that were restored are left out for as long as
-- they are to be kept.
-- $1 days of raw data, $2 of aggregates (0 = for ever), $3 limit
SELECT a.archive_id, p.partition, date_part('epoch', now() - a.verified_at)::bigint AS verified_age_s,
       (date_part('epoch', now() - kept.days * interval '1 day') * 1000)::bigint AS before_ms
FROM partitions p
CROSS JOIN LATERAL (SELECT CASE p.retention WHEN 'raw' THEN $1::integer ELSE $2::integer END AS days) AS kept
CROSS JOIN LATERAL (SELECT *
                    FROM archives
                    WHERE archives.partition = p.partition AND archives.changed_at IS NULL
                    ORDER BY archives.archived_at DESC
                    LIMIT 1) AS a
WHERE kept.days > 0 AND p.range_to <= now() - kept.days * interval '1 day'
  AND NOT EXISTS (SELECT FROM archives k WHERE k.partition = p.partition AND k.keep_until > now())
ORDER BY p.range_to, p.partition
LIMIT $3::bigint

-- name: archive_subject
-- A partition by its name: parent, partition, from_ms, to_ms. No row: there is none. $1 partition
SELECT p.parent, p.partition, (date_part('epoch', p.range_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', p.range_to) * 1000)::bigint AS to_ms
FROM partitions p
WHERE p.partition = $1::text

-- name: archive_columns
-- The columns of a table in their order: name, type. $1 table
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum

-- name: archive_references
-- See archive_references(): assets (JSON), newest_run_id, newest_payload_id. $1 parent, $2 from, $3 to
SELECT assets::text, newest_run_id, newest_payload_id
FROM archive_references($1::text, $2::timestamptz, $3::timestamptz)

-- name: archive_adopt
-- See archive_adopt(): 'adopted', 'known' or 'there'. $1 parent, $2 partition, $3 from, $4 to, $5 rows, $6 plain bytes, $7
-- packed bytes, $8 archived at, $9 schema version, $10 SHA-256 of the CSV in hex, $11 of the packed file, $12 location, $13
-- assets, $14 newest run_id, $15 newest payload_id
SELECT archive_adopt($1::text, $2::text, $3::timestamptz, $4::timestamptz, $5::bigint, $6::bigint, $7::bigint,
                     $8::timestamptz, $9::integer, decode($10::text, 'hex'), decode($11::text, 'hex'), $12::text,
                     $13::jsonb, $14::bigint, $15::bigint)

-- name: archive_fingerprint
-- See partition_fingerprint(): row_count, fingerprint. $1 partition
SELECT row_count, fingerprint FROM partition_fingerprint($1::text)

-- name: archive_copy_out
-- The COPY that writes the rows of a partition. $1 parent, $2 from, $3 to, $4 columns
SELECT archive_copy_out($1::text, $2::timestamptz, $3::timestamptz, $4::text[])

-- name: archive_copy_in
-- The COPY that reads them; NULL if there is no such table. $1 table, $2 columns
SELECT archive_copy_in(to_regclass($1::text), $2::text[]) WHERE to_regclass($1::text) IS NOT NULL

-- name: archive_record
-- An archive that was read back. The same rows archived again are the same archive: archive_id.
-- $1 parent, $2 partition, $3 from, $4 to, $5 rows, $6 plain bytes, $7 packed bytes, $8 archived at, $9 schema version,
-- $10 SHA-256 of the CSV in hex, $11 of the packed file, $12 fingerprint, $13 location
INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes, archived_at,
                      verified_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)
VALUES ($1::text, $2::text, $3::timestamptz, $4::timestamptz, $5::bigint, $6::bigint, $7::bigint, $8::timestamptz,
        now(), $9::integer, decode($10::text, 'hex'), decode($11::text, 'hex'), $12::text, $13::text)
ON CONFLICT (partition, plain_sha256)
DO UPDATE SET packed_bytes = excluded.packed_bytes, archived_at = excluded.archived_at, verified_at = now(),
              changed_at = NULL, schema_version = excluded.schema_version, packed_sha256 = excluded.packed_sha256,
              fingerprint = excluded.fingerprint, location = excluded.location
RETURNING archive_id

-- name: archive_verified
-- It was read back once more. $1 archive_id
UPDATE archives SET verified_at = now() WHERE archive_id = $1::bigint

-- name: archive_distrust
-- It is not what it was: the partition is to be archived again. $1 archive_id
UPDATE archives SET changed_at = now() WHERE archive_id = $1::bigint AND dropped_at IS NULL

-- name: archive_find
-- The archives of a partition, the one it was dropped for first, then the newest: archive_id, parent, from_ms, to_ms,
-- row_count, plain_bytes, packed_bytes, plain_sha256, packed_sha256, location, dropped, there (whether the partition is).
-- $1 partition
SELECT a.archive_id, a.parent, (date_part('epoch', a.range_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', a.range_to) * 1000)::bigint AS to_ms, a.row_count, a.plain_bytes, a.packed_bytes,
       encode(a.plain_sha256, 'hex'), encode(a.packed_sha256, 'hex'), a.location, a.dropped_at IS NOT NULL AS dropped,
       EXISTS (SELECT FROM partitions p WHERE p.partition = a.partition) AS there
FROM archives a
WHERE a.partition = $1::text
ORDER BY a.dropped_at IS NULL, a.archived_at DESC, a.archive_id DESC

-- name: archives_list
-- Archives, the newest ranges first: archive_id, parent, partition, from_ms, to_ms, row_count, plain_bytes, packed_bytes,
-- archived_at_ms, verified_at_ms, dropped_at_ms, restored_at_ms, keep_until_ms, state, plain_sha256, packed_sha256,
-- schema_version, location. $1 parent or NULL, $2 state or NULL, $3 limit
SELECT l.archive_id, l.parent, l.partition, (date_part('epoch', l.range_from) * 1000)::bigint,
       (date_part('epoch', l.range_to) * 1000)::bigint, l.row_count, l.plain_bytes, l.packed_bytes,
       (date_part('epoch', l.archived_at) * 1000)::bigint, (date_part('epoch', l.verified_at) * 1000)::bigint,
       (date_part('epoch', l.dropped_at) * 1000)::bigint, (date_part('epoch', l.restored_at) * 1000)::bigint,
       (date_part('epoch', l.keep_until) * 1000)::bigint, l.state, encode(l.plain_sha256, 'hex'),
       encode(l.packed_sha256, 'hex'), l.schema_version, l.location
FROM (SELECT a.*, CASE WHEN a.dropped_at IS NOT NULL THEN 'dropped'
                       WHEN a.changed_at IS NOT NULL THEN 'changed'
                       WHEN NOT EXISTS (SELECT FROM partitions p WHERE p.partition = a.partition) THEN 'superseded'
                       WHEN a.restored_at IS NOT NULL THEN 'restored'
                       ELSE 'archived' END AS state
      FROM archives a) AS l
WHERE ($1::text IS NULL OR l.parent = $1::text) AND ($2::text IS NULL OR l.state = $2::text)
ORDER BY l.range_from DESC, l.parent, l.archive_id DESC
LIMIT $3::bigint

-- name: archives_partitions
-- Partitions that have archives, the newest first: partition.
SELECT partition FROM archives GROUP BY partition ORDER BY max(range_from) DESC, partition

-- name: partition_drop
-- See partition_drop(): 'dropped', 'gone', 'kept', 'changed' or 'busy'. $1 archive_id, $2 moment it must lie before
SELECT partition_drop($1::bigint, $2::timestamptz)

-- name: partition_restore
-- True if the partition is there again, empty, and waits for its rows. $1 archive_id, $2 seconds to keep it for
SELECT partition_restore($1::bigint, $2::bigint * interval '1 second')

-- name: partition_restored
-- Its rows are back, in the same transaction. $1 archive_id
SELECT partition_restored($1::bigint)

-- name: runs_trim
-- See runs_trim(): how many went. $1 days of aggregates, $2 limit
SELECT runs_trim(now() - $1::integer * interval '1 day', $2::bigint)

-- name: reports_trim
-- See reports_trim(): how many went. $1 days of aggregates, $2 limit
SELECT reports_trim(now() - $1::integer * interval '1 day', $2::bigint)

-- name: retention_record
-- Says for people by which settings this is done. $1 days of raw data, $2 of aggregates, $3 where archives go
INSERT INTO retention_state (raw_days, aggregate_days, archive)
VALUES ($1::integer, $2::integer, $3::text)
ON CONFLICT (only_one)
DO UPDATE SET raw_days = excluded.raw_days, aggregate_days = excluded.aggregate_days, archive = excluded.archive, seen_at = now()

-- name: retention_look
-- How it stands: raw_days, aggregate_days, archive (all three NULL: no worker has said so yet), waiting (partitions that
-- are older than they are to be kept, and are there), oldest_waiting (its name), overdue_s (for how long the most overdue of
-- them should have been gone; not longer than it has been there, for a history may be fetched that is old), archives, rows, packed_bytes, archived_at_ms (the last).
SELECT s.raw_days, s.aggregate_days, s.archive, w.waiting, w.oldest, w.overdue_s, a.count, a.rows, a.packed_bytes,
       a.archived_at_ms
FROM (SELECT) AS one
LEFT JOIN retention_state s ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS waiting, (array_agg(p.partition ORDER BY p.range_to, p.partition))[1] AS oldest,
           max(date_part('epoch', now() - greatest(p.range_to + kept.days * interval '1 day', b.made_at)))::bigint AS overdue_s
    FROM partitions p
    LEFT JOIN partition_births b USING (partition)
    CROSS JOIN LATERAL (SELECT CASE p.retention WHEN 'raw' THEN s.raw_days ELSE s.aggregate_days END AS days) AS kept
    WHERE kept.days > 0 AND p.range_to <= now() - kept.days * interval '1 day'
      AND NOT EXISTS (SELECT FROM archives k WHERE k.partition = p.partition AND k.keep_until > now())) AS w ON true
CROSS JOIN (SELECT count(*) AS count, coalesce(sum(row_count), 0)::bigint AS rows,
                   coalesce(sum(packed_bytes), 0)::bigint AS packed_bytes,
                   (date_part('epoch', max(archived_at)) * 1000)::bigint AS archived_at_ms
            FROM archives) AS a

-- name: archives_dropped_until
-- Up to when candles were archived and dropped: dropped_until_ms (NULL = none were), version.
SELECT (date_part('epoch', max(range_to)) * 1000)::bigint AS dropped_until_ms,
       pg_snapshot_xmin(pg_current_snapshot())::text AS version
FROM archives
WHERE parent = 'candles' AND dropped_at IS NOT NULL
