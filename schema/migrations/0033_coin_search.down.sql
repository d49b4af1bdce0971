SET LOCAL ROLE tidemark_migrate;

DROP INDEX assets_slug_beginning;
DROP INDEX assets_symbol_beginning;
DROP INDEX assets_name_beginning;
