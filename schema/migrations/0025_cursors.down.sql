SET LOCAL ROLE tidemark_migrate;

DROP TABLE cursor_keys;
