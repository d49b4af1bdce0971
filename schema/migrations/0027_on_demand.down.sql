SET LOCAL ROLE tidemark_migrate;

ALTER TABLE sources DROP COLUMN quote_symbols;
