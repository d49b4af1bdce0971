-- Fails while there are rows of theirs: data is not lost by going back a version.
SET LOCAL ROLE tidemark_migrate;

DELETE FROM sources WHERE name IN ('coinmarketcap', 'coinpaprika', 'kraken');
