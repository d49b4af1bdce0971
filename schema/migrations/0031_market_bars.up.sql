-- Bars of a market as charts draw them, in one place for all who draw: those that are over and those that are not.
SET LOCAL ROLE tidemark_migrate;

-- Who has prices of a market, those whose candles say most first: exchanges and files that give candles of this length or
-- shorter ones, then exchanges whose prices we roll, then aggregators that give candles, which are points of averages. It
-- depends on nothing that changes with the hour. Of one source, or (NULL) of all.
CREATE FUNCTION market_sources(of_source smallint, of_asset integer, of_quote smallint, of_interval integer)
    RETURNS TABLE (source_id smallint, name text, place bigint)
    LANGUAGE sql STABLE
AS $$
    SELECT s.source_id, s.name,
           row_number() OVER (ORDER BY CASE WHEN s.kind IN ('exchange', 'file') AND given.candles THEN 1
                                            WHEN s.kind = 'exchange' THEN 2
                                            WHEN given.candles THEN 3
                                            ELSE 4 END,
                                       s.priority, s.source_id)
    FROM latest_prices l
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM series r
                                       WHERE r.asset_id = of_asset AND r.quote_id = of_quote AND r.interval_s <= of_interval
                                         AND r.source_id = s.source_id AND NOT r.rolled) AS candles) AS given
    WHERE l.asset_id = of_asset AND l.quote_id = of_quote AND (of_source IS NULL OR l.source_id = of_source)
$$;

-- The newest bars of a market, in no order, their times those at which they begin. Of one source, or (NULL) of all: then
-- each bar is that of the first of its sources (market_sources) that has one. Which one it is does not depend on the
-- window, so a chart says the same however it asks.
-- A bar from `open_from` on that is not final is made of what there is of its time: shorter candles, and the ticks of the
-- last quarter of an hour that nothing speaks against; only of `live` sources (NULL = of any). The volume of the one that
-- is not over is what is known to have been traded, if its source tells volumes at all.
CREATE FUNCTION market_bars(of_source smallint, of_asset integer, of_quote smallint, of_interval integer,
                            since timestamptz, until timestamptz, rows_of_source bigint, open_from timestamptz,
                            live text[])
    RETURNS TABLE (open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
                   source_id smallint, final boolean)
    LANGUAGE sql STABLE
AS $$
    WITH chosen AS MATERIALIZED (
        SELECT s.source_id, live IS NULL OR s.name = ANY (live) AS is_live, s.place
        FROM market_sources(of_source, of_asset, of_quote, of_interval) AS s
    ), finished AS (
        SELECT k.place, k.source_id, c.*
        FROM chosen k
        CROSS JOIN LATERAL (
            SELECT b.open_time, b.open, b.high, b.low, b.close, b.volume, b.final OR b.open_time < open_from AS final
            FROM candles b
            WHERE b.source_id = k.source_id AND b.asset_id = of_asset AND b.quote_id = of_quote
              AND b.interval_s = of_interval AND b.open_time >= since AND b.open_time < until
              AND (b.final OR b.open_time < open_from)
            ORDER BY b.open_time DESC
            LIMIT rows_of_source
        ) AS c
    ), parts AS (
        SELECT k.place, k.source_id, c.open_time AS at, c.interval_s, c.open, c.high, c.low, c.close, c.volume
        FROM chosen k
        CROSS JOIN (VALUES (300, interval '3 hours'), (3600, interval '2 days'), (86400, interval '3 days'))
                   AS made_of (interval_s, reach)
        CROSS JOIN LATERAL (
            SELECT *
            FROM candles b
            WHERE b.source_id = k.source_id AND b.asset_id = of_asset AND b.quote_id = of_quote
              AND b.interval_s = made_of.interval_s AND b.open_time >= GREATEST(open_from, now() - made_of.reach)
              AND b.open_time < until
            OFFSET 0
        ) AS c
        WHERE k.is_live AND made_of.interval_s <= of_interval
        UNION ALL
        SELECT k.place, k.source_id, t.observed_at, 0, t.price, t.price, t.price, t.price, NULL
        FROM chosen k
        CROSS JOIN LATERAL (
            SELECT b.observed_at, b.price
            FROM ticks b
            WHERE b.source_id = k.source_id AND b.asset_id = of_asset AND b.quote_id = of_quote AND b.doubt = 0
              AND b.observed_at >= GREATEST(open_from, now() - interval '15 minutes') AND b.observed_at < until
            OFFSET 0
        ) AS t
        WHERE k.is_live
    ), unfinished AS (
        SELECT place, source_id, rollup_bucket(at, of_interval) AS open_time,
               (array_agg(open ORDER BY at, interval_s DESC))[1] AS open, max(high) AS high, min(low) AS low,
               (array_agg(close ORDER BY at DESC, interval_s))[1] AS close,
               -- Of one that is over all of it must be known.
               CASE WHEN rollup_bucket(at, of_interval) + make_interval(secs => of_interval) > now()
                    THEN coalesce(sum(volume) FILTER (WHERE interval_s = of_interval),
                                  sum(volume) FILTER (WHERE interval_s < of_interval AND interval_s * 25 > of_interval))
                    ELSE sum(volume) FILTER (WHERE interval_s = of_interval) END AS volume
        FROM parts
        GROUP BY place, source_id, rollup_bucket(at, of_interval)
    )
    SELECT DISTINCT ON (m.open_time) m.open_time, m.open, m.high, m.low, m.close,
           -- Who tells volumes of what is over has told of none yet; of others it stays unknown.
           CASE WHEN m.volume IS NULL AND m.open_time + make_interval(secs => of_interval) > now()
                 AND EXISTS (SELECT FROM finished f WHERE f.place = m.place AND f.volume IS NOT NULL)
                THEN 0 ELSE m.volume END AS volume,
           m.source_id, m.final
    FROM (SELECT place, source_id, open_time, open, high, low, close, volume, final FROM finished
          UNION ALL
          SELECT place, source_id, open_time, open, high, low, close, volume, false FROM unfinished) AS m
    ORDER BY m.open_time DESC, m.place, m.final DESC
$$;

GRANT EXECUTE ON FUNCTION market_sources(smallint, integer, smallint, integer),
    market_bars(smallint, integer, smallint, integer, timestamptz, timestamptz, bigint, timestamptz, text[]) TO tidemark_api;
