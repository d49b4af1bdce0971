-- In what order /data gives the latest prices of all sources, and how many there are, kept as they come: a page of them is a
-- short walk along an index, and nobody counts. Prices that only change are not looked at: a row of a market is touched
-- when its source names another rank, or its market cap begins or ends to be one that cannot be.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE data_order (
    source_id smallint NOT NULL REFERENCES sources,
    quote_id  smallint NOT NULL REFERENCES quotes,
    asset_id  integer  NOT NULL REFERENCES assets,
    place     integer,
    priority  smallint NOT NULL,
    slug      text     NOT NULL,
    code      text     NOT NULL,
    PRIMARY KEY (asset_id, quote_id, source_id)
) WITH (fillfactor = 90);
CREATE INDEX data_order_of_all ON data_order (place, slug, code, priority, source_id) INCLUDE (asset_id, quote_id);
CREATE INDEX data_order_of_source ON data_order (source_id, place, slug, code) INCLUDE (asset_id, quote_id);
COMMENT ON TABLE data_order IS 'a row for each of latest_prices';
COMMENT ON COLUMN data_order.place IS 'rank that the source''s listing says; null = none, or it rests on a market cap that cannot be';
COMMENT ON COLUMN data_order.priority IS 'of the source';
COMMENT ON COLUMN data_order.slug IS 'of the asset, as code is of the currency: neither ever changes';

CREATE TABLE data_counts (
    source_id smallint NOT NULL REFERENCES sources,
    rows      bigint   NOT NULL
);
COMMENT ON TABLE data_counts IS 'how many rows of latest_prices each source has: only the sum over all rows of a source means something';

-- Makes both anew.
CREATE FUNCTION data_order_renew() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    LOCK TABLE latest_prices, listings IN SHARE MODE;
    DELETE FROM data_order;
    DELETE FROM data_counts;
    INSERT INTO data_order (source_id, quote_id, asset_id, place, priority, slug, code)
    SELECT l.source_id, l.quote_id, l.asset_id, CASE WHEN l.doubt & 4 = 0 THEN d.rank END, s.priority, a.slug, q.code
    FROM latest_prices l
    JOIN sources s USING (source_id)
    JOIN assets a USING (asset_id)
    JOIN quotes q USING (quote_id)
    LEFT JOIN listings d USING (asset_id, quote_id, source_id);
    INSERT INTO data_counts (source_id, rows) SELECT source_id, count(*) FROM latest_prices GROUP BY source_id;
$$;

-- Adds to the counts. Writers never wait for each other: each adds a row of its own, and whoever finds nobody else at it
-- makes one of all that are committed.
CREATE FUNCTION data_count(source_ids smallint[], rows_more bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO data_counts (source_id, rows) SELECT * FROM unnest(source_ids, rows_more);
    IF pg_try_advisory_xact_lock(hashtext('tidemark.data_counts')) THEN
        WITH parts AS (
            DELETE FROM data_counts RETURNING source_id, rows
        )
        INSERT INTO data_counts (source_id, rows)
        SELECT source_id, sum(rows) FROM parts GROUP BY source_id;
    END IF;
END
$$;

-- A price that there was none of. Most statements only change prices, and find nothing here.
CREATE FUNCTION data_order_add() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM added) THEN
        RETURN NULL;
    END IF;
    INSERT INTO data_order (source_id, quote_id, asset_id, place, priority, slug, code)
    SELECT l.source_id, l.quote_id, l.asset_id, CASE WHEN l.doubt & 4 = 0 THEN d.rank END, s.priority, a.slug, q.code
    FROM added l
    JOIN sources s USING (source_id)
    JOIN assets a USING (asset_id)
    JOIN quotes q USING (quote_id)
    LEFT JOIN listings d USING (asset_id, quote_id, source_id);
    PERFORM data_count(array_agg(source_id), array_agg(rows))
    FROM (SELECT source_id, count(*) AS rows FROM added GROUP BY source_id) AS more;
    RETURN NULL;
END
$$;
CREATE TRIGGER data_order_add AFTER INSERT ON latest_prices
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION data_order_add();

-- Prices are taken away by hand only.
CREATE FUNCTION data_order_remove() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM data_order o
    USING removed r
    WHERE (o.asset_id, o.quote_id, o.source_id) = (r.asset_id, r.quote_id, r.source_id);
    PERFORM data_count(array_agg(source_id), array_agg(rows))
    FROM (SELECT source_id, -count(*) AS rows FROM removed GROUP BY source_id) AS less;
    RETURN NULL;
END
$$;
CREATE TRIGGER data_order_remove AFTER DELETE ON latest_prices
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION data_order_remove();

CREATE FUNCTION data_order_none() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM data_order;
    DELETE FROM data_counts;
    RETURN NULL;
END
$$;
CREATE TRIGGER data_order_none AFTER TRUNCATE ON latest_prices
    FOR EACH STATEMENT EXECUTE FUNCTION data_order_none();

-- Whoever writes a row of one of both tables has the row of latest_prices, so two of these do not meet.
CREATE FUNCTION data_order_place() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    of_row record := coalesce(NEW, OLD);
BEGIN
    UPDATE data_order o
    SET place = CASE WHEN l.doubt & 4 = 0 THEN d.rank END
    FROM latest_prices l
    LEFT JOIN listings d USING (asset_id, quote_id, source_id)
    WHERE (l.asset_id, l.quote_id, l.source_id) = (o.asset_id, o.quote_id, o.source_id)
      AND (o.asset_id, o.quote_id, o.source_id) = (of_row.asset_id, of_row.quote_id, of_row.source_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER data_order_doubted AFTER UPDATE OF doubt ON latest_prices
    FOR EACH ROW WHEN (OLD.doubt & 4 <> NEW.doubt & 4) EXECUTE FUNCTION data_order_place();
CREATE TRIGGER data_order_listed AFTER INSERT ON listings
    FOR EACH ROW WHEN (NEW.rank IS NOT NULL) EXECUTE FUNCTION data_order_place();
CREATE TRIGGER data_order_ranked AFTER UPDATE OF rank ON listings
    FOR EACH ROW WHEN (OLD.rank IS DISTINCT FROM NEW.rank) EXECUTE FUNCTION data_order_place();
CREATE TRIGGER data_order_unlisted AFTER DELETE ON listings
    FOR EACH ROW WHEN (OLD.rank IS NOT NULL) EXECUTE FUNCTION data_order_place();

CREATE FUNCTION data_order_priority() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE data_order SET priority = NEW.priority WHERE source_id = NEW.source_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER data_order_priority AFTER UPDATE OF priority ON sources
    FOR EACH ROW WHEN (OLD.priority <> NEW.priority) EXECUTE FUNCTION data_order_priority();

REVOKE EXECUTE ON FUNCTION data_order_renew(), data_count(smallint[], bigint[]), data_order_add(), data_order_remove(),
    data_order_none(), data_order_place(), data_order_priority() FROM PUBLIC;
GRANT SELECT ON data_order, data_counts TO tidemark_api;

SELECT data_order_renew();
