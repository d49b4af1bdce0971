-- What those who read prices have to know: how often a source is asked, and so how old a fresh price may be; and what
-- speaks against a price, in words.
SET LOCAL ROLE tidemark_migrate;

CREATE VIEW price_periods AS
    SELECT d.source_id,
           min(CASE WHEN d.kind = 'quote' THEN coalesce(l.quote_period_s, d.period_s) ELSE d.period_s END) AS period_s
    FROM schedules d
    LEFT JOIN leader l ON true
    WHERE d.enabled AND d.kind IN ('quote', 'listing')
    GROUP BY d.source_id;
COMMENT ON VIEW price_periods IS 'of the most frequent schedule; null = by the calendar only';

GRANT SELECT ON price_periods TO tidemark_api;

CREATE FUNCTION doubt_names(doubt smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN doubt = 0 THEN '[]'
                ELSE array_to_json(array_remove(ARRAY[CASE WHEN doubt & 1 <> 0 THEN 'jump' END,
                                                      CASE WHEN doubt & 2 <> 0 THEN 'leap' END,
                                                      CASE WHEN doubt & 4 <> 0 THEN 'market_cap' END], NULL))::text
           END;
COMMENT ON FUNCTION doubt_names IS 'the bits of ticks.doubt as a JSON array';

CREATE INDEX latest_prices_doubted ON latest_prices (source_id) WHERE doubt <> 0;

GRANT EXECUTE ON FUNCTION doubt_names(smallint) TO tidemark_api, tidemark_operator;
