SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION price_as_of(smallint, integer, smallint, timestamptz, timestamptz);
DROP FUNCTION candles_as_of(smallint, integer, smallint, integer, timestamptz, timestamptz, timestamptz);
