SET LOCAL ROLE tidemark_migrate;

DELETE FROM partitioned_tables WHERE name IN ('ticks', 'candles');
DROP TABLE listings, latest_prices, candles, ticks;
