-- name: gaps_turn
-- Keeps other looks at the ledger away until the end of this transaction.
SELECT pg_advisory_xact_lock(hashtext('tidemark.gaps'))

-- name: gaps_markets
-- A market of each source that schedules ask for by name, to ask its source how far back it can be asked: source_id,
-- source, symbol.
SELECT s.source_id, s.name, min(f.symbol) AS symbol
FROM expected_streams f
JOIN sources s USING (source_id)
WHERE f.named
GROUP BY s.source_id, s.name
ORDER BY s.source_id

-- name: history_reach_set
-- How far back sources give candles: these are all there are. $1 source_ids, $2 intervals in seconds, $3 moments
WITH told AS (
    SELECT n.source_id, n.interval_s, n.reaches_to
    FROM unnest($1::smallint[], $2::integer[], $3::timestamptz[]) AS n (source_id, interval_s, reaches_to)
), forgotten AS (
    DELETE FROM history_reach h
    WHERE NOT EXISTS (SELECT FROM told t WHERE (t.source_id, t.interval_s) = (h.source_id, h.interval_s))
)
INSERT INTO history_reach AS h (source_id, interval_s, reaches_to)
SELECT source_id, interval_s, reaches_to FROM told
ON CONFLICT (source_id, interval_s) DO UPDATE SET reaches_to = excluded.reaches_to
WHERE h.reaches_to <> excluded.reaches_to

-- name: coverage_refresh
-- Which series ought to be stored by now. $1 now, $2 seconds of grace after a slot has fallen due, $3 seconds after which
-- a slot without a run counts as missed
SELECT coverage_refresh($1::timestamptz, $2::integer * interval '1 second', $3::integer * interval '1 second')

-- name: coverage_retire
-- What retention has dropped is not expected any more; before coverage_refresh.
SELECT coverage_retire()

-- name: gaps_settle
-- Takes the answers to what was planned for gaps. $1 now
SELECT gaps_settle($1::timestamptz)

-- name: coverage_verify
-- Looks at what is due and was not looked at: whether there is more. $1 now, $2 series, $3 candles of each, at most
SELECT coverage_verify($1::timestamptz, $2::integer, $3::integer)

-- name: gaps_recheck
-- Closes gaps that have filled. $1 now, $2 open ones, $3 given up ones, at most
SELECT gaps_recheck($1::timestamptz, $2::integer, $3::integer)

-- name: gaps_give_up
-- Gives up what nobody will ask for. $1 now, $2 tries that are enough
SELECT gaps_give_up($1::timestamptz, $2::integer)

-- name: completeness_renew
-- What the API tells of completeness is what is there now. $1 whether the look is over; else once a minute is enough
SELECT completeness_renew($1::boolean)

