-- Candles of our own: made of ticks and of shorter candles. What stood in a candle before, when each row became known,
-- and which candles are to be made again.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE ticks ADD COLUMN known_at timestamptz;
COMMENT ON COLUMN ticks.known_at IS 'when the payload that says so was fetched; null = that payload is not kept any more';

ALTER TABLE candles
    ADD COLUMN revision integer     NOT NULL DEFAULT 0,
    ADD COLUMN final    boolean     NOT NULL DEFAULT true,
    ADD COLUMN known_at timestamptz;
COMMENT ON COLUMN candles.origin IS
    '0 = the provider''s own candle, 1 = made of its price points, 2 = rolled from ticks, 3 = rolled from shorter candles; '
    'a lower one is never replaced by a higher one';
COMMENT ON COLUMN candles.inputs IS 'how many candles, points or ticks it is made of; the provider''s own: 1';
COMMENT ON COLUMN candles.run_id IS 'of a rolled candle: that of its last input';
COMMENT ON COLUMN candles.payload_id IS 'of a rolled candle: that of its last input';
COMMENT ON COLUMN candles.revision IS 'how often its final values were replaced by others: candle_revisions has those';
COMMENT ON COLUMN candles.final IS 'false = rolled before its interval was over, and rollup_due() after that';
COMMENT ON COLUMN candles.known_at IS
    'when its values became known: when the payload was fetched, of a rolled candle the latest of its inputs; null = that '
    'payload is not kept any more';

UPDATE ticks t SET known_at = p.fetched_at FROM raw_payloads p WHERE p.payload_id = t.payload_id;
UPDATE candles c SET known_at = p.fetched_at FROM raw_payloads p WHERE p.payload_id = c.payload_id;

-- A chart is of final candles, and still visits no row for them.
ALTER TABLE candles DROP CONSTRAINT candles_pkey;
ALTER TABLE candles ADD PRIMARY KEY (source_id, asset_id, quote_id, interval_s, open_time)
    INCLUDE (close, volume, volume_24h, market_cap, final);

CREATE TABLE candle_revisions (
    source_id    smallint    NOT NULL,
    quote_id     smallint    NOT NULL,
    asset_id     integer     NOT NULL,
    interval_s   integer     NOT NULL,
    inputs       integer     NOT NULL,
    open_time    timestamptz NOT NULL,
    run_id       bigint      NOT NULL,
    payload_id   bigint      NOT NULL,
    trades       bigint,
    known_at     timestamptz,
    known_until  timestamptz NOT NULL,
    revision     integer     NOT NULL,
    origin       smallint    NOT NULL,
    open         numeric     NOT NULL,
    high         numeric     NOT NULL,
    low          numeric     NOT NULL,
    close        numeric     NOT NULL,
    volume       numeric,
    quote_volume numeric,
    volume_24h   numeric,
    market_cap   numeric,
    PRIMARY KEY (source_id, asset_id, quote_id, interval_s, open_time, revision)
) PARTITION BY RANGE (open_time);
COMMENT ON TABLE candle_revisions IS 'final candles as they were before other values came, or none: written with what replaces them';
COMMENT ON COLUMN candle_revisions.known_until IS 'known_at of what replaced it';

INSERT INTO partitioned_tables (name, width, fillfactor) VALUES ('candle_revisions', 'month', 100);

-- One source may have candles of its own and rolled ones in the same interval.
ALTER TABLE series
    ADD COLUMN rolled boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT series_pkey,
    ADD PRIMARY KEY (asset_id, quote_id, interval_s, source_id, rolled);
COMMENT ON COLUMN series.rolled IS 'of candles that we rolled; false = of those that the source gave';

-- The bucket that a moment falls into; buckets are of UTC, half-open, and weeks begin on Monday.
CREATE FUNCTION rollup_bucket(at timestamptz, interval_s integer) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_bin(make_interval(secs => interval_s), at, timestamptz '1970-01-05T00:00:00Z');

-- From when on a bucket may be taken for complete: after its end and a grace for what is on its way, which grows so that
-- an hour comes after its last five minutes and a day after its last hour.
CREATE FUNCTION rollup_due(open_time timestamptz, interval_s integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN open_time + make_interval(secs => interval_s + CASE WHEN interval_s <= 300 THEN 120
                                                               WHEN interval_s <= 3600 THEN 180
                                                               ELSE 240 END);

CREATE TABLE rollup_marks (
    mark_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    due_at     timestamptz NOT NULL,
    marked_at  timestamptz NOT NULL DEFAULT now(),
    interval_s integer     NOT NULL CHECK (interval_s IN (300, 3600, 86400)),
    source_id  smallint    NOT NULL,
    asset_ids  integer[]   NOT NULL CHECK (cardinality(asset_ids) > 0),
    quote_ids  smallint[]  NOT NULL CHECK (cardinality(quote_ids) = cardinality(asset_ids)),
    open_times timestamptz[] NOT NULL CHECK (cardinality(open_times) = cardinality(asset_ids))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX rollup_marks_due ON rollup_marks (due_at, mark_id);
COMMENT ON TABLE rollup_marks IS
    'candles to be rolled (again): a row for each transaction that changed what they are made of, until the rollup has taken it';
COMMENT ON COLUMN rollup_marks.due_at IS 'not before';
COMMENT ON COLUMN rollup_marks.interval_s IS 'of the candles that are to be rolled, not of what they are made of';

GRANT SELECT, INSERT ON candle_revisions TO tidemark_worker;
GRANT SELECT ON candle_revisions, rollup_marks TO tidemark_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_marks TO tidemark_worker;
GRANT DELETE ON candles TO tidemark_worker;
GRANT EXECUTE ON FUNCTION rollup_bucket(timestamptz, integer), rollup_due(timestamptz, integer)
    TO tidemark_worker, tidemark_scheduler, tidemark_api, tidemark_operator;
