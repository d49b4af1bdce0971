-- Three more providers.
SET LOCAL ROLE tidemark_migrate;

INSERT INTO sources (source_id, name, kind, priority) VALUES
    (5, 'coinmarketcap', 'aggregator', 40),
    (6, 'coinpaprika',   'aggregator', 50),
    (7, 'kraken',        'exchange',   15);
