SET LOCAL ROLE tidemark_migrate;

DROP TABLE series;
