-- What is older than it is to be kept goes, a partition at a time, after it was archived and the archive was read back.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE partitioned_tables
    ADD COLUMN retention text NOT NULL DEFAULT 'aggregates' CHECK (retention IN ('raw', 'aggregates'));
COMMENT ON COLUMN partitioned_tables.retention IS 'which limit its partitions go by: that of raw data or that of aggregates';
UPDATE partitioned_tables SET retention = 'raw' WHERE name IN ('raw_payloads', 'ticks');

CREATE VIEW partitions AS
SELECT t.name AS parent, c.relname::text AS partition, t.retention, bounds[1]::timestamptz AS range_from,
       bounds[2]::timestamptz AS range_to
FROM partitioned_tables t
JOIN pg_inherits i ON i.inhparent = to_regclass(t.name) AND NOT i.inhdetachpending
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \('([^']+)'\) TO \('([^']+)'\)$$) AS bounds;
COMMENT ON VIEW partitions IS 'the parts that each partitioned table has now; [range_from, range_to)';

CREATE TABLE archives (
    archive_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent         text        NOT NULL REFERENCES partitioned_tables,
    partition      text        NOT NULL,
    range_from     timestamptz NOT NULL,
    range_to       timestamptz NOT NULL CHECK (range_to > range_from),
    row_count      bigint      NOT NULL CHECK (row_count >= 0),
    plain_bytes    bigint      NOT NULL,
    packed_bytes   bigint      NOT NULL,
    archived_at    timestamptz NOT NULL,
    verified_at    timestamptz NOT NULL,
    changed_at     timestamptz,
    dropped_at     timestamptz,
    restored_at    timestamptz,
    keep_until     timestamptz,
    schema_version integer     NOT NULL,
    plain_sha256   bytea       NOT NULL CHECK (length(plain_sha256) = 32),
    packed_sha256  bytea       NOT NULL CHECK (length(packed_sha256) = 32),
    fingerprint    text        NOT NULL,
    location       text        NOT NULL,
    UNIQUE (partition, plain_sha256)
);
CREATE UNIQUE INDEX archives_dropped ON archives (partition) WHERE dropped_at IS NOT NULL;
COMMENT ON TABLE archives IS 'copies of partitions outside of the database that were read back and found whole';
COMMENT ON COLUMN archives.verified_at IS 'when it was last read back: sizes, hashes and the number of rows were right';
COMMENT ON COLUMN archives.changed_at IS 'when the partition was seen to be another one than the archived; null = it was not';
COMMENT ON COLUMN archives.dropped_at IS 'when the partition was dropped; null = it is there, or a later archive is what it was dropped for';
COMMENT ON COLUMN archives.keep_until IS 'a restored partition is not dropped before';
COMMENT ON COLUMN archives.fingerprint IS 'of the rows'' places and versions, see partition_fingerprint';
COMMENT ON COLUMN archives.location IS 'address of the gzip CSV; the manifest is beside it, .json instead of .csv.gz';

