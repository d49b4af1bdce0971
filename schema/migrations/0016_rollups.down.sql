-- Older versions know candles of the providers only.
SET LOCAL ROLE tidemark_migrate;

DROP TABLE rollup_marks;
DROP FUNCTION rollup_due(timestamptz, integer);
DROP TABLE candle_revisions;
DELETE FROM partitioned_tables WHERE name = 'candle_revisions';
REVOKE DELETE ON candles FROM tidemark_worker;

DELETE FROM series WHERE rolled;
ALTER TABLE series
    DROP CONSTRAINT series_pkey,
    DROP COLUMN rolled,
    ADD PRIMARY KEY (asset_id, quote_id, interval_s, source_id);

DELETE FROM candles WHERE origin > 1;
ALTER TABLE candles DROP CONSTRAINT candles_pkey;
ALTER TABLE candles
    DROP COLUMN known_at,
    DROP COLUMN final,
    DROP COLUMN revision;
ALTER TABLE candles ADD PRIMARY KEY (source_id, asset_id, quote_id, interval_s, open_time)
    INCLUDE (close, volume, volume_24h, market_cap);
COMMENT ON COLUMN candles.origin IS '0 = the provider''s own candle, 1 = made of its price points';
COMMENT ON COLUMN candles.inputs IS NULL;
COMMENT ON COLUMN candles.run_id IS NULL;
COMMENT ON COLUMN candles.payload_id IS NULL;

ALTER TABLE ticks DROP COLUMN known_at;
DROP FUNCTION rollup_bucket(timestamptz, integer);