-- name: gaps_plannable
-- Open gaps that a request of their own may fill, those of a series that lie near each other together: source_id, source,
-- symbol, interval_s, from_ms, until_ms, gap_ids. Not what the regular history will ask for within the hour, for it goes
-- on from its checkpoint; nor while the source has not answered anything since.
-- $1 now, $2 jobs at once, $3 jobs of one source at once, $4 candles that a job may span for several gaps
WITH regular AS MATERIALIZED (
    SELECT f.source_id, f.asset_id, f.quote_id, f.interval_s, k.position
    FROM expected_streams f
    JOIN schedules d USING (source_id, stream)
    LEFT JOIN checkpoints k USING (source_id, stream)
    WHERE f.kind = 'history' AND d.enabled AND f.period_s <= 3600
), planned AS (
    SELECT source_id, count(DISTINCT plan_job_id) AS jobs FROM gaps WHERE plan_job_id IS NOT NULL GROUP BY source_id
), ready AS (
    SELECT g.*, c.symbol, h.reaches_to,
           min(g.missing_from) OVER (PARTITION BY g.source_id, g.asset_id, g.quote_id, g.interval_s) AS base
    FROM gaps g
    JOIN coverage c USING (source_id, asset_id, quote_id, interval_s)
    JOIN history_reach h USING (source_id, interval_s)
    JOIN sources s USING (source_id)
    WHERE g.state = 'open' AND g.next_try_at <= $1::timestamptz AND c.named AND s.enabled
      AND g.missing_until > h.reaches_to
      AND EXISTS (SELECT FROM runs r
                  WHERE r.source_id = g.source_id AND r.status = 'ok' AND r.finished_at > g.missing_until)
      AND NOT EXISTS (SELECT FROM regular f
                      WHERE (f.source_id, f.asset_id, f.quote_id, f.interval_s)
                          = (g.source_id, g.asset_id, g.quote_id, g.interval_s)
                        AND coalesce(f.position, '') <= to_char(g.missing_from, 'YYYY-MM-DD"T"HH24:MI:SS'))
), jobs AS (
    SELECT source_id, symbol, interval_s, GREATEST(min(missing_from), min(reaches_to)) AS since,
           max(missing_until) AS until, array_agg(gap_id ORDER BY gap_id) AS gap_ids,
           row_number() OVER (PARTITION BY source_id ORDER BY min(attempts), min(first_seen_at), min(gap_id)) AS place
    FROM ready
    WHERE missing_from = base OR missing_until <= base + $4::integer * interval_s * interval '1 second'
    GROUP BY source_id, asset_id, quote_id, interval_s, symbol
)
SELECT j.source_id, s.name, j.symbol, j.interval_s, (date_part('epoch', j.since) * 1000)::bigint AS from_ms,
       (date_part('epoch', j.until) * 1000)::bigint AS until_ms, j.gap_ids::text
FROM jobs j
JOIN sources s USING (source_id)
LEFT JOIN planned p USING (source_id)
WHERE j.place <= $3::bigint - coalesce(p.jobs, 0)
ORDER BY j.place, j.source_id
LIMIT GREATEST($2::bigint - (SELECT coalesce(sum(jobs), 0) FROM planned), 0)

-- name: gaps_plan
-- Orders a job for gaps, for the leading scheduler to publish. No row affected = there is such a job already.
-- $1 job_id, $2 source_id, $3 stream, $4 slot, $5 message, $6 gap_ids
WITH ordered AS MATERIALIZED (
    SELECT gap_job_order($1::text, $2::smallint, $3::text, $4::timestamptz, $5::text) AS new
)
UPDATE gaps
SET state = 'planned', plan_job_id = $1::text, attempts = attempts + 1
WHERE gap_id = ANY ($6::bigint[]) AND state = 'open' AND (SELECT new FROM ordered)

-- name: gaps_refuse
-- Gives up gaps that their source cannot be asked for. $1 now, $2 gap_ids
UPDATE gaps
SET state = 'given_up', ended_at = $1::timestamptz
WHERE gap_id = ANY ($2::bigint[]) AND state = 'open'

