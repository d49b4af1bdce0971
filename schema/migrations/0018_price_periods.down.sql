SET LOCAL ROLE tidemark_migrate;

DROP INDEX latest_prices_doubted;
DROP FUNCTION doubt_names(smallint);
DROP VIEW price_periods;
