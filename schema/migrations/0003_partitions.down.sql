SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION create_partitions_ahead(), ensure_partition(text, timestamptz), partitions_ahead();
DROP TABLE partitioned_tables;
