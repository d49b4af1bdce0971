SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION listing_order_hold(integer[], smallint[]);
CREATE OR REPLACE FUNCTION listing_order_renew(asset_ids integer[], quote_ids smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM listing_order o
    JOIN unnest(asset_ids, quote_ids) AS pair (asset_id, quote_id) USING (asset_id, quote_id)
    ORDER BY o.quote_id, o.asset_id
    FOR UPDATE OF o;
    WITH known AS MATERIALIZED (SELECT * FROM listing_sources)
    INSERT INTO listing_order AS o (quote_id, asset_id, source_id, observed_at, rank, price, market_cap, volume_24h,
                                    change_24h_percent, symbol, name)
    SELECT pair.quote_id, pair.asset_id, lead.source_id, lead.observed_at, lead.rank, lead.price, lead.market_cap,
           lead.volume_24h, lead.change_24h_percent, left(lower(a.symbol), 60), left(lower(a.name), 60)
    FROM unnest(asset_ids, quote_ids) AS pair (asset_id, quote_id)
    JOIN assets a USING (asset_id)
    CROSS JOIN LATERAL (
        SELECT l.source_id,
               CASE WHEN l.doubt = 0 THEN l.observed_at ELSE '-infinity' END AS observed_at,
               CASE WHEN l.doubt = 0 THEN d.rank END AS rank,
               CASE WHEN l.doubt = 0 THEN l.price END AS price,
               CASE WHEN l.doubt = 0 THEN l.market_cap END AS market_cap,
               CASE WHEN l.doubt = 0 THEN l.volume_24h END AS volume_24h,
               CASE WHEN l.doubt = 0 THEN coalesce(l.change_24h_percent, d.change_24h_percent) END AS change_24h_percent
        FROM latest_prices l
        JOIN known k USING (source_id)
        LEFT JOIN listings d USING (asset_id, quote_id, source_id)
        WHERE l.asset_id = pair.asset_id AND l.quote_id = pair.quote_id
        ORDER BY l.doubt <> 0, l.observed_at < k.fresh_from, k.is_partial, k.priority, l.source_id
        LIMIT 1
    ) AS lead
    ORDER BY pair.quote_id, pair.asset_id
    ON CONFLICT (quote_id, asset_id)
    DO UPDATE SET source_id = excluded.source_id, observed_at = excluded.observed_at, rank = excluded.rank,
                  price = excluded.price, market_cap = excluded.market_cap, volume_24h = excluded.volume_24h,
                  change_24h_percent = excluded.change_24h_percent;
END
$$;

CREATE OR REPLACE FUNCTION listing_order_of_prices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    pairs record;
BEGIN
    UPDATE listing_order o
    SET observed_at = n.observed_at, price = n.price, market_cap = n.market_cap, volume_24h = n.volume_24h,
        change_24h_percent = coalesce(n.change_24h_percent, o.change_24h_percent)
    FROM changed n
    WHERE o.quote_id = n.quote_id AND o.asset_id = n.asset_id AND o.source_id = n.source_id AND n.doubt = 0
      AND o.observed_at <> '-infinity';
    WITH known AS MATERIALIZED (SELECT * FROM listing_sources)
    SELECT array_agg(due.asset_id) AS asset_ids, array_agg(due.quote_id) AS quote_ids INTO pairs
    FROM (
        SELECT DISTINCT n.asset_id, n.quote_id
        FROM changed n
        JOIN known mine ON mine.source_id = n.source_id
        LEFT JOIN listing_order o ON o.quote_id = n.quote_id AND o.asset_id = n.asset_id
        LEFT JOIN known lead ON lead.source_id = o.source_id
        WHERE o.asset_id IS NULL OR o.observed_at < lead.fresh_from OR (o.source_id = n.source_id AND n.doubt <> 0)
           OR (o.source_id <> n.source_id AND n.doubt = 0
               AND (mine.is_partial, mine.priority, mine.source_id) < (lead.is_partial, lead.priority, lead.source_id))
    ) AS due;
    IF pairs.asset_ids IS NOT NULL THEN
        PERFORM listing_order_renew(pairs.asset_ids, pairs.quote_ids);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION listing_order_of_listings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE listing_order o
    SET rank = n.rank, change_24h_percent = coalesce(l.change_24h_percent, n.change_24h_percent)
    FROM changed n
    JOIN latest_prices l USING (asset_id, quote_id, source_id)
    WHERE o.quote_id = n.quote_id AND o.asset_id = n.asset_id AND o.source_id = n.source_id
      AND o.observed_at <> '-infinity'
      AND (o.rank, o.change_24h_percent) IS DISTINCT FROM (n.rank, coalesce(l.change_24h_percent, n.change_24h_percent));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION listing_order_of_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE listing_order o
    SET symbol = left(lower(n.symbol), 60), name = left(lower(n.name), 60)
    FROM changed n
    WHERE o.asset_id = n.asset_id
      AND (o.symbol, o.name) IS DISTINCT FROM (left(lower(n.symbol), 60), left(lower(n.name), 60));
    RETURN NULL;
END
$$;

DROP VIEW listing_numbers;
-- Their indexes go with them.
ALTER TABLE listing_order
    DROP COLUMN rank_step, DROP COLUMN price_step, DROP COLUMN market_cap_step, DROP COLUMN volume_24h_step,
    DROP COLUMN change_24h_percent_step;
ALTER TABLE listing_order SET (fillfactor = 70);
DROP FUNCTION listing_step(text, numeric);
CREATE INDEX listing_order_rank ON listing_order (quote_id, rank, asset_id);
CREATE INDEX listing_order_price ON listing_order (quote_id, price, asset_id);
CREATE INDEX listing_order_market_cap ON listing_order (quote_id, market_cap, asset_id);
CREATE INDEX listing_order_volume_24h ON listing_order (quote_id, volume_24h, asset_id);
CREATE INDEX listing_order_change_24h_percent ON listing_order (quote_id, change_24h_percent, asset_id);
CREATE VIEW listing_numbers AS
    SELECT 'market_cap'::text AS sort, market_cap AS value, quote_id, asset_id, source_id, market_cap, volume_24h
    FROM listing_order
    UNION ALL
    SELECT 'volume', volume_24h, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'price', price, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'change_24h', change_24h_percent, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'rank', rank, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order;
GRANT SELECT ON listing_numbers TO tidemark_api;
