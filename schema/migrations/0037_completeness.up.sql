-- What completeness comes to, as the last look at the ledger saw it: so that the API gives a page of series or of holes, and
-- what all of them add up to, without reading them all. The look reads them once a minute anyway.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE coverage_order (
    source_id     smallint NOT NULL,
    quote_id      smallint NOT NULL,
    asset_id      integer  NOT NULL,
    interval_s    integer  NOT NULL,
    missing       bigint   NOT NULL,
    pending_from  timestamptz,
    pending_until timestamptz,
    PRIMARY KEY (asset_id, source_id, quote_id, interval_s)
) WITH (fillfactor = 70);
CREATE INDEX coverage_order_missing ON coverage_order (missing DESC, source_id, asset_id, quote_id, interval_s);
CREATE INDEX coverage_order_pending ON coverage_order (pending_from DESC, source_id, asset_id, quote_id, interval_s)
    WHERE pending_from IS NOT NULL;
COMMENT ON TABLE coverage_order IS 'a row for each of coverage';
COMMENT ON COLUMN coverage_order.missing IS 'candles that gaps lists and that are not filled';
COMMENT ON COLUMN coverage_order.pending_from IS 'what is not yet due, as in gap_list; null = nothing';

CREATE TABLE coverage_sums (
    source_id  smallint    NOT NULL,
    quote_id   smallint    NOT NULL,
    interval_s integer     NOT NULL,
    series     bigint      NOT NULL,
    expected   bigint      NOT NULL,
    unverified bigint      NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source_id, quote_id, interval_s)
);
COMMENT ON TABLE coverage_sums IS 'what coverage adds up to: series and candles';

CREATE TABLE gap_sums (
    source_id  smallint NOT NULL,
    quote_id   smallint NOT NULL,
    interval_s integer  NOT NULL,
    cause      text,
    state      text,
    gaps       bigint   NOT NULL,
    buckets    bigint   NOT NULL,
    series     bigint   NOT NULL,
    UNIQUE NULLS NOT DISTINCT (source_id, quote_id, interval_s, cause, state)
);
COMMENT ON TABLE gap_sums IS 'what gap_list adds up to: holes, candles, and series that have such';
COMMENT ON COLUMN gap_sums.cause IS 'null = all of them';
COMMENT ON COLUMN gap_sums.state IS 'null = all but filled';

CREATE INDEX gaps_newest ON gaps (missing_from DESC, source_id, asset_id, quote_id, interval_s, missing_until);
CREATE INDEX gaps_of_asset ON gaps (asset_id, missing_from DESC, source_id, quote_id, interval_s, missing_until);

-- Makes all of it anew, unless a look has not come to its end and did so within the last minute.
CREATE FUNCTION completeness_renew(is_over boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tidemark.gaps'));
    IF NOT is_over AND EXISTS (SELECT FROM coverage_sums WHERE made_at > now() - interval '1 minute') THEN
        RETURN;
    END IF;
    WITH seen AS MATERIALIZED (
        SELECT c.source_id, c.quote_id, c.asset_id, c.interval_s, coalesce(l.missing, 0) AS missing,
               p.missing_from AS pending_from, p.missing_until AS pending_until
        FROM coverage c
        LEFT JOIN (SELECT source_id, quote_id, asset_id, interval_s, sum(buckets) AS missing
                   FROM gaps
                   WHERE state <> 'filled'
                   GROUP BY source_id, quote_id, asset_id, interval_s) AS l USING (source_id, quote_id, asset_id, interval_s)
        LEFT JOIN (SELECT * FROM gap_list WHERE cause = 'not_yet_due') AS p USING (source_id, quote_id, asset_id, interval_s)
    ), changed AS (
        UPDATE coverage_order o
        SET missing = s.missing, pending_from = s.pending_from, pending_until = s.pending_until
        FROM seen s
        WHERE (o.asset_id, o.source_id, o.quote_id, o.interval_s) = (s.asset_id, s.source_id, s.quote_id, s.interval_s)
          AND (o.missing, o.pending_from, o.pending_until) IS DISTINCT FROM (s.missing, s.pending_from, s.pending_until)
    ), added AS (
        INSERT INTO coverage_order (source_id, quote_id, asset_id, interval_s, missing, pending_from, pending_until)
        SELECT source_id, quote_id, asset_id, interval_s, missing, pending_from, pending_until
        FROM seen s
        WHERE NOT EXISTS (SELECT FROM coverage_order o
                          WHERE (o.asset_id, o.source_id, o.quote_id, o.interval_s)
                              = (s.asset_id, s.source_id, s.quote_id, s.interval_s))
    )
    DELETE FROM coverage_order o
    WHERE NOT EXISTS (SELECT FROM coverage c
                      WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s)
                          = (o.source_id, o.asset_id, o.quote_id, o.interval_s));
    DELETE FROM coverage_sums;
    INSERT INTO coverage_sums (source_id, quote_id, interval_s, series, expected, unverified)
    SELECT source_id, quote_id, interval_s, count(*),
           sum((extract(epoch FROM due_until - expected_from) / interval_s)::bigint),
           sum((extract(epoch FROM due_until - LEAST(verified_until, due_until)) / interval_s)::bigint)
    FROM coverage
    GROUP BY source_id, quote_id, interval_s;
    DELETE FROM gap_sums;
    INSERT INTO gap_sums (source_id, quote_id, interval_s, cause, state, gaps, buckets, series)
    SELECT source_id, quote_id, interval_s, cause, state, count(*), sum(buckets), count(DISTINCT asset_id)
    FROM (SELECT source_id, quote_id, interval_s, asset_id, cause, state, buckets
          FROM gaps
          WHERE state <> 'filled'
          UNION ALL
          SELECT source_id, quote_id, interval_s, asset_id, 'not_yet_due', 'open',
                 (extract(epoch FROM pending_until - pending_from) / interval_s)::bigint
          FROM coverage_order
          WHERE pending_from IS NOT NULL) AS listed
    GROUP BY source_id, quote_id, interval_s, GROUPING SETS ((cause, state), (cause), (state), ());
    INSERT INTO gap_sums (source_id, quote_id, interval_s, cause, state, gaps, buckets, series)
    SELECT source_id, quote_id, interval_s, cause, 'filled', count(*), sum(buckets), count(DISTINCT asset_id)
    FROM gaps
    WHERE state = 'filled'
    GROUP BY source_id, quote_id, interval_s, GROUPING SETS ((cause), ());
END
$$;

GRANT SELECT ON coverage_order, coverage_sums, gap_sums TO tidemark_api;
GRANT EXECUTE ON FUNCTION completeness_renew(boolean) TO tidemark_worker;

SELECT completeness_renew(true);
