-- Every price that is stored moves its row of listing_order, and a number that an index orders costs an entry in every index of
-- the table, each time. So the indexes know a number by a coarse step only: as long as no step changes, a row is written
-- where it stands (a HOT update) and no index hears of it. Within a step the rows are few, and are sorted when they are read.
SET LOCAL ROLE tidemark_migrate;

-- The step of a number that is ordered by: never lower for a higher number, and exactly so, because roots and products of
-- IEEE numbers are rounded correctly and never change places. A step is some percent of a price or an amount, about half a
-- point of a change of 5 %, and a single rank among the first, a hundred among the ten thousandth.
CREATE FUNCTION listing_step(sort text, value numeric) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN value IS NULL THEN NULL
        WHEN sort = 'price' THEN trunc(200 * sqrt(sqrt(sqrt(sqrt(LEAST(GREATEST(value, 1e-30), 1e30)::float8)))))
        WHEN sort = 'change_24h' THEN sign(LEAST(GREATEST(value, -1e6), 1e6)::float8)
                                      * trunc(2 * sqrt(abs(LEAST(GREATEST(value, -1e6), 1e6)::float8)))
        WHEN sort = 'rank' THEN trunc(2 * sqrt(LEAST(GREATEST(value, 0), 1e8)::float8))
        ELSE trunc(60 * sqrt(sqrt(sqrt(sqrt(LEAST(GREATEST(value, 1e-30), 1e30)::float8)))))
    END::smallint;
GRANT EXECUTE ON FUNCTION listing_step(text, numeric) TO tidemark_api;

DROP VIEW listing_numbers;
DROP INDEX listing_order_rank, listing_order_price, listing_order_market_cap, listing_order_volume_24h,
    listing_order_change_24h_percent;
-- A page of the market writes every row anew: there has to be room for as many beside them.
ALTER TABLE listing_order SET (fillfactor = 45);
ALTER TABLE listing_order
    ADD COLUMN rank_step smallint GENERATED ALWAYS AS (listing_step('rank', rank)) STORED,
    ADD COLUMN price_step smallint GENERATED ALWAYS AS (listing_step('price', price)) STORED,
    ADD COLUMN market_cap_step smallint GENERATED ALWAYS AS (listing_step('market_cap', market_cap)) STORED,
    ADD COLUMN volume_24h_step smallint GENERATED ALWAYS AS (listing_step('volume', volume_24h)) STORED,
    ADD COLUMN change_24h_percent_step smallint GENERATED ALWAYS AS (listing_step('change_24h', change_24h_percent)) STORED;
COMMENT ON COLUMN listing_order.price_step IS 'what indexes order by: see listing_step';
CREATE INDEX listing_order_rank ON listing_order (quote_id, rank_step, asset_id);
CREATE INDEX listing_order_price ON listing_order (quote_id, price_step, asset_id);
CREATE INDEX listing_order_market_cap ON listing_order (quote_id, market_cap_step, asset_id);
CREATE INDEX listing_order_volume_24h ON listing_order (quote_id, volume_24h_step, asset_id);
CREATE INDEX listing_order_change_24h_percent ON listing_order (quote_id, change_24h_percent_step, asset_id);

-- One column to order by, whatever it is: `sort` is known when a query is planned, so only one of these is walked. Who orders
-- by a value orders by its step first, and who goes on behind a value says so of its step as well.
CREATE VIEW listing_numbers AS
    SELECT 'market_cap'::text AS sort, market_cap_step AS step, market_cap AS value, quote_id, asset_id, source_id, market_cap,
           volume_24h
    FROM listing_order
    UNION ALL
    SELECT 'volume', volume_24h_step, volume_24h, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'price', price_step, price, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'change_24h', change_24h_percent_step, change_24h_percent, quote_id, asset_id, source_id, market_cap, volume_24h
    FROM listing_order
    UNION ALL
    SELECT 'rank', rank_step, rank, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order;
GRANT SELECT ON listing_numbers TO tidemark_api;

