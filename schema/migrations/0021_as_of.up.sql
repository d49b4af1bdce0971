-- What was known at a moment, in one place for all who ask: a chart, a price, the way back from a number.
SET LOCAL ROLE tidemark_migrate;

-- The final candles of a series that open between two moments, both included, each with the values that stood there as of a
-- moment. Rows whose payload is not kept, so that nobody knows when they became known, count as known from ever.
CREATE FUNCTION candles_as_of(of_source smallint, of_asset integer, of_quote smallint, of_interval_s integer,
                              first_open_time timestamptz, last_open_time timestamptz, as_of timestamptz)
    RETURNS TABLE (open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
                   quote_volume numeric, volume_24h numeric, market_cap numeric, trades bigint, inputs integer,
                   origin smallint, revision integer, known_at timestamptz, known_until timestamptz, run_id bigint,
                   payload_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    -- The rows' spans do not overlap, unless payloads were stored in another order than they were fetched in.
    SELECT DISTINCT ON (r.open_time) r.*
    FROM (
        SELECT c.open_time, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.volume_24h, c.market_cap, c.trades,
               c.inputs, c.origin, c.revision, c.known_at, NULL::timestamptz AS known_until, c.run_id, c.payload_id
        FROM candles c
        WHERE c.source_id = of_source AND c.asset_id = of_asset AND c.quote_id = of_quote AND c.interval_s = of_interval_s
          AND c.open_time BETWEEN first_open_time AND last_open_time AND c.final
          AND coalesce(c.known_at, '-infinity') <= as_of
        UNION ALL
        SELECT v.open_time, v.open, v.high, v.low, v.close, v.volume, v.quote_volume, v.volume_24h, v.market_cap, v.trades,
               v.inputs, v.origin, v.revision, v.known_at, v.known_until, v.run_id, v.payload_id
        FROM candle_revisions v
        WHERE v.source_id = of_source AND v.asset_id = of_asset AND v.quote_id = of_quote AND v.interval_s = of_interval_s
          AND v.open_time BETWEEN first_open_time AND last_open_time
          AND coalesce(v.known_at, '-infinity') <= as_of AND v.known_until > as_of
    ) AS r
    ORDER BY r.open_time, r.revision DESC
$$;

-- A source's newest price of a pair up to a moment, as it was known as of another: a tick, or the close of a candle
-- (interval_s says of which). Looks back two days for ticks, and for candles thirty
-- intervals from there or from the end of their series. A candle that we rolled from
-- ticks says nothing newer than they do, so it counts only where they are not kept any more.
CREATE FUNCTION price_as_of(of_source smallint, of_asset integer, of_quote smallint, up_to timestamptz, as_of timestamptz)
    RETURNS TABLE (interval_s integer, observed_at timestamptz, run_id bigint, payload_id bigint, price numeric,
                   volume_24h numeric, market_cap numeric, change_24h_percent numeric, doubt smallint)
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT p.interval_s, p.observed_at, p.run_id, p.payload_id, p.price, p.volume_24h, p.market_cap, p.change_24h_percent,
           p.doubt
    FROM (
        (SELECT 0 AS interval_s, t.observed_at, t.observed_at AS place, t.run_id, t.payload_id, t.price, t.volume_24h,
                t.market_cap, t.change_24h_percent, t.doubt
         FROM ticks t
         WHERE t.source_id = of_source AND t.asset_id = of_asset AND t.quote_id = of_quote
           AND t.observed_at <= up_to AND t.observed_at > up_to - interval '2 days'
           AND coalesce(t.known_at, '-infinity') <= as_of
         ORDER BY t.observed_at DESC
         LIMIT 1)
        UNION ALL
        SELECT r.interval_s, c.open_time + r.width, CASE WHEN c.origin >= 2 THEN c.open_time ELSE c.open_time + r.width END,
               c.run_id, c.payload_id, c.close, c.volume_24h, c.market_cap, NULL, 0::smallint
        FROM (SELECT s.interval_s, s.interval_s * interval '1 second' AS width,
                     LEAST(max(s.last_open_time), up_to - s.interval_s * interval '1 second') AS last
              FROM series s
              WHERE s.source_id = of_source AND s.asset_id = of_asset AND s.quote_id = of_quote
              GROUP BY s.interval_s) AS r
        CROSS JOIN LATERAL candles_as_of(of_source, of_asset, of_quote, r.interval_s, r.last - 30 * r.width, r.last,
                                         as_of) AS c
    ) AS p
    ORDER BY p.place DESC, p.interval_s
    LIMIT 1
$$;

REVOKE EXECUTE ON FUNCTION candles_as_of(smallint, integer, smallint, integer, timestamptz, timestamptz, timestamptz),
    price_as_of(smallint, integer, smallint, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION candles_as_of(smallint, integer, smallint, integer, timestamptz, timestamptz, timestamptz),
    price_as_of(smallint, integer, smallint, timestamptz, timestamptz) TO tidemark_api, tidemark_worker, tidemark_operator;
