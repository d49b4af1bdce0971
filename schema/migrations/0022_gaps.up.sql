-- What ought to be stored, what of it is missing, and why: the ledger of completeness.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE coverage (
    source_id      smallint    NOT NULL,
    quote_id       smallint    NOT NULL,
    asset_id       integer     NOT NULL,
    interval_s     integer     NOT NULL CHECK (interval_s > 0),
    fed            boolean     NOT NULL,
    named          boolean     NOT NULL,
    expected_from  timestamptz NOT NULL,
    due_until      timestamptz NOT NULL,
    verified_until timestamptz NOT NULL,
    looked_until   timestamptz NOT NULL,
    whole_look_at  timestamptz NOT NULL,
    symbol         text,
    PRIMARY KEY (source_id, asset_id, quote_id, interval_s)
) WITH (fillfactor = 70);
COMMENT ON TABLE coverage IS 'the series that ought to be stored, and the candles of each that ought to be there by now';
COMMENT ON COLUMN coverage.fed IS 'a schedule goes on bringing it';
COMMENT ON COLUMN coverage.named IS 'a schedule asks for this market by its name, so that a gap is worth a request of its own';
COMMENT ON COLUMN coverage.expected_from IS 'open time of the first candle that ought to be there';
COMMENT ON COLUMN coverage.due_until IS 'candles that open then or later need not be there yet';
COMMENT ON COLUMN coverage.verified_until IS 'what opens before is stored or listed in gaps';
COMMENT ON COLUMN coverage.looked_until IS 'how far the look has come that goes through all of it once a day';
COMMENT ON COLUMN coverage.whole_look_at IS 'when it was last begun to be looked through from its beginning';
COMMENT ON COLUMN coverage.symbol IS 'what the source calls it; null = it cannot be asked for it';

