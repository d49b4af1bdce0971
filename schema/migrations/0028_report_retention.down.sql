SET LOCAL ROLE tidemark_migrate;
DROP FUNCTION reports_trim(timestamptz, bigint);
