-- Which of several assets with one ticker people mean.
SET LOCAL ROLE tidemark_migrate;

-- The best rank of an asset by market cap; NULL = none. One that rests on a market cap that cannot be is none.
CREATE FUNCTION asset_rank(of_asset integer) RETURNS integer
    LANGUAGE sql STABLE
    RETURN (SELECT min(d.rank)
            FROM listings d
            LEFT JOIN latest_prices l USING (asset_id, quote_id, source_id)
            WHERE d.asset_id = of_asset AND coalesce(l.doubt, 0) & 4 = 0);

GRANT EXECUTE ON FUNCTION asset_rank(integer) TO tidemark_api;
