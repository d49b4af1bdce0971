-- Tables partitioned by time. There is no default partition: a row without a home is an error that
-- the worker answers by asking for one, so that nothing hides where retention cannot drop it.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE partitioned_tables (
    name       text    PRIMARY KEY,
    width      text    NOT NULL CHECK (width IN ('day', 'month')),
    fillfactor integer NOT NULL CHECK (fillfactor BETWEEN 10 AND 100)
);
COMMENT ON TABLE partitioned_tables IS 'what ensure_partition may make parts of, and how wide';

CREATE FUNCTION partitions_ahead() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN interval '31 days';
COMMENT ON FUNCTION partitions_ahead IS 'how long before its first row a partition is made';

-- Makes the partition of `parent` that `moment` falls into; true if it was not there before.
-- Its owner makes the tables, so that a worker needs no right to create any.
CREATE FUNCTION ensure_partition(parent text, moment timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    kind  partitioned_tables;
    first timestamp; -- UTC
    child text;
BEGIN
    SELECT * INTO kind FROM partitioned_tables WHERE name = parent;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such partitioned table: %', parent USING ERRCODE = 'undefined_table';
    END IF;
    -- A wrong clock or a bad payload must not fill the catalogue.
    IF moment IS NULL OR moment < '2009-01-01T00:00:00Z'
       OR moment > now() + interval '10 minutes' + partitions_ahead() THEN
        RAISE EXCEPTION 'no partition of % for %', parent, moment
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    first := date_trunc(kind.width, moment AT TIME ZONE 'UTC');
    child := parent || '_' || to_char(first, CASE kind.width WHEN 'day' THEN 'YYYYMMDD'
                                                             ELSE 'YYYYMM' END);
    IF to_regclass(child) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tidemark.partition'), hashtext(parent));
    -- Another one may have made it while we waited. to_regclass would still know it as missing.
    IF EXISTS (SELECT FROM pg_class
               WHERE relname = child AND relnamespace = 'public'::regnamespace) THEN
        RETURN false;
    END IF;
    -- CREATE ... PARTITION OF would lock readers and writers of the parent out; ATTACH does not.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = %s)',
                   child, parent, kind.fillfactor);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child,
                   first AT TIME ZONE 'UTC',
                   (first + ('1 ' || kind.width)::interval) AT TIME ZONE 'UTC');
    RETURN true;
END
$$;

-- Makes every partition from now to `partitions_ahead()`; says how many were missing.
CREATE FUNCTION create_partitions_ahead() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT count(*) FILTER (WHERE ensure_partition(name, moment))::integer
    FROM partitioned_tables,
         generate_series(now(), now() + partitions_ahead(), interval '1 day') AS moment
$$;

GRANT SELECT ON partitioned_tables TO tidemark_worker, tidemark_scheduler, tidemark_api;
GRANT EXECUTE ON FUNCTION partitions_ahead(), ensure_partition(text, timestamptz),
    create_partitions_ahead() TO tidemark_worker, tidemark_scheduler, tidemark_operator;
