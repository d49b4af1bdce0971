SET LOCAL ROLE tidemark_migrate;

DROP TABLE instruments, assets, quotes, sources;