CREATE TABLE retention_state (
    only_one       boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    raw_days       integer     NOT NULL,
    aggregate_days integer     NOT NULL,
    archive        text        NOT NULL,
    seen_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE retention_state IS 'the workers'' settings, for those who only look: the last that archived or dropped anything said so';
COMMENT ON COLUMN retention_state.raw_days IS '0 = for ever';
COMMENT ON COLUMN retention_state.archive IS 'where archives go; empty = nowhere, so nothing is dropped';

-- What changes whenever any row of a partition is inserted, updated or deleted: how many there are, and a sum over
-- where each stands and which transaction put it there. It reads no values, so of large rows it reads little.
-- Rewriting a table without changing it (VACUUM FULL, a dump that is restored) changes it as well: then it is archived
-- once more, which harms nobody.
CREATE FUNCTION partition_fingerprint(of_partition text, OUT row_count bigint, OUT fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM partitions p WHERE p.partition = of_partition) THEN
        RAISE EXCEPTION 'no such partition: %', of_partition USING ERRCODE = 'undefined_table';
    END IF;
    EXECUTE format('SELECT count(*), count(*) || ''/'''
                   ' || coalesce(bit_xor(hashtextextended(ctid::text || xmin::text, 0)), 0) FROM %I', of_partition)
        INTO row_count, fingerprint;
END
$$;

-- The COPY that writes all rows of a range, in the order of their key, as CSV with a first line of names. Whoever may
-- read the table may run it.
CREATE FUNCTION archive_copy_out(of_parent text, range_from timestamptz, range_to timestamptz, column_names text[])
    RETURNS text
    LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT format('COPY (SELECT %s FROM %I WHERE %I >= %L AND %I < %L ORDER BY %s) TO STDOUT (FORMAT csv, HEADER)',
                  (SELECT string_agg(quote_ident(name), ', ' ORDER BY place)
                   FROM unnest(column_names) WITH ORDINALITY AS c (name, place)),
                  t.name, moment.attname, range_from, moment.attname, range_to,
                  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
                   FROM pg_index x
                   CROSS JOIN LATERAL unnest(x.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
                   JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number
                   WHERE x.indrelid = to_regclass(t.name) AND x.indisprimary AND k.place <= x.indnkeyatts))
    FROM partitioned_tables t
    JOIN pg_partitioned_table p ON p.partrelid = to_regclass(t.name)
    JOIN pg_attribute moment ON moment.attrelid = p.partrelid AND moment.attnum = p.partattrs[0]
    WHERE t.name = of_parent
$$;

-- The COPY that reads such a file into a table.
CREATE FUNCTION archive_copy_in(into_table regclass, column_names text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT format('COPY %s (%s) FROM STDIN (FORMAT csv, HEADER match)', into_table,
                  (SELECT string_agg(quote_ident(name), ', ' ORDER BY place)
                   FROM unnest(column_names) WITH ORDINALITY AS c (name, place)))
$$;

-- Drops the partition of an archive, if that was read back within a day and the partition is what was archived; `before`
-- is what it must lie before. Says 'dropped', 'gone' (it was already), 'kept' (restored, and to be kept), 'changed' (to
-- be archived again) or 'busy' (somebody uses the table all the time: try later). Everything else is an error.
--
-- The partition is looked at under a lock that keeps writers out of it until this transaction ends, so a row that came
-- late is either seen here, or comes after the drop and finds no partition. To drop it means to lock its parent against
-- everybody for a moment. A lock that is waited for makes all who come later wait behind it, so it is taken only when
-- nobody is in the way; at last it is waited for, but no longer than clients can bear. DETACH ... CONCURRENTLY would not
-- need that lock, but runs in no function, and it is the owner's: workers own nothing.
CREATE FUNCTION partition_drop(of_archive bigint, before timestamptz) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    archive archives;
    known   record;
    seen    record;
    tries   integer := 0;
BEGIN
    SELECT * INTO archive FROM archives a WHERE a.archive_id = of_archive FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no archive %', of_archive USING ERRCODE = 'no_data_found';
    END IF;
    IF archive.verified_at < now() - interval '1 day' THEN
        RAISE EXCEPTION 'the archive of % was last read back at %', archive.partition, archive.verified_at
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT * INTO known FROM partitions p WHERE p.partition = archive.partition AND p.parent = archive.parent;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF before IS NULL OR known.range_to > least(before, now() - interval '1 day') THEN
        RAISE EXCEPTION '% is not old enough: it ends at %', archive.partition, known.range_to
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF EXISTS (SELECT FROM archives a WHERE a.partition = archive.partition AND a.keep_until > now()) THEN
        RETURN 'kept';
    END IF;
    BEGIN
        EXECUTE format('LOCK TABLE ONLY %I IN SHARE MODE NOWAIT', archive.partition);
    EXCEPTION WHEN lock_not_available THEN
        RETURN 'busy';
    END;
    SELECT * INTO seen FROM partition_fingerprint(archive.partition);
    IF seen.row_count <> archive.row_count OR seen.fingerprint <> archive.fingerprint THEN
        UPDATE archives SET changed_at = now() WHERE archive_id = of_archive;
        RETURN 'changed';
    END IF;
    LOOP
        tries := tries + 1;
        BEGIN
            PERFORM set_config('lock_timeout', '50ms', true);
            EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE %s', archive.parent,
                           CASE WHEN tries < 20 THEN 'NOWAIT' END);
            EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE NOWAIT', archive.partition);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF tries = 22 THEN
                RETURN 'busy';
            END IF;
            PERFORM pg_sleep(0.02);
        END;
    END LOOP;
    EXECUTE format('DROP TABLE %I', archive.partition);
    UPDATE archives SET dropped_at = now(), changed_at = NULL WHERE archive_id = of_archive;
    RETURN 'dropped';
END
$$;

-- Makes the dropped partition of an archive again, empty, for its rows to be copied into; false if it is there. It is
-- kept for `how_long`.
CREATE FUNCTION partition_restore(of_archive bigint, how_long interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    archive archives;
BEGIN
    SELECT * INTO archive FROM archives a WHERE a.archive_id = of_archive FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no archive %', of_archive USING ERRCODE = 'no_data_found';
    END IF;
    IF archive.dropped_at IS NULL THEN
        RETURN false;
    END IF;
    UPDATE archives SET dropped_at = NULL, restored_at = now(), keep_until = now() + how_long
    WHERE archive_id = of_archive;
    RETURN ensure_partition(archive.parent, archive.range_from);
END
$$;

-- After that: the partition is what the archive says, so that it can be dropped again without being archived again.
CREATE FUNCTION partition_restored(of_archive bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE archives a
    SET fingerprint = (SELECT f.fingerprint FROM partition_fingerprint(a.partition) f), changed_at = NULL
    WHERE a.archive_id = of_archive AND a.restored_at = now()
$$;

-- Removes runs that ended before a moment and that nothing kept can lead to: rows are never newer than the run that
-- fetched them, so what is in a partition was fetched after it began. Says how many went; at most `at_most`.
CREATE FUNCTION runs_trim(before timestamptz, at_most bigint) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM runs
        WHERE run_id IN (
            SELECT r.run_id
            FROM runs r
            WHERE r.started_at < least(before, (SELECT min(range_from) FROM partitions)) - interval '1 day'
              AND r.finished_at < before
              AND r.status IN ('ok', 'expired', 'skipped', 'dead')
              AND NOT EXISTS (SELECT FROM latest_prices p WHERE p.run_id = r.run_id)
              AND NOT EXISTS (SELECT FROM listings l WHERE l.run_id = r.run_id)
              AND NOT EXISTS (SELECT FROM checkpoints c WHERE c.run_id = r.run_id)
              AND NOT EXISTS (SELECT FROM reference_entries e WHERE e.run_id = r.run_id)
            ORDER BY r.started_at
            LIMIT at_most)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- As before, but what was dropped stays dropped: a late row does not make its partition again, only a restore does.
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

REVOKE EXECUTE ON FUNCTION partition_fingerprint(text), partition_drop(bigint, timestamptz), partition_restore(bigint, interval),
    partition_restored(bigint), runs_trim(timestamptz, bigint) FROM PUBLIC;
GRANT SELECT ON partitions, archives, retention_state TO tidemark_worker, tidemark_scheduler, tidemark_api, tidemark_operator;
GRANT INSERT ON archives, retention_state TO tidemark_worker, tidemark_operator;
GRANT UPDATE (packed_bytes, archived_at, verified_at, changed_at, schema_version, packed_sha256, fingerprint, location)
    ON archives TO tidemark_worker, tidemark_operator;
GRANT UPDATE ON retention_state TO tidemark_worker;
GRANT EXECUTE ON FUNCTION partition_fingerprint(text), archive_copy_out(text, timestamptz, timestamptz, text[]),
    archive_copy_in(regclass, text[]) TO tidemark_worker, tidemark_operator;
GRANT EXECUTE ON FUNCTION partition_drop(bigint, timestamptz), runs_trim(timestamptz, bigint) TO tidemark_worker;
GRANT EXECUTE ON FUNCTION partition_restore(bigint, interval), partition_restored(bigint) TO tidemark_operator;
-- An archive says of which schema it is.
GRANT SELECT ON schema_migrations TO tidemark_worker;
-- A restore puts rows back as they were.
GRANT INSERT ON ticks, candles, candle_revisions, raw_payloads TO tidemark_operator;
