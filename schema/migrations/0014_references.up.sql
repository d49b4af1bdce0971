-- What each provider's own list of coins or markets says, what that makes of our instruments, and whose word counts:
-- the operator's before all others.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE assets
    ADD COLUMN origin text NOT NULL DEFAULT 'operator' CHECK (origin IN ('operator', 'reference', 'listing'));
COMMENT ON COLUMN assets.origin IS 'who named it; an operator''s symbol and name are not changed by any provider';

ALTER TABLE instruments
    ADD COLUMN origin text NOT NULL DEFAULT 'operator' CHECK (origin IN ('operator', 'reference', 'listing')),
    ALTER COLUMN asset_id DROP NOT NULL,
    ALTER COLUMN quote_id DROP NOT NULL,
    ADD CONSTRAINT instruments_mapped CHECK ((asset_id IS NULL) = (quote_id IS NULL)
                                             AND (asset_id IS NOT NULL OR origin = 'operator'));
COMMENT ON COLUMN instruments.origin IS 'whose word it is; an operator''s is never changed by a provider''s';
COMMENT ON COLUMN instruments.asset_id IS 'null = the operator says that it is none of ours';

-- "bitcoin/usd": what an aggregator's instrument is made of.
CREATE FUNCTION instrument_coin(symbol text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN substring(symbol from '^(.+)/[^/]*$');
CREATE FUNCTION instrument_currency(symbol text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN substring(symbol from '/([^/]*)$');

-- Until now only a listing of CoinGecko, whose coins are our assets, made any by itself.
UPDATE instruments i
SET origin = 'listing'
FROM assets a
WHERE i.source_id = 1 AND a.asset_id = i.asset_id AND instrument_coin(i.symbol) = a.slug;
UPDATE assets a
SET origin = 'listing'
WHERE NOT EXISTS (SELECT FROM instruments i WHERE i.asset_id = a.asset_id AND i.origin = 'operator');

CREATE TABLE reference_entries (
    source_id  smallint    NOT NULL REFERENCES sources,
    active     boolean     NOT NULL,
    rank       integer     CHECK (rank > 0),
    seen_at    timestamptz NOT NULL,
    run_id     bigint      NOT NULL,
    payload_id bigint,
    symbol     text        NOT NULL CHECK (symbol <> '' AND length(symbol) <= 100),
    ticker     text        NOT NULL CHECK (ticker = upper(ticker) AND ticker <> ''),
    quote      text,
    name       text,
    PRIMARY KEY (source_id, symbol)
) WITH (fillfactor = 80);
CREATE INDEX reference_entries_ticker ON reference_entries (source_id, ticker);
COMMENT ON TABLE reference_entries IS 'what a source calls its coins (quote is null) or markets, as its own list says it';
COMMENT ON COLUMN reference_entries.active IS 'false = taken off the list, halted or delisted';
COMMENT ON COLUMN reference_entries.seen_at IS 'when the source began to say so';
COMMENT ON COLUMN reference_entries.payload_id IS 'null = a listing named it before a list did';

CREATE TABLE coins (
    source_id smallint NOT NULL REFERENCES sources,
    asset_id  integer  REFERENCES assets,
    symbol    text     NOT NULL CHECK (symbol <> '' AND length(symbol) <= 100),
    origin    text     NOT NULL CHECK (origin IN ('operator', 'reference', 'listing')),
    PRIMARY KEY (source_id, symbol),
    CHECK (asset_id IS NOT NULL OR origin = 'operator')
);
CREATE INDEX coins_asset ON coins (asset_id, source_id);
COMMENT ON TABLE coins IS 'what an aggregator''s coin is, in every currency: instruments are made of it when a price comes';
COMMENT ON COLUMN coins.asset_id IS 'null = the operator says that it is none of ours';

INSERT INTO coins (source_id, asset_id, symbol, origin)
SELECT DISTINCT ON (i.source_id, instrument_coin(i.symbol)) i.source_id, i.asset_id, instrument_coin(i.symbol), i.origin
FROM instruments i
JOIN sources s USING (source_id)
WHERE s.kind = 'aggregator' AND instrument_coin(i.symbol) IS NOT NULL
ORDER BY i.source_id, instrument_coin(i.symbol), i.origin = 'operator' DESC, i.symbol;

GRANT EXECUTE ON FUNCTION instrument_coin(text), instrument_currency(text)
    TO tidemark_worker, tidemark_scheduler, tidemark_api, tidemark_operator;
GRANT SELECT ON reference_entries, coins TO tidemark_worker, tidemark_api;
GRANT INSERT, UPDATE ON reference_entries TO tidemark_worker;
GRANT INSERT ON coins TO tidemark_worker;
GRANT UPDATE (asset_id, quote_id, status, origin) ON instruments TO tidemark_worker;
GRANT INSERT, UPDATE, DELETE ON coins TO tidemark_operator;
GRANT DELETE ON instruments TO tidemark_operator;