CREATE SEQUENCE gap_ids AS bigint;
CREATE TABLE gaps (
    gap_id        bigint      NOT NULL DEFAULT nextval('gap_ids') PRIMARY KEY,
    source_id     smallint    NOT NULL,
    quote_id      smallint    NOT NULL,
    asset_id      integer     NOT NULL,
    interval_s    integer     NOT NULL CHECK (interval_s > 0),
    missing_from  timestamptz NOT NULL,
    missing_until timestamptz NOT NULL CHECK (missing_until > missing_from),
    buckets       bigint      NOT NULL GENERATED ALWAYS AS
                              ((extract(epoch FROM missing_until - missing_from) / interval_s)::bigint) STORED,
    cause         text        NOT NULL CHECK (cause IN ('source_down', 'limited', 'no_trade', 'expired',
                                                        'lost_upstream', 'unknown')),
    state         text        NOT NULL CHECK (state IN ('open', 'planned', 'filled', 'given_up')),
    attempts      integer     NOT NULL DEFAULT 0,
    first_seen_at timestamptz NOT NULL,
    checked_at    timestamptz NOT NULL,
    next_try_at   timestamptz NOT NULL,
    ended_at      timestamptz,
    plan_job_id   text,
    CHECK ((state = 'planned') = (plan_job_id IS NOT NULL)),
    CHECK ((state IN ('filled', 'given_up')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE gaps IS 'candles that ought to be there and are not, a row for each stretch of one cause; filled ones stay a while';
COMMENT ON COLUMN gaps.missing_from IS 'open time of the first missing candle';
COMMENT ON COLUMN gaps.missing_until IS 'open time of the first one behind it that is not';
COMMENT ON COLUMN gaps.cause IS 'why they did not come; not_yet_due is never listed here, see coverage.due_until';
COMMENT ON COLUMN gaps.state IS 'planned = a job asks for them; given_up = nobody will ask again by itself';
COMMENT ON COLUMN gaps.ended_at IS 'when it was filled or given up';
CREATE UNIQUE INDEX gaps_series ON gaps (source_id, asset_id, quote_id, interval_s, missing_from)
    WHERE state <> 'filled';
CREATE INDEX gaps_plan ON gaps (plan_job_id) WHERE plan_job_id IS NOT NULL;
CREATE INDEX gaps_open ON gaps (checked_at) WHERE state IN ('open', 'planned');
CREATE INDEX gaps_given_up ON gaps (checked_at) WHERE state = 'given_up';
CREATE INDEX gaps_filled ON gaps (ended_at) WHERE state = 'filled';

CREATE TABLE history_reach (
    source_id  smallint    NOT NULL REFERENCES sources,
    interval_s integer     NOT NULL CHECK (interval_s > 0),
    reaches_to timestamptz NOT NULL,
    PRIMARY KEY (source_id, interval_s)
) WITH (fillfactor = 50);
COMMENT ON TABLE history_reach IS 'how far back each source gives candles, as its own code says; no row = it gives none';

-- What is missing, with what is still under way: candles whose time is over and that need not be there yet.
CREATE VIEW gap_list AS
SELECT g.gap_id, g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_from, g.missing_until, g.buckets, g.cause,
       g.state, g.attempts, g.first_seen_at, g.checked_at, g.next_try_at, g.ended_at, g.plan_job_id
FROM gaps g
UNION ALL
SELECT NULL, c.source_id, c.asset_id, c.quote_id, c.interval_s, w.since, w.until,
       (extract(epoch FROM w.until - w.since) / c.interval_s)::bigint, 'not_yet_due', 'open', 0, NULL, NULL, NULL, NULL,
       NULL
FROM coverage c
CROSS JOIN LATERAL (
    SELECT GREATEST(c.due_until, (SELECT max(r.last_open_time) FROM series r
                                  WHERE (r.asset_id, r.quote_id, r.interval_s, r.source_id)
                                      = (c.asset_id, c.quote_id, c.interval_s, c.source_id))
                                 + c.interval_s * interval '1 second') AS since,
           rollup_bucket(now(), c.interval_s) AS until
) AS w
WHERE c.fed AND w.since < w.until;
COMMENT ON VIEW gap_list IS 'what is missing and what is not yet due';

-- Which streams bring the candles of which series: a history brings its own, prices are rolled up. A price that comes
-- every five minutes makes five-minute candles, a rarer one only longer ones; longer ones yet are expected once there is
-- one. Schedules that are switched off are among them, for the sake of what they left behind.
CREATE VIEW expected_streams AS
SELECT d.source_id, i.asset_id, i.quote_id, t.interval_s, d.kind, d.stream, d.enabled, i.symbol, true AS named,
       d.period_s, (d.args ->> 'lookback_s')::bigint AS lookback_s
FROM schedules d
JOIN instruments i ON i.source_id = d.source_id AND i.symbol = d.args ->> 'symbol' AND i.status = 'active'
JOIN (VALUES ('5m', 300), ('1h', 3600), ('1d', 86400)) AS t (name, interval_s) ON t.name = d.args ->> 'interval'
WHERE d.kind = 'history' AND i.asset_id IS NOT NULL
UNION ALL
SELECT p.source_id, p.asset_id, p.quote_id, t.interval_s, p.kind, p.stream, p.enabled, p.symbol, p.named, p.period_s, NULL
FROM (
    SELECT d.source_id, i.asset_id, i.quote_id, d.kind, d.stream, d.enabled, i.symbol, true AS named,
           coalesce((SELECT quote_period_s FROM leader), d.period_s) AS period_s
    FROM schedules d
    JOIN instruments i ON i.source_id = d.source_id AND d.args -> 'symbols' ? i.symbol AND i.status = 'active'
    WHERE d.kind = 'quote' AND i.asset_id IS NOT NULL
    UNION ALL
    -- A coin that has been off the page for a day is no longer expected on it.
    SELECT d.source_id, l.asset_id, l.quote_id, d.kind, d.stream, d.enabled, NULL, false, d.period_s
    FROM schedules d
    JOIN quotes q ON q.code = d.args ->> 'currency'
    JOIN listings l ON l.source_id = d.source_id AND l.quote_id = q.quote_id
    WHERE d.kind = 'listing'
      AND l.rank BETWEEN ((d.args ->> 'page')::bigint - 1) * (d.args ->> 'per_page')::bigint + 1
                     AND (d.args ->> 'page')::bigint * (d.args ->> 'per_page')::bigint
      AND l.observed_at > (SELECT max(newest.observed_at) FROM listings newest
                           WHERE newest.source_id = l.source_id AND newest.quote_id = l.quote_id) - interval '1 day'
) AS p
JOIN (VALUES (300, 0), (3600, 300), (86400, 3600)) AS t (interval_s, shorter_s)
    ON coalesce(p.period_s, 86400) <= t.interval_s
   AND (coalesce(p.period_s, 86400) > t.shorter_s
        OR EXISTS (SELECT FROM series r
                   WHERE r.source_id = p.source_id AND r.asset_id = p.asset_id AND r.quote_id = p.quote_id
                     AND r.interval_s = t.interval_s));
COMMENT ON VIEW expected_streams IS 'the streams that bring the candles of a series';

-- What the error of a run says about candles that did not come. NULL: nothing, the fault is ours. An answer that makes
-- no sense is no answer; it never says that there is no data.
CREATE FUNCTION gap_cause_of_error(code text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN code IN ('provider.limited', 'provider.banned', 'provider.cooldown', 'provider.budget') THEN 'limited'
        WHEN code = 'provider.history_limit' THEN 'expired'
        WHEN code IN ('provider.not_found', 'provider.plan') THEN 'lost_upstream'
        WHEN code IN ('fetch.url', 'fetch.private_address') THEN NULL
        WHEN code ~ '^(provider|fetch|payload|json|page)\.' THEN 'source_down'
    END;

-- What a run that should have brought a price before `in_time` says about it. Its last error may be forgotten (a run
-- that is tried again, or expires, loses it); then its answers and the count of its tries still tell.
CREATE FUNCTION gap_cause_of_run(run runs, in_time timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF run.status = 'skipped' OR gap_cause_of_error(run.error_code) IS NOT NULL THEN
        RETURN CASE WHEN run.status <> 'skipped' THEN gap_cause_of_error(run.error_code) END;
    ELSIF run.status = 'ok' AND run.finished_at < in_time THEN
        RETURN CASE WHEN run.rejected = 0 THEN 'no_trade' END;
    ELSIF EXISTS (SELECT FROM raw_payloads p
                  WHERE p.run_id = run.run_id AND p.fetched_at >= run.slot AND p.fetched_at < run.slot + interval '2 days'
                    AND p.verdict = 'limited') THEN
        RETURN 'limited';
    END IF;
    RETURN CASE WHEN run.attempt > 1 THEN 'source_down' END;
END
$$;

-- The newest slot of a stream that has had its chance: its run is over or has failed, or it fell due `late` ago and
-- nobody has begun it, which is not the source's fault but leaves as big a hole. Not before `grace`: what a run brings
-- is rolled up a little later.
CREATE FUNCTION stream_due_slot(of_source smallint, of_stream text, at timestamptz, grace interval, late interval)
    RETURNS timestamptz
    LANGUAGE sql STABLE
AS $$
    SELECT p.slot
    FROM slots p
    LEFT JOIN runs r USING (job_id)
    WHERE p.source_id = of_source AND p.stream = of_stream AND p.slot > at - interval '8 days'
      AND p.inserted_at <= at - grace AND r.status IS DISTINCT FROM 'skipped'
      AND (p.state = 'skipped' OR r.status IN ('ok', 'failed', 'expired', 'dead') OR r.error_code IS NOT NULL
           OR p.inserted_at <= at - late)
    ORDER BY p.slot DESC
    LIMIT 1
$$;

-- Brings coverage up to what schedules, slots and series say at a moment.
CREATE FUNCTION coverage_refresh(at timestamptz, grace interval, late interval) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS coverage_stage (LIKE coverage) ON COMMIT DELETE ROWS;
    DELETE FROM pg_temp.coverage_stage;
    INSERT INTO pg_temp.coverage_stage AS s (source_id, asset_id, quote_id, interval_s, fed, named, symbol,
                                             expected_from, due_until, verified_until, looked_until, whole_look_at)
    WITH fed AS MATERIALIZED (SELECT * FROM expected_streams),
    streams AS (
        SELECT d.source_id, d.stream,
               (SELECT min(p.slot) FROM slots p WHERE p.source_id = d.source_id AND p.stream = d.stream) AS first_slot,
               stream_due_slot(d.source_id, d.stream, at, grace, late) AS due_slot
        FROM (SELECT DISTINCT source_id, stream FROM fed) AS d
    ), by_stream AS (
        SELECT f.source_id, f.asset_id, f.quote_id, f.interval_s, f.enabled AND o.enabled AS fed, f.named, f.symbol,
               CASE WHEN f.kind = 'history'
                    THEN GREATEST(rollup_bucket(t.first_slot - f.lookback_s * interval '1 second', f.interval_s),
                                  h.reaches_to)
                    ELSE rollup_bucket(t.first_slot - interval '1 second', f.interval_s)
                         + f.interval_s * interval '1 second' END AS expected_from,
               rollup_bucket(t.due_slot, f.interval_s) AS due_until
        FROM fed f
        JOIN streams t USING (source_id, stream)
        JOIN sources o USING (source_id)
        LEFT JOIN history_reach h USING (source_id, interval_s)
    ), by_series AS (
        -- The last one that we rolled may be open still.
        SELECT source_id, asset_id, quote_id, interval_s, false AS fed, false AS named, NULL AS symbol,
               first_open_time AS expected_from,
               LEAST(last_open_time + interval_s * interval '1 second', rollup_bucket(at - grace, interval_s)) AS due_until
        FROM series
    )
    SELECT source_id, asset_id, quote_id, interval_s, bool_or(fed), bool_or(named), min(symbol), min(expected_from),
           max(due_until), min(expected_from), min(expected_from), at
    FROM (SELECT * FROM by_stream UNION ALL SELECT * FROM by_series) AS known
    GROUP BY source_id, asset_id, quote_id, interval_s
    HAVING min(expected_from) < max(due_until);

    -- A market that is asked for by name in one interval is worth asking for in the others.
    UPDATE pg_temp.coverage_stage s
    SET named = true, symbol = n.symbol
    FROM (SELECT source_id, asset_id, quote_id, min(symbol) AS symbol FROM pg_temp.coverage_stage WHERE named
          GROUP BY source_id, asset_id, quote_id) AS n
    WHERE (s.source_id, s.asset_id, s.quote_id) = (n.source_id, n.asset_id, n.quote_id);

    UPDATE coverage c
    SET fed = s.fed, named = s.named, symbol = s.symbol, due_until = GREATEST(c.due_until, s.due_until),
        expected_from = LEAST(c.expected_from, r.first_open_time),
        verified_until = CASE WHEN r.first_open_time < c.expected_from THEN r.first_open_time ELSE c.verified_until END,
        looked_until = CASE WHEN r.first_open_time < c.expected_from THEN r.first_open_time ELSE c.looked_until END
    FROM pg_temp.coverage_stage s
    LEFT JOIN LATERAL (SELECT min(first_open_time) AS first_open_time FROM series
                       WHERE (source_id, asset_id, quote_id, interval_s)
                           = (s.source_id, s.asset_id, s.quote_id, s.interval_s)) AS r ON true
    WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s) = (s.source_id, s.asset_id, s.quote_id, s.interval_s)
      AND ((c.fed, c.named, c.symbol) IS DISTINCT FROM (s.fed, s.named, s.symbol) OR s.due_until > c.due_until
           OR r.first_open_time < c.expected_from);

    INSERT INTO coverage (source_id, asset_id, quote_id, interval_s, fed, named, symbol, expected_from, due_until,
                          verified_until, looked_until, whole_look_at)
    SELECT source_id, asset_id, quote_id, interval_s, fed, named, symbol, expected_from, due_until, verified_until,
           looked_until, whole_look_at
    FROM pg_temp.coverage_stage
    ON CONFLICT DO NOTHING;

    UPDATE coverage SET looked_until = expected_from, whole_look_at = at
    WHERE whole_look_at <= at - interval '1 day';
END
$$;

-- Of the candles of a series that are missing in a window: open time and, where a run tells it, why. Of several the
-- gravest word counts. (A plan is made once and not for each call: that would take longer than the look.)
CREATE FUNCTION gap_facts(of_source smallint, of_asset integer, of_quote smallint, of_interval integer,
                          window_from timestamptz, window_until timestamptz)
    RETURNS TABLE (missing timestamptz, told text)
    LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    step constant interval := of_interval * interval '1 second';
BEGIN
    RETURN QUERY
    WITH edges AS (
        SELECT window_from - step AS open_time
        UNION ALL
        SELECT c.open_time FROM candles c
        WHERE c.source_id = of_source AND c.asset_id = of_asset AND c.quote_id = of_quote
          AND c.interval_s = of_interval AND c.open_time >= window_from AND c.open_time < window_until
        UNION ALL
        SELECT window_until
    ), holes AS MATERIALIZED (
        SELECT since, until
        FROM (SELECT lag(open_time) OVER (ORDER BY open_time) + step AS since, open_time AS until FROM edges) AS e
        WHERE since < until
    ), absent AS MATERIALIZED (
        SELECT generate_series(since, until - step, step) AS bucket FROM holes
    ), fed AS MATERIALIZED (
        SELECT DISTINCT f.kind, f.stream
        FROM expected_streams f
        WHERE f.source_id = of_source AND f.asset_id = of_asset AND f.quote_id = of_quote
          AND f.interval_s = of_interval
    ), historic AS (
        -- A candle of a history is the affair of the first slot that lies behind it.
        SELECT GREATEST(window_from, rollup_bucket(coalesce(behind, window_from), of_interval)) AS since,
               LEAST(window_until, rollup_bucket(slot, of_interval)) AS until, cause
        FROM (
            SELECT p.slot, lag(p.slot) OVER (PARTITION BY f.stream ORDER BY p.slot) AS behind,
                   gap_cause_of_error(r.error_code) AS cause
            FROM fed f
            JOIN slots p ON p.source_id = of_source AND p.stream = f.stream AND p.slot > window_from
                        AND p.slot <= coalesce((SELECT min(later.slot) FROM slots later
                                                WHERE later.source_id = of_source AND later.stream = f.stream
                                                  AND later.slot >= window_until), 'infinity')
            LEFT JOIN runs r USING (job_id)
            WHERE f.kind = 'history'
        ) AS own
        WHERE cause IS NOT NULL
    ), words AS (
        SELECT generate_series(since, until - step, step) AS bucket, cause FROM historic WHERE since < until
        UNION ALL
        -- A price is the affair of the slots that lie within the candle.
        SELECT m.bucket, gap_cause_of_run(r, m.bucket + step)
        FROM absent m
        JOIN fed f ON f.kind <> 'history'
        JOIN slots p ON p.source_id = of_source AND p.stream = f.stream AND p.slot >= m.bucket
                    AND p.slot < m.bucket + step
        JOIN runs r ON r.job_id = p.job_id
    ), gravest AS (
        SELECT bucket, min(array_position(ARRAY['source_down', 'limited', 'expired', 'lost_upstream', 'no_trade'], cause))
                       AS place
        FROM words
        GROUP BY bucket
    )
    SELECT m.bucket, (ARRAY['source_down', 'limited', 'expired', 'lost_upstream', 'no_trade'])[g.place]
    FROM absent m
    LEFT JOIN gravest g USING (bucket);
END
$$;

-- Makes the gaps of a series in a window say what is missing there now. Rows that touch the window are looked at whole,
-- so that a gap that grows stays one row. What is given up stays so while it is missing; what was asked for and is
-- missing from an answer ([answered_from, answered_until), else NULL) is given up with `answered_cause`.
CREATE FUNCTION gaps_reconcile(of_source smallint, of_asset integer, of_quote smallint, of_interval integer,
                               window_from timestamptz, window_until timestamptz, at timestamptz,
                               answered_from timestamptz, answered_until timestamptz, answered_cause text)
    RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    step constant interval := of_interval * interval '1 second';
    old gaps[];
    new gaps[];
BEGIN
    SELECT coalesce(array_agg(g ORDER BY g.missing_from), '{}'),
           LEAST(window_from, min(g.missing_from)), GREATEST(window_until, max(g.missing_until))
    INTO old, window_from, window_until
    FROM gaps g
    WHERE g.source_id = of_source AND g.asset_id = of_asset AND g.quote_id = of_quote AND g.interval_s = of_interval
      AND g.state <> 'filled' AND g.missing_from <= window_until AND g.missing_until >= window_from;
    IF cardinality(old) = 0
       AND (SELECT count(*) FROM candles c
            WHERE c.source_id = of_source AND c.asset_id = of_asset AND c.quote_id = of_quote
              AND c.interval_s = of_interval AND c.open_time >= window_from AND c.open_time < window_until)
           = extract(epoch FROM window_until - window_from) / of_interval THEN
        RETURN;
    END IF;

    WITH judged AS (
        SELECT f.missing AS bucket, o.gap_id, o.attempts, o.first_seen_at, o.next_try_at, o.plan_job_id, o.ended_at,
               answer.is_final OR o.state IS NOT DISTINCT FROM 'given_up' AS given_up,
               CASE WHEN answer.is_final THEN answered_cause
                    WHEN o.state = 'given_up' THEN o.cause
                    ELSE coalesce(f.told, o.cause, 'unknown') END AS cause
        FROM gap_facts(of_source, of_asset, of_quote, of_interval, window_from, window_until) f
        CROSS JOIN LATERAL (SELECT coalesce(f.missing >= answered_from AND f.missing < answered_until, false)
                                   AS is_final) AS answer
        LEFT JOIN unnest(old) AS o ON f.missing >= o.missing_from AND f.missing < o.missing_until
    ), placed AS (
        SELECT *, bucket - row_number() OVER (PARTITION BY cause, given_up ORDER BY bucket) * step AS stretch
        FROM judged
    ), stretches AS (
        SELECT min(gap_id) AS gap_id, min(bucket) AS since, max(bucket) + step AS until, cause, given_up,
               max(coalesce(attempts, 0)) AS attempts, min(coalesce(first_seen_at, at)) AS first_seen_at,
               min(coalesce(next_try_at, at)) AS next_try_at, max(coalesce(ended_at, at)) AS ended_at,
               CASE WHEN NOT given_up THEN max(plan_job_id) END AS plan_job_id
        FROM placed
        GROUP BY cause, given_up, stretch
    ), numbered AS (
        SELECT *, row_number() OVER (PARTITION BY gap_id ORDER BY since) AS part FROM stretches
    )
    SELECT coalesce(array_agg(ROW (CASE WHEN part = 1 AND gap_id IS NOT NULL THEN gap_id ELSE nextval('gap_ids') END,
                                   of_source, of_quote, of_asset, of_interval, since, until, NULL, cause,
                                   CASE WHEN given_up THEN 'given_up' WHEN plan_job_id IS NOT NULL THEN 'planned'
                                        ELSE 'open' END,
                                   attempts, first_seen_at, at, next_try_at,
                                   CASE WHEN given_up THEN ended_at END, plan_job_id)::gaps), '{}')
    INTO new
    FROM numbered;

    -- What is as it was is only marked as seen.
    UPDATE gaps g SET checked_at = at
    FROM unnest(old) AS o
    JOIN unnest(new) AS n USING (gap_id, missing_from, missing_until, cause, state, attempts)
    WHERE g.gap_id = n.gap_id AND o.plan_job_id IS NOT DISTINCT FROM n.plan_job_id;
    -- A row whose stretch has none left missing was filled; one that went into another is no more.
    UPDATE gaps g SET state = 'filled', ended_at = at, checked_at = at, plan_job_id = NULL
    FROM unnest(old) AS o
    WHERE g.gap_id = o.gap_id
      AND NOT EXISTS (SELECT FROM unnest(new) AS n
                      WHERE n.missing_from < o.missing_until AND n.missing_until > o.missing_from);
    DELETE FROM gaps g
    USING unnest(old) AS o
    WHERE g.gap_id = o.gap_id AND g.state <> 'filled'
      AND NOT EXISTS (SELECT FROM unnest(new) AS n
                      WHERE (n.gap_id, n.missing_from, n.missing_until, n.cause, n.state, n.attempts)
                          = (o.gap_id, o.missing_from, o.missing_until, o.cause, o.state, o.attempts)
                        AND n.plan_job_id IS NOT DISTINCT FROM o.plan_job_id);
    INSERT INTO gaps (gap_id, source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,
                      attempts, first_seen_at, checked_at, next_try_at, ended_at, plan_job_id)
    SELECT n.gap_id, n.source_id, n.quote_id, n.asset_id, n.interval_s, n.missing_from, n.missing_until, n.cause,
           n.state, n.attempts, n.first_seen_at, n.checked_at, n.next_try_at, n.ended_at, n.plan_job_id
    FROM unnest(new) AS n
    WHERE NOT EXISTS (SELECT FROM gaps g WHERE g.gap_id = n.gap_id);
END
$$;

-- Looks at what is due and was not looked at yet, at most so many series and buckets of each. True: there is more.
CREATE FUNCTION coverage_verify(at timestamptz, max_series integer, max_buckets integer) RETURNS boolean
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    todo record;
    looked integer := 0;
BEGIN
    FOR todo IN
        SELECT *, LEAST(due_until, looked_until + max_buckets::bigint * interval_s * interval '1 second') AS until
        FROM coverage
        WHERE looked_until < due_until
        ORDER BY verified_until < due_until DESC, looked_until DESC, source_id, asset_id, quote_id, interval_s
        LIMIT max_series
    LOOP
        PERFORM gaps_reconcile(todo.source_id, todo.asset_id, todo.quote_id, todo.interval_s, todo.looked_until,
                               todo.until, at, NULL, NULL, NULL);
        UPDATE coverage SET looked_until = todo.until, verified_until = GREATEST(verified_until, todo.until)
        WHERE (source_id, asset_id, quote_id, interval_s)
            = (todo.source_id, todo.asset_id, todo.quote_id, todo.interval_s);
        looked := looked + 1;
    END LOOP;
    RETURN looked > 0 AND EXISTS (SELECT FROM coverage WHERE looked_until < due_until);
END
$$;

-- Looks again at gaps whether they are filled meanwhile: open ones each time, those that lie near each other together;
-- those given up now and then, and only where a candle has come.
CREATE FUNCTION gaps_recheck(at timestamptz, max_open integer, max_given_up integer) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    gap record;
BEGIN
    FOR gap IN
        WITH oldest AS (
            SELECT * FROM gaps WHERE state IN ('open', 'planned') AND checked_at < at
            ORDER BY checked_at
            LIMIT max_open
        ), parted AS (
            SELECT *, missing_from > lag(missing_until) OVER series + 100 * interval_s * interval '1 second' AS is_far
            FROM oldest
            WINDOW series AS (PARTITION BY source_id, asset_id, quote_id, interval_s ORDER BY missing_from)
        ), grouped AS (
            SELECT *, count(*) FILTER (WHERE is_far) OVER (PARTITION BY source_id, asset_id, quote_id, interval_s
                                                           ORDER BY missing_from) AS group_number
            FROM parted
        )
        SELECT source_id, asset_id, quote_id, interval_s, min(missing_from) AS since, max(missing_until) AS until
        FROM grouped
        GROUP BY source_id, asset_id, quote_id, interval_s, group_number
        UNION ALL
        SELECT g.source_id, g.asset_id, g.quote_id, g.interval_s, g.missing_from, g.missing_until
        FROM (SELECT * FROM gaps WHERE state = 'given_up' AND checked_at < at - interval '1 hour'
              ORDER BY checked_at
              LIMIT max_given_up) AS g
        WHERE EXISTS (SELECT FROM candles c
                      WHERE c.source_id = g.source_id AND c.asset_id = g.asset_id AND c.quote_id = g.quote_id
                        AND c.interval_s = g.interval_s AND c.open_time >= g.missing_from
                        AND c.open_time < g.missing_until)
    LOOP
        PERFORM gaps_reconcile(gap.source_id, gap.asset_id, gap.quote_id, gap.interval_s, gap.since, gap.until, at,
                               NULL, NULL, NULL);
    END LOOP;
    UPDATE gaps SET checked_at = at
    WHERE gap_id IN (SELECT gap_id FROM gaps WHERE state = 'given_up' AND checked_at < at - interval '1 hour'
                     ORDER BY checked_at
                     LIMIT max_given_up);
END
$$;

-- How long after its n-th try a gap is tried again: five minutes, doubled each time, at most a day.
CREATE FUNCTION gap_distance(attempts integer) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN LEAST(interval '5 minutes' * power(2, LEAST(GREATEST(attempts - 1, 0), 20)), interval '1 day');

-- What came of the jobs that were planned for gaps. An answer without them is the provider's word that it has none: an
-- exchange has no candle where nothing was traded, an aggregator has lost it. What lies at the very beginning of a series
-- is then no gap: the market is younger. An answer of which rows had to be refused is no such word. A job that failed is
-- tried again later. As its owner, because checkpoints of such jobs have no further use.
CREATE FUNCTION gaps_settle(at timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    plan record;
    gap record;
    word text;
BEGIN
    FOR plan IN
        SELECT DISTINCT g.plan_job_id, p.stream, p.source_id, p.inserted_at, s.kind AS source_kind, r.run_id, r.status,
               r.rejected, r.error_code, r.slot - (r.args ->> 'lookback_s')::bigint * interval '1 second' AS asked_from,
               to_timestamp((r.args ->> 'until_s')::bigint) AS asked_until
        FROM gaps g
        LEFT JOIN slots p ON p.job_id = g.plan_job_id
        LEFT JOIN sources s ON s.source_id = p.source_id
        LEFT JOIN runs r ON r.job_id = g.plan_job_id
        WHERE g.plan_job_id IS NOT NULL
    LOOP
        CONTINUE WHEN coalesce(plan.status, '') NOT IN ('ok', 'dead', 'expired', 'skipped')
                  AND plan.inserted_at > at - interval '1 day';
        word := CASE
            WHEN plan.status = 'ok'
             AND EXISTS (SELECT FROM raw_payloads p WHERE p.run_id = plan.run_id AND p.verdict = 'ok')
             AND plan.rejected = 0
            THEN CASE plan.source_kind WHEN 'exchange' THEN 'no_trade' ELSE 'lost_upstream' END
            WHEN plan.status = 'dead' AND gap_cause_of_error(plan.error_code) IN ('expired', 'lost_upstream')
            THEN gap_cause_of_error(plan.error_code)
        END;
        FOR gap IN SELECT * FROM gaps WHERE plan_job_id = plan.plan_job_id LOOP
            UPDATE gaps SET state = 'open', plan_job_id = NULL, next_try_at = at + gap_distance(attempts)
            WHERE gap_id = gap.gap_id;
            PERFORM gaps_reconcile(gap.source_id, gap.asset_id, gap.quote_id, gap.interval_s, gap.missing_from,
                                   gap.missing_until, at, CASE WHEN word IS NOT NULL THEN plan.asked_from END,
                                   plan.asked_until, word);
        END LOOP;
        DELETE FROM checkpoints
        WHERE source_id = plan.source_id AND stream = plan.stream AND stream LIKE 'gaps/%' AND plan.status = 'ok';
    END LOOP;

    WITH younger AS (
        DELETE FROM gaps g
        USING coverage c
        WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s) = (g.source_id, g.asset_id, g.quote_id, g.interval_s)
          AND g.state = 'given_up' AND g.cause IN ('no_trade', 'lost_upstream') AND g.missing_from = c.expected_from
          AND g.missing_until < c.due_until AND g.missing_until <= c.verified_until AND g.attempts > 0
          AND EXISTS (SELECT FROM candles s
                      WHERE s.source_id = g.source_id AND s.asset_id = g.asset_id AND s.quote_id = g.quote_id
                        AND s.interval_s = g.interval_s AND s.open_time = g.missing_until)
        RETURNING g.*
    )
    UPDATE coverage c SET expected_from = y.missing_until
    FROM younger y
    WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s) = (y.source_id, y.asset_id, y.quote_id, y.interval_s);
END
$$;

-- Gives up what nobody will ask for: what lies further back than the source gives (expired), what was asked for too
-- often, and what cannot be asked for at all. That last one only when the source has answered something since; until
-- then it is worth a look. And forgets what is over.
CREATE FUNCTION gaps_give_up(at timestamptz, max_attempts integer) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE gaps g
    SET state = 'given_up', ended_at = at,
        cause = CASE WHEN c.named AND h.reaches_to >= g.missing_until THEN 'expired' ELSE g.cause END
    FROM coverage c
    LEFT JOIN history_reach h USING (source_id, interval_s)
    WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s) = (g.source_id, g.asset_id, g.quote_id, g.interval_s)
      AND g.state = 'open'
      AND (g.attempts >= max_attempts
           OR c.named AND h.reaches_to >= g.missing_until
           OR (NOT c.named OR h.reaches_to IS NULL)
              AND (EXISTS (SELECT FROM runs r
                           WHERE r.source_id = g.source_id AND r.status = 'ok' AND r.finished_at > g.missing_until)
                   OR NOT EXISTS (SELECT FROM expected_streams f
                                  WHERE (f.source_id, f.asset_id, f.quote_id, f.interval_s)
                                      = (g.source_id, g.asset_id, g.quote_id, g.interval_s))));
    DELETE FROM gaps WHERE state = 'filled' AND ended_at < at - interval '30 days';
END
$$;

-- Candles that are taken away are looked for again.
CREATE FUNCTION coverage_reopen() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE coverage c
    SET verified_until = LEAST(c.verified_until, g.first_gone), looked_until = LEAST(c.looked_until, g.first_gone)
    FROM (SELECT source_id, asset_id, quote_id, interval_s, min(open_time) AS first_gone
          FROM gone
          GROUP BY source_id, asset_id, quote_id, interval_s) AS g
    WHERE (c.source_id, c.asset_id, c.quote_id, c.interval_s) = (g.source_id, g.asset_id, g.quote_id, g.interval_s)
      AND c.expected_from <= g.first_gone AND GREATEST(c.verified_until, c.looked_until) > g.first_gone;
    RETURN NULL;
END
$$;
CREATE TRIGGER coverage_reopen AFTER DELETE ON candles REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION coverage_reopen();

-- Puts a job for gaps into the scheduler's outbox, and no other: workers have no right to slots. False = it is there already.
CREATE FUNCTION gap_job_order(new_job_id text, of_source smallint, of_stream text, new_slot timestamptz, new_message text)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF of_stream NOT LIKE 'gaps/%' THEN
        RAISE EXCEPTION 'not a stream of gaps: %', of_stream USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)
    VALUES (new_job_id, '(gaps)', of_source, of_stream, new_slot, new_message)
    ON CONFLICT (job_id) DO NOTHING;
    RETURN FOUND;
END
$$;

REVOKE EXECUTE ON FUNCTION coverage_reopen() FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage, gaps, history_reach TO tidemark_worker;
GRANT USAGE ON SEQUENCE gap_ids TO tidemark_worker;
GRANT SELECT ON expected_streams, slots, schedules, listings, leader TO tidemark_worker;
GRANT EXECUTE ON FUNCTION gap_job_order(text, smallint, text, timestamptz, text), gap_cause_of_error(text),
    gap_cause_of_run(runs, timestamptz),
    stream_due_slot(smallint, text, timestamptz, interval, interval), coverage_refresh(timestamptz, interval, interval),
    gap_facts(smallint, integer, smallint, integer, timestamptz, timestamptz),
    gaps_reconcile(smallint, integer, smallint, integer, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz,
                   text),
    coverage_verify(timestamptz, integer, integer), gaps_recheck(timestamptz, integer, integer),
    gap_distance(integer), gaps_settle(timestamptz), gaps_give_up(timestamptz, integer) TO tidemark_worker;
GRANT SELECT ON coverage, gaps, gap_list, history_reach TO tidemark_api;
GRANT UPDATE (state, attempts, next_try_at, ended_at) ON gaps TO tidemark_operator;
