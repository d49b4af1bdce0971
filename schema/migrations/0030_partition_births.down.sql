SET LOCAL ROLE tidemark_migrate;

CREATE OR REPLACE FUNCTION ensure_partition(parent text, moment timestamptz) RETURNS boolean
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
    IF EXISTS (SELECT FROM archives a WHERE a.partition = child AND a.dropped_at IS NOT NULL) THEN
        RAISE EXCEPTION '% was archived and dropped', child USING ERRCODE = 'TM002';
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

DROP TABLE partition_births;
