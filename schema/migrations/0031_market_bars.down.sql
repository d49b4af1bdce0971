SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION market_bars(smallint, integer, smallint, integer, timestamptz, timestamptz, bigint, timestamptz, text[]);
DROP FUNCTION market_sources(smallint, integer, smallint, integer);
