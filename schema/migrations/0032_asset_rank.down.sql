SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION asset_rank(integer);
