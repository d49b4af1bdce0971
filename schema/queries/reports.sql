-- name: reports_list
-- The reports there are, newest day first, each with its newest revision: version, kind, day, revision, rows, made_at_ms.
-- Always at least one row, which carries version; its kind is NULL if there is no report.
-- $1 kind or NULL, $2 only days before this one, or NULL, $3 how many at most
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, r.kind, r.day::text, r.revision, r.rows,
       (date_part('epoch', r.made_at) * 1000)::bigint AS made_at_ms
FROM (SELECT) AS always
LEFT JOIN (
    SELECT DISTINCT ON (r.day, r.kind) r.*
    FROM reports r
    WHERE r.kind = ANY (CASE WHEN $1::text IS NULL THEN ARRAY['market', 'reconciliation'] ELSE ARRAY[$1] END)
      AND ($2::date IS NULL OR r.day < $2)
    ORDER BY r.day DESC, r.kind, r.revision DESC
    LIMIT $3::bigint
) AS r ON true
ORDER BY r.day DESC, r.kind

-- name: report_show
-- One report: version, newest_day (of the kind; NULL = there is none at all), newest_revision (of the day), day (NULL = there
-- is no such report), revision, rows, made_at_ms, run_id, inputs, body. Always one row.
-- $1 kind, $2 day or NULL for the newest, $3 revision or NULL for the newest
WITH wanted AS (
    SELECT max(day) AS newest_day, coalesce($2::date, max(day)) AS day
    FROM reports
    WHERE kind = $1::text
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, w.newest_day::text, n.revision AS newest_revision,
       r.day::text, r.revision, r.rows, (date_part('epoch', r.made_at) * 1000)::bigint AS made_at_ms, r.run_id,
       r.inputs::text, r.body::text
FROM wanted w
LEFT JOIN LATERAL (
    SELECT max(revision) AS revision FROM reports WHERE kind = $1 AND day = w.day
) AS n ON true
LEFT JOIN reports r ON r.kind = $1 AND r.day = w.day AND r.revision = coalesce($3::integer, n.revision)

-- name: report_page
-- Rows of one report in its order: place, body. $1 kind, $2 day, $3 revision, $4 only places after this one, $5 how many at
-- most, $6 slug of an asset or NULL, $7 code of a currency or NULL
SELECT place, body::text
FROM report_rows
WHERE kind = $1::text AND day = $2::date AND revision = $3::integer AND place > $4::integer
  AND ($6::text IS NULL OR asset_id = (SELECT asset_id FROM assets WHERE slug = $6))
  AND ($7::text IS NULL OR quote_id = (SELECT quote_id FROM quotes WHERE code = $7))
ORDER BY place
LIMIT $5::bigint

-- name: report_stage_create
-- Where the rows of a report wait until all of them are known; once a connection, before the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS report_stage (
    asset_id integer, quote_id smallint, body jsonb
) ON COMMIT DELETE ROWS

-- name: report_lock
-- One transaction at a time makes reports of a kind. Its queries are planned for what they are asked, each time anew: a
-- plan for any assets and any day takes minutes where these take a second. $1 kind
SELECT pg_advisory_xact_lock(hashtext('tidemark.report'), hashtext($1::text)),
       set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)

-- name: report_day_due
-- The next day to look at, or no row: day_ms, fingerprint (NULL = never looked at), revision (NULL = no report yet).
-- Days that are over for an hour, newest first: those without a report among the last 31, and yesterday, at every
-- run; older reports once in 20 hours, for 100 days, because a day is an input of the 90 days after it. Those that were
-- first made a while ago only, as in a new system whose histories are still coming, again after as long a while.
-- $1 kind, $2 now, $3 since when this run has been at it: what was looked at since is done
SELECT (date_part('epoch', d.day) * 1000)::bigint AS day_ms, seen.fingerprint, seen.revision
FROM generate_series(0, 99) AS ago
CROSS JOIN LATERAL (
    SELECT (($2::timestamptz - interval '25 hours') AT TIME ZONE 'UTC')::date - ago AS day
) AS d
LEFT JOIN report_days seen ON seen.kind = $1::text AND seen.day = d.day
LEFT JOIN reports first ON first.kind = seen.kind AND first.day = seen.day AND first.revision = 0
WHERE seen.checked_at IS NULL AND ago < 31
   OR seen.checked_at < $3::timestamptz
      AND (ago = 0 OR ago < 31 AND seen.revision IS NULL
           OR seen.revision IS NOT NULL AND seen.checked_at < $2 - least(interval '20 hours',
                                                                       seen.checked_at - first.made_at))
ORDER BY d.day DESC
LIMIT 1

-- name: report_day_checked
-- A day was looked at. $1 kind, $2 begin of the day, $3 now, $4 fingerprint, $5 its newest revision or NULL
INSERT INTO report_days AS d (kind, day, checked_at, fingerprint, revision)
VALUES ($1::text, ($2::timestamptz AT TIME ZONE 'UTC')::date, $3::timestamptz, $4::bigint, $5::integer)
ON CONFLICT (kind, day)
DO UPDATE SET checked_at = excluded.checked_at, fingerprint = excluded.fingerprint,
              revision = coalesce(excluded.revision, d.revision)
