SET LOCAL ROLE tidemark_migrate;

COMMENT ON COLUMN series.first_open_time IS NULL;
DROP FUNCTION coverage_retire();
