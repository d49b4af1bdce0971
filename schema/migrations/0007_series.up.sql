-- From when to when each source has candles, so that a chart finds its source without looking at
-- candles. The worker keeps it in the transaction that writes them.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE series (
    source_id       smallint    NOT NULL,
    quote_id        smallint    NOT NULL,
    asset_id        integer     NOT NULL,
    interval_s      integer     NOT NULL CHECK (interval_s > 0),
    first_open_time timestamptz NOT NULL,
    last_open_time  timestamptz NOT NULL CHECK (last_open_time >= first_open_time),
    PRIMARY KEY (asset_id, quote_id, interval_s, source_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE series IS 'the first and the last candle ever stored; there may be gaps between, and old ones may be dropped';

INSERT INTO series (source_id, quote_id, asset_id, interval_s, first_open_time, last_open_time)
SELECT source_id, quote_id, asset_id, interval_s, min(open_time), max(open_time)
FROM candles
GROUP BY source_id, quote_id, asset_id, interval_s;

GRANT SELECT, INSERT, UPDATE ON series TO tidemark_worker;
GRANT SELECT ON series TO tidemark_api;
