SET LOCAL ROLE tidemark_migrate;

CREATE OR REPLACE FUNCTION partition_restored(of_archive bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE archives a
    SET fingerprint = (SELECT f.fingerprint FROM partition_fingerprint(a.partition) f), changed_at = NULL
    WHERE a.archive_id = of_archive AND a.restored_at = now()
$$;
DROP FUNCTION archive_adopt(text, text, timestamptz, timestamptz, bigint, bigint, bigint, timestamptz, integer, bytea, bytea, text,
    jsonb, bigint, bigint);
DROP FUNCTION archive_references(text, timestamptz, timestamptz);
