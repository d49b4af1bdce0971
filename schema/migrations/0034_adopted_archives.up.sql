-- Archives without the database that made them: its names and numbers go with them, so that another one can take them on.
SET LOCAL ROLE tidemark_migrate;

-- What the rows of a range refer to: the assets among them, and the newest run and payload there are by now.
CREATE FUNCTION archive_references(of_parent text, range_from timestamptz, range_to timestamptz, OUT assets jsonb,
                                   OUT newest_run_id bigint, OUT newest_payload_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    moment name;
BEGIN
    SELECT a.attname INTO STRICT moment
    FROM partitioned_tables t
    JOIN pg_partitioned_table p ON p.partrelid = to_regclass(t.name)
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE t.name = of_parent;
    assets := '[]';
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(of_parent) AND attname = 'asset_id') THEN
        EXECUTE format(
            'SELECT coalesce(jsonb_agg(jsonb_build_object(''id'', a.asset_id, ''slug'', a.slug, ''symbol'', a.symbol,'
            ' ''name'', a.name) ORDER BY a.asset_id), ''[]'')'
            ' FROM assets a WHERE a.asset_id IN (SELECT t.asset_id FROM %1$I t WHERE t.%2$I >= %3$L AND t.%2$I < %4$L)',
            of_parent, moment, range_from, range_to) INTO assets;
    END IF;
    SELECT coalesce(max(run_id), 0) INTO newest_run_id FROM runs;
    SELECT last_value INTO newest_payload_id FROM raw_payload_ids;
END
$$;

-- Takes on an archive that another database made, as if it had been dropped here: then it can be restored. Says 'adopted',
-- 'known' (it was already), or 'there' (the partition is here, so that is left alone). Its assets get the numbers they had;
-- runs and payloads that come get others than its rows name. Of two archives of a partition the last one that is taken
-- counts, so they are to come in the order in which they were made.
CREATE FUNCTION archive_adopt(of_parent text, of_partition text, starts timestamptz, ends timestamptz, rows_in bigint,
                              plain_size bigint, packed_size bigint, made_at timestamptz, of_schema integer,
                              plain_hash bytea, packed_hash bytea, at_location text, its_assets jsonb,
                              newest_run_id bigint, newest_payload_id bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    stranger record;
    is_there boolean := EXISTS (SELECT FROM partitions p WHERE p.partition = of_partition);
BEGIN
    IF EXISTS (SELECT FROM archives a WHERE a.partition = of_partition AND a.plain_sha256 = plain_hash) THEN
        RETURN 'known';
    END IF;
    SELECT n.id, n.slug, a.asset_id, a.slug AS other INTO stranger
    FROM jsonb_to_recordset(its_assets) AS n (id integer, slug text)
    JOIN assets a ON (a.asset_id = n.id) <> (a.slug = n.slug)
    ORDER BY n.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'in the archive asset % is %, here % is %', stranger.id, stranger.slug, stranger.asset_id, stranger.other
            USING ERRCODE = 'TM003', HINT = 'take archives on in a database that was just migrated, before schedules apply';
    END IF;
    INSERT INTO assets (asset_id, slug, symbol, name) OVERRIDING SYSTEM VALUE
    SELECT n.id, n.slug, n.symbol, n.name
    FROM jsonb_to_recordset(its_assets) AS n (id integer, slug text, symbol text, name text)
    ON CONFLICT DO NOTHING;
    PERFORM setval(pg_get_serial_sequence('assets', 'asset_id'), (SELECT max(asset_id) FROM assets))
    WHERE EXISTS (SELECT FROM assets);
    PERFORM setval(pg_get_serial_sequence('runs', 'run_id'),
                   greatest(newest_run_id, nextval(pg_get_serial_sequence('runs', 'run_id'))));
    PERFORM setval('raw_payload_ids', greatest(newest_payload_id, nextval('raw_payload_ids')));
    UPDATE archives SET dropped_at = NULL, changed_at = now() WHERE partition = of_partition;
    INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes, archived_at,
                          verified_at, dropped_at, changed_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)
    VALUES (of_parent, of_partition, starts, ends, rows_in, plain_size, packed_size, made_at, made_at,
            CASE WHEN NOT is_there THEN now() END, CASE WHEN is_there THEN now() END, of_schema, plain_hash, packed_hash, '',
            at_location);
    RETURN CASE WHEN is_there THEN 'there' ELSE 'adopted' END;
END
$$;

-- As before; charts find restored candles, too, where the database has never had them.
CREATE OR REPLACE FUNCTION partition_restored(of_archive bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    restored archives;
BEGIN
    UPDATE archives a
    SET fingerprint = (SELECT f.fingerprint FROM partition_fingerprint(a.partition) f), changed_at = NULL
    WHERE a.archive_id = of_archive AND a.restored_at = now()
    RETURNING a.* INTO restored;
    IF restored.parent = 'candles' THEN
        EXECUTE format(
            'INSERT INTO series AS s (source_id, quote_id, asset_id, interval_s, rolled, first_open_time, last_open_time)'
            ' SELECT source_id, quote_id, asset_id, interval_s, origin IN (2, 3), min(open_time), max(open_time)'
            ' FROM %I GROUP BY 1, 2, 3, 4, 5'
            ' ON CONFLICT (asset_id, quote_id, interval_s, source_id, rolled) DO UPDATE'
            ' SET first_open_time = least(s.first_open_time, excluded.first_open_time),'
            ' last_open_time = greatest(s.last_open_time, excluded.last_open_time)', restored.partition);
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION archive_references(text, timestamptz, timestamptz), archive_adopt(text, text, timestamptz, timestamptz,
    bigint, bigint, bigint, timestamptz, integer, bytea, bytea, text, jsonb, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION archive_references(text, timestamptz, timestamptz) TO tidemark_worker, tidemark_operator;
GRANT EXECUTE ON FUNCTION archive_adopt(text, text, timestamptz, timestamptz, bigint, bigint, bigint, timestamptz, integer, bytea,
    bytea, text, jsonb, bigint, bigint) TO tidemark_operator;