-- What the leader says is taken over; what somebody else says only if that makes it the leader. Sources are known by two short
-- arrays, so that a price costs one look at its row.
CREATE OR REPLACE FUNCTION listing_order_of_prices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    fresh_from timestamptz[]; -- by source_id
    standing   integer[];     -- by source_id: 1 = preferred to all others
    due        record;
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    UPDATE listing_order o
    SET observed_at = n.observed_at, price = n.price, market_cap = n.market_cap, volume_24h = n.volume_24h,
        change_24h_percent = CASE WHEN n.change_24h_percent IS NOT NULL THEN n.change_24h_percent
                                  ELSE (SELECT d.change_24h_percent FROM listings d
                                        WHERE d.asset_id = n.asset_id AND d.quote_id = n.quote_id AND d.source_id = n.source_id)
                             END
    FROM changed n
    WHERE o.quote_id = n.quote_id AND o.asset_id = n.asset_id AND o.source_id = n.source_id AND n.doubt = 0
      AND o.observed_at <> '-infinity';
    SELECT array_agg(k.fresh_from ORDER BY id), array_agg(k.standing ORDER BY id) INTO fresh_from, standing
    FROM generate_series(1, (SELECT max(source_id) FROM sources)) AS id
    LEFT JOIN (SELECT source_id, s.fresh_from, row_number() OVER (ORDER BY is_partial, priority, source_id) AS standing
               FROM listing_sources s) AS k ON k.source_id = id;
    SELECT array_agg(n.asset_id) AS asset_ids, array_agg(n.quote_id) AS quote_ids INTO due
    FROM changed n
    LEFT JOIN LATERAL (SELECT * FROM listing_order k
                       WHERE k.quote_id = n.quote_id AND k.asset_id = n.asset_id
                       OFFSET 0) AS o ON true -- a look at each, however many there are: the plan is kept
    WHERE o.asset_id IS NULL OR o.observed_at < fresh_from[o.source_id] OR (o.source_id = n.source_id AND n.doubt <> 0)
       OR (o.source_id <> n.source_id AND n.doubt = 0 AND standing[n.source_id] < standing[o.source_id]);
    IF due.asset_ids IS NOT NULL THEN
        PERFORM listing_order_renew(due.asset_ids, due.quote_ids);
    END IF;
    RETURN NULL;
END
$$;

-- As before, but what would be written as it is stays as it is.
CREATE OR REPLACE FUNCTION listing_order_renew(asset_ids integer[], quote_ids smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM listing_order o
    JOIN unnest(asset_ids, quote_ids) AS pair (asset_id, quote_id) USING (asset_id, quote_id)
    ORDER BY o.quote_id, o.asset_id
    FOR NO KEY UPDATE OF o;
    WITH known AS MATERIALIZED (SELECT * FROM listing_sources)
    INSERT INTO listing_order AS o (quote_id, asset_id, source_id, observed_at, rank, price, market_cap, volume_24h,
                                    change_24h_percent, symbol, name)
    SELECT pair.quote_id, pair.asset_id, lead.source_id, lead.observed_at, lead.rank, lead.price, lead.market_cap,
           lead.volume_24h, lead.change_24h_percent, left(lower(a.symbol), 60), left(lower(a.name), 60)
    FROM (SELECT DISTINCT asset_id, quote_id FROM unnest(asset_ids, quote_ids) AS all_pairs (asset_id, quote_id)) AS pair
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
                  change_24h_percent = excluded.change_24h_percent
    WHERE (o.source_id, o.observed_at, o.rank, o.price, o.market_cap, o.volume_24h, o.change_24h_percent)
          IS DISTINCT FROM (excluded.source_id, excluded.observed_at, excluded.rank, excluded.price, excluded.market_cap,
                            excluded.volume_24h, excluded.change_24h_percent);
END
$$;

CREATE OR REPLACE FUNCTION listing_order_of_listings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
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
    PERFORM FROM listing_order o JOIN changed n USING (asset_id) ORDER BY o.quote_id, o.asset_id FOR NO KEY UPDATE OF o;
    UPDATE listing_order o
    SET symbol = left(lower(n.symbol), 60), name = left(lower(n.name), 60)
    FROM changed n
    WHERE o.asset_id = n.asset_id
      AND (o.symbol, o.name) IS DISTINCT FROM (left(lower(n.symbol), 60), left(lower(n.name), 60));
    RETURN NULL;
END
$$;

-- A page of prices or listings changes its pairs' rows in several statements, in any order, and another source's page changes
-- the same rows in another order. So each takes all of them first, in one order everywhere, and nobody waits in a circle. Who
-- has a pair that is not there yet and could not be taken, makes it while nobody else makes any.
CREATE FUNCTION listing_order_hold(asset_ids integer[], quote_ids smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT
               FROM unnest(asset_ids, quote_ids) AS pair (asset_id, quote_id)
               LEFT JOIN listing_order o USING (asset_id, quote_id)
               WHERE o.source_id IS NULL) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.listing_order', 0));
    END IF;
    PERFORM FROM listing_order o
    JOIN unnest(asset_ids, quote_ids) AS pair (asset_id, quote_id) USING (asset_id, quote_id)
    ORDER BY o.quote_id, o.asset_id
    FOR NO KEY UPDATE OF o;
END
$$;
REVOKE EXECUTE ON FUNCTION listing_order_hold(integer[], smallint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION listing_order_hold(integer[], smallint[]) TO tidemark_worker;
