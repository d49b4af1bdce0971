-- By what listings of the market are ordered and filtered. Of each asset and currency one source leads: what it says of
-- market cap, volume, change and rank is said of the market. Which one it is is decided when one of them is written,
-- so that a page of the whole market is a short walk along an index, however many assets and sources there are.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE listing_order (
    quote_id           smallint    NOT NULL REFERENCES quotes,
    asset_id           integer     NOT NULL REFERENCES assets,
    source_id          smallint    NOT NULL REFERENCES sources,
    observed_at        timestamptz NOT NULL,
    rank               numeric,
    price              numeric,
    market_cap         numeric,
    volume_24h         numeric,
    change_24h_percent numeric,
    symbol             text        COLLATE "C" NOT NULL,
    name               text        COLLATE "C" NOT NULL,
    PRIMARY KEY (quote_id, asset_id)
) WITH (fillfactor = 70);
CREATE INDEX listing_order_rank ON listing_order (quote_id, rank, asset_id);
CREATE INDEX listing_order_price ON listing_order (quote_id, price, asset_id);
CREATE INDEX listing_order_market_cap ON listing_order (quote_id, market_cap, asset_id);
CREATE INDEX listing_order_volume_24h ON listing_order (quote_id, volume_24h, asset_id);
CREATE INDEX listing_order_change_24h_percent ON listing_order (quote_id, change_24h_percent, asset_id);
CREATE INDEX listing_order_symbol ON listing_order (quote_id, symbol, asset_id);
CREATE INDEX listing_order_name ON listing_order (quote_id, name, asset_id);
COMMENT ON COLUMN listing_order.source_id IS 'who leads; if what it says is doubted, all numbers are null: then no source''s are sound';
COMMENT ON COLUMN listing_order.observed_at IS 'of the leader''s price; -infinity = it is doubted';
COMMENT ON COLUMN listing_order.rank IS 'numeric as the others are, so that all are one column of listing_numbers';
COMMENT ON COLUMN listing_order.name IS 'in lower case and cut, as symbol is: to sort by, not to show';

-- One column to order by, whatever it is: `sort` is known when a query is planned, so only one of these is walked.
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
CREATE VIEW listing_texts AS
    SELECT 'name'::text AS sort, name AS value, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order
    UNION ALL
    SELECT 'symbol', symbol, quote_id, asset_id, source_id, market_cap, volume_24h FROM listing_order;

-- All that a source says of an asset in a currency, in one row.
CREATE VIEW listing_rows AS
    SELECT l.asset_id, l.quote_id, l.source_id, a.slug, a.symbol, a.name, q.code, s.name AS source, s.kind, s.priority,
           l.price, l.market_cap, CASE WHEN l.doubt & 4 = 0 THEN d.rank END AS rank, l.volume_24h, d.change_24h,
           coalesce(l.change_24h_percent, d.change_24h_percent) AS change_24h_percent, d.high_24h, d.low_24h,
           d.fully_diluted_valuation, d.circulating_supply, d.total_supply, d.max_supply, d.ath, d.ath_at, d.atl, d.atl_at,
           l.observed_at, l.doubt, l.run_id, l.payload_id
    FROM latest_prices l
    JOIN assets a USING (asset_id)
    JOIN quotes q USING (quote_id)
    JOIN sources s USING (source_id)
    LEFT JOIN listings d USING (asset_id, quote_id, source_id);
COMMENT ON COLUMN listing_rows.rank IS 'null where it rests on a market cap that cannot be';
CREATE INDEX latest_prices_source ON latest_prices (source_id, quote_id, asset_id);

-- How old an observation may be to be fresh: as in price_inputs.
CREATE VIEW listing_sources AS
    SELECT s.source_id, s.kind <> 'aggregator' AS is_partial, s.priority,
           now() - GREATEST(900, 3 * p.period_s) * interval '1 second' AS fresh_from
    FROM sources s
    LEFT JOIN price_periods p USING (source_id);
COMMENT ON COLUMN listing_sources.is_partial IS 'its volume is its own and not the market''s';

-- Decides who leads: one with nothing against its price before all others, then who is fresh, then aggregators, then by
-- priority. Rows are locked before anything is looked at, in one order everywhere, so that of two transactions the later one
-- sees what the other wrote.
CREATE FUNCTION listing_order_renew(asset_ids integer[], quote_ids smallint[]) RETURNS void
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

-- What the leader says is taken over; what somebody else says only if that makes it the leader.
CREATE FUNCTION listing_order_of_prices() RETURNS trigger
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
CREATE TRIGGER listing_order_inserted AFTER INSERT ON latest_prices
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_prices();
CREATE TRIGGER listing_order_updated AFTER UPDATE ON latest_prices
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_prices();

-- A listing comes with a price, in one transaction and behind it: ranks are what it adds.
CREATE FUNCTION listing_order_of_listings() RETURNS trigger
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
CREATE TRIGGER listing_order_inserted AFTER INSERT ON listings
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_listings();
CREATE TRIGGER listing_order_updated AFTER UPDATE ON listings
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_listings();

CREATE FUNCTION listing_order_of_assets() RETURNS trigger
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
CREATE TRIGGER listing_order_updated AFTER UPDATE ON assets
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_assets();

-- Prices are taken away by hand only; what nobody has a price of is in no order.
CREATE FUNCTION listing_order_of_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM listing_order o
    USING changed n
    WHERE o.asset_id = n.asset_id AND o.quote_id = n.quote_id
      AND NOT EXISTS (SELECT FROM latest_prices l WHERE l.asset_id = o.asset_id AND l.quote_id = o.quote_id);
    PERFORM listing_order_renew(array_agg(asset_id), array_agg(quote_id))
    FROM (SELECT DISTINCT asset_id, quote_id FROM changed) AS n;
    RETURN NULL;
END
$$;
CREATE TRIGGER listing_order_deleted AFTER DELETE ON latest_prices
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_order_of_deleted();

REVOKE EXECUTE ON FUNCTION listing_order_renew(integer[], smallint[]), listing_order_of_prices(), listing_order_of_listings(),
    listing_order_of_assets(), listing_order_of_deleted() FROM PUBLIC;
GRANT SELECT ON listing_order, listing_numbers, listing_texts, listing_rows TO tidemark_api;

SELECT listing_order_renew(array_agg(asset_id), array_agg(quote_id))
FROM (SELECT DISTINCT asset_id, quote_id FROM latest_prices) AS priced
HAVING count(*) > 0;
