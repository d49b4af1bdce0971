-- What all runs add up to, kept by the transactions that change them, so that nobody has to read all runs.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE run_counters (
    source_id   smallint NOT NULL REFERENCES sources,
    status      text     NOT NULL,
    lane        smallint NOT NULL,
    runs        bigint   NOT NULL,
    records     bigint   NOT NULL,
    ended       bigint   NOT NULL,
    duration_us bigint   NOT NULL,
    PRIMARY KEY (source_id, status, lane)
) WITH (fillfactor = 50);
COMMENT ON TABLE run_counters IS 'sums over runs; only the sum over the lanes means something';
COMMENT ON COLUMN run_counters.lane IS 'sessions add to different rows, so that they do not wait for each other';
COMMENT ON COLUMN run_counters.ended IS 'runs that have an end: those that duration_us is of';

-- What changes from an old run, or none, to a new one, or none. Two sessions of one lane must not wait in a circle. A
-- page's transaction first adds to the sums of the status that its run has, then to those and to the sums of ok: so ok
-- comes last, and the others of one statement in one order.
CREATE FUNCTION run_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO run_counters AS c (source_id, status, lane, runs, records, ended, duration_us)
    SELECT r.source_id, r.status, pg_backend_pid() % 32, sum(r.sign), sum(r.sign * r.records),
           sum(r.sign * (r.finished_at IS NOT NULL)::integer),
           sum(r.sign * coalesce((extract(epoch FROM r.finished_at - r.started_at) * 1000000)::bigint, 0))
    FROM (VALUES (-1, OLD.source_id, OLD.status, OLD.records, OLD.started_at, OLD.finished_at),
                 (1, NEW.source_id, NEW.status, NEW.records, NEW.started_at, NEW.finished_at))
         AS r (sign, source_id, status, records, started_at, finished_at)
    WHERE r.source_id IS NOT NULL
    GROUP BY r.source_id, r.status
    ORDER BY r.source_id, r.status = 'ok', r.status
    ON CONFLICT (source_id, status, lane)
    DO UPDATE SET runs = c.runs + excluded.runs, records = c.records + excluded.records,
                  ended = c.ended + excluded.ended, duration_us = c.duration_us + excluded.duration_us;
    RETURN NULL;
END
$$;

CREATE FUNCTION run_count_none() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM run_counters;
    RETURN NULL;
END
$$;

-- The triggers' lock keeps other writers away until this transaction is over, so what is here is all there is.
CREATE TRIGGER run_count AFTER INSERT OR DELETE OR UPDATE OF source_id, status, records, started_at, finished_at
    ON runs FOR EACH ROW EXECUTE FUNCTION run_count();
CREATE TRIGGER run_count_none AFTER TRUNCATE ON runs EXECUTE FUNCTION run_count_none();

INSERT INTO run_counters (source_id, status, lane, runs, records, ended, duration_us)
SELECT source_id, status, 0, count(*), sum(records), count(finished_at),
       coalesce(sum((extract(epoch FROM finished_at - started_at) * 1000000)::bigint), 0)
FROM runs
GROUP BY source_id, status;

CREATE INDEX runs_not_done ON runs (source_id, finished_at DESC) WHERE status IN ('failed', 'dead', 'expired');

REVOKE EXECUTE ON FUNCTION run_count(), run_count_none() FROM PUBLIC;
GRANT SELECT ON run_counters TO tidemark_api;
