-- Prices. `numeric` without precision keeps a provider's digits, trailing zeros included.
-- No foreign keys on the rows that come by the thousand: their ids were looked up in instruments,
-- which has them, and a check a row would cost more than the row.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE ticks (
    source_id          smallint    NOT NULL,
    quote_id           smallint    NOT NULL,
    asset_id           integer     NOT NULL,
    observed_at        timestamptz NOT NULL,
    run_id             bigint      NOT NULL,
    payload_id         bigint      NOT NULL,
    price              numeric     NOT NULL CHECK (price > 0),
    volume_24h         numeric,
    market_cap         numeric,
    change_24h_percent numeric,
    PRIMARY KEY (source_id, asset_id, quote_id, observed_at)
) PARTITION BY RANGE (observed_at);

CREATE TABLE candles (
    source_id    smallint    NOT NULL,
    quote_id     smallint    NOT NULL,
    asset_id     integer     NOT NULL,
    interval_s   integer     NOT NULL CHECK (interval_s > 0),
    inputs       integer     NOT NULL,
    open_time    timestamptz NOT NULL,
    run_id       bigint      NOT NULL,
    payload_id   bigint      NOT NULL,
    trades       bigint,
    origin       smallint    NOT NULL,
    open         numeric     NOT NULL,
    high         numeric     NOT NULL,
    low          numeric     NOT NULL,
    close        numeric     NOT NULL,
    volume       numeric,
    quote_volume numeric,
    volume_24h   numeric,
    market_cap   numeric,
    -- What a chart draws is in the index, so a year of points costs no visit to the rows.
    PRIMARY KEY (source_id, asset_id, quote_id, interval_s, open_time)
        INCLUDE (close, volume, volume_24h, market_cap)
) PARTITION BY RANGE (open_time);
COMMENT ON COLUMN candles.origin IS '0 = the provider''s own candle, 1 = made of its price points';
COMMENT ON COLUMN candles.volume IS 'of the asset, traded in the interval';
COMMENT ON COLUMN candles.quote_volume IS 'of the quote currency, traded in the interval';
COMMENT ON COLUMN candles.volume_24h IS 'of the quote currency, rolling 24 hours at the close';

INSERT INTO partitioned_tables (name, width, fillfactor) VALUES
    ('ticks', 'day', 100), ('candles', 'month', 100);

CREATE TABLE latest_prices (
    source_id          smallint    NOT NULL REFERENCES sources,
    quote_id           smallint    NOT NULL REFERENCES quotes,
    asset_id           integer     NOT NULL REFERENCES assets,
    observed_at        timestamptz NOT NULL,
    run_id             bigint      NOT NULL,
    payload_id         bigint      NOT NULL,
    origin             text        NOT NULL CHECK (origin IN ('tick', 'candle')),
    price              numeric     NOT NULL,
    volume_24h         numeric,
    market_cap         numeric,
    change_24h_percent numeric,
    PRIMARY KEY (asset_id, quote_id, source_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE latest_prices IS 'an older observation never replaces a newer one';

CREATE TABLE listings (
    source_id               smallint    NOT NULL REFERENCES sources,
    quote_id                smallint    NOT NULL REFERENCES quotes,
    asset_id                integer     NOT NULL REFERENCES assets,
    rank                    integer,
    observed_at             timestamptz NOT NULL,
    run_id                  bigint      NOT NULL,
    payload_id              bigint      NOT NULL,
    fully_diluted_valuation numeric,
    high_24h                numeric,
    low_24h                 numeric,
    change_24h              numeric,
    change_24h_percent      numeric,
    circulating_supply      numeric,
    total_supply            numeric,
    max_supply              numeric,
    ath                     numeric,
    ath_at                  timestamptz,
    atl                     numeric,
    atl_at                  timestamptz,
    PRIMARY KEY (asset_id, quote_id, source_id)
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE ON ticks, candles, latest_prices, listings TO tidemark_worker;
GRANT SELECT ON ticks, candles, latest_prices, listings, raw_payloads TO tidemark_api;
