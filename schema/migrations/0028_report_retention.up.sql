-- Reports go with what they were made of.
SET LOCAL ROLE tidemark_migrate;

-- Removes reports of days before a moment whose candles were dropped, which means that they were archived; without an archive
-- nothing goes. A day younger than 100 days is left alone whatever the limit: it is looked at again for so long, and would
-- be made once more. Says how many reports went; at most `at_most`, each with all its rows.
CREATE FUNCTION reports_trim(before timestamptz, at_most bigint) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH first_kept AS (
        SELECT (least(before, now() - interval '100 days') AT TIME ZONE 'UTC')::date AS day
    ), old AS MATERIALIZED (
        SELECT r.kind, r.day, r.revision
        FROM reports r
        CROSS JOIN first_kept
        WHERE r.day < first_kept.day
          AND NOT EXISTS (SELECT
                          FROM partitions p
                          WHERE p.parent = 'candles' AND p.range_from < (r.day + 1)::timestamp AT TIME ZONE 'UTC'
                            AND p.range_to > r.day::timestamp AT TIME ZONE 'UTC')
        ORDER BY r.day, r.kind, r.revision
        LIMIT at_most
    ), gone_rows AS (
        DELETE FROM report_rows x USING old o WHERE x.kind = o.kind AND x.day = o.day AND x.revision = o.revision
    ), gone_days AS (
        DELETE FROM report_days d
        WHERE d.day < (SELECT day FROM first_kept)
          AND (d.revision IS NULL OR EXISTS (SELECT FROM old o WHERE o.kind = d.kind AND o.day = d.day))
    ), gone AS (
        DELETE FROM reports x USING old o WHERE x.kind = o.kind AND x.day = o.day AND x.revision = o.revision
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION reports_trim(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reports_trim(timestamptz, bigint) TO tidemark_worker;
