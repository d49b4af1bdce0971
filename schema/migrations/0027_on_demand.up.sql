-- What a price that a client asks for is fetched by: how many symbols one request of a source prices.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE sources
    ADD COLUMN quote_symbols smallint NOT NULL DEFAULT 0 CHECK (quote_symbols >= 0);
COMMENT ON COLUMN sources.quote_symbols IS 'as its file below ingest/sources says; 0 = it has no latest prices';

UPDATE sources s
SET quote_symbols = known.symbols
FROM (VALUES ('coingecko', 250), ('coinmarketcap', 100), ('coinpaprika', 250), ('binance', 100), ('coinbase', 1),
             ('kraken', 100)) AS known (name, symbols)
WHERE s.name = known.name;