-- name: gaps_list
-- What is missing, for people, newest first: gap_id (NULL = not yet due), source, asset, quote, interval_s, from_ms,
-- until_ms (exclusive), buckets, cause, state, attempts, first_seen_ms, checked_ms, next_try_ms, ended_ms, plan_job_id.
-- $1 source or NULL, $2 slug or symbol (any case) or NULL, $3 quote code or NULL, $4 interval_s or NULL, $5 cause or
-- NULL, $6 state or NULL, $7 also what is filled, given up or not yet due, $8 limit
SELECT g.gap_id, s.name, a.slug, q.code, g.interval_s, (date_part('epoch', g.missing_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', g.missing_until) * 1000)::bigint AS until_ms, g.buckets, g.cause, g.state, g.attempts,
       (date_part('epoch', g.first_seen_at) * 1000)::bigint AS first_seen_ms,
       (date_part('epoch', g.checked_at) * 1000)::bigint AS checked_ms,
       (date_part('epoch', g.next_try_at) * 1000)::bigint AS next_try_ms,
       (date_part('epoch', g.ended_at) * 1000)::bigint AS ended_ms, g.plan_job_id
FROM gap_list g
JOIN sources s USING (source_id)
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
WHERE ($1::text IS NULL OR s.name = $1) AND ($2::text IS NULL OR a.slug = lower($2) OR a.symbol = upper($2))
  AND ($3::text IS NULL OR q.code = lower($3)) AND ($4::integer IS NULL OR g.interval_s = $4)
  AND ($5::text IS NULL OR g.cause = $5) AND ($6::text IS NULL OR g.state = $6)
  AND ($5 IS NOT NULL OR $6 IS NOT NULL OR $7::boolean
       OR g.state IN ('open', 'planned') AND g.cause <> 'not_yet_due')
ORDER BY g.missing_from DESC, s.name, a.slug, q.code, g.interval_s, g.missing_until
LIMIT $8::bigint

-- name: gaps_given_up_count
-- How many gaps nobody will ask for again, and of which causes, for people: count, "48 no_trade, 1 unknown".
SELECT sum(of_cause)::bigint, string_agg(of_cause || ' ' || cause, ', ' ORDER BY of_cause DESC, cause)
FROM (SELECT cause, count(*) AS of_cause FROM gaps WHERE state = 'given_up' GROUP BY cause) AS causes

-- name: gap_show
-- One gap, for people: the columns of gaps_list without its filters, then what the source calls the market, whether a
-- schedule names it, how far back the source gives such candles (ms, NULL = it gives none), and of the job that was
-- planned for it run_id, status and error_text. $1 gap_id
SELECT g.gap_id, s.name, a.slug, q.code, g.interval_s, (date_part('epoch', g.missing_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', g.missing_until) * 1000)::bigint AS until_ms, g.buckets, g.cause, g.state, g.attempts,
       (date_part('epoch', g.first_seen_at) * 1000)::bigint AS first_seen_ms,
       (date_part('epoch', g.checked_at) * 1000)::bigint AS checked_ms,
       (date_part('epoch', g.next_try_at) * 1000)::bigint AS next_try_ms,
       (date_part('epoch', g.ended_at) * 1000)::bigint AS ended_ms, g.plan_job_id, c.symbol, c.named,
       (date_part('epoch', h.reaches_to) * 1000)::bigint AS reaches_to_ms, r.run_id, r.status, r.error_text
FROM gaps g
JOIN sources s USING (source_id)
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
LEFT JOIN coverage c USING (source_id, asset_id, quote_id, interval_s)
LEFT JOIN history_reach h USING (source_id, interval_s)
LEFT JOIN runs r ON r.job_id = g.plan_job_id
WHERE g.gap_id = $1::bigint

-- name: gap_retry
-- A gap is asked for anew, as if it had just been found: state that it was in. No row = there is none such that is
-- missing, or nobody can be asked for it. $1 gap_id
WITH was AS (
    SELECT g.gap_id, g.state
    FROM gaps g
    JOIN coverage c USING (source_id, asset_id, quote_id, interval_s)
    JOIN history_reach h USING (source_id, interval_s)
    WHERE g.gap_id = $1::bigint AND g.state IN ('open', 'given_up') AND c.named AND h.reaches_to < g.missing_until
    FOR UPDATE OF g
)
UPDATE gaps
SET state = 'open', attempts = 0, next_try_at = now(), ended_at = NULL
FROM was
WHERE gaps.gap_id = was.gap_id
RETURNING was.state

-- name: coverage_summary
-- What ought to be there and what is, by source and interval: source, interval_s, series, expected, stored, unverified
-- (due, but not looked at yet), missing, and of these source_down, limited, no_trade, expired, lost_upstream, unknown;
-- then not_yet_due. Candles. $1 source or NULL
WITH lacking AS (
    SELECT source_id, interval_s, sum(buckets) FILTER (WHERE cause <> 'not_yet_due') AS missing,
           sum(buckets) FILTER (WHERE cause = 'source_down') AS source_down,
           sum(buckets) FILTER (WHERE cause = 'limited') AS limited,
           sum(buckets) FILTER (WHERE cause = 'no_trade') AS no_trade,
           sum(buckets) FILTER (WHERE cause = 'expired') AS expired,
           sum(buckets) FILTER (WHERE cause = 'lost_upstream') AS lost_upstream,
           sum(buckets) FILTER (WHERE cause = 'unknown') AS unknown,
           sum(buckets) FILTER (WHERE cause = 'not_yet_due') AS not_yet_due
    FROM gap_list
    WHERE state <> 'filled'
    GROUP BY source_id, interval_s
), covered AS (
    SELECT source_id, interval_s, count(*) AS series,
           sum((extract(epoch FROM due_until - expected_from) / interval_s)::bigint) AS expected,
           sum((extract(epoch FROM due_until - LEAST(verified_until, due_until)) / interval_s)::bigint) AS unverified
    FROM coverage
    GROUP BY source_id, interval_s
)
SELECT s.name, c.interval_s, c.series, c.expected, c.expected - c.unverified - coalesce(l.missing, 0) AS stored,
       c.unverified, coalesce(l.missing, 0), coalesce(l.source_down, 0), coalesce(l.limited, 0), coalesce(l.no_trade, 0),
       coalesce(l.expired, 0), coalesce(l.lost_upstream, 0), coalesce(l.unknown, 0), coalesce(l.not_yet_due, 0)
FROM covered c
JOIN sources s USING (source_id)
LEFT JOIN lacking l USING (source_id, interval_s)
WHERE $1::text IS NULL OR s.name = $1
ORDER BY s.name, c.interval_s

-- name: gap_buckets
-- Missing candles by source and cause, for the metrics: source, cause, buckets. Sources and causes without any are 0.
SELECT s.name, k.cause, coalesce(sum(g.buckets), 0)::bigint
FROM sources s
CROSS JOIN unnest(ARRAY['source_down', 'limited', 'no_trade', 'expired', 'lost_upstream', 'unknown']) AS k (cause)
LEFT JOIN gaps g ON g.source_id = s.source_id AND g.cause = k.cause AND g.state <> 'filled'
WHERE s.kind <> 'internal'
GROUP BY s.source_id, s.name, k.cause
ORDER BY s.source_id, k.cause

-- name: completeness_gaps
-- A page of what is missing, newest first, with what all series of the same filters add up to, as the last look at the ledger
-- saw it. Always at least one row, which carries total (of all pages), version and summary (JSON); source is NULL when the page
-- is empty. Columns: total, version, summary, source, slug, code, interval, from_ms, until_ms, buckets, cause, state, attempts,
-- first_seen_ms, checked_ms, ended_ms, gap_id (NULL = not yet due).
-- Without an asset, sums that are kept say what is asked for, and holes are walked to along an index; an asset has few.
-- $1 source or NULL, $2 slug or NULL, $3 quote code or NULL, $4 interval_s or NULL, $5 cause or NULL, $6 state or NULL (all
-- but filled), $7 rows, $8 rows to skip; the summary heeds the first four
WITH asked AS MATERIALIZED (
    SELECT (SELECT source_id FROM sources WHERE name = $1::text) AS source_id,
           (SELECT asset_id FROM assets WHERE slug = $2::text) AS asset_id,
           (SELECT quote_id FROM quotes WHERE code = $3::text) AS quote_id
), lacking AS MATERIALIZED ( -- by cause and state
    SELECT cause, state, sum(gaps) AS gaps, sum(buckets) AS buckets
    FROM (
        SELECT k.cause, k.state, k.gaps, k.buckets
        FROM gap_sums k
        WHERE $2 IS NULL AND k.cause IS NOT NULL AND k.state IS NOT NULL
          AND ($1 IS NULL OR k.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR k.quote_id = (SELECT quote_id FROM asked)) AND ($4::integer IS NULL OR k.interval_s = $4)
        UNION ALL
        SELECT g.cause, g.state, 1, g.buckets
        FROM gaps g
        WHERE $2 IS NOT NULL AND g.asset_id = (SELECT asset_id FROM asked)
          AND ($1 IS NULL OR g.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR g.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR g.interval_s = $4)
        UNION ALL
        SELECT 'not_yet_due', 'open', 1, (extract(epoch FROM o.pending_until - o.pending_from) / o.interval_s)::bigint
        FROM coverage_order o
        WHERE $2 IS NOT NULL AND o.asset_id = (SELECT asset_id FROM asked) AND o.pending_from IS NOT NULL
          AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
    ) AS of_all_or_one
    GROUP BY cause, state
), total AS MATERIALIZED (
    SELECT coalesce(sum(gaps), 0)::bigint AS rows
    FROM lacking
    WHERE ($5::text IS NULL OR cause = $5) AND CASE WHEN $6::text IS NULL THEN state <> 'filled' ELSE state = $6 END
), covered AS (
    SELECT coalesce(sum(series), 0) AS series, coalesce(sum(expected), 0) AS expected, coalesce(sum(unverified), 0) AS unverified
    FROM (
        SELECT k.series, k.expected, k.unverified
        FROM coverage_sums k
        WHERE $2 IS NULL AND ($1 IS NULL OR k.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR k.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR k.interval_s = $4)
        UNION ALL
        SELECT 1, (extract(epoch FROM c.due_until - c.expected_from) / c.interval_s)::bigint,
               (extract(epoch FROM c.due_until - LEAST(c.verified_until, c.due_until)) / c.interval_s)::bigint
        FROM sources s
        CROSS JOIN LATERAL (SELECT * FROM coverage k
                            WHERE k.source_id = s.source_id AND k.asset_id = (SELECT asset_id FROM asked)
                            OFFSET 0) AS c
        WHERE $2 IS NOT NULL AND ($1 IS NULL OR c.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR c.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR c.interval_s = $4)
    ) AS of_all_or_one
), missed AS (
    SELECT coalesce(sum(buckets) FILTER (WHERE cause <> 'not_yet_due'), 0) AS missing,
           coalesce(sum(buckets) FILTER (WHERE cause <> 'not_yet_due' AND state IN ('open', 'planned')), 0) AS open
    FROM lacking
    WHERE state <> 'filled'
), by_cause AS (
    SELECT json_object_agg(k.cause, coalesce(l.buckets, 0) ORDER BY k.place) AS causes
    FROM unnest(ARRAY['source_down', 'limited', 'no_trade', 'not_yet_due', 'expired', 'lost_upstream', 'unknown'])
         WITH ORDINALITY AS k (cause, place)
    LEFT JOIN (SELECT cause, sum(buckets) AS buckets FROM lacking WHERE state <> 'filled' GROUP BY cause) AS l USING (cause)
), wanted AS MATERIALIZED ( -- how many of each part may be on the page or before it, none if the page is behind the last one
    SELECT CASE WHEN $8::bigint < (SELECT rows FROM total) THEN $7::bigint + $8 ELSE 0 END AS rows
), page AS MATERIALIZED (
    SELECT *
    FROM (
        (SELECT g.gap_id, g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_from, g.missing_until, g.buckets, g.cause,
                g.state, g.attempts, g.first_seen_at, g.checked_at, g.ended_at
         FROM gaps g
         WHERE $2 IS NULL AND ($5 IS NULL OR g.cause = $5) AND CASE WHEN $6 IS NULL THEN g.state <> 'filled' ELSE g.state = $6 END
           AND ($1 IS NULL OR g.source_id = (SELECT source_id FROM asked))
           AND ($3 IS NULL OR g.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR g.interval_s = $4)
         ORDER BY g.missing_from DESC, g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_until
         LIMIT (SELECT rows FROM wanted))
        UNION ALL
        (SELECT g.gap_id, g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_from, g.missing_until, g.buckets, g.cause,
                g.state, g.attempts, g.first_seen_at, g.checked_at, g.ended_at
         FROM gaps g
         WHERE g.asset_id = (SELECT asset_id FROM asked)
           AND ($5 IS NULL OR g.cause = $5) AND CASE WHEN $6 IS NULL THEN g.state <> 'filled' ELSE g.state = $6 END
           AND ($1 IS NULL OR g.source_id = (SELECT source_id FROM asked))
           AND ($3 IS NULL OR g.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR g.interval_s = $4)
         ORDER BY g.missing_from DESC, g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_until
         LIMIT (SELECT rows FROM wanted))
        UNION ALL
        (SELECT NULL, o.source_id, o.asset_id, o.quote_id, o.interval_s, o.pending_from, o.pending_until,
                (extract(epoch FROM o.pending_until - o.pending_from) / o.interval_s)::bigint, 'not_yet_due', 'open', 0, NULL,
                NULL, NULL
         FROM coverage_order o
         WHERE o.pending_from IS NOT NULL AND ($5 IS NULL OR $5 = 'not_yet_due') AND ($6 IS NULL OR $6 = 'open')
           AND $2 IS NULL
           AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
           AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
         ORDER BY o.pending_from DESC, o.source_id, o.asset_id, o.quote_id, o.interval_s
         LIMIT (SELECT rows FROM wanted))
        UNION ALL
        (SELECT NULL, o.source_id, o.asset_id, o.quote_id, o.interval_s, o.pending_from, o.pending_until,
                (extract(epoch FROM o.pending_until - o.pending_from) / o.interval_s)::bigint, 'not_yet_due', 'open', 0, NULL,
                NULL, NULL
         FROM coverage_order o
         WHERE o.pending_from IS NOT NULL AND ($5 IS NULL OR $5 = 'not_yet_due') AND ($6 IS NULL OR $6 = 'open')
           AND o.asset_id = (SELECT asset_id FROM asked)
           AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
           AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
         ORDER BY o.pending_from DESC, o.source_id, o.asset_id, o.quote_id, o.interval_s
         LIMIT (SELECT rows FROM wanted))
    ) AS parts
    ORDER BY missing_from DESC, source_id, asset_id, quote_id, interval_s, missing_until
    LIMIT $7 OFFSET $8
)
SELECT (SELECT rows FROM total) AS total, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       (SELECT json_build_object('series', series, 'expected', expected, 'stored', expected - unverified - missing,
                                 'unverified', unverified, 'missing', missing, 'open', open, 'causes', causes)::text
        FROM covered, missed, by_cause) AS summary,
       s.name AS source, a.slug, q.code,
       CASE p.interval_s WHEN 300 THEN '5m' WHEN 3600 THEN '1h' WHEN 86400 THEN '1d' END AS interval,
       (date_part('epoch', p.missing_from) * 1000)::bigint AS from_ms,
       (date_part('epoch', p.missing_until) * 1000)::bigint AS until_ms, p.buckets, p.cause, p.state, p.attempts,
       (date_part('epoch', p.first_seen_at) * 1000)::bigint AS first_seen_ms,
       (date_part('epoch', p.checked_at) * 1000)::bigint AS checked_ms,
       (date_part('epoch', p.ended_at) * 1000)::bigint AS ended_ms, p.gap_id
FROM (SELECT) AS always
LEFT JOIN page p ON true
LEFT JOIN sources s ON s.source_id = p.source_id
LEFT JOIN LATERAL (SELECT k.slug FROM assets k WHERE k.asset_id = p.asset_id OFFSET 0) AS a ON true
LEFT JOIN quotes q ON q.quote_id = p.quote_id
ORDER BY p.missing_from DESC, p.source_id, p.asset_id, p.quote_id, p.interval_s, p.missing_until

-- name: completeness_series
-- A page of the series that ought to be stored, those that lack most first, with the same beginning. Columns: total,
-- version, summary, source, slug, code, interval, expected_from_ms, due_until_ms, verified_until_ms, expected, stored,
-- unverified, missing, causes (JSON: candles by cause).
-- $1 to $4 as above, $5 cause or NULL and $6 state or NULL: only series that lack something such, $7 rows, $8 rows to skip
WITH asked AS MATERIALIZED (
    SELECT (SELECT source_id FROM sources WHERE name = $1::text) AS source_id,
           (SELECT asset_id FROM assets WHERE slug = $2::text) AS asset_id,
           (SELECT quote_id FROM quotes WHERE code = $3::text) AS quote_id
), lacking AS MATERIALIZED ( -- by cause and state
    SELECT cause, state, sum(buckets) AS buckets
    FROM (
        SELECT k.cause, k.state, k.buckets
        FROM gap_sums k
        WHERE $2 IS NULL AND k.cause IS NOT NULL AND k.state <> 'filled'
          AND ($1 IS NULL OR k.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR k.quote_id = (SELECT quote_id FROM asked)) AND ($4::integer IS NULL OR k.interval_s = $4)
        UNION ALL
        SELECT g.cause, g.state, g.buckets
        FROM gaps g
        WHERE $2 IS NOT NULL AND g.asset_id = (SELECT asset_id FROM asked) AND g.state <> 'filled'
          AND ($1 IS NULL OR g.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR g.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR g.interval_s = $4)
        UNION ALL
        SELECT 'not_yet_due', 'open', (extract(epoch FROM o.pending_until - o.pending_from) / o.interval_s)::bigint
        FROM coverage_order o
        WHERE $2 IS NOT NULL AND o.asset_id = (SELECT asset_id FROM asked) AND o.pending_from IS NOT NULL
          AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
    ) AS of_all_or_one
    GROUP BY cause, state
), covered AS (
    SELECT coalesce(sum(series), 0) AS series, coalesce(sum(expected), 0) AS expected, coalesce(sum(unverified), 0) AS unverified
    FROM (
        SELECT k.series, k.expected, k.unverified
        FROM coverage_sums k
        WHERE $2 IS NULL AND ($1 IS NULL OR k.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR k.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR k.interval_s = $4)
        UNION ALL
        SELECT 1, (extract(epoch FROM c.due_until - c.expected_from) / c.interval_s)::bigint,
               (extract(epoch FROM c.due_until - LEAST(c.verified_until, c.due_until)) / c.interval_s)::bigint
        FROM sources s
        CROSS JOIN LATERAL (SELECT * FROM coverage k
                            WHERE k.source_id = s.source_id AND k.asset_id = (SELECT asset_id FROM asked)
                            OFFSET 0) AS c
        WHERE $2 IS NOT NULL AND ($1 IS NULL OR c.source_id = (SELECT source_id FROM asked))
          AND ($3 IS NULL OR c.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR c.interval_s = $4)
    ) AS of_all_or_one
), missed AS (
    SELECT coalesce(sum(buckets) FILTER (WHERE cause <> 'not_yet_due'), 0) AS missing,
           coalesce(sum(buckets) FILTER (WHERE cause <> 'not_yet_due' AND state IN ('open', 'planned')), 0) AS open
    FROM lacking
), by_cause AS (
    SELECT json_object_agg(k.cause, coalesce(l.buckets, 0) ORDER BY k.place) AS causes
    FROM unnest(ARRAY['source_down', 'limited', 'no_trade', 'not_yet_due', 'expired', 'lost_upstream', 'unknown'])
         WITH ORDINALITY AS k (cause, place)
    LEFT JOIN (SELECT cause, sum(buckets) AS buckets FROM lacking GROUP BY cause) AS l USING (cause)
), own AS MATERIALIZED ( -- of one asset
    SELECT o.*
    FROM coverage_order o
    WHERE o.asset_id = (SELECT asset_id FROM asked)
      AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
      AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
      AND ($5::text IS NULL AND $6::text IS NULL
           OR o.pending_from IS NOT NULL AND ($5 IS NULL OR $5 = 'not_yet_due') AND ($6 IS NULL OR $6 = 'open')
           OR o.missing > 0
              AND (SELECT true FROM gaps g
                   WHERE g.source_id = o.source_id AND g.asset_id = o.asset_id AND g.quote_id = o.quote_id
                     AND g.interval_s = o.interval_s AND g.state <> 'filled'
                     AND ($5 IS NULL OR g.cause = $5) AND ($6 IS NULL OR g.state = $6)
                   LIMIT 1))
), total AS MATERIALIZED (
    SELECT CASE WHEN $2 IS NOT NULL THEN (SELECT count(*) FROM own)
                WHEN $5 IS NULL AND $6 IS NULL THEN (SELECT series FROM covered)
                ELSE (SELECT coalesce(sum(k.series), 0)
                      FROM gap_sums k
                      WHERE k.cause IS NOT DISTINCT FROM $5 AND k.state IS NOT DISTINCT FROM $6 AND k.state IS DISTINCT FROM 'filled'
                        AND ($1 IS NULL OR k.source_id = (SELECT source_id FROM asked))
                        AND ($3 IS NULL OR k.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR k.interval_s = $4))
           END::bigint AS rows
), page AS MATERIALIZED (
    (SELECT o.*
     FROM coverage_order o
     WHERE $2 IS NULL AND ($1 IS NULL OR o.source_id = (SELECT source_id FROM asked))
       AND ($3 IS NULL OR o.quote_id = (SELECT quote_id FROM asked)) AND ($4 IS NULL OR o.interval_s = $4)
       AND ($5::text IS NULL AND $6::text IS NULL
            OR o.pending_from IS NOT NULL AND ($5 IS NULL OR $5 = 'not_yet_due') AND ($6 IS NULL OR $6 = 'open')
            OR o.missing > 0
               AND (SELECT true FROM gaps g
                    WHERE g.source_id = o.source_id AND g.asset_id = o.asset_id AND g.quote_id = o.quote_id
                      AND g.interval_s = o.interval_s AND g.state <> 'filled'
                      AND ($5 IS NULL OR g.cause = $5) AND ($6 IS NULL OR g.state = $6)
                    LIMIT 1))
     ORDER BY o.missing DESC, o.source_id, o.asset_id, o.quote_id, o.interval_s
     LIMIT CASE WHEN $8::bigint < (SELECT rows FROM total) THEN $7::bigint ELSE 0 END OFFSET $8)
    UNION ALL
    (SELECT *
     FROM own
     WHERE $2 IS NOT NULL
     ORDER BY missing DESC, source_id, asset_id, quote_id, interval_s
     LIMIT $7 OFFSET $8)
)
SELECT (SELECT rows FROM total) AS total, pg_snapshot_xmin(pg_current_snapshot())::text AS version,
       (SELECT json_build_object('series', series, 'expected', expected, 'stored', expected - unverified - missing,
                                 'unverified', unverified, 'missing', missing, 'open', open, 'causes', causes)::text
        FROM covered, missed, by_cause) AS summary,
       s.name AS source, a.slug, q.code,
       CASE p.interval_s WHEN 300 THEN '5m' WHEN 3600 THEN '1h' WHEN 86400 THEN '1d' END AS interval,
       (date_part('epoch', c.expected_from) * 1000)::bigint AS expected_from_ms,
       (date_part('epoch', c.due_until) * 1000)::bigint AS due_until_ms,
       (date_part('epoch', c.verified_until) * 1000)::bigint AS verified_until_ms, c.expected,
       c.expected - c.unverified - p.missing AS stored, c.unverified, p.missing, coalesce(l.causes, '{}')::text AS causes
FROM (SELECT) AS always
LEFT JOIN page p ON true
LEFT JOIN LATERAL (
    SELECT k.*, (extract(epoch FROM k.due_until - k.expected_from) / k.interval_s)::bigint AS expected,
           (extract(epoch FROM k.due_until - LEAST(k.verified_until, k.due_until)) / k.interval_s)::bigint AS unverified
    FROM coverage k
    WHERE k.source_id = p.source_id AND k.asset_id = p.asset_id AND k.quote_id = p.quote_id AND k.interval_s = p.interval_s
    OFFSET 0
) AS c ON true
LEFT JOIN LATERAL (
    SELECT json_object_agg(cause, buckets ORDER BY cause) AS causes
    FROM (SELECT g.cause, sum(g.buckets) AS buckets
          FROM gaps g
          WHERE g.source_id = p.source_id AND g.asset_id = p.asset_id AND g.quote_id = p.quote_id AND g.interval_s = p.interval_s
            AND g.state <> 'filled'
          GROUP BY g.cause
          UNION ALL
          SELECT 'not_yet_due', (extract(epoch FROM p.pending_until - p.pending_from) / p.interval_s)::bigint
          WHERE p.pending_from IS NOT NULL) AS of_series
) AS l ON true
LEFT JOIN sources s ON s.source_id = p.source_id
LEFT JOIN LATERAL (SELECT k.slug FROM assets k WHERE k.asset_id = p.asset_id OFFSET 0) AS a ON true
LEFT JOIN quotes q ON q.quote_id = p.quote_id
ORDER BY p.missing DESC, p.source_id, p.asset_id, p.quote_id, p.interval_s
